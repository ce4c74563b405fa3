"""Searching a catalogue: candidates by words and by meaning, then reranked."""

from collections.abc import Iterable, Sequence

import bm25s
import numpy as np
from numpy.typing import NDArray

from ingest.search.reranking import Reranker, open_reranker
from ingest.search.words import stems
from taxonomy.node import NodeId
from taxonomy.ports import Encoder, Floats, Progress, Silent
from taxonomy.product import Product
from taxonomy.search.rerank import Candidate, Reranked
from taxonomy.search.route import Router

__all__ = ["CANDIDATES_PER_WAY", "Searcher", "open_searcher"]

CANDIDATES_PER_WAY = 100
"""Products that words and meanings each put forward for reranking, which costs about 0.5 ms a product."""


BATCH = 64
"""Queries answered together: with a million products their cosines take 256 MB."""


class Searcher:
    """Searches a collection of products held in memory.

    Parameters
    ----------
    candidates : sequence of Candidate
        The products.
    reranker : Reranker
        Over their titles; its encoder made `vectors`.
    vectors : (n_products, dim) float32, unit rows, optional
        Without them products are found by words alone.
    """

    def __init__(
        self, candidates: Sequence[Candidate], reranker: Reranker, vectors: Floats | None = None
    ) -> None:
        self.candidates, self.reranker, self._vectors = tuple(candidates), reranker, vectors
        self._index = bm25s.BM25()
        self._words: frozenset[str] = frozenset()
        documents = [stems(candidate.title) or [""] for candidate in self.candidates]
        if documents:
            self._index.index(documents, show_progress=False)
            self._words = frozenset(word for document in documents for word in document)

    def search(self, query: str, *, top: int = 10) -> list[Reranked]:
        """The `top` products, best first; none for a blank query or a collection of nothing."""
        return self.search_many([query], top=top)[0]

    def search_many(self, queries: Sequence[str], *, top: int = 10) -> list[list[Reranked]]:
        """`search` for each query, with queries encoded and routed together."""
        found: list[list[Reranked]] = []
        for start in range(0, len(queries), BATCH):
            part = queries[start : start + BATCH]
            groups = [
                (query, [self.candidates[at] for at in self._found(query, cosine_sim)])
                for query, cosine_sim in zip(part, self._cosines(part), strict=True)
            ]
            found.extend(ranked[:top] for ranked in self.reranker.rerank_many(groups))
        return found

    def _cosines(self, queries: Sequence[str]) -> Sequence[Floats | None]:
        if self._vectors is None or self.reranker.encoder is None:
            return [None] * len(queries)
        return list(self.reranker.encoder.encode(list(queries)) @ self._vectors.T)

    def _found(self, query: str, cosine_sim: Floats | None) -> list[int]:
        """Indices of candidates, in the order of the catalogue."""
        if not query.strip() or not self.candidates:
            return []
        matches = [match for word in self.reranker.vocabulary.read(query) for match in word.matches]
        words = [match.word for match in matches if match.word in self._words]
        found = set(_best(self._index.get_scores(words))) if words else set()
        return sorted(found | set(_best(cosine_sim) if cosine_sim is not None else ()))


def _best(scores: NDArray[np.float32]) -> list[int]:
    """The indices of the highest scores above 0."""
    n = min(CANDIDATES_PER_WAY, len(scores))
    chosen = np.argpartition(-scores, n - 1)[:n]
    return [int(at) for at in chosen if scores[at] > 0]


def open_searcher(
    products: Iterable[tuple[Product, NodeId | None]],
    *,
    encoder: Encoder | None = None,
    router: Router | None = None,
    progress: Progress | None = None,
) -> Searcher:
    """A searcher over these products and the nodes that they stand in (None: unknown).

    All titles are held in memory, and a vector of each where there is an encoder.
    """
    candidates = [Candidate(product.id, _text(product), node_id) for product, node_id in products]
    titles = [candidate.title for candidate in candidates]
    reranker = open_reranker(titles, encoder=encoder, router=router)
    vectors = encoder.encode(titles, progress=progress or Silent()) if encoder is not None else None
    return Searcher(candidates, reranker, vectors)


def _text(product: Product) -> str:
    """The title, after the brand if it does not say it."""
    named = not product.brand or product.brand.casefold() in product.title.casefold()
    return product.title if named else f"{product.brand} {product.title}"
