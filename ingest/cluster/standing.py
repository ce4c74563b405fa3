"""What stands before a rebuild: a tree, which product is where, and who put it there."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from taxonomy.formats.tree_json import Evidence, Fit, TreeFile
from taxonomy.node import ROOT_ID, NodeId
from taxonomy.ports import Floats
from taxonomy.product import ProductId
from taxonomy.tree import Tree

__all__ = ["Standing"]


@dataclass(frozen=True)
class Standing:
    """A tree that people know, and what is in it.

    Attributes
    ----------
    tree : Tree
    places : mapping of ProductId to NodeId or None
        Where each known product stands; None was noise. Products that are not named are new.
    by_people : frozenset of ProductId
        Those that a person placed: they, and the nodes that they stand in, are not moved.
    before : mapping of NodeId to int
        How many products stood in each node itself when the tree was made, those that are gone included. Only
        a node named here can have been emptied.
    centroids : mapping of NodeId to (dim,) float32
        For nodes without products; where none is known, none is written.
    evidence : mapping of NodeId to Evidence
        Why nodes have their names.
    fits : mapping of NodeId to Fit
        For nodes without products, as `centroids`.
    """

    tree: Tree
    places: Mapping[ProductId, NodeId | None] = field(default_factory=dict)
    by_people: frozenset[ProductId] = frozenset()
    before: Mapping[NodeId, int] = field(default_factory=dict)
    centroids: Mapping[NodeId, Floats] = field(default_factory=dict)
    evidence: Mapping[NodeId, Evidence] = field(default_factory=dict)
    fits: Mapping[NodeId, Fit] = field(default_factory=dict)

    def is_held(self, node_id: NodeId) -> bool:
        """Whether people hold the node as it is: it is locked, or they placed products in it."""
        return self.tree.nodes[node_id].locked or node_id in self._chosen

    @cached_property
    def _chosen(self) -> frozenset[NodeId]:
        return frozenset(at for one in self.by_people if (at := self.place(one)) is not None)

    def place(self, product_id: ProductId) -> NodeId | None:
        """The live node that a product stands in, redirects followed; None for noise and for what is new."""
        at = self.places.get(product_id)
        live = None if at is None else self.tree.resolve(at)
        return None if live == ROOT_ID else live

    @classmethod
    def of_file(cls, file: TreeFile) -> "Standing":
        """What a file that `build --tree` wrote says."""
        return cls(
            file.tree,
            file.places,
            before=Counter(at for at in file.places.values() if at is not None),
            centroids=file.centroids,
            evidence=file.evidence,
            fits=file.fits,
        )
