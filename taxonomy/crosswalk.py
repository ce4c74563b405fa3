"""Which category of one taxonomy corresponds to which of another: proposals with a score and why.

Names and paths are compared as words and as vectors of an encoder; the best of both directions, with parents
that agree, make a score in 0..1. Nothing is decided here: a person accepts the change set that comes of it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from taxonomy.edits import SetCrosswalk
from taxonomy.node import ROOT_ID, MatchKind, NodeId
from taxonomy.ports import Floats
from taxonomy.text import fold
from taxonomy.tree import Tree

__all__ = ["MIN_SCORE", "Proposal", "Side", "edits", "propose", "target_of", "texts"]

N_CANDIDATES = 15
"""Enough by far: of Google's categories, 98 of 100 find Shopify's of the same name among the first three."""
BLOCK = 512  # rows compared at once: 512 x 10,000 scores are 20 MB

NAME_WORDS, NAME_VECTOR, PATH_VECTOR, PARENTS, MUTUAL = 0.3, 0.25, 0.2, 0.15, 0.1
"""What each kind of agreement counts for; set by eye on 60 pairs of Google's and Shopify's categories."""
MIN_SCORE = 0.6
"""Of Google's categories that score 0.6 to 0.7 with Shopify's, 9 of 10 were right; below 0.5, 1 of 10."""
EXACT = 0.8
"""From this score on, a pair with the same words in its names is an exact match."""

_WORD = re.compile(r"[^\W_]+")
_LISTED = re.compile(r"[&,+/]|\band\b", re.IGNORECASE)
_IDLE = frozenset(("a", "an", "and", "for", "in", "of", "on", "or", "the", "to", "with"))


@dataclass(frozen=True)
class Side:
    """A taxonomy to compare.

    Attributes
    ----------
    tree : Tree
    names, paths : (n_nodes, dim) float32, unit rows
        Vectors of `texts`, nodes in the order of `tree.descendants()`.
    """

    tree: Tree
    names: Floats
    paths: Floats


@dataclass(frozen=True, slots=True)
class Proposal:
    """A category and the one of the other taxonomy that it may correspond to (None: nothing is near).

    `why` says what agrees; `score` is in 0..1, and that of the best candidate where nothing is proposed.
    """

    node_id: NodeId
    target_id: NodeId | None
    score: float
    kind: MatchKind
    why: str


def texts(tree: Tree) -> tuple[list[str], list[str]]:
    """What to encode: the names, and the paths from the node upwards, in the order of `tree.descendants()`.

    >>> texts(Tree.from_paths([("Garden", "Tools")]))
    (['Garden', 'Tools'], ['Garden', 'Tools, Garden'])
    """
    paths = [tree.path(at) for at in tree.descendants()]
    return [path[-1] for path in paths], [", ".join(reversed(path)) for path in paths]


def propose(one: Side, other: Side, *, min_score: float = MIN_SCORE) -> list[Proposal]:
    """The best match in `other` of each node of `one`, in the order of its tree; None below `min_score`.

    An empty tree on the first side gives none, on the second side nothing but nodes without a match.
    """
    ids, other_ids = list(one.tree.descendants()), list(other.tree.descendants())
    if not other_ids:
        return [Proposal(at, None, 0.0, MatchKind.CLOSE, "there is nothing to match") for at in ids]
    pairs = _Pairs(one, other, ids, other_ids)
    best = pairs.best()
    return [pairs.proposal(row, best[row], min_score) for row in range(len(ids))]


def target_of(tree: Tree, node_id: NodeId) -> str:
    """What a crosswalk calls a category of another taxonomy: its id in its source, else ours."""
    return tree.nodes[node_id].external_id or node_id


def edits(tree: Tree, other: Tree, proposals: Sequence[Proposal], *, scheme: str) -> list[SetCrosswalk]:
    """The edits that say what is proposed, 'unmapped' included.

    Locked nodes and those that have said something of the scheme already are left alone.
    """
    return [
        SetCrosswalk(
            one.node_id, scheme, "" if one.target_id is None else target_of(other, one.target_id), one.kind
        )
        for one in proposals
        if not (node := tree.nodes[one.node_id]).locked
        and all(said.scheme != scheme for said in node.crosswalk)
    ]


class _Pairs:
    """Candidate pairs: (n_nodes, n_candidates) arrays of columns and of what agrees."""

    def __init__(self, one: Side, other: Side, ids: Sequence[NodeId], other_ids: Sequence[NodeId]) -> None:
        self.one, self.other, self.ids, self.other_ids = one, other, ids, other_ids
        self.matched: dict[NodeId, NodeId] = {}
        self.columns = _nearest(one, other, min(N_CANDIDATES, len(other_ids)))
        rows = np.arange(len(ids))[:, None]
        self.names = _cosine(one.names, other.names, rows, self.columns)
        self.paths = _cosine(one.paths, other.paths, rows, self.columns)
        self.words = self._same_words()
        own = NAME_WORDS * self.words + NAME_VECTOR * self.names + PATH_VECTOR * self.paths
        self.parents = self._agreeing_parents(own / (NAME_WORDS + NAME_VECTOR + PATH_VECTOR))
        self.scores = own + PARENTS * self.parents
        self.mutual = self._best_both_ways()
        self.scores = (self.scores + MUTUAL * self.mutual).clip(0, 1)

    def best(self) -> list[int]:
        """The place of each row's best candidate."""
        places = [int(at) for at in self.scores.argmax(axis=1)]
        self.matched = {
            self.ids[row]: self.other_ids[int(self.columns[row, at])] for row, at in enumerate(places)
        }
        return places

    def proposal(self, row: int, at: int, min_score: float) -> Proposal:
        score, column = round(float(self.scores[row, at]), 3), self.columns[row, at]
        why = ", ".join(
            (
                f"{'same' if self.words[row, at] >= 0.999 else f'{self.words[row, at]:.0%} of the'} words",
                f"names {self.names[row, at]:.2f}",
                f"paths {self.paths[row, at]:.2f}",
                f"parents {self.parents[row, at]:.2f}",
                "best both ways" if self.mutual[row, at] else "best one way",
            )
        )
        if score < min_score:
            return Proposal(self.ids[row], None, score, MatchKind.CLOSE, f"nothing is near: {why}")
        kind = self._kind(row, at, score)
        return Proposal(self.ids[row], self.other_ids[int(column)], score, kind, why)

    def _kind(self, row: int, at: int, score: float) -> MatchKind:
        """Exact, close, broad ("Shorts" for "Bicycle Shorts") or narrow ("Socks" for "Shoes & Socks")."""
        if score >= EXACT and self.words[row, at] >= 0.999:
            return MatchKind.EXACT
        node_id, other_id = self.ids[row], self.other_ids[int(self.columns[row, at])]
        if any(self.matched.get(above) == other_id for above in self.one.tree.ancestors(node_id)):
            return MatchKind.BROAD
        name = self.one.tree.nodes[node_id].name
        mine, theirs = _words(name), _words(self.other.tree.nodes[other_id].name)
        if theirs and set(theirs) < set(mine) and mine[-1] == theirs[-1]:
            listed = [_words(part) for part in _LISTED.split(name)]
            return MatchKind.NARROW if len(listed) > 1 and theirs in listed else MatchKind.BROAD
        return MatchKind.CLOSE

    def _same_words(self) -> Floats:
        one = [_words(self.one.tree.nodes[at].name) for at in self.ids]
        other = [_words(self.other.tree.nodes[at].name) for at in self.other_ids]
        shares = [
            [_overlap(one[row], other[column]) for column in columns]
            for row, columns in enumerate(self.columns)
        ]
        return np.array(shares, np.float32).reshape(self.columns.shape)

    def _agreeing_parents(self, own: Floats) -> Floats:
        """How well the parent of a node goes with the candidate's parent, or with one above that."""
        rows = {at: row for row, at in enumerate(self.ids)}
        known = [
            {self.other_ids[int(column)]: float(score) for column, score in zip(columns, scores, strict=True)}
            for columns, scores in zip(self.columns, own, strict=True)
        ]
        found = np.zeros_like(own)
        for row, at in enumerate(self.ids):
            above = self.one.tree.nodes[at].parent_id
            for place, column in enumerate(self.columns[row]):
                lineage = self.other.tree.ancestors(self.other_ids[int(column)])
                if above == ROOT_ID:
                    found[row, place] = 1.0 if not lineage else 0.0
                else:
                    scores = known[rows[above]]
                    found[row, place] = max((scores.get(one, 0.0) for one in lineage), default=0.0)
        return found

    def _best_both_ways(self) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
        best = np.full(len(self.other_ids), -1.0)
        np.maximum.at(best, self.columns, self.scores)
        mine = self.scores >= self.scores.max(axis=1, keepdims=True)
        both: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = mine & (self.scores >= best[self.columns])
        return both


def _nearest(one: Side, other: Side, n: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    """The columns of the n nearest by name and path, (n_nodes, n), the order within a row is any."""
    found = [np.empty((0, n), np.int64)]
    for start in range(0, len(one.names), BLOCK):
        rows = slice(start, start + BLOCK)
        near = one.names[rows] @ other.names.T + one.paths[rows] @ other.paths.T
        found.append(np.argpartition(-near, n - 1, axis=1)[:, :n])
    return np.concatenate(found)


def _cosine(
    one: Floats,
    other: Floats,
    rows: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]",
    columns: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]",
) -> Floats:
    cosines: Floats = np.einsum("nd,nkd->nk", one[rows[:, 0]], other[columns]).clip(0, 1)
    return cosines


def _words(name: str) -> tuple[str, ...]:
    return tuple(_stem(word) for word in _WORD.findall(fold(name)) if word not in _IDLE)


def _stem(word: str) -> str:
    """The word without a plural's ending: enough to see that two names are the same."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


def _overlap(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    """Shared words twice, over all words of both (Dice's coefficient); 0 where either has none.

    The last word counts once more, since it says what a thing is: player accessories are no players.
    """
    if not one or not other:
        return 0.0
    shared = len(set(one) & set(other)) + (one[-1] == other[-1])
    return 2 * shared / (len(set(one)) + len(set(other)) + 2)
