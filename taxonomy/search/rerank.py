"""In what order products answer a query: measured features, weighed and told in words.

The features are measured elsewhere (`ingest.search.reranking`); this file knows only what they are worth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from taxonomy.node import NodeId
from taxonomy.ports import Floats
from taxonomy.product import ProductId

__all__ = ["FEATURES", "RERANK_WEIGHTS", "Candidate", "Reranked", "combine", "rank_scores", "reasons"]

FEATURES = ("coverage", "bm25", "head", "numbers", "cosine", "category", "incoming")
"""The columns of a feature array, all in 0..1, NaN where a product or query does not have it:

coverage   part of the query's words in the title, rare words counting more
bm25       BM25 of the title, as a part of the most it could be
head       whether the query's last word stands in the part of the title that names the thing
numbers    part of the query's numbers and codes in the title, exactly
cosine     of the query's and the title's vectors
category   probability that the query means a category that the product stands in
incoming   the product's place in the order it came in: 1 first, 0 last
"""

RERANK_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "coverage": 1.5,
        "bm25": 1.0,
        "head": 0.5,
        "numbers": 0.5,
        "cosine": 4.0,
        "category": 1.5,
        "incoming": 1.0,
    }
)
"""The first five from half of the judged queries of a hardware store, where twice or half of each changes
little; category from the sample store (NDCG@10 0.73 without); incoming is a choice, not measured."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A product to be ranked: the node it stands in and the score it came with are optional."""

    product_id: ProductId
    title: str
    node_id: NodeId | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Reranked:
    """A product in its new place; `score` is in 0..1, and comparable within one query only."""

    product_id: ProductId
    score: float
    why: str


def combine(features: Floats, weights: Mapping[str, float] = RERANK_WEIGHTS) -> NDArray[np.float64]:
    """Scores of candidates: the weighted mean of their features, in 0..1.

    Parameters
    ----------
    features : (n_candidates, n_features) array
        In the order of `FEATURES`. What one candidate lacks is taken as the mean of the others, so that it
        neither gains nor loses by it; what all lack has no part in the mean.
    weights : mapping of str to float
        By feature; one left out counts nothing.

    Examples
    --------
    >>> nan = float("nan")
    >>> combine(np.array([[1, nan, nan, nan, 0.5, nan, nan]]), {"coverage": 1, "cosine": 1}).tolist()
    [0.75]
    """
    known = ~np.isnan(features)
    counts = known.sum(axis=0)
    means = np.where(known, features, 0.0).sum(axis=0) / np.maximum(counts, 1)
    filled = np.where(known, features, means)
    worth = np.array([weights.get(name, 0.0) for name in FEATURES]) * (counts > 0)
    return np.asarray(filled @ worth / (worth.sum() or 1.0), dtype=np.float64)


def rank_scores(scores: Sequence[float | None]) -> Floats:
    """Incoming scores as places: 1 the highest, 0 the lowest, ties their mean, NaN where there is none.

    Ranks rather than values, for the scale of somebody else's scores is unknown.

    >>> rank_scores([7.0, None, 3.0, 3.0]).tolist()
    [1.0, nan, 0.25, 0.25]
    """
    values = np.array([np.nan if score is None else score for score in scores], dtype=np.float64)
    known = np.sort(values[~np.isnan(values)])
    first, last = (np.searchsorted(known, values, side) for side in ("left", "right"))
    places = (first + last - 1) / 2 / (len(known) - 1) if len(known) > 1 else np.ones(len(values))
    return np.where(np.isnan(values), np.nan, places).astype(np.float32)


def reasons(features: Floats) -> str:
    """One candidate's features in words, such as ``all words in the title; similar in meaning (0.72)``."""
    value = dict(zip(FEATURES, features.tolist(), strict=True))
    parts = [_coverage(value["coverage"]), "numbers differ" if value["numbers"] < 1 else ""]
    parts += [f"similar in meaning ({value['cosine']:.2f})" if value["cosine"] > 0 else ""]
    parts += [f"its category is {value['category']:.0%} likely meant" if value["category"] > 0.005 else ""]
    return "; ".join(part for part in parts if part) or "nothing in common"


def _coverage(coverage: float) -> str:
    if np.isnan(coverage) or coverage <= 0:
        return ""
    return "all words in the title" if coverage > 0.999 else f"{coverage:.0%} of the words in the title"
