"""Labels in the catalogue that are likely wrong: those the model doubts, and twins that stand apart."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ingest.evaluate.alike import folded
from ingest.evaluate.judging import Judged
from ingest.readers.duplicates import duplicate_groups
from taxonomy.metrics.hierarchy import n_shared
from taxonomy.product import Path, ProductId, join_path

__all__ = ["Apart", "Place", "Suspect", "suspects", "twins_apart"]

UNLIKELY = 0.05
"""Probability of the file's label up to which it is doubted: below one in twenty."""
_MIN_OF_CLASS = 5  # held-out products of a category to take its own mean; else the mean of all serves
_TITLES = 3

Kind = Literal["elsewhere", "deeper", "shallower"]


@dataclass(frozen=True, slots=True)
class Suspect:
    """A product whose label is likely wrong.

    Attributes
    ----------
    label, suggested : str
        What the file says and what the model says.
    kind : {"elsewhere", "deeper", "shallower"}
        Where the suggested path lies, seen from the label.
    label_probability, probability : float
        Of the two.
    trained : bool
        The model learnt this very label and doubts it all the same; such rows are found less often.
    """

    product_id: ProductId
    title: str
    label: str
    suggested: str
    kind: Kind
    label_probability: float
    probability: float
    trained: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A path and how many of the twins stand there."""

    path: str
    n_products: int


@dataclass(frozen=True, slots=True)
class Apart:
    """Near-duplicates that stand under different paths, all groups of the same paths together.

    Attributes
    ----------
    places : tuple of Place
        The paths, most products first.
    n_groups, n_exact : int
        Groups of twins, and those with a title and brand that are the same on both sides.
    titles : tuple of str
        Of the first groups.
    suggested : str
        Where one path goes on another, the deepest; else that of most of them; else the one that the model
        prefers; empty if it prefers none.
    """

    places: tuple[Place, ...]
    n_groups: int
    n_exact: int
    titles: tuple[str, ...]
    suggested: str


def suspects(rows: Sequence[Judged]) -> tuple[Suspect, ...]:
    """Products whose label the model doubts, the most doubtful first; rows of split `train` come last.

    Confident learning (Northcutt, Jiang and Chuang, arXiv:1911.00068): a product counts as one of category
    j if its probability there reaches the mean that products labelled j have (over held-out rows alone, for
    a model is surer of what it learnt); the likeliest category stands for all that do. A label is suspect if
    the product counts as one of another category and its own is at most `UNLIKELY`. Order: by normalised
    margin, the probability of the label less that of the other. What is right under another path of the
    product is not suspect.
    """
    usual = _self_confidence([row for row in rows if not row.trained] or rows)
    least = float(np.mean([row.label_probability or 0.0 for row in rows if not row.trained] or [1.0]))
    found = [
        row
        for row in rows
        if row.label_probability is not None
        and not row.is_right_somewhere
        and row.label_probability <= UNLIKELY
        and row.leaf_probability >= usual.get(folded(row.leaf), least)
    ]
    found.sort(key=lambda row: (row.trained, (row.label_probability or 0.0) - row.leaf_probability))
    return tuple(_suspect(row) for row in found)


def _self_confidence(rows: Sequence[Judged]) -> dict[Path, float]:
    """The mean probability of their own label that products of each category have."""
    own: dict[Path, list[float]] = defaultdict(list)
    for row in rows:
        own[folded(row.truth)].append(row.label_probability or 0.0)
    return {path: float(np.mean(values)) for path, values in own.items() if len(values) >= _MIN_OF_CLASS}


def _suspect(row: Judged) -> Suspect:
    shared = n_shared(folded(row.truth), folded(row.leaf))
    kind: Kind = (
        "deeper" if shared == len(row.truth) else "shallower" if shared == len(row.leaf) else "elsewhere"
    )
    return Suspect(
        row.product_id, row.title, join_path(row.truth), join_path(row.leaf), kind,
        row.label_probability or 0.0, row.leaf_probability, row.trained,
    )  # fmt: skip


def twins_apart(rows: Sequence[Judged]) -> tuple[Apart, ...]:
    """Near-duplicates under different paths, the paths that most groups share first; no model is needed.

    Where many groups stand under the same two paths, the shop may mean it so, or the two are one category.
    """
    if not rows:
        return ()
    groups: dict[int, list[Judged]] = defaultdict(list)
    for row, group in zip(rows, duplicate_groups([row.title for row in rows]).tolist(), strict=True):
        groups[group].append(row)
    apart: dict[frozenset[Path], list[list[Judged]]] = defaultdict(list)
    for twins in groups.values():
        places = frozenset(folded(row.truth) for row in twins)
        if len(places) > 1:
            apart[places].append(twins)
    found = [_apart(twins) for twins in apart.values()]
    return tuple(
        sorted(found, key=lambda one: (-one.n_groups, -sum(place.n_products for place in one.places)))
    )


def _apart(groups: Sequence[Sequence[Judged]]) -> Apart:
    rows = [row for twins in groups for row in twins]
    spelt = {folded(row.truth): join_path(row.truth) for row in rows}
    counts = Counter(folded(row.truth) for row in rows).most_common()
    exact = sum(any(row.also for row in twins) for twins in groups)
    suggested = _suggested(rows, [path for path, _ in counts], counts[0][1] > counts[1][1])
    titles = tuple(dict.fromkeys(twins[0].title for twins in groups))[:_TITLES]
    places = tuple(Place(spelt[path], n) for path, n in counts)
    return Apart(places, len(groups), exact, titles, spelt.get(suggested, ""))


def _suggested(rows: Sequence[Judged], paths: Sequence[Path], has_majority: bool) -> Path:
    """One of the paths, which come with most products first; empty if nothing speaks for any."""
    deepest = max(paths, key=len)
    if all(deepest[: len(path)] == path for path in paths):
        return deepest
    if has_majority:
        return paths[0]
    votes = Counter(folded(row.leaf) for row in rows if folded(row.leaf) in paths).most_common(2)
    is_clear = votes and (len(votes) == 1 or votes[0][1] > votes[1][1])
    return votes[0][0] if is_clear else ()
