"""The legs that compare words: the query in a node's words, the node's name in the query, and titles."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix

from ingest.search.words import QueryWord, Vocabulary, stems
from taxonomy.node import ROOT_ID, NodeId
from taxonomy.ports import Floats
from taxonomy.product import Product
from taxonomy.search.legs import node_order
from taxonomy.tree import Tree

__all__ = ["ANCESTOR_DECAY", "NameLeg", "NodeWords", "TitleLeg", "WordsLeg"]

ANCESTOR_DECAY = 0.5
"""What a word of the parent's name counts beside one of the node's own; the grandparent's counts half that,
and so on. Only the nearest ancestor with the word counts, so that a path gains little by repeating it."""

AGREEMENT = 0.5
"""How much of its ancestor's weight a word of the name adds to the 1 of its own, where both have it: it tells
"Computers & Tablets > Tablets" from the tablets of a single brand."""

NOTE_WEIGHT = 0.3
"""What a word of the scope note counts: notes also name what does *not* belong in a node."""

TITLE_PRIOR = 2.0
"""Products that a title word must be seen with before it is believed to mean a node: its share is
count / (total + prior), so one stray product proves little."""


Values = Callable[[Sequence[QueryWord]], Sequence[float]]


class NodeWords:
    """The words of each node's name and surroundings, and queries as rows over the same vocabulary.

    Parameters
    ----------
    tree : Tree
        May be empty.
    products : iterable of (NodeId, Product)
        Products known to stand in nodes; retired ids count for their successors.
    ancestor_decay : float
        See `ANCESTOR_DECAY`.
    """

    def __init__(
        self,
        tree: Tree,
        *,
        products: Iterable[tuple[NodeId, Product]] = (),
        ancestor_decay: float = ANCESTOR_DECAY,
    ) -> None:
        self.tree, self.order = tree, node_order(tree)
        self.at = {node_id: at for at, node_id in enumerate(self.order)}
        self.names = [_name_words(tree, node_id) for node_id in self.order]
        self.fields = [self._fields(node_id, ancestor_decay) for node_id in self.order]
        self.titles = _title_words(tree, self.at, products)
        self.vocabulary = Vocabulary([*self.fields, *(words for _, words in self.titles)])

    def _fields(self, node_id: NodeId, decay: float) -> dict[str, float]:
        """Each word of the node, its note and its ancestors with the weight of its best place."""
        node = self.tree.node(node_id)
        weights = dict.fromkeys(stems(node.scope_note), NOTE_WEIGHT) if node.scope_note else {}
        own_words = self.names[self.at[node_id]]
        above: dict[str, float] = {}
        for distance, ancestor in enumerate(reversed(self.tree.ancestors(node_id)), start=1):
            for word in self.names[self.at[ancestor]]:
                above.setdefault(word, decay**distance)
        for word, weight in above.items():
            weights[word] = max(weights.get(word, 0.0), weight)
        return weights | {word: 1.0 + AGREEMENT * above.get(word, 0.0) for word in own_words}

    def rows(self, queries: Sequence[str], value: Values) -> csr_matrix:
        """Queries as sparse rows over the vocabulary: each word's matches times its `value`."""
        data: list[float] = []
        columns: list[int] = []
        starts = [0]
        for query in queries:
            words = self.vocabulary.read(query)
            for word, amount in zip(words, value(words), strict=True):
                data.extend(amount * match.weight for match in word.matches)
                columns.extend(match.at for match in word.matches)
            starts.append(len(data))
        rows = csr_matrix(
            (np.array(data, dtype=np.float32), columns, starts),
            shape=(len(queries), len(self.vocabulary)),
        )
        rows.sum_duplicates()
        return rows

    def matrix(self, documents: Sequence[dict[str, float]]) -> csr_matrix:
        """Documents as sparse rows over the vocabulary."""
        index = self.vocabulary.index
        starts = np.cumsum([0, *map(len, documents)])
        columns = [index[word] for document in documents for word in document]
        data = np.array([value for document in documents for value in document.values()], dtype=np.float32)
        return csr_matrix((data, columns, starts), shape=(len(documents), len(self.vocabulary)))


def _name_words(tree: Tree, node_id: NodeId) -> frozenset[str]:
    node = tree.node(node_id)
    return frozenset(word for name in (node.name, *node.alt_labels) for word in stems(name))


def _title_words(
    tree: Tree, at: dict[NodeId, int], products: Iterable[tuple[NodeId, Product]]
) -> list[tuple[int, frozenset[str]]]:
    placed = ((tree.resolve(node_id), product) for node_id, product in products)
    return [
        (at[node_id], frozenset(stems(f"{product.brand} {product.title}")))
        for node_id, product in placed
        if node_id != ROOT_ID
    ]


def _shares(words: Sequence[QueryWord]) -> list[float]:
    """Each word's part of the query's rarity; adds up to 1."""
    total = sum(word.idf for word in words) or 1.0
    return [word.idf / total for word in words]


def _ones(words: Sequence[QueryWord]) -> list[float]:
    return [1.0] * len(words)


def _dense(product: csr_matrix) -> Floats:
    return np.asarray(product.toarray(), dtype=np.float32)


@dataclass(frozen=True)
class WordsLeg:
    """How much of the query the node's words cover, rare words counting more; ancestors' words count less."""

    nodes: NodeWords
    name: str = field(default="words", init=False)

    def scores(self, queries: Sequence[str]) -> Floats:
        """(n_queries, n_nodes): 1 when every word of the query stands in the node's own name.

        A little more when ancestors' names agree (see `AGREEMENT`).
        """
        return _dense(self.nodes.rows(queries, _shares) @ self._by_word)

    def evidence(self, query: str, nodes: Sequence[int], scores: Floats) -> list[str]:
        """Such as ``name matches "dog"; "fod" ≈ "food"``."""
        words = self.nodes.vocabulary.read(query)
        return [_words_evidence(words, self.nodes.fields[at]) for at in nodes]

    @cached_property
    def _by_word(self) -> csr_matrix:
        return self.nodes.matrix(self.nodes.fields).T.tocsr()


def _words_evidence(words: Sequence[QueryWord], weights: dict[str, float]) -> str:
    found = [(word.text, match) for word in words for match in word.matches if match.word in weights]
    exact = [match.word for _, match in found if match.weight == 1.0]
    in_name = ", ".join(f'"{word}"' for word in exact if weights[word] >= 1.0)
    in_path = ", ".join(f'"{word}"' for word in exact if weights[word] < 1.0)
    parts = [f"name matches {in_name}" if in_name else "", f"path matches {in_path}" if in_path else ""]
    parts += [f'"{text}" ≈ "{match.word}"' for text, match in found if match.weight < 1.0]
    return "; ".join(part for part in parts if part)


@dataclass(frozen=True)
class NameLeg:
    """How much of the node's own name the query says: keeps "tv" from going to "TV Stands"."""

    nodes: NodeWords
    name: str = field(default="name", init=False)

    def scores(self, queries: Sequence[str]) -> Floats:
        """(n_queries, n_nodes) in 0..1; 1 when every word of the name stands in the query."""
        return np.minimum(_dense(self.nodes.rows(queries, _ones) @ self._by_word), 1.0)

    def evidence(self, query: str, nodes: Sequence[int], scores: Floats) -> list[str]:
        """Says only that the whole name stands in the query; single words are `WordsLeg`'s to tell."""
        return ["the whole name is in the query" if score > 0.999 else "" for score in scores]

    @cached_property
    def _by_word(self) -> csr_matrix:
        index, idf = self.nodes.vocabulary.index, self.nodes.vocabulary.idf
        documents = []
        for words in self.nodes.names:
            total = sum(float(idf[index[word]]) for word in words) or 1.0
            documents.append({word: float(idf[index[word]]) / total for word in sorted(words)})
        return self.nodes.matrix(documents).T.tocsr()


@dataclass(frozen=True)
class TitleLeg:
    """Where products with the query's words stand: for each word, the share of its products in the node."""

    nodes: NodeWords
    name: str = field(default="titles", init=False)

    def scores(self, queries: Sequence[str]) -> Floats:
        """(n_queries, n_nodes) in 0..1: shares averaged over the query's words by rarity."""
        return _dense(self.nodes.rows(queries, _shares) @ self._by_word)

    def evidence(self, query: str, nodes: Sequence[int], scores: Floats) -> list[str]:
        """Such as ``38% of products with "rca" are here``, of the word that says most."""
        words = self.nodes.vocabulary.read(query)
        return [self._best(words, at) for at in nodes]

    def _best(self, words: Sequence[QueryWord], node: int) -> str:
        found = [(float(self._by_word[m.at, node]), m.word) for word in words for m in word.matches]
        share, word = max(found, default=(0.0, ""))
        return f'{share:.0%} of products with "{word}" are here' if share >= 0.005 else ""

    @cached_property
    def _by_word(self) -> csr_matrix:
        n_nodes, index = len(self.nodes.order), self.nodes.vocabulary.index
        pairs = [(index[word], at) for at, words in self.nodes.titles for word in words]
        rows, columns = zip(*pairs, strict=True) if pairs else ((), ())
        counts = csr_matrix(
            (np.ones(len(pairs), dtype=np.float32), (rows, columns)), shape=(len(index), n_nodes)
        )
        totals = np.asarray(counts.sum(axis=1)).ravel() + TITLE_PRIOR
        return csr_matrix(counts.multiply((1.0 / totals)[:, None]), dtype=np.float32)
