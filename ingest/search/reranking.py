"""The features of products for a query, and the reranker that weighs them."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from ingest.search.posterior import Posteriors
from ingest.search.words import QueryWord, Vocabulary, stems
from taxonomy.node import NodeId
from taxonomy.ports import Encoder, Floats
from taxonomy.search.rerank import (
    FEATURES,
    RERANK_WEIGHTS,
    Candidate,
    Reranked,
    combine,
    rank_scores,
    reasons,
)
from taxonomy.search.route import Intent, Router, Routing

__all__ = ["Reranker", "open_reranker"]

K1, B = 1.2, 0.75
"""BM25's usual saturation and length normalisation (Robertson and Zaragoza 2009)."""

_HEAD_END = re.compile(r"\s(?:in|with|for|by)\s|[,(|/]| - ")
"""Where the part of a title that names the thing ends: "Faucet Trim Kit | in Chrome"."""

Group = tuple[str, Sequence[Candidate]]

BATCH = 64
"""Queries whose texts are encoded together; the encoder sorts by length, so more saves padding."""


class Reranker:
    """Reranks products for queries.

    Parameters
    ----------
    vocabulary : Vocabulary
        The words of a collection of titles; says which are rare.
    mean_length : float
        Words of a title of that collection; BM25 discounts longer ones.
    encoder : Encoder, optional
        Without one, meanings are not compared.
    router : Router, optional
        Without one, categories are not compared.
    classifier : Posteriors, optional
        Says where candidates stand that come without a node; used with a router only.
    weights : mapping of str to float
        By feature, see `taxonomy.search.rerank.FEATURES`; one left out counts nothing.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        mean_length: float,
        encoder: Encoder | None = None,
        router: Router | None = None,
        classifier: Posteriors | None = None,
        weights: Mapping[str, float] = RERANK_WEIGHTS,
    ) -> None:
        self.vocabulary, self.mean_length = vocabulary, max(mean_length, 1.0)
        self.encoder, self.router, self.classifier = encoder, router, classifier
        self.weights = dict(weights)

    def rerank(self, query: str, candidates: Sequence[Candidate]) -> list[Reranked]:
        """The candidates, best first; ties stay in the order they came. None in, none out."""
        return self.rerank_many([(query, candidates)])[0]

    def rerank_many(self, groups: Sequence[Group]) -> list[list[Reranked]]:
        """`rerank` for each (query, candidates), with texts encoded and queries routed together."""
        ranked: list[list[Reranked]] = []
        for start in range(0, len(groups), BATCH):
            part = self._placed(groups[start : start + BATCH])
            for (_, candidates), features in zip(part, self.features(part), strict=True):
                ranked.append(self._rank(candidates, features))
        return ranked

    def features(self, groups: Sequence[Group]) -> list[Floats]:
        """For each group (n_candidates, n_features) float32 as `FEATURES` says, NaN where one is missing."""
        cosines, routings = self._cosines(groups), self._routings([query for query, _ in groups])
        return [
            self._features(query, candidates, cosine_sim, routing)
            for (query, candidates), cosine_sim, routing in zip(groups, cosines, routings, strict=True)
        ]

    def _placed(self, groups: Sequence[Group]) -> Sequence[Group]:
        """The groups with the classifier's likeliest node for each candidate that has none."""
        titles = list(dict.fromkeys(c.title for _, part in groups for c in part if c.node_id is None))
        if self.router is None or self.classifier is None or not titles:
            return groups
        likeliest = self.classifier.posteriors(titles).argmax(axis=1).tolist()
        nodes = {title: self.classifier.terminals[at] for title, at in zip(titles, likeliest, strict=True)}
        return [
            (query, [replace(c, node_id=nodes[c.title]) if c.node_id is None else c for c in part])
            for query, part in groups
        ]

    def _features(
        self, query: str, candidates: Sequence[Candidate], cosine_sim: Floats, routing: Routing | None
    ) -> Floats:
        words = self.vocabulary.read(query)
        columns = {name: np.full(len(candidates), np.nan, dtype=np.float32) for name in FEATURES}
        if words and candidates:
            lexical = np.array([self._lexical(words, candidate.title) for candidate in candidates])
            columns |= dict(zip(("coverage", "bm25", "head", "numbers"), lexical.T, strict=True))
        columns["cosine"] = cosine_sim
        columns["category"] = np.array([self._category(routing, c.node_id) for c in candidates])
        columns["incoming"] = rank_scores([candidate.score for candidate in candidates])
        return np.stack([columns[name] for name in FEATURES], axis=1).astype(np.float32)

    def _lexical(self, words: Sequence[QueryWord], title: str) -> tuple[float, float, float, float]:
        """coverage, bm25, head and numbers of one title."""
        counts = Counter(stems(title))
        found = [_times(word, counts) for word in words]
        total = sum(word.idf for word in words) or 1.0
        norm = K1 * (1 - B + B * counts.total() / self.mean_length)
        covered = sum(word.idf * min(times, 1.0) for word, times in zip(words, found, strict=True))
        bm25 = sum(word.idf * times / (times + norm) for word, times in zip(words, found, strict=True))
        numbers = [
            min(times, 1.0)
            for word, times in zip(words, found, strict=True)
            if any(map(str.isdigit, word.text))
        ]
        head = min(_times(words[-1], Counter(stems(_HEAD_END.split(title, 1)[0]))), 1.0)
        return covered / total, bm25 / total, head, sum(numbers) / len(numbers) if numbers else np.nan

    def _category(self, routing: Routing | None, node_id: NodeId | None) -> float:
        """The probability of those routed nodes that the product's node is, or is below, or is above.

        NaN where the query means no category: then its routing is a guess.
        """
        if routing is None or self.router is None or node_id is None or routing.intent is Intent.NONE:
            return np.nan
        tree = self.router.tree
        live = tree.resolve(node_id)
        lineage = set(tree.lineage(live))
        return min(
            1.0,
            sum(
                node.probability
                for node in routing.ranked
                if node.node_id in lineage or live in tree.lineage(node.node_id)
            ),
        )

    def _cosines(self, groups: Sequence[Group]) -> list[Floats]:
        if self.encoder is None:
            return [np.full(len(candidates), np.nan, dtype=np.float32) for _, candidates in groups]
        texts = list(dict.fromkeys(t for query, part in groups for t in (query, *(c.title for c in part))))
        place = {text: at for at, text in enumerate(texts)}
        vectors = self.encoder.encode(texts)
        return [
            np.clip(vectors[[place[c.title] for c in part]] @ vectors[place[query]], 0.0, 1.0)
            for query, part in groups
        ]

    def _routings(self, queries: Sequence[str]) -> Sequence[Routing | None]:
        if self.router is None:
            return [None] * len(queries)
        return list(self.router.route_many(queries, explain=False))

    def _rank(self, candidates: Sequence[Candidate], features: Floats) -> list[Reranked]:
        scores = combine(features, self.weights)
        order = np.argsort(-scores, kind="stable")
        return [Reranked(candidates[at].product_id, float(scores[at]), reasons(features[at])) for at in order]


def open_reranker(
    titles: Iterable[str],
    *,
    encoder: Encoder | None = None,
    router: Router | None = None,
    classifier: Posteriors | None = None,
    weights: Mapping[str, float] = RERANK_WEIGHTS,
) -> Reranker:
    """A reranker for a collection of titles, read once and not kept: its words say which are rare."""
    documents = [frozenset(stems(title)) for title in titles]
    mean_length = sum(map(len, documents)) / max(len(documents), 1)
    return Reranker(
        Vocabulary(documents),
        mean_length=mean_length,
        encoder=encoder,
        router=router,
        classifier=classifier,
        weights=weights,
    )


def _times(word: QueryWord, counts: Counter[str]) -> float:
    """How often a query word stands in a title, likeness of spelling counted in."""
    return max((match.weight * counts[match.word] for match in word.matches), default=0.0)
