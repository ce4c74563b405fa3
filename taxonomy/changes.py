"""A change set: edits that are checked, applied, recorded and taken back together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from taxonomy.edits import Edit, Lock
from taxonomy.errors import EditError, NodeLocked
from taxonomy.invariants import require_unique_children
from taxonomy.node import NodeId
from taxonomy.product import Source
from taxonomy.tree import Draft, Tree

__all__ = ["Applied", "ChangeSet", "State", "apply"]


class State(StrEnum):
    """Where a change set is on its way."""

    PROPOSED = "proposed"
    APPLIED = "applied"
    REJECTED = "rejected"
    REVERTED = "reverted"


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Edits with who made them, why, and on which version.

    `inverse` and `applied_version` are set when it has been applied; `reverts` is the id of the change set
    that this one takes back; `model_revision` says which model the machine used.
    """

    id: str
    taxonomy: str
    edits: tuple[Edit, ...]
    author: str
    source: Source = Source.PERSON
    reason: str = ""
    base_version: int = 0
    state: State = State.PROPOSED
    inverse: tuple[Edit, ...] = ()
    applied_version: int | None = None
    reverts: str | None = None
    model_revision: str = ""
    created_at: datetime | None = None

    def touches(self) -> frozenset[NodeId]:
        """All nodes that its edits read or change."""
        return frozenset(at for edit in self.edits for at in edit.touches())


@dataclass(frozen=True, slots=True)
class Applied:
    """A tree one version on, and the edits that lead back."""

    tree: Tree
    inverse: tuple[Edit, ...]


def apply(tree: Tree, edits: Sequence[Edit], source: Source = Source.PERSON) -> Applied:
    """All of the edits on one draft, or an error and nothing.

    Examples
    --------
    >>> from taxonomy.edits import Rename
    >>> tree = Tree.from_paths([("Garden", "Tools")])
    >>> garden = tree.find(("Garden",))
    >>> done = apply(tree, [Rename(garden, "Outdoor")])
    >>> done.tree.version, apply(done.tree, done.inverse).tree.digest() == tree.digest()
    (1, True)

    Raises
    ------
    EditError
        An edit breaks a rule, or a machine unlocks a node; the message counts edits from 1.
    UnknownId
        An edit names a node that is not live.
    """
    if not edits:
        raise EditError("there is nothing to apply: the change set has no edits")
    draft, inverse = Draft(tree), list[Edit]()
    for edit in edits:
        if isinstance(edit, Lock) and source is not Source.PERSON:
            raise NodeLocked("only people lock and unlock nodes", edit.touches())
        inverse[:0] = edit.apply(draft)
    if source is not Source.IMPORT:
        for parent_id in draft.changed_families():
            require_unique_children(draft, parent_id)
    return Applied(draft.tree(version=tree.version + 1), tuple(inverse))
