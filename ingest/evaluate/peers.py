"""What a person would take instead, on the same rows: rankings of categories and of products."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.evaluate.rerank import Judged
from ingest.search.words import stems
from taxonomy.metrics.ranking import ndcg_at
from taxonomy.ports import Encoder
from taxonomy.tree import Tree

__all__ = ["bm25_categories", "bm25_ndcg", "cosine_ndcg"]


def bm25_categories(tree: Tree, queries: Sequence[str], *, top: int) -> Iterator[list[str]]:
    """Ids of the categories whose paths BM25 finds best for each query."""
    import bm25s

    order = list(tree.descendants())
    index = bm25s.BM25()
    index.index([stems(tree.label(at)) or [""] for at in order], show_progress=False)
    known = set(index.vocab_dict)
    for query in queries:
        words = [word for word in stems(query) if word in known]
        scores = index.get_scores(words) if words else np.zeros(len(order))
        yield [order[at] for at in np.argsort(-scores, kind="stable")[:top]]


def bm25_ndcg(judged: Sequence[Judged], *, k: int) -> float:
    """Mean NDCG@k of BM25 over the titles."""
    import bm25s

    titles = [one.title for group in judged for one in group.candidates]
    index = bm25s.BM25()
    index.index([stems(title) or [""] for title in titles], show_progress=False)
    known, start, gains = set(index.vocab_dict), 0, []
    for group in judged:
        words = [word for word in stems(group.query) if word in known]
        scores = index.get_scores(words) if words else np.zeros(len(titles))
        gains.append(_in_order(group, scores[start : start + len(group.candidates)]))
        start += len(group.candidates)
    return float(np.mean([ndcg_at(k, ranked) for ranked in gains]))


def cosine_ndcg(judged: Sequence[Judged], encoder: Encoder, *, k: int) -> float:
    """Mean NDCG@k of the cosine of query and title."""
    queries = encoder.encode([group.query for group in judged])
    titles = encoder.encode([one.title for group in judged for one in group.candidates])
    start, gains = 0, []
    for group, query in zip(judged, queries, strict=True):
        gains.append(_in_order(group, titles[start : start + len(group.candidates)] @ query))
        start += len(group.candidates)
    return float(np.mean([ndcg_at(k, ranked) for ranked in gains]))


def _in_order(group: Judged, scores: NDArray[np.floating]) -> list[float]:
    return [group.relevance[at] for at in np.argsort(-scores, kind="stable")]
