"""How well groups and trees agree with known categories."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from taxonomy.node import ROOT_ID, NodeId
from taxonomy.tree import Tree

__all__ = ["adjusted_mutual_information", "dendrogram_purity"]

Counts = NDArray[np.int64]
Reals = NDArray[np.float64]


def adjusted_mutual_information(truth: Sequence[Hashable], found: Sequence[Hashable]) -> float:
    """Shared information of two groupings: 1 for the same groups, about 0 for chance.

    Normalised by the mean of the two entropies, as Vinh, Epps and Bailey (2010) define it. Groups that are
    one group on both sides, and empty input, give 1.

    Parameters
    ----------
    truth, found : sequence of hashable, both of length n_products
        The group of each product; the values themselves do not matter.

    Raises
    ------
    ValueError
        The lengths differ.

    Examples
    --------
    >>> adjusted_mutual_information("aabb", [1, 1, 0, 0])
    1.0
    >>> round(adjusted_mutual_information("aabb", [1, 0, 1, 0]), 2)
    -0.5
    """
    if len(truth) != len(found):
        raise ValueError(
            f"{len(truth)} true groups, {len(found)} found ones: one of each per product is needed"
        )
    joint, rows, columns = _contingency(truth, found)
    if len(rows) == len(columns) and len(rows) in (0, 1, len(truth)):
        return 1.0
    expected = _expected_information(rows, columns)
    ceiling = (_entropy(rows) + _entropy(columns)) / 2
    distance = ceiling - expected
    # Where the ceiling equals what chance gives, both are degenerate and rounding would decide the sign.
    distance = min(distance, -np.finfo(float).eps) if distance < 0 else max(distance, np.finfo(float).eps)
    return float((_entropy(rows) + _entropy(columns) - _entropy(joint) - expected) / distance)


def dendrogram_purity(tree: Tree, placed: Sequence[NodeId | None], labels: Sequence[Hashable]) -> float:
    """The chance that what stands between two products of one category is of that category too.

    Over all pairs of products that share a label: the share of that label among the products at or below the
    deepest node above both (Heller and Ghahramani, 2005). A product without a place hangs on the root alone.
    No pair at all gives 1.

    Parameters
    ----------
    tree : Tree
    placed : sequence of NodeId or None, length n_products
        Where each product stands: leaf, inner node, or None for noise.
    labels : sequence of hashable, length n_products
        The true category of each product.

    Examples
    --------
    >>> tree = Tree.from_paths([("A", "x"), ("A", "y"), ("B",)])
    >>> x, y, b = tree.leaves()
    >>> dendrogram_purity(tree, [x, x, y, b], ["red", "red", "red", "blue"])
    1.0
    >>> dendrogram_purity(tree, [x, x, y, b], ["red", "red", "blue", "red"])  # (1 + 3/4 + 3/4) / 3
    0.8333333333333334
    """
    if len(placed) != len(labels):
        raise ValueError(f"{len(placed)} places, {len(labels)} labels: one of each per product is needed")
    here: dict[NodeId, Counter[Hashable]] = {}
    for at, label in zip(placed, labels, strict=True):
        here.setdefault(ROOT_ID if at is None else at, Counter())[label] += 1
    total = pairs = 0.0
    below: dict[NodeId, Counter[Hashable]] = {}
    for at in [*reversed(list(tree.descendants())), ROOT_ID]:
        children = [below.pop(child) for child in tree.children_of(at)]
        below[at] = sum(children, here.get(at, Counter()))
        meeting = _meeting_pairs(below[at], children)
        n_products = below[at].total()
        total += sum(count * below[at][label] / n_products for label, count in meeting.items())
        pairs += sum(meeting.values())
    return total / pairs if pairs else 1.0


def _meeting_pairs(
    counts: Counter[Hashable], children: Sequence[Counter[Hashable]]
) -> Mapping[Hashable, int]:
    """Pairs per label that are below this node and not together below one of its children."""
    pairs = {label: n * (n - 1) // 2 for label, n in counts.items()}
    for child in children:
        for label, n in child.items():
            pairs[label] -= n * (n - 1) // 2
    return pairs


def _contingency(truth: Sequence[Hashable], found: Sequence[Hashable]) -> tuple[Counts, Counts, Counts]:
    joint = Counter(zip(truth, found, strict=True))
    return _sizes(joint.values()), _sizes(Counter(truth).values()), _sizes(Counter(found).values())


def _sizes(values: Iterable[int]) -> Counts:
    return np.array(sorted(values), dtype=np.int64)


def _entropy(sizes: Counts) -> float:
    shares = sizes / sizes.sum()
    return float(-(shares * np.log(shares)).sum())


def _expected_information(rows: Counts, columns: Counts) -> float:
    """Mutual information that random groups of these sizes would share.

    Groups of equal size share their term, which makes it cheap: sizes are far fewer than groups.
    """
    n = int(rows.sum())
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    row_sizes, row_times = np.unique(rows, return_counts=True)
    column_sizes, column_times = np.unique(columns, return_counts=True)
    total = 0.0
    for a, times in zip(row_sizes, row_times, strict=True):
        for b, more in zip(column_sizes, column_times, strict=True):
            total += times * more * _term(int(a), int(b), n, log_factorial)
    return total


def _term(a: int, b: int, n: int, log_factorial: Reals) -> float:
    shared = np.arange(max(1, a + b - n), min(a, b) + 1)
    of = log_factorial
    log_chance = of[a] + of[b] + of[n - a] + of[n - b] - of[n]
    log_chance = log_chance - of[shared] - of[a - shared] - of[b - shared] - of[n - a - b + shared]
    information = shared / n * np.log(n * shared / (a * b))
    return float((information * np.exp(log_chance)).sum())
