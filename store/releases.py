"""Published versions, each with the whole tree that it pins."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, insert, select, update

from store.names import taxonomy_id
from store.tables import releases, taxonomies
from store.transaction import Transaction
from store.tree_rows import pack, unpack
from taxonomy.errors import InputError, UnknownId
from taxonomy.records import Release
from taxonomy.tree import Tree

__all__ = ["PostgresReleases"]


class PostgresReleases:
    """`taxonomy.ports.ReleaseRepository` in Postgres.

    Its clock is the server's, read anew by each statement: a transaction's own stands still.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def publish(
        self,
        taxonomy: str,
        tree: Tree,
        *,
        model_revision: str,
        model_dir: str,
        author: str,
        takes_effect_at: datetime | None = None,
        restores: int | None = None,
        rolls_back: int | None = None,
    ) -> Release:
        """Add a release, in effect at once unless a time is given; the tree is stored with it."""
        number = taxonomy_id(self._transaction, taxonomy)
        now: datetime = self._transaction.run(select(func.clock_timestamp())).scalar_one()
        row = {
            "tree_version": tree.version,
            "model_revision": model_revision,
            "model_dir": model_dir,
            "author": author,
            "published_at": now,
            "takes_effect_at": takes_effect_at or now,
            "restores": restores,
            "rolls_back": rolls_back,
        }
        fresh = insert(releases).values(taxonomy_id=number, tree=pack(tree), **row)
        made = self._transaction.run(fresh.returning(releases.c.id)).scalar_one()
        return _release({"id": made, "taxonomy": taxonomy.lower(), "cancelled_at": None, **row})

    def cancel(self, release_id: int) -> Release:
        """Take back a release before it takes effect; InputError if it has, or was cancelled; UnknownId."""
        waiting = releases.c.cancelled_at.is_(None) & (releases.c.takes_effect_at > func.clock_timestamp())
        step = update(releases).where(releases.c.id == release_id, waiting)
        done = self._transaction.run(step.values(cancelled_at=func.clock_timestamp())).rowcount
        row = self._transaction.run(_stored().where(releases.c.id == release_id)).one_or_none()
        if row is None:
            raise UnknownId("release", str(release_id), _HINT)
        if not done:
            said = "was cancelled already" if row.cancelled_at else "is in effect, or was: roll back instead"
            raise InputError(f"release {release_id} cannot be cancelled: it {said}")
        return _release(row._mapping)

    def in_effect(self, taxonomy: str, *, at: datetime | None = None) -> Release | None:
        """The release in effect at a time (now); None before the first. Cheap: its tree is not read."""
        found = self._transaction.run(self._effective(taxonomy, at)).one_or_none()
        return None if found is None else _release(found._mapping)

    def current(self, taxonomy: str, *, at: datetime | None = None) -> tuple[Release, Tree] | None:
        """The release in effect at a time (now) and its tree; None before the first."""
        newest = self._effective(taxonomy, at).add_columns(releases.c.tree)
        return _with_tree(self._transaction.run(newest).one_or_none())

    def get(self, taxonomy: str, release_id: int) -> tuple[Release, Tree]:
        """A release of the taxonomy and its tree, whether or not in effect; UnknownId("release", ...)."""
        wanted = _stored().where(self._of(taxonomy), releases.c.id == release_id)
        found = _with_tree(self._transaction.run(wanted.add_columns(releases.c.tree)).one_or_none())
        if found is None:
            raise UnknownId("release", str(release_id), _HINT)
        return found

    def nearest(self, taxonomy: str, version: int) -> Tree | None:
        """The latest tree that a release pins, up to this version; None if there is none."""
        up_to = select(releases.c.tree).where(self._of(taxonomy), releases.c.tree_version <= version)
        latest = up_to.order_by(releases.c.tree_version.desc(), releases.c.id.desc()).limit(1)
        packed = self._transaction.run(latest).scalar_one_or_none()
        return None if packed is None else unpack(packed)

    def log(self, taxonomy: str, *, limit: int = 50) -> list[Release]:
        """Newest published first, scheduled and cancelled ones included."""
        newest = _stored().where(self._of(taxonomy)).order_by(releases.c.id.desc()).limit(limit)
        return [_release(row._mapping) for row in self._transaction.run(newest)]

    def _of(self, taxonomy: str) -> ColumnElement[bool]:
        return releases.c.taxonomy_id == taxonomy_id(self._transaction, taxonomy)

    def _effective(self, taxonomy: str, at: datetime | None) -> Select[Any]:
        begun = releases.c.takes_effect_at <= (func.clock_timestamp() if at is None else at)
        found = _stored().where(self._of(taxonomy), begun, releases.c.cancelled_at.is_(None))
        return found.order_by(releases.c.takes_effect_at.desc(), releases.c.id.desc()).limit(1)


_HINT = "list the releases of its taxonomy to see those that exist"
_FIELDS = tuple(Release.__dataclass_fields__)


def _stored() -> Select[Any]:
    columns = (releases.c[name] for name in _FIELDS if name != "taxonomy")
    return select(taxonomies.c.name.label("taxonomy"), *columns).select_from(releases.join(taxonomies))


def _release(row: Mapping[Any, Any]) -> Release:
    return Release(**{name: row[name] for name in _FIELDS})


def _with_tree(row: Row[Any] | None) -> tuple[Release, Tree] | None:
    return None if row is None else (_release(row._mapping), unpack(row.tree))
