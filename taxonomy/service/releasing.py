"""Publish what search and re-tagging pin: at once, later, or again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from taxonomy.compare import Comparison, compare
from taxonomy.errors import InputError
from taxonomy.ports import UnitOfWork
from taxonomy.records import Release
from taxonomy.tree import Tree

__all__ = ["Released", "Standing", "compared", "publish", "published", "releases", "roll_back", "unschedule"]

EVERY = (
    1_000_000  # releases read where all are needed: rows of a hundred bytes, their trees stay where they are
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A release and what is to be said of it now: current, scheduled, cancelled or past."""

    release: Release
    state: str


@dataclass(frozen=True, slots=True)
class Released:
    """What changed between two releases; the models tell themselves apart by their revisions."""

    before: Release
    after: Release
    comparison: Comparison


def publish(
    uow: UnitOfWork,
    taxonomy: str,
    *,
    author: str,
    model_revision: str = "",
    model_dir: str = "",
    takes_effect_at: datetime | None = None,
) -> Release:
    """Make the head a release, with the model that goes with it, and commit.

    Parameters
    ----------
    takes_effect_at : datetime, optional
        With a time zone, in the future; at once when not given. The tree is pinned now.

    Raises
    ------
    InputError
        The tree is empty, or the time is not in the future.
    UnknownId
        There is no such taxonomy.
    """
    _require_future(takes_effect_at)
    tree = uow.trees.lock(taxonomy)
    if not tree.nodes:
        raise InputError(f"taxonomy {taxonomy!r} is empty: import or build a tree before publishing it")
    release = uow.releases.publish(
        taxonomy,
        tree,
        model_revision=model_revision,
        model_dir=model_dir,
        author=author,
        takes_effect_at=takes_effect_at,
    )
    uow.commit()
    return release


def unschedule(uow: UnitOfWork, release_id: int) -> Release:
    """Cancel a release before it takes effect, and commit; InputError once it has, UnknownId for none."""
    release = uow.releases.cancel(release_id)
    uow.commit()
    return release


def roll_back(uow: UnitOfWork, taxonomy: str, *, author: str, to: int | None = None) -> Release:
    """Publish an earlier release again, with its tree and its model, and commit.

    Parameters
    ----------
    to : int, optional
        The id of a release that was in effect; when not given, the one before: rolling back twice goes back
        two steps.

    Raises
    ------
    InputError
        There is none before, or `to` is in effect, was cancelled, or has not been in effect.
    UnknownId
        There is no such release.
    """
    uow.trees.lock(taxonomy)  # as publishing does: the two wait for each other
    current, _ = published(uow, taxonomy)
    log = uow.releases.log(taxonomy, limit=EVERY)
    if to is None:
        to = _before(current, log).id
    release, tree = uow.releases.get(taxonomy, to)
    if _origin(release, log).id == _origin(current, log).id:
        raise InputError(f"release {to} is what is in effect: there is nothing to roll back")
    if release.cancelled_at or release.takes_effect_at > current.takes_effect_at:
        said = "was cancelled" if release.cancelled_at else "has not been in effect"
        raise InputError(
            f"release {to} {said}: name one that was, as `shelftree taxonomy releases` lists them"
        )
    back = uow.releases.publish(
        taxonomy,
        tree,
        model_revision=release.model_revision,
        model_dir=release.model_dir,
        author=author,
        restores=release.id,
        rolls_back=current.id,
    )
    uow.commit()
    return back


def published(uow: UnitOfWork, taxonomy: str) -> tuple[Release, Tree]:
    """The release in effect and its tree.

    Raises
    ------
    InputError
        Nothing was published yet.
    """
    if (current := uow.releases.current(taxonomy)) is None:
        command = f"shelftree taxonomy publish --name {taxonomy}"
        raise InputError(f"taxonomy {taxonomy!r} has no release in effect: run `{command}`")
    return current


def releases(uow: UnitOfWork, taxonomy: str, *, limit: int = 50) -> list[Standing]:
    """The releases, newest published first, each with its state: current, scheduled, cancelled or past."""
    current = uow.releases.in_effect(taxonomy)
    return [Standing(one, _state(one, current)) for one in uow.releases.log(taxonomy, limit=limit)]


def compared(uow: UnitOfWork, taxonomy: str, before: int, after: int) -> Released:
    """What changed between two releases; UnknownId if either is none of the taxonomy's."""
    (old, old_tree), (new, new_tree) = (uow.releases.get(taxonomy, one) for one in (before, after))
    return Released(old, new, compare(old_tree, new_tree))


def _require_future(at: datetime | None) -> None:
    if at is None:
        return
    if at.tzinfo is None:
        raise InputError(f"{at.isoformat()} has no time zone: write it as {at.isoformat()}+00:00, for UTC")
    if at <= datetime.now(UTC):
        raise InputError(f"{at.isoformat()} is past: give a time to come, or none to publish at once")


def _before(current: Release, log: Sequence[Release]) -> Release:
    """What was in effect before what is now first was, so that a second rollback goes one step further."""
    first = _origin(current, log)
    older = [one for one in log if not one.cancelled_at and _order(one) < _order(first)]
    if not older:
        raise InputError(f"there is no release before {first.id} to roll back to")
    return _origin(max(older, key=_order), log)


def _origin(release: Release, log: Sequence[Release]) -> Release:
    """The release that a rollback, or a rollback of a rollback, put in force again."""
    known = {one.id: one for one in log}
    while release.restores is not None:
        release = known[release.restores]
    return release


def _order(release: Release) -> tuple[datetime, int]:
    return release.takes_effect_at, release.id


def _state(release: Release, current: Release | None) -> str:
    if release.cancelled_at:
        return "cancelled"
    if current is None or _order(release) > _order(current):
        return "scheduled"
    return "current" if release.id == current.id else "past"
