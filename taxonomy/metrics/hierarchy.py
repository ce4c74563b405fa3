"""How right a predicted path is: at the leaf, at each level, and in what it shares with the truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from taxonomy.product import Path

__all__ = ["HierarchyScores", "hierarchy_scores", "n_shared"]


@dataclass(frozen=True, slots=True)
class HierarchyScores:
    """Scores in 0..1, all 0 without products.

    Attributes
    ----------
    leaf_accuracy : float
        Share of products whose whole path is right.
    precision, recall, f1 : float
        Over the nodes of all paths together (micro): a path is the set of its node and its ancestors, as in
        Kiritchenko, Matwin and Famili, *Functional annotation of genes using hierarchical text
        categorization* (2005).
    level_accuracy : tuple of float
        From the top: the share right at that level among products whose true path reaches it. Right at a
        level means right at all levels above it too.
    n_products : int
        Scored.
    """

    leaf_accuracy: float
    precision: float
    recall: float
    f1: float
    level_accuracy: tuple[float, ...]
    n_products: int


def hierarchy_scores(truth: Sequence[Path], predicted: Sequence[Path]) -> HierarchyScores:
    """The scores of predicted paths; an empty predicted path is an answer withheld, and costs recall alone.

    Raises
    ------
    ValueError
        The sequences differ in length.

    Examples
    --------
    >>> truth, predicted = [("Home", "Rugs", "Wool")], [("Home", "Rugs")]
    >>> scores = hierarchy_scores(truth, predicted)
    >>> scores.precision, round(scores.recall, 3), scores.level_accuracy
    (1.0, 0.667, (1.0, 1.0, 0.0))
    """
    shared = [n_shared(one, other) for one, other in zip(truth, predicted, strict=True)]
    hits = sum(shared)
    precision = _ratio(hits, sum(map(len, predicted)))
    recall = _ratio(hits, sum(map(len, truth)))
    exact = sum(one == other for one, other in zip(truth, predicted, strict=True))
    pairs = zip(truth, shared, strict=True)
    reached = [[hit >= level for level in range(1, len(path) + 1)] for path, hit in pairs]
    levels = ([right for right in level if right is not None] for level in zip_longest(*reached))
    return HierarchyScores(
        _ratio(exact, len(truth)),
        precision,
        recall,
        _ratio(2 * precision * recall, precision + recall),
        tuple(_ratio(sum(level), len(level)) for level in levels),
        len(truth),
    )


def n_shared(one: Path, other: Path) -> int:
    """How many names two paths share from the top.

    >>> n_shared(("Home", "Rugs"), ("Home", "Lamps"))
    1
    """
    for level, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return level
    return min(len(one), len(other))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
