"""What speaks for a proposed tree, and against it: figures without labels, and the reasons of each node."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from taxonomy.edits import Assign, Create, Edit, Merge, Restore, Retire, Split
from taxonomy.node import NodeId
from taxonomy.tree import Tree

__all__ = [
    "MEASURES",
    "Fate",
    "Measure",
    "NodeQuality",
    "Outcome",
    "Quality",
    "Report",
    "Weakness",
    "Wording",
    "deciding",
    "fates",
]

_LOOSE = 0.6
"""Mean cosine to the centre. The loosest 5% of leaves lie below it on a grocer's and a general store's
titles, where looser leaves hold less of any one category of the shop (correlation 0.44 and 0.64)."""
_VAGUE = 0.5  # more products are nearer to another name than to their own
TWIN_SIM = 0.8
"""Cosine of two centres. Where leaves have another so near, it holds mostly the same category of the shop in
60% (a grocer) and 80% (a general store) of cases; of all leaves' nearest ones in 20% and 28%."""


class Fate(StrEnum):
    """What becomes of a category."""

    NEW = "new"
    GROW = "grow"
    SPLIT = "split"
    MERGE = "merge"
    RETIRE = "retire"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of one category, and why, as the maker of a proposal tells it.

    Attributes
    ----------
    node_id : NodeId
    fate : Fate
    path : str
        Where it stands; for a category that goes, where it stood.
    reason : str
        The evidence, as a sentence.
    n_before, n_after : int
        Products in the category itself that stood there and are still there, and that stand there then.
    into : tuple of NodeId
        What takes its products: the parts of a split, what a merge or a retirement leads to.
    put_off : bool
        There is a case for a change that the churn budget had no room for; the fate is what happens instead.
    """

    node_id: NodeId
    fate: Fate
    path: str
    reason: str
    n_before: int = 0
    n_after: int = 0
    into: tuple[NodeId, ...] = ()
    put_off: bool = False


class Weakness(StrEnum):
    """What a category should be looked at for."""

    LOOSE = "loose"
    VAGUE = "vague"
    TWIN = "twin"


@dataclass(frozen=True, slots=True)
class Measure:
    """How a figure of `Quality` is read.

    Attributes
    ----------
    field : str
        Its name there.
    name, meaning : str
        In words for people who run a shop.
    is_better_high : bool
    margin : float
        Differences below it say nothing.
    """

    field: str
    name: str
    meaning: str
    is_better_high: bool = True
    margin: float = 0.01

    def verdict(self, one: float, other: float) -> int:
        """1 if the first is better, -1 if the second is, 0 if they are as good as equal.

        >>> MEASURES[-1].verdict(0.02, 0.30)
        1
        """
        difference = one - other if self.is_better_high else other - one
        return 0 if abs(difference) < self.margin else 1 if difference > 0 else -1


MEASURES = (
    Measure("cohesion", "Alike inside", "How much the products of one category have in common."),
    Measure("separation", "Apart from neighbours", "How different a category is from the one most like it."),
    Measure(
        "name_fit", "Names that fit", "Products whose own category has the name that suits them best of all."
    ),
    Measure("balance", "Even sizes", "100%: all categories hold as many products; low: a few hold most."),
    Measure(
        "redundancy",
        "Near-doubles",
        "Categories so much like another one that they may be the same.",
        is_better_high=False,
    ),
    Measure(
        "noise_share",
        "Left out",
        "Products that fitted nowhere and stand in no category.",
        is_better_high=False,
    ),
)
"""The figures that proposals are compared by."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Figures to compare two trees over one catalogue by; a *shelf* is a node that holds products itself.

    Attributes
    ----------
    n_products, n_leaves : int
        `n_leaves` counts shelves.
    cohesion : float
        Mean cosine of the placed products to the centre of their shelf.
    separation : float
        Mean over shelves of 1 - cosine to the nearest other shelf's centre; 1 for a single one.
    balance : float
        Entropy of shelf sizes over its maximum: 1 for equal sizes.
    noise_share : float
        Part of the products that stand nowhere.
    redundancy : float
        Part of the shelves that have another one nearer than `TWIN_SIM`.
    name_fit : float
        Part of the placed products that are nearer to their own shelf's name than to any other's; 0 where
        names were not looked at.
    """

    n_products: int
    n_leaves: int
    cohesion: float
    separation: float
    balance: float
    noise_share: float
    redundancy: float = 0.0
    name_fit: float = 0.0


@dataclass(frozen=True, slots=True)
class Wording:
    """Words that might name a category, and how well they would."""

    text: str
    score: float


@dataclass(frozen=True, slots=True)
class NodeQuality:
    """One category of a tree, measured; its peers are all shelves, or inner nodes of its depth.

    Attributes
    ----------
    node_id : NodeId
    name : str
        As it was measured.
    n_products : int
        At or below it.
    is_shelf : bool
        It holds products itself.
    cohesion : float
        Mean cosine of these to their centre.
    nearest_id : NodeId or None
        The peer whose centre is nearest; None without peers.
    nearest_sim : float
        Cosine of the two centres.
    name_fit : float
        Part of its products that are nearer to its name than to any peer's.
    weakness : float
        The mean of its ranks among its peers by the three figures: 0 the strongest in all, 1 the weakest.
    phrases, alternatives : tuple of Wording
        Words that its titles share, with the namer's score; other names, each with its `name_fit`.
    examples : tuple of str
        Titles of typical products.
    """

    node_id: NodeId
    name: str
    n_products: int
    is_shelf: bool
    cohesion: float
    nearest_id: NodeId | None
    nearest_sim: float
    name_fit: float
    weakness: float
    phrases: tuple[Wording, ...] = ()
    alternatives: tuple[Wording, ...] = ()
    examples: tuple[str, ...] = ()

    @property
    def weaknesses(self) -> tuple[Weakness, ...]:
        """What it should be looked at for; inner nodes are loose by nature."""
        found = {
            Weakness.LOOSE: self.is_shelf and self.cohesion < _LOOSE,
            Weakness.VAGUE: self.name_fit < _VAGUE,
            Weakness.TWIN: self.is_shelf and self.nearest_sim >= TWIN_SIM,
        }
        return tuple(kind for kind, holds in found.items() if holds)


@dataclass(frozen=True, slots=True)
class Report:
    """A tree, measured, with what its maker says.

    Attributes
    ----------
    quality : Quality
    nodes : tuple of NodeQuality
        In the order of the tree.
    noise_examples : tuple of str
        Titles of products that stand nowhere.
    outcomes : tuple of Outcome
        What becomes of the categories that there were, and why; none where there were none.
    """

    quality: Quality
    nodes: tuple[NodeQuality, ...] = ()
    noise_examples: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()


def fates(tree: Tree, edits: Sequence[Edit]) -> dict[NodeId, Fate]:
    """What edits do to each category of a tree, and which they add.

    Examples
    --------
    >>> from taxonomy.edits import Retire
    >>> tree = Tree.from_paths([("Garden",), ("Kitchen",)])
    >>> [str(fate) for fate in fates(tree, [Retire(tree.find(("Garden",)))]).values()]
    ['retire', 'keep']
    """
    found = dict.fromkeys(tree.nodes, Fate.KEEP)
    for edit in edits:
        for node_id, fate in _fates(edit, found):
            found[node_id] = fate
    return found


def deciding(edits: Sequence[Edit], node_id: NodeId) -> list[int]:
    """The edits, by their places from 1, that make what becomes of a category; none for one that stays.

    What only renames or moves it is not among them.

    Examples
    --------
    >>> from taxonomy.edits import Rename, Retire
    >>> garden = NodeId("garden")
    >>> deciding([Rename(garden, "Outdoor"), Retire(garden)], garden)
    [2]
    """
    known = {node_id: Fate.KEEP}
    made = ((ordinal, _fates(edit, known)) for ordinal, edit in enumerate(edits, 1))
    return [ordinal for ordinal, told in made if any(at == node_id for at, _ in told)]


def _fates(edit: Edit, known: Mapping[NodeId, Fate]) -> list[tuple[NodeId, Fate]]:
    match edit:
        case Create(node) | Restore(node):
            return [(node.id, Fate.NEW)]
        case Assign(_, node_id):
            return [(node_id, Fate.GROW)] if known.get(node_id) is Fate.KEEP else []
        case Split(node_id, parts):
            return [(node_id, Fate.SPLIT), *((part.node_id, Fate.NEW) for part in parts)]
        case Merge(node_ids):
            return [(at, Fate.MERGE) for at in node_ids]
        case Retire(node_id):
            return [(node_id, Fate.RETIRE)]
        case _:
            return []
