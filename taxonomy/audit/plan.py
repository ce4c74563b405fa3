"""Which findings go together in change sets that can be applied."""

from collections.abc import Iterable
from dataclasses import dataclass

from taxonomy.audit.finding import Finding, Kind
from taxonomy.edits import Edit
from taxonomy.errors import InputError
from taxonomy.invariants import require_unique_children
from taxonomy.node import NodeId
from taxonomy.tree import Draft, Tree

__all__ = ["Plan", "plan"]


@dataclass(frozen=True, slots=True)
class Plan:
    """Findings of one kind whose edits apply together, in this order."""

    kind: Kind
    findings: tuple[Finding, ...]

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The edits of all of them."""
        return tuple(edit for one in self.findings for edit in one.edits)


def plan(tree: Tree, findings: Iterable[Finding]) -> tuple[list[Plan], list[Finding]]:
    """Change sets, one a kind, and the findings that have to wait for the next audit.

    Each set can be applied to the tree as it is, and no two touch the same node, so that accepting one
    leaves the others valid. Of findings that do not go together the first is taken. Those without edits are
    in neither list.
    """
    by_kind: dict[Kind, list[Finding]] = {}
    for one in findings:
        if one.edits:
            by_kind.setdefault(one.kind, []).append(one)
    plans, waiting, claimed = list[Plan](), list[Finding](), set[NodeId]()
    for kind, candidates in by_kind.items():
        trial, taken = _Trial(tree), list[Finding]()
        for one in candidates:
            fits = not _touched(one) & claimed and trial.takes(one)
            (taken if fits else waiting).append(one)
        claimed.update(at for one in taken for at in _touched(one))
        if taken:
            plans.append(Plan(kind, tuple(taken)))
    return plans, waiting


class _Trial:
    """A draft on which findings are mended; what does not go in leaves no trace."""

    def __init__(self, tree: Tree) -> None:
        self.base, self.draft = tree, Draft(tree)

    def takes(self, finding: Finding) -> bool:
        """Apply all edits of the finding, or none and say so."""
        back, families = list[Edit](), set[NodeId]()
        try:
            for edit in finding.edits:
                families |= self._families(edit)
                back[:0] = edit.apply(self.draft)
            for at in families:
                if at in self.draft:
                    require_unique_children(self.draft, at, (self.base,))
        except InputError:
            for edit in back:
                edit.apply(self.draft)
            return False
        return True

    def _families(self, edit: Edit) -> set[NodeId]:
        """The nodes whose children the edit may change: those that it touches, and those above them."""
        live = [at for at in edit.touches() if at in self.draft.nodes]
        return {*live, *(self.draft.nodes[at].parent_id for at in live)}


def _touched(finding: Finding) -> frozenset[NodeId]:
    return frozenset(at for edit in finding.edits for at in edit.touches())
