"""How well reranked products agree with people's judgements."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.readers import read_fields
from ingest.search.reranking import Reranker
from taxonomy.errors import FileError
from taxonomy.metrics.ranking import ndcg_at
from taxonomy.product import ProductId
from taxonomy.search.rerank import Candidate

__all__ = ["Judged", "RerankReport", "evaluate_rerank", "read_judgements"]


@dataclass(frozen=True, slots=True)
class Judged:
    """A query's products and how relevant people found each."""

    query: str
    candidates: tuple[Candidate, ...]
    relevance: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class RerankReport:
    """Means over queries with two or more products; NDCG in 0..1 with the relevance as the gain.

    `as_given` is the NDCG of the order in the file.
    """

    n_queries: int
    n_products: int
    ndcg_at_5: float
    ndcg_at_10: float
    as_given_at_5: float
    as_given_at_10: float
    products_per_s: float


def read_judgements(path: Path) -> list[Judged]:
    """The judgements in a table with columns query, product_id, title, relevance and perhaps score.

    Queries come in the order of their first row.

    Raises
    ------
    FileError
        The file cannot be read, lacks a column, or a relevance is not a number of 0 or more.
    """
    table = read_fields(path, "query", "product_id", "title", "relevance", optional=["score"])
    groups: dict[str, tuple[list[Candidate], list[float]]] = {}
    for place, row in enumerate(table, start=1):
        candidates, relevance = groups.setdefault(row["query"], ([], []))
        score = _number(path, place, "score", row["score"]) if row.get("score") else None
        candidates.append(Candidate(ProductId(row["product_id"]), row["title"], score=score))
        relevance.append(_number(path, place, "relevance", row["relevance"], least=0.0))
    return [Judged(query, tuple(c), tuple(r)) for query, (c, r) in groups.items()]


def evaluate_rerank(reranker: Reranker, judged: Sequence[Judged]) -> RerankReport:
    """Rerank every query's products and compare; no judgements give zeros."""
    groups = [group for group in judged if len(group.candidates) > 1]
    started = time.perf_counter()
    reranked = reranker.rerank_many([(group.query, group.candidates) for group in groups])
    elapsed_s = time.perf_counter() - started
    gains = []
    for group, ranking in zip(groups, reranked, strict=True):
        relevance = {c.product_id: grade for c, grade in zip(group.candidates, group.relevance, strict=True)}
        gains.append([relevance[item.product_id] for item in ranking])
    n_products = sum(len(group.candidates) for group in groups)
    return RerankReport(
        n_queries=len(groups),
        n_products=n_products,
        ndcg_at_5=_mean_ndcg(5, gains),
        ndcg_at_10=_mean_ndcg(10, gains),
        as_given_at_5=_mean_ndcg(5, [group.relevance for group in groups]),
        as_given_at_10=_mean_ndcg(10, [group.relevance for group in groups]),
        products_per_s=n_products / max(elapsed_s, 1e-9),
    )


def _mean_ndcg(k: int, rankings: Sequence[Sequence[float]]) -> float:
    return sum(ndcg_at(k, gains) for gains in rankings) / max(len(rankings), 1)


def _number(path: Path, place: int, column: str, cell: str, *, least: float = -math.inf) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not least <= value < math.inf:
        above = f" of {least:g} or more" if least > -math.inf else ""
        raise FileError(path, f"{column} {cell!r} of row {place} is not a number{above}")
    return value
