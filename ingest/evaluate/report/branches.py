"""The figures by level, and by branch of the tree."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.evaluate.alike import folded
from ingest.evaluate.judging import Judged
from taxonomy.metrics.hierarchy import n_shared
from taxonomy.product import Path, join_path

__all__ = ["MIN_PRODUCTS", "Branch", "Level", "by_branch", "by_level"]

MIN_PRODUCTS = 20
"""Of an inner node, to have figures of its own: with fewer, one product moves them by more than 5 points."""


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the tree, 1 being the top categories.

    Attributes
    ----------
    n_products : int
        Whose true path reaches it.
    accuracy : float
        Share of them for which the likeliest path is right down to this level.
    coverage : float
        Share of them that were given a node at least this deep.
    precision_kept : float
        Share of all nodes given at least this deep that are right at this level; 1 without any.
    """

    level: int
    n_products: int
    accuracy: float
    coverage: float
    precision_kept: float


@dataclass(frozen=True, slots=True)
class Branch:
    """A node and what is below it, by the products that truly stand there.

    Attributes
    ----------
    path : str
        As the file spells it.
    depth : int
        1 for a top category.
    leaf_accuracy, coverage, precision_kept : float
        As in `ClassifyReport`.
    """

    path: str
    depth: int
    n_products: int
    leaf_accuracy: float
    coverage: float
    precision_kept: float


def by_level(rows: Sequence[Judged]) -> tuple[Level, ...]:
    """Figures of each level from the top; none without products."""
    deepest = max((len(row.truth) for row in rows), default=0)
    return tuple(_level(rows, level) for level in range(1, deepest + 1))


def _level(rows: Sequence[Judged], level: int) -> Level:
    here = [row for row in rows if len(row.truth) >= level]
    right = sum(n_shared(folded(row.truth), folded(row.leaf)) >= level for row in here)
    reached = sum(len(row.given) >= level for row in here)
    given = [row for row in rows if len(row.given) >= level]
    kept = sum(row.n_kept >= level for row in given)
    return Level(
        level, len(here), right / len(here), reached / len(here), kept / len(given) if given else 1.0
    )


def by_branch(rows: Sequence[Judged], *, min_products: int = MIN_PRODUCTS) -> tuple[Branch, ...]:
    """Figures of every top category and of every inner node with enough products, parents before children.

    Siblings stand in the order of their sizes, largest first.
    """
    below: dict[Path, list[Judged]] = defaultdict(list)
    inner: set[Path] = set()
    for row in rows:
        path = folded(row.truth)
        for end in range(1, len(path) + 1):
            below[path[:end]].append(row)
            if end < len(path):
                inner.add(path[:end])
    wanted = [
        path for path, own in below.items() if len(path) == 1 or (path in inner and len(own) >= min_products)
    ]
    place = {
        path: [(-len(below[path[:end]]), path[end - 1]) for end in range(1, len(path) + 1)] for path in wanted
    }
    return tuple(_branch(len(path), below[path]) for path in sorted(wanted, key=place.__getitem__))


def _branch(depth: int, rows: Sequence[Judged]) -> Branch:
    given = [row for row in rows if row.given]
    return Branch(
        join_path(rows[0].truth[:depth]),
        depth,
        len(rows),
        sum(row.is_right for row in rows) / len(rows),
        len(given) / len(rows),
        sum(row.is_kept for row in given) / len(given) if given else 1.0,
    )
