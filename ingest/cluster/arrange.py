"""A crowded shelf of categories, arranged into families by names, products and what is mistaken for what."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np

from ingest.cluster.families import families
from ingest.cluster.induce import Branch
from ingest.cluster.legs import WEIGHTS, join, legs
from ingest.cluster.legs import Evidence as Known
from ingest.cluster.meaning import Encode
from ingest.cluster.name import Named
from ingest.cluster.parents import name_parents, reference_labels, shares_of
from ingest.cluster.phrases import PhraseBook
from ingest.cluster.reduce import unit
from ingest.cluster.stages import fingerprint
from taxonomy.changes import apply
from taxonomy.edits import Create, Edit, Move
from taxonomy.errors import InputError
from taxonomy.formats.tree_json import Evidence, Membership, TreeFile
from taxonomy.node import ROOT_ID, Node, NodeId, NodeIds, seeded_ids
from taxonomy.ports import Floats, Progress, Silent
from taxonomy.product import Product, Source
from taxonomy.tree import Tree

__all__ = ["Arranged", "Family", "arrange", "movable"]

_USUAL = 0.1  # of a category's titles: a phrase in fewer is an accident, as in `ingest.cluster.name`


@dataclass(frozen=True, slots=True)
class Family:
    """A parent that is proposed.

    Attributes
    ----------
    node_id : NodeId
    children : tuple of NodeId
        What moves below it, or is made there.
    n_categories : int
        Of those arranged, at any depth below it.
    sims : mapping of str to float
        By leg, the mean cosine of its categories to each other; 0 is what any two have.
    named : Named
        Its name, and others that were close.
    by_reference : bool
        The name is the reference's.
    """

    node_id: NodeId
    children: tuple[NodeId, ...]
    n_categories: int
    sims: Mapping[str, float]
    named: Named
    by_reference: bool

    @property
    def why(self) -> str:
        """The reason, as one line."""
        alike = ", ".join(f"{leg} {sim:.2f}" for leg, sim in self.sims.items())
        source = "named as the reference does" if self.by_reference else "named by what they mean"
        others = f"; or: {', '.join(self.named.alternatives)}" if self.named.alternatives else ""
        return f"{self.named.name}: {self.n_categories} categories that are kin ({alike}); {source}{others}"


@dataclass(frozen=True)
class Arranged:
    """A proposal: what it was made on, the edits, and why.

    Attributes
    ----------
    before : Tree
    category_ids : tuple of NodeId
        The categories looked at, in their order, locked ones too.
    edits : tuple of Edit
        Creates, parents first, and moves; none where all can stand side by side.
    families : tuple of Family
        In the order of their creation.
    max_children : int
        What was asked for.
    """

    before: Tree
    category_ids: tuple[NodeId, ...]
    edits: tuple[Edit, ...]
    families: tuple[Family, ...]
    max_children: int

    @cached_property
    def tree(self) -> Tree:
        """The tree with the edits applied."""
        return apply(self.before, self.edits, Source.BUILD).tree if self.edits else self.before

    @property
    def n_crowded(self) -> int:
        """Families with more children than were asked for, because depth left no room."""
        return sum(len(one.children) > self.max_children for one in self.families)

    def rows(self) -> Iterator[tuple[str, str]]:
        """Each category, and the path proposed for it."""
        for at in self.category_ids:
            yield self.before.label(at), self.tree.label(at)

    def file(self, shelves: Mapping[NodeId, Sequence[Product]]) -> TreeFile:
        """What `taxonomy.formats.tree_json` writes, with the products that stand in the categories."""
        members = {one.id: Membership(at, 1.0) for at, held in shelves.items() for one in held}
        evidence = {one.node_id: Evidence(one.named.phrases, one.named.alternatives) for one in self.families}
        return TreeFile(self.tree, members, evidence=evidence)


def movable(tree: Tree, below: NodeId = ROOT_ID) -> tuple[NodeId, ...]:
    """The children of a node that a machine may move.

    Raises
    ------
    InputError
        There are fewer than two; the message says why.
    """
    children = tree.children_of(below)
    free = tuple(at for at in children if not tree.nodes[at].locked)
    place = f"below {tree.label(below)!r}" if below != ROOT_ID else "at the top"
    if not children:
        raise InputError(f"there are no categories {place}: name a node that has some")
    if not free:
        raise InputError(f"all {len(children)} categories {place} are locked: unlock those that may move")
    if len(free) == 1:
        raise InputError(
            f"{tree.nodes[free[0]].name!r} is the one category {place} that may move: nothing to arrange"
        )
    return free


def arrange(
    tree: Tree,
    shelves: Mapping[NodeId, Sequence[Product]],
    known: Known,
    encode: Encode,
    *,
    below: NodeId = ROOT_ID,
    depth: int = 2,
    max_children: int = 20,
    weights: Mapping[str, float] = WEIGHTS,
    progress: Progress | None = None,
) -> Arranged:
    """Parents for the children of a node, as edits that make and fill them.

    Parameters
    ----------
    tree : Tree
    shelves : mapping of NodeId to sequence of Product
        Products of the categories; the rows of `known.products`, in the order of `movable` and of each shelf.
    known : Evidence
        Of the categories that `movable` gives, in that order.
    encode : Encode
        Of the encoder that made the vectors.
    depth : int
        Levels at most below the node, that of the categories included, from 1.
    max_children : int
        From 2; where depth leaves no room, `Arranged.n_crowded` says so.
    weights : mapping of str to float
        Of the legs.

    Raises
    ------
    InputError
        As for `movable`, or a limit is below what it says above.
    """
    if depth < 1 or max_children < 2:
        raise InputError(f"depth {depth}, max-children {max_children}: give 1 or more, and 2 or more")
    progress = progress or Silent()
    categories = movable(tree, below)
    progress.start("looking for kin")
    found = legs(known)
    root = families(join(found, weights), depth=depth, max_children=max_children)
    progress.start("naming")
    named = _named(tree, below, categories, root, shelves, known, encode)
    seed = fingerprint(join(found, weights), list(categories), tree.digest(), below, depth, max_children)
    grower = _Grower(tree, categories, found, named, seeded_ids(seed))
    grower.grow(root, below)
    return Arranged(
        tree, tree.children_of(below), (*grower.creates, *grower.moves), tuple(grower.families), max_children
    )


def _named(
    tree: Tree,
    below: NodeId,
    categories: Sequence[NodeId],
    root: Branch,
    shelves: Mapping[NodeId, Sequence[Product]],
    known: Known,
    encode: Encode,
) -> dict[Branch, tuple[Named, bool]]:
    """A name for each parent, and whether it is the reference's."""
    centres = known.centroids()
    rows = np.where(np.any(centres != 0, axis=1)[:, None], centres, known.names)
    labels = reference_labels(root, known.matches(), known.reference.tree) if known.reference else {}
    stay = [tree.nodes[at].name for at in tree.children_of(below) if at not in set(categories)]
    named = name_parents(
        root,
        [tree.nodes[at].name for at in categories],
        unit(rows),
        encode,
        labels=labels,
        phrases=_phrases(root, [shelves.get(at, ()) for at in categories]),
        taken=[*stay, *tree.path(below)],
    )
    return {
        node: (one, one.name in {label.text for label in labels.get(node, ())}) for node, one in named.items()
    }


def _phrases(root: Branch, shelves: Sequence[Sequence[Product]]) -> dict[Branch, dict[str, float]]:
    """What titles of many of a parent's categories say, with the share of categories."""
    products = [one for shelf in shelves for one in shelf]
    book = PhraseBook.read([one.title for one in products], [one.brand for one in products])
    ends = np.cumsum([0, *map(len, shelves)]).tolist()
    said = [Counter(key for at in range(*pair) for key in book.of[at]) for pair in pairwise(ends)]
    usual = [
        {book.surface[key] for key, n in counts.items() if n >= _USUAL * len(shelf)}
        for counts, shelf in zip(said, shelves, strict=True)
    ]
    nodes = (one for one in root.walk() if one is not root and one.children)
    return {node: shares_of([usual[at] for at in node.groups]) for node in nodes}


@dataclass
class _Grower:
    """Turns branches into edits."""

    tree: Tree
    categories: Sequence[NodeId]
    legs: Mapping[str, Floats]
    named: Mapping[Branch, tuple[Named, bool]]
    draw: NodeIds
    creates: list[Edit] = field(default_factory=list)
    moves: list[Edit] = field(default_factory=list)
    families: list[Family] = field(default_factory=list)

    def grow(self, node: Branch, parent_id: NodeId) -> tuple[NodeId, ...]:
        """Make what is below a node; the ids of its children."""
        return tuple(self._add(child, parent_id) for child in node.children)

    def _add(self, node: Branch, parent_id: NodeId) -> NodeId:
        if not node.children:
            category = self.categories[node.groups[0]]
            if self.tree.nodes[category].parent_id != parent_id:
                self.moves.append(Move(category, parent_id))
            return category
        node_id, (named, by_reference) = self.draw(), self.named[node]
        self.creates.append(Create(Node(node_id, named.name, parent_id)))
        place = len(self.families)
        children = self.grow(node, node_id)
        sims = {leg: _alike(rows[list(node.groups)]) for leg, rows in self.legs.items()}
        self.families.insert(place, Family(node_id, children, len(node.groups), sims, named, by_reference))
        return node_id


def _alike(rows: Floats) -> float:
    """The mean cosine of different rows; 1 for one row."""
    n = len(rows)
    if n < 2:
        return 1.0
    return round(float((np.square(rows.sum(axis=0)).sum() - np.square(rows).sum()) / (n * (n - 1))), 4)
