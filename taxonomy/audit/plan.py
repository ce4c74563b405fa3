"""Which findings go together in change sets that can be applied."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from taxonomy.audit.finding import Finding, Kind
from taxonomy.edits import Edit
from taxonomy.errors import InputError, RuleBroken
from taxonomy.node import NodeId
from taxonomy.text import fold
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
        free = [one for one in candidates if not _touched(one) & claimed]
        taken = _together(tree, free)
        kept = {id(one) for one in taken}
        waiting += [one for one in candidates if id(one) not in kept]
        claimed.update(at for one in taken for at in _touched(one))
        if taken:
            plans.append(Plan(kind, tuple(taken)))
    return plans, waiting


def _together(tree: Tree, findings: Sequence[Finding]) -> list[Finding]:
    """Those of the findings whose edits apply one after another and leave no siblings of one name."""
    while findings:
        trial = _Trial(tree)
        taken = [one for one in findings if trial.takes(one)]
        if not (spoilt := trial.spoilt()):
            return taken
        # Twins that were there before: whatever changes their family has to wait until they are one.
        findings = [one for one in taken if id(one) not in spoilt]
    return []


class _Trial:
    """A draft on which findings are mended; what does not go in leaves no trace."""

    def __init__(self, tree: Tree) -> None:
        self.draft = Draft(tree)
        self.changers: dict[NodeId, set[int]] = {}

    def takes(self, finding: Finding) -> bool:
        """Apply all edits of the finding, or none and say so."""
        back, twins = list[Edit](), dict[NodeId, int]()
        try:
            for edit in finding.edits:
                twins = self._twins(edit) | twins
                back[:0] = edit.apply(self.draft)
            if any(self._n_twins(at) > before for at, before in twins.items()):
                raise RuleBroken("siblings would meet", list(twins))
        except InputError:
            for edit in back:
                edit.apply(self.draft)
            return False
        for at in twins:
            self.changers.setdefault(at, set()).add(id(finding))
        return True

    def spoilt(self) -> set[int]:
        """The findings that changed a family in which two siblings have one name."""
        return {one for at, changers in self.changers.items() if self._n_twins(at) for one in changers}

    def _twins(self, edit: Edit) -> dict[NodeId, int]:
        """The families that the edit changes, with how many of their children have a name too many."""
        live = [at for at in edit.touches() if at in self.draft.nodes]
        families = dict.fromkeys([*live, *(self.draft.nodes[at].parent_id for at in live)])
        return {at: self._n_twins(at) for at in families}

    def _n_twins(self, at: NodeId) -> int:
        children = self.draft.children_of(at)
        return len(children) - len({fold(self.draft.nodes[child].name) for child in children})


def _touched(finding: Finding) -> frozenset[NodeId]:
    return frozenset(at for edit in finding.edits for at in edit.touches())
