"""How well the audit tells brands and product names from categories."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from taxonomy.audit import Finding, Kind, Limits, audit
from taxonomy.errors import InputError
from taxonomy.node import NodeId
from taxonomy.product import Path, Product, split_path
from taxonomy.tree import Tree, path_id

__all__ = [
    "Case",
    "Disagreement",
    "PosingReport",
    "Score",
    "case_from_columns",
    "case_with_planted",
    "score_posing",
]

_PLANTED_SHARE = 0.05  # of the shelves that a brand has: shops with such nodes have many more
_MIN_PLANTED = 2  # products of a brand in a category: fewer are no shelf


@dataclass(frozen=True, slots=True)
class Score:
    """Precision, recall and F1 in 0..1; 0 where nothing was found or nothing was there to be found."""

    precision: float
    recall: float
    f1: float

    @classmethod
    def of(cls, found: Sequence[bool], true: Sequence[bool]) -> "Score":
        """Of what was found among what is true, one entry a node.

        >>> Score.of([True, True, False], [True, False, True])
        Score(precision=0.5, recall=0.5, f1=0.5)
        """
        hits = sum(a and b for a, b in zip(found, true, strict=True))
        precision, recall = hits / max(sum(found), 1), hits / max(sum(true), 1)
        return cls(precision, recall, 2 * hits / max(sum(found) + sum(true), 1))


@dataclass(frozen=True, slots=True)
class Case:
    """Products in a tree, and which of its categories are none."""

    products: Sequence[Product]
    posing: frozenset[Path]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A node on which audit and label differ; `finding` is None where the audit takes it for a category."""

    path: Path
    n_products: int
    is_posing: bool
    finding: Finding | None
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PosingReport:
    """The audit beside a rule that knows counts alone.

    Attributes
    ----------
    n_nodes, n_posing : int
        Nodes with enough products, and those of them that are no categories.
    audit : Score
    by_kind : mapping of str to int
        Nodes found, by kind.
    counts : Score
        Of "all nodes with at most `counts_limit` products"; the limit is the best there is for this very
        data, which no shop could know.
    counts_limit : int
    disagreements : tuple of Disagreement
        All of the audit's, in display order.
    """

    n_nodes: int
    n_posing: int
    audit: Score
    by_kind: Mapping[str, int]
    counts: Score
    counts_limit: int
    disagreements: tuple[Disagreement, ...]


def case_from_columns(products: Iterable[Product], clean_column: str) -> Case:
    """Products in their raw tree; a category is none if it is absent from a column of clean paths.

    Raises
    ------
    InputError
        No product has such a column.
    """
    rows = list(products)
    clean = {path[:end] for one in rows for path in [_clean(one, clean_column)] for end in _ends(path)}
    if not clean:
        raise InputError(f"no product has clean paths in a column {clean_column!r}: try --clean-column")
    raw = {one.category_path[:end] for one in rows for end in _ends(one.category_path)}
    return Case(rows, frozenset(raw - clean))


def case_with_planted(products: Iterable[Product], *, seed: int = 0, in_titles: bool = False) -> Case:
    """Products whose clean tree got nodes named for brands and for products.

    Of the shelves that a brand has in a category, some become '<Brand> <Category>', others '<Brand>'; as many
    products become a category of their own title.

    Parameters
    ----------
    in_titles : bool
        Write brands in front of titles and forget the column, as shops without one have it.

    Raises
    ------
    InputError
        No product has a brand.
    """
    rng = np.random.default_rng(seed)
    rows = [one for one in products if one.category_path]
    titles = [f"{one.brand} {one.title}".strip() if in_titles else one.title for one in rows]
    shelves: dict[tuple[Path, str], list[int]] = defaultdict(list)
    for index, one in enumerate(rows):
        if one.brand:
            shelves[one.category_path, one.brand].append(index)
    wide = sorted(key for key, indices in shelves.items() if len(indices) >= _MIN_PLANTED)
    if not wide:
        raise InputError("brands can be planted only where products name theirs: this file has none")
    n_planted = max(2, int(len(wide) * _PLANTED_SHARE))
    moved: dict[int, str] = {}
    for at in rng.permutation(len(wide))[:n_planted]:
        path, brand = wide[at]
        name = brand if rng.random() < 0.5 else f"{brand} {path[-1]}"
        moved |= dict.fromkeys(shelves[wide[at]], name)
    alone = [index for index in rng.permutation(len(rows)) if index not in moved][:n_planted]
    moved |= {int(index): titles[index] for index in alone}
    planted = frozenset((*rows[index].category_path, name) for index, name in moved.items())
    clean = {one.category_path[:end] for one in rows for end in _ends(one.category_path)}
    moved_rows = [
        replace(one, category_path=(*one.category_path, moved[index])) if index in moved else one
        for index, one in enumerate(rows)
    ]
    if in_titles:
        pairs = zip(moved_rows, titles, strict=True)
        moved_rows = [replace(one, title=title, brand="") for one, title in pairs]
    return Case(moved_rows, planted - clean)


def score_posing(case: Case, *, min_products: int = 10, limits: Limits | None = None) -> PosingReport:
    """Which nodes the audit takes for brands or product names, held against the labels."""
    tree = Tree.from_paths(one.category_path for one in case.products)
    shelves: dict[NodeId, list[Product]] = defaultdict(list)
    below: Counter[Path] = Counter()
    for one in case.products:
        shelves[path_id(one.category_path)].append(one)
        below.update(one.category_path[:end] for end in _ends(one.category_path))
    found = {
        tree.path(one.node_ids[0]): one
        for one in audit(
            tree, products_by_node=shelves, kinds=(Kind.BRAND, Kind.PRODUCT), limits=limits or Limits()
        )
    }
    nodes = sorted(path for path, count in below.items() if count >= min_products)
    truth = [path in case.posing for path in nodes]
    limit, counts = _best_count([below[path] for path in nodes], truth)
    return PosingReport(
        len(nodes),
        sum(truth),
        Score.of([path in found for path in nodes], truth),
        Counter(found[path].kind.value for path in nodes if path in found),
        counts,
        limit,
        tuple(
            Disagreement(path, below[path], is_posing, found.get(path), _titles(case.products, path))
            for path, is_posing in zip(nodes, truth, strict=True)
            if (path in found) != is_posing
        ),
    )


def _best_count(counts: Sequence[int], truth: Sequence[bool]) -> tuple[int, Score]:
    tried = ((limit, Score.of([count <= limit for count in counts], truth)) for limit in sorted(set(counts)))
    return max(tried, key=lambda one: one[1].f1, default=(0, Score(0.0, 0.0, 0.0)))


def _titles(products: Sequence[Product], path: Path) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.title for one in products if one.category_path[: len(path)] == path))[:3]


def _clean(product: Product, column: str) -> Path:
    return split_path(product.attributes.get(column, ""))


def _ends(path: Path) -> range:
    return range(1, len(path) + 1)
