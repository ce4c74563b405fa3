"""What the titles of each node of a new tree say, counted once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.cluster.induce import Branch
from ingest.cluster.phrases import Key, PhraseBook

__all__ = ["Tally"]

_LOOKED_AT = 40  # phrases of a node whose meaning is asked for
_COMMON = {True: 0.01, False: 0.08}  # of a parent's and of a leaf's titles: below, a phrase is an accident
_SMALL = 12  # in a leaf of so few products, one may have the right word


@dataclass
class Tally:
    """Counts phrases of nodes.

    Attributes
    ----------
    members : sequence, one per group, of product positions
    book : PhraseBook
        The phrases of the products' titles.
    """

    members: Sequence[Sequence[int]]
    book: PhraseBook
    _said: dict[tuple[int, ...], Counter[Key]] = field(default_factory=dict)

    def products(self, node: Branch) -> list[int]:
        """Positions of the node's products."""
        return [product for group in node.groups for product in self.members[group]]

    def said(self, node: Branch) -> Counter[Key]:
        """In how many of its titles each phrase is."""
        if node.groups not in self._said:
            of = self.book.of
            self._said[node.groups] = Counter(key for product in self.products(node) for key in of[product])
        return self._said[node.groups]

    def headed(self, node: Branch) -> Counter[Key]:
        """In how many of its titles each phrase stands where a head noun does."""
        heads = self.book.heads
        return Counter(key for product in self.products(node) for key in heads[product])

    def likely(self, node: Branch) -> list[Key]:
        """Phrases in enough of its titles, heads of titles first; the commonest where none is in enough."""
        n, counts = len(self.products(node)), self.said(node)
        least = max(_COMMON[bool(node.children)] * n, 1 if n < _SMALL else 2)
        known = [key for key, said in counts.items() if said >= least] or list(counts)
        return sorted(known, key=lambda key: (-counts[key] * (0.2 + self.book.tail[key]), key))[:_LOOKED_AT]
