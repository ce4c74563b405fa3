"""A tree with what stands in it, as the rules read it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from zlib import crc32

import numpy as np

from taxonomy.audit.words import Words, stem, words
from taxonomy.node import NodeId
from taxonomy.ports import Floats
from taxonomy.product import Product
from taxonomy.tree import Tree

__all__ = ["Encode", "Shelves"]

Encode = Callable[[Sequence[str]], Floats]
"""Texts to unit rows, as `Encoder.encode` does."""

_KNOWN_BRANDS = 0.3  # share of products with a brand from which on the column is trusted
_HASHED_DIM = 512  # two words of one title share a place once in 25 titles


@dataclass(frozen=True)
class Shelves:
    """A tree, its products by node, and everything that several rules want to know of them.

    Attributes
    ----------
    tree : Tree
    products : sequence of Product
    own : mapping of NodeId to list of int
        Indices of the products that stand in the node itself.
    counts : mapping of NodeId to int
        How many products really stand there, of which `products` may be a sample.
    encode : Encode, optional
        Without it, vectors say which words texts share.
    """

    tree: Tree
    products: Sequence[Product]
    own: Mapping[NodeId, Sequence[int]]
    counts: Mapping[NodeId, int]
    encode: Encode | None = None

    @classmethod
    def of(
        cls,
        tree: Tree,
        by_node: Mapping[NodeId, Sequence[Product]],
        counts: Mapping[NodeId, int] | None = None,
        encode: Encode | None = None,
    ) -> "Shelves":
        """Products that stand in no live node are left out."""
        products: list[Product] = []
        own: dict[NodeId, Sequence[int]] = {}
        for at, shelf in by_node.items():
            if at in tree.nodes:
                own[at] = range(len(products), len(products) + len(shelf))
                products += shelf
        found = {at: len(ids) for at, ids in own.items()} if counts is None else dict(counts)
        return cls(tree, products, own, found, encode)

    @cached_property
    def below(self) -> Mapping[NodeId, Sequence[int]]:
        """Indices of the products in each node or under it; nodes without any are missing."""
        found: dict[NodeId, list[int]] = {}
        for at, indices in self.own.items():
            for above in self.tree.lineage(at):
                found.setdefault(above, []).extend(indices)
        return found

    @cached_property
    def sizes(self) -> Mapping[NodeId, int]:
        """How many products stand in each node or under it; 0 for the rest."""
        found = dict.fromkeys(self.tree.nodes, 0)
        for at, count in self.counts.items():
            if at in found:
                for above in self.tree.lineage(at):
                    found[above] += count
        return found

    @cached_property
    def titles(self) -> Sequence[Words]:
        """The stems of each title's words, in order."""
        return [tuple(map(stem, words(one.title))) for one in self.products]

    @cached_property
    def brands(self) -> Sequence[Words]:
        """The stems of each product's brand; all empty where too few products name theirs."""
        named = sum(bool(one.brand) for one in self.products)
        if named < _KNOWN_BRANDS * len(self.products):
            return [()] * len(self.products)
        return [tuple(map(stem, words(one.brand))) for one in self.products]

    @cached_property
    def vectors(self) -> Floats:
        """What each title means: (n_products, dim) float32, unit rows."""
        return self.vectors_of([one.title for one in self.products])

    def vectors_of(self, texts: Sequence[str]) -> Floats:
        """What each text means: (n_texts, dim) float32, unit rows."""
        if self.encode is not None:
            return self.encode(texts)
        return _hashed(texts)

    def sample(self, indices: Sequence[int], size: int) -> Sequence[int]:
        """At most `size` of the indices, evenly spread."""
        if len(indices) <= size:
            return indices
        return [indices[at * len(indices) // size] for at in range(size)]

    def examples(self, indices: Sequence[int], size: int = 3) -> tuple[Product, ...]:
        """The first products of these that differ in title."""
        found: dict[str, Product] = {}
        for at in indices[:100]:
            found.setdefault(self.products[at].title, self.products[at])
        return tuple(found.values())[:size]


def _hashed(texts: Sequence[str]) -> Floats:
    rows = np.zeros((len(texts), _HASHED_DIM), np.float32)
    for row, text in zip(rows, texts, strict=True):
        for word in words(text):
            row[crc32(stem(word).encode()) % _HASHED_DIM] += 1  # `hash` differs from run to run
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), np.float32)
