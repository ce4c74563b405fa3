"""What a tree was, what became of its ids and paths, and whether the log still tells it truly."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import cast

from taxonomy.changes import replay
from taxonomy.codec import edit_from_json
from taxonomy.compare import Lead, leads
from taxonomy.edits import WHOLE, Edit, Reorder
from taxonomy.errors import InputError, StoreError, UnknownId
from taxonomy.node import ROOT_ID, NodeId
from taxonomy.ports import Progress, Silent, UnitOfWork
from taxonomy.product import Path
from taxonomy.records import AuditRow, Release
from taxonomy.service.releasing import EVERY
from taxonomy.tree import Draft, Tree

__all__ = [
    "Redirected",
    "Resolution",
    "Verified",
    "at",
    "redirects",
    "resolve",
    "verify",
    "version_of",
]


@dataclass(frozen=True, slots=True)
class Verified:
    """How the log compares with what was recorded.

    `n_skipped` versions were recorded before digests were kept. `difference` names the first version, release
    or head that the log does not lead to; empty: all agree.
    """

    n_versions: int
    n_compared: int
    n_skipped: int
    difference: str = ""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What became of an id.

    `path` is its path in `version` if it lived then, else when it was last live before; empty if it came
    later. `lived` says which. `leads` are the live nodes that it leads to at the head, version `head`: itself
    while it lives.
    """

    node_id: NodeId
    version: int
    head: int
    path: Path
    lived: bool
    lives: bool
    leads: tuple[Lead, ...]


@dataclass(frozen=True, slots=True)
class Redirected:
    """A path that led to a node and does no longer, and where it leads now; empty: nothing took its place."""

    old_path: Path
    new_path: Path
    node_id: NodeId
    to_id: NodeId
    share: float


def at(uow: UnitOfWork, taxonomy: str, version: int | None = None) -> Tree:
    """The tree as it was in a version; the head when none is given.

    Read from the nearest earlier tree that a release pins, and from the log after it.

    Raises
    ------
    InputError
        There is no such version; the message says which there are.
    StoreError
        The log does not lead there.
    UnknownId
        There is no such taxonomy.
    """
    head = uow.trees.head(taxonomy)
    return head if version is None else _at(uow, taxonomy, head, version)


def version_of(uow: UnitOfWork, taxonomy: str, said: str) -> int:
    """The version that a text names: its number, or `release:ID` for the one that a release pins.

    Raises
    ------
    InputError
        It is neither; UnknownId for a release that is none of the taxonomy's.
    """
    kind, colon, number = said.rpartition(":")
    if (
        kind not in ("", "release")
        or bool(kind) != bool(colon)
        or not (number.isascii() and number.isdigit())
    ):
        raise InputError(f"{said!r} is no version: write its number, or release:ID")
    return uow.releases.get(taxonomy, int(number))[1].version if colon else int(number)


def verify(uow: UnitOfWork, taxonomy: str, *, progress: Progress | None = None) -> Verified:
    """Whether the log, replayed from nothing, gives every version, every pinned tree and the head.

    Costs time by edits, and by the tree's size for each version.
    """
    progress = progress or Silent()
    head = uow.trees.head(taxonomy)
    recorded = {one.number: one.digest for one in uow.changes.versions(taxonomy, limit=head.version + 1)}
    pinned = _pinned(uow.releases.log(taxonomy, limit=EVERY))
    progress.start(f"replaying {taxonomy}", head.version)
    tree, n_compared, n_skipped = Tree(), 0, 0
    tree.digest()  # known from the start, each step costs what it touched

    def found(difference: str = "") -> Verified:
        return Verified(tree.version, n_compared, n_skipped, difference)

    for version, steps in groupby(_steps(uow, taxonomy, 0, head.version), key=lambda step: step[0]):
        if version != tree.version + 1:
            return found(f"the log goes from version {tree.version} to {version}")
        tree = replay(tree, steps)
        progress.advance()
        if version not in recorded:
            return found(f"version {version} is in the log, but was not recorded as a version")
        n_compared, n_skipped = n_compared + bool(recorded[version]), n_skipped + (not recorded[version])
        if recorded[version] not in ("", tree.digest()):
            return found(f"version {version} differs from what was recorded when it was made")
        for release_id in pinned.get(version, ()):
            if uow.releases.get(taxonomy, release_id)[1].digest() != tree.digest():
                return found(f"release {release_id} pins another tree than version {version}")
    if tree.version != head.version or tree.digest() != head.digest():
        return found(
            f"the log leads to version {tree.version}, which is not the head, version {head.version}"
        )
    return found()


def resolve(uow: UnitOfWork, taxonomy: str, node_id: NodeId, *, version: int | None = None) -> Resolution:
    """What became of an id that was ever given out.

    Parameters
    ----------
    version : int, optional
        The version in which the id was seen; the head when not given.

    Raises
    ------
    UnknownId
        It was never given out in this taxonomy.
    InputError
        There is no such version.
    """
    head = uow.trees.head(taxonomy)
    seen = head.version if version is None else version
    if node_id not in head and node_id not in head.redirects:
        raise UnknownId("node", node_id, f"it was never given out in taxonomy {taxonomy!r}")
    tree = _at(uow, taxonomy, head, seen)
    lived = node_id in tree
    path = tree.path(node_id) if lived else _last_path(uow, taxonomy, head, node_id, seen)
    return Resolution(node_id, seen, head.version, path, lived, node_id in head, leads(head, node_id))


def redirects(uow: UnitOfWork, taxonomy: str, *, since: int = 0) -> list[Redirected]:
    """Where the paths lead now that nodes had since a version and have no longer, sorted by the old path.

    For each node that was renamed or moved, or stood below one that was, and for each that was retired;
    several rows where its products went several ways. A path that a node has again is not told, nor is one
    that existed only within a change set. Costs time by the log and by the nodes that its edits moved.

    Raises
    ------
    InputError
        There is no version `since`.
    """
    head = uow.trees.head(taxonomy)
    left = _left_paths(uow, taxonomy, _at(uow, taxonomy, head, since), head)
    taken = {head.path(one) for one in head.nodes}
    ends = {one: leads(head, one) for path, one in left.items() if path not in taken}
    return [
        Redirected(path, end.path, one, end.node_id, end.share)
        for path, one in sorted(left.items())
        if path not in taken
        for end in ends[one]
    ]


def _at(uow: UnitOfWork, taxonomy: str, head: Tree, version: int) -> Tree:
    if version == head.version:
        return head
    if not 0 <= version < head.version:
        raise InputError(f"taxonomy {taxonomy!r} has no version {version}: there are 0 to {head.version}")
    near = uow.releases.nearest(taxonomy, version) or Tree()
    tree = replay(near, _steps(uow, taxonomy, near.version, version))
    if tree.version != version:
        raise StoreError(f"the log of taxonomy {taxonomy!r} ends at version {tree.version}, before {version}")
    return tree


def _steps(uow: UnitOfWork, taxonomy: str, after: int, until: int) -> Iterator[tuple[int, Edit]]:
    return ((row.version, _edit(row)) for row in uow.changes.steps(taxonomy, after=after, until=until))


def _edit(row: AuditRow) -> Edit:
    try:
        return edit_from_json(row.edit)
    except InputError as error:
        raise StoreError(
            f"version {row.version} of the log was written by another version of Shelftree: {error}"
        ) from error


def _pinned(log: Iterable[Release]) -> dict[int, list[int]]:
    """The releases of each version."""
    found: dict[int, list[int]] = {}
    for release in log:
        found.setdefault(release.tree_version, []).append(release.id)
    return found


def _last_path(uow: UnitOfWork, taxonomy: str, head: Tree, node_id: NodeId, until: int) -> Path:
    """The path of a retired id just before the edit that retired it; empty if it came after `until`."""
    newest = uow.changes.audit(taxonomy, limit=1, before=until + 1, key=node_id)
    if not newest:
        return ()
    last = newest[0]
    if (held := last.before.get(node_id)) is not None and "path" in held:
        return tuple(cast(list[str], held["path"]))
    # It came and went within one change set, or the log is older than the paths in it.
    draft = Draft(_at(uow, taxonomy, head, last.version - 1))
    for row in uow.changes.steps(taxonomy, after=last.version - 1, until=last.version):
        if row.ordinal == last.ordinal:
            break
        _edit(row).apply(draft)
    return draft.tree().path(node_id)


def _left_paths(uow: UnitOfWork, taxonomy: str, start: Tree, head: Tree) -> dict[Path, NodeId]:
    """Each path that a node had in a version and may have left, with the last node that had it."""
    draft, left = Draft(start), dict[Path, NodeId]()
    steps = _steps(uow, taxonomy, start.version, head.version)
    for _, group in groupby(steps, key=lambda step: step[0]):
        edits = [edit for _, edit in group]
        for one in dict.fromkeys(one for edit in edits for one in _displaced(edit)):
            _note_below(draft, one, left)
        for edit in edits:
            edit.apply(draft)
    return left


def _displaced(edit: Edit) -> Iterator[NodeId]:
    """The nodes whose path, and that of all below, the edit may change."""
    if not isinstance(edit, Reorder):
        yield from (NodeId(key) for key, aspect in edit.writes() if aspect in ("name", "place", WHOLE))


def _note_below(draft: Draft, node_id: NodeId, left: dict[Path, NodeId]) -> None:
    """The paths of a node, if it lives, and of all below it."""
    if node_id not in draft.nodes:
        return
    above: list[str] = []
    over = draft.nodes[node_id].parent_id
    while over != ROOT_ID:
        above.append(draft.nodes[over].name)
        over = draft.nodes[over].parent_id
    stack = [(node_id, tuple(reversed(above)))]
    while stack:
        one, prefix = stack.pop()
        path = (*prefix, draft.nodes[one].name)
        left[path] = one
        stack.extend((child, path) for child in draft.children_of(one))
