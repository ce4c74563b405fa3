"""What the service answers from: the release of each taxonomy, with its tree and router, in memory.

::

    store ──poll──> release in effect ──loaded beside the old──> State ──swapped whole──> requests read it

A request reads one `State` and keeps to it, so that nothing changes under it. When the store is away, or a
new release cannot be loaded, the old one serves on.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Literal

from ingest.search.reranking import Reranker, open_reranker
from ingest.search.routing import open_router
from taxonomy.errors import DatabaseUnavailable, InputError, ModelError, StoreError, TaxonomyError, UnknownId
from taxonomy.records import Release
from taxonomy.search.rerank import Candidate
from taxonomy.search.route import Router, Routing
from taxonomy.tree import Tree
from ui.api.sharing import SharedEncoder
from ui.wiring import App

if TYPE_CHECKING:
    from ingest.classify.predict import Classifier

__all__ = ["REFRESH_S", "NotPublished", "Snapshot", "Snapshots", "State", "Store"]

REFRESH_S = 5.0
"""How long search may lag behind releases; a poll costs two short queries and one more a taxonomy."""

ROUTINGS_KEPT = 2000  # about 10 MB; a few thousand queries are most of a shop's traffic
STOP_S = 5.0  # a load that takes longer is left behind when the service ends: it only reads

Store = Literal["unknown", "here", "away"]

_log = logging.getLogger(__name__)


class NotPublished(InputError):
    """The taxonomy exists, but nothing of it was ever published."""


@dataclass(frozen=True)
class Snapshot:
    """A release, ready to answer.

    `model_revision` is that of the model which has a say in the answers, empty if none has; `note` says why
    the release's own model has none.
    """

    release: Release
    tree: Tree
    router: Router
    encoder: SharedEncoder
    model_revision: str = ""
    note: str = ""

    @cached_property
    def route(self) -> Callable[[str, int], Routing]:
        """Where a query goes, and how many nodes to name; the answers given lately are kept.

        They cannot go stale: a release never changes, and they go when it goes.
        """
        router = self.router
        return lru_cache(maxsize=ROUTINGS_KEPT)(lambda query, top: router.route(query, top=top))

    def reranker(self, candidates: list[Candidate]) -> Reranker:
        """A reranker for these candidates, whose titles say which words are rare."""
        return open_reranker([one.title for one in candidates], encoder=self.encoder, router=self.router)


@dataclass(frozen=True, slots=True)
class State:
    """All that is known at one moment.

    `troubles` says of a taxonomy why its release could not be loaded; `ready` turns true when all
    were tried for the first time.
    """

    held: Mapping[str, Snapshot] = field(default_factory=dict)
    unpublished: tuple[str, ...] = ()
    troubles: Mapping[str, str] = field(default_factory=dict)
    store: Store = "unknown"
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    ready: bool = False


class Snapshots:
    """The published taxonomies of a store, followed as they are published.

    Parameters
    ----------
    app : App
        Where the store and the models are.
    refresh_s : float
        Seconds between looks at the store, above 0.
    """

    def __init__(self, app: App, *, refresh_s: float = REFRESH_S) -> None:
        self.state = State()
        self._app, self._refresh_s = app, refresh_s
        self._loading, self._stopping = Lock(), Event()
        self._looked_at = float("-inf")

    @contextmanager
    def following(self) -> Iterator[None]:
        """Load everything, and follow what is published, in the background until the block ends."""
        thread = Thread(target=self._follow, name="snapshots", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            thread.join(STOP_S)

    def of(self, taxonomy: str) -> Snapshot:
        """What a taxonomy is served from, loaded if this is the first time that somebody asks.

        Raises
        ------
        UnknownId
            There is no such taxonomy.
        NotPublished
            Nothing of it was published.
        DatabaseUnavailable
            It is not loaded, and the store is away.
        ModelError
            It is not loaded, for the base encoder or something else that it needs cannot be.
        """
        name = taxonomy.lower()
        if name not in self.state.held:
            self.look()
        state = self.state
        if name in state.held:
            return state.held[name]
        raise _absent(name, state)

    def look(self) -> None:
        """Refresh, unless that was done within the last `refresh_s` seconds."""
        with self._loading:  # who waited here finds that the other has looked
            if monotonic() - self._looked_at >= self._refresh_s:
                self._refresh()

    def refresh(self) -> None:
        """Look at the store and load what was published since; when it is away, say so in `state`."""
        with self._loading:
            self._refresh()

    def _follow(self) -> None:
        while not self._stopping.is_set():
            try:
                self.refresh()
            except Exception:  # a fault of ours must not end the following: search would silently go stale
                _log.exception("refreshing failed; what is loaded serves on")
            self._stopping.wait(self._refresh_s)

    def _refresh(self) -> None:
        try:
            self._load_new()
            self.state = replace(self.state, ready=True)
        except StoreError as error:
            if self.state.store != "away":
                _log.warning("the store is away, what is loaded serves on: %s", error)
            self._store_is("away")
        finally:
            self._looked_at = monotonic()

    def _load_new(self) -> None:
        with self._app.uow() as uow:
            effective = {name: uow.releases.in_effect(name) for name in uow.trees.names()}
        self._store_is("here")
        state = self.state
        self.state = replace(
            state,
            held={name: one for name, one in state.held.items() if effective.get(name)},
            troubles={name: said for name, said in state.troubles.items() if effective.get(name)},
            unpublished=tuple(name for name, release in effective.items() if release is None),
        )
        for name, release in effective.items():
            if release and (name not in state.held or state.held[name].release.id != release.id):
                self._load(name)

    def _load(self, name: str) -> None:
        """Put the release in effect in the place of what is held; its trouble, if it has one."""
        held, troubles = dict(self.state.held), dict(self.state.troubles)
        with self._app.uow() as uow:
            current = uow.releases.current(name)
        if current is None:  # gone since it was seen
            return
        try:
            held[name] = self._open(*current)
            troubles.pop(name, None)
            _log.info("%s: serving release %d", name, current[0].id)
        except StoreError:
            raise
        except TaxonomyError as error:
            _log.warning("%s: release %d cannot be loaded: %s", name, current[0].id, error)
            troubles[name] = str(error)
        except (
            Exception
        ) as error:  # a fault of ours in one taxonomy must not keep the others from being followed
            _log.exception("%s: release %d cannot be loaded", name, current[0].id)
            troubles[name] = f"release {current[0].id} cannot be loaded ({error!r}); the log has more"
        self.state = replace(self.state, held=held, troubles=troubles)

    def _open(self, release: Release, tree: Tree) -> Snapshot:
        classifier, note = self._classifier(release, tree)
        router = open_router(tree, encoder=self._encoder, classifier=classifier)
        revision = classifier.revision if classifier else ""
        return Snapshot(release, tree, router, self._encoder, revision, note)

    def _classifier(self, release: Release, tree: Tree) -> "tuple[Classifier | None, str]":
        """The release's model; without one, why: a tree that people published is served all the same."""
        if not release.model_dir:
            return None, ""
        try:
            classifier = self._app.classifier(Path(release.model_dir), tree)
        except ModelError as error:
            return None, f"served without the release's model: {error}"
        if classifier.revision != release.model_revision:
            return None, (
                f"served without the release's model: {release.model_dir} now holds another one "
                f"({classifier.revision}, not {release.model_revision}); publish again to use it"
            )
        classifier.encoder = SharedEncoder(classifier.encoder)
        return classifier, ""

    @cached_property
    def _encoder(self) -> SharedEncoder:
        return SharedEncoder(self._app.encoder)

    def _store_is(self, store: Store) -> None:
        if self.state.store != store:
            self.state = replace(self.state, store=store, since=datetime.now(UTC))


def _absent(name: str, state: State) -> TaxonomyError:
    """Why a taxonomy is not held."""
    if name in state.troubles:
        return ModelError(f"taxonomy {name!r} cannot be loaded: {state.troubles[name]}")
    if name in state.unpublished:
        return NotPublished(
            f"taxonomy {name!r} has no release in effect: run `shelftree taxonomy publish --name {name}`"
        )
    if state.store == "away":
        return DatabaseUnavailable(
            f"the store is away and taxonomy {name!r} is not loaded: try again in a moment"
        )
    return UnknownId("taxonomy", name, f"there are {', '.join(sorted(state.held)) or 'none'}")
