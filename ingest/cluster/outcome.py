"""What a rebuild proposes for each node, and why."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ingest.cluster.build import Built
from taxonomy.edits import Assign, Edit, Split
from taxonomy.formats.tree_json import Membership
from taxonomy.node import NodeId
from taxonomy.product import ProductId
from taxonomy.proposal import Fate, Outcome

__all__ = ["Fate", "Outcome", "Rebuilt", "assigns"]


@dataclass(frozen=True)
class Rebuilt:
    """A tree that was built on another, and how one leads to the other.

    Attributes
    ----------
    built : Built
        The whole new tree; a node that stays has its id.
    structure : tuple of Edit
        What makes the new tree of the old one, products aside.
    outcomes : tuple of Outcome
        One for every node of both trees, in the new tree's order, then those that go.
    moved : frozenset of ProductId
        Products that stand elsewhere than before, or had no place.
    """

    built: Built
    structure: tuple[Edit, ...]
    outcomes: tuple[Outcome, ...]
    moved: frozenset[ProductId]

    def change_set_edits(self, catalog: str) -> tuple[Edit, ...]:
        """The edits that turn the old tree into this one; none where nothing is to change."""
        structure = (
            replace(one, catalog=catalog) if isinstance(one, Split) else one for one in self.structure
        )
        parts = {part.node_id for one in self.structure if isinstance(one, Split) for part in one.parts}
        memberships = self.built.memberships
        arrived = (
            (at, memberships[at])
            for at in memberships
            if at in self.moved and memberships[at].node_id not in parts
        )
        return (*structure, *assigns(catalog, self.built.tree.descendants(), arrived))

    def counts(self) -> dict[str, int]:
        """How many nodes have each fate."""
        held = Counter(one.fate for one in self.outcomes)
        return {fate.value: held[fate] for fate in Fate}

    def summary(self) -> str:
        """One line: how many nodes have each fate, and how many changes were put off."""
        said = [f"{n} {fate}" for fate, n in self.counts().items() if n]
        put_off = sum(one.put_off for one in self.outcomes)
        said += [f"{put_off} put off by the churn budget"] if put_off else []
        return ", ".join(said) or "nothing to change"

    def explanation(self) -> str:
        """A line for every node that does not simply stay, and why."""
        return "\n".join(
            f"{one.fate} {one.path!r}: {one.reason}"
            for one in self.outcomes
            if one.put_off or one.fate not in (Fate.KEEP, Fate.GROW)
        )


def assigns(
    catalog: str, order: Iterable[NodeId], placed: Iterable[tuple[ProductId, Membership]]
) -> Sequence[Assign]:
    """One edit for each node that products come to, in the order of nodes."""
    held: dict[NodeId, list[tuple[ProductId, float]]] = {}
    for product_id, one in placed:
        if one.node_id is not None:
            held.setdefault(one.node_id, []).append((product_id, one.share))
    return [
        Assign(catalog, at, tuple(p for p, _ in held[at]), tuple(share for _, share in held[at]))
        for at in order
        if at in held
    ]
