"""What a title's own words and letters say: the classifier's linear leg, a choice at each inner node."""

import json
import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ingest.classify.layout import Indices
from taxonomy.node import NodeId
from taxonomy.ports import Floats, Progress, Silent
from taxonomy.text import title_of

__all__ = ["FILES", "Wording", "features"]

FILES = ("wording.safetensors", "wording.json")

_BITS = 16
"""65,536 places for words and as many for pieces. With 14 bits a grocer's products were told 0.3 points less
often, a marketplace's as often."""

_LEAST = 0.02
"""Weights nearer to 0 are dropped: more than half of them, and neither catalogue was told less well."""

_WIDEST = 1000
"""Children of a node that are told apart at once: 426 took a minute and a half to learn. More are chosen
among in two steps, groups of those that are alike first: a flat list of 1,031 took a sixth of the time, and
was told 1.3 points less often."""

_N_FEATURES = 2 * 2**_BITS

Lineage = tuple[NodeId, ...]


@dataclass(frozen=True)
class Wording:
    """A linear support vector machine at each inner node, which chooses among its children.

    The encoder cuts brands, makes and model names into pieces that mean nothing to it. A linear model of
    words, word pairs and pieces of three to five letters learns each by heart, in any language. Its scores
    are no probabilities; `Calibration` says how sharp a softmax makes them so.

    Attributes
    ----------
    ids : tuple of NodeId
        The terminals that it chooses among; none where it was not learnt.
    weights : scipy.sparse.csr_array of float32, (n_features, n_choices)
        A column for each child of a node that has two or more.
    bias : (n_choices,) float32
        Of the columns.
    idf : (n_features,) float32
        How rare a feature was among the texts learnt from, in log units.
    starts : (n_nodes,) int
        Where each node's columns begin.
    steps : scipy.sparse.csr_array of float32, (n_choices, n_ids)
        1 where a choice lies on the way to a terminal.
    """

    ids: tuple[NodeId, ...]
    weights: Any
    bias: Floats
    idf: Floats
    starts: Indices
    steps: Any

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        labels: Sequence[int],
        lineages: Sequence[Lineage],
        *,
        progress: Progress | None = None,
    ) -> "Wording | None":
        """Learnt from product texts; None without a choice to learn.

        Parameters
        ----------
        texts : sequence of n str
            As `taxonomy.text.product_text` gives them.
        labels : sequence of n int
            Positions in `lineages`.
        lineages : sequence of tuple of NodeId
            Each terminal's path from the top.
        """
        from scipy.sparse import csr_array, hstack

        known, owners = np.unique(np.array(labels, dtype=np.int64), return_inverse=True)
        lineages = [lineages[at] for at in known]
        nodes = list(_choices(lineages).values())
        if not nodes:
            return None
        counts = features(texts)
        seen = np.bincount(counts.indices, minlength=counts.shape[1])
        idf = (np.log((1 + len(texts)) / (1 + seen)) + 1).astype(np.float32)
        weighed = _weighed(counts, idf)
        nodes = [some for children in nodes for some in _in_steps(children, weighed, owners, len(lineages))]
        progress = progress or Silent()
        progress.start("learning words", len(nodes))
        learnt = []
        for children in nodes:
            learnt.append(_learnt(weighed, owners, children, n_terminals=len(lineages)))
            progress.advance(1)
        ways = [terminals for children in nodes for terminals in children]
        rows = np.repeat(np.arange(len(ways)), [len(one) for one in ways])
        there = (np.ones(len(rows), dtype=np.float32), (rows, np.concatenate(ways)))
        return cls(
            tuple(one[-1] for one in lineages),
            csr_array(hstack([weights for weights, _ in learnt])),
            np.concatenate([bias for _, bias in learnt]),
            idf,
            np.cumsum([0, *map(len, nodes)])[:-1].astype(np.int64),
            csr_array(there, shape=(len(ways), len(lineages))),
        )

    def scores(self, texts: Sequence[str]) -> Floats:
        """What speaks for each choice: (n, n_choices) float32."""
        found: Floats = (_weighed(features(texts), self.idf) @ self.weights).toarray() + self.bias
        return found

    def votes(self, scores: Floats, *, sharpness: float) -> Floats:
        """Probabilities of `ids`, the product of the choices on the way: (n, n_ids) float32."""
        sharp = sharpness * (scores - np.maximum.reduceat(scores, self.starts, axis=1)[:, self._node])
        sums = np.log(np.add.reduceat(np.exp(sharp), self.starts, axis=1))
        votes: Floats = np.exp((sharp - sums[:, self._node]) @ self.steps).astype(np.float32)
        return votes

    def save(self, folder: Path) -> None:
        """Write `FILES`."""
        from safetensors.numpy import save_file

        tensors = {"bias": self.bias, "idf": self.idf, "starts": self.starts.astype(np.int32)}
        for name, matrix in (("weights", self.weights), ("steps", self.steps)):
            tensors[name] = matrix.data.astype(np.float16)
            tensors[f"{name}_columns"] = matrix.indices.astype(np.int32)
            tensors[f"{name}_rows"] = matrix.indptr.astype(np.int32)
        save_file(tensors, folder / FILES[0])
        (folder / FILES[1]).write_text(json.dumps(list(self.ids)), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Wording":
        """What `save` wrote.

        Raises
        ------
        OSError, ValueError, KeyError, SafetensorError
            It is not there, or not that.
        """
        from safetensors.numpy import load_file
        from scipy.sparse import csr_array

        tensors = load_file(folder / FILES[0])
        ids = tuple(NodeId(at) for at in json.loads((folder / FILES[1]).read_text(encoding="utf-8")))
        n_choices = len(tensors["bias"])

        def matrix(name: str, shape: tuple[int, int]) -> Any:
            parts = (tensors[name].astype(np.float32), tensors[f"{name}_columns"], tensors[f"{name}_rows"])
            made = csr_array(parts, shape=shape)
            made.check_format(full_check=True)
            return made

        return cls(
            ids,
            matrix("weights", (_N_FEATURES, n_choices)),
            tensors["bias"].astype(np.float32),
            tensors["idf"].astype(np.float32),
            tensors["starts"].astype(np.int64),
            matrix("steps", (n_choices, len(ids))),
        )

    def faults(self) -> Iterator[str]:
        """What is not as `fit` makes it."""
        parts = (self.weights.data, self.bias, self.idf, self.steps.data)
        if not all(np.isfinite(part).all() for part in parts):
            yield "its words weigh what is no number"
        if self.idf.shape != (_N_FEATURES,):
            yield f"its words are weighed by {self.idf.shape} in place of {_N_FEATURES}"
        starts = self.starts
        if not len(starts) or starts[0] or (np.diff([*starts, len(self.bias)]) < 2).any():
            yield "its choices are among fewer than two"

    @cached_property
    def _node(self) -> Indices:
        """Which node each column is a choice of."""
        widths = np.diff([*self.starts, len(self.bias)])
        return np.repeat(np.arange(len(self.starts)), widths)


def features(texts: Sequence[str]) -> Any:
    """How often words and pieces of letters stand in each text: (n, n_features) scipy.sparse.csr_array.

    Of a product only the title and the brand are read: descriptions and attributes cost linear models more
    than a point of accuracy.
    """
    from scipy.sparse import csr_array, hstack
    from sklearn.feature_extraction.text import HashingVectorizer

    plain = {"n_features": 2**_BITS, "alternate_sign": False, "norm": None, "lowercase": False}
    readers = (
        HashingVectorizer(ngram_range=(1, 2), token_pattern=r"\S+", dtype=np.float32, **plain),
        HashingVectorizer(analyzer="char_wb", ngram_range=(3, 5), dtype=np.float32, **plain),
    )
    if not len(texts):  # which the readers refuse
        return csr_array((0, _N_FEATURES), dtype=np.float32)
    titles = [title_of(text) for text in texts]
    return csr_array(hstack([reader.transform(titles) for reader in readers]))


def _weighed(counts: Any, idf: Floats) -> Any:
    """TF-IDF, words and pieces of a text each of unit length; the length of what it counts plays no part."""
    weighed = counts.copy()
    weighed.data = (1 + np.log(weighed.data)) * idf[weighed.indices]
    row = np.repeat(np.arange(weighed.shape[0]), np.diff(weighed.indptr))
    half = 2 * row + (weighed.indices >= 2**_BITS)
    lengths = np.sqrt(np.bincount(half, weights=weighed.data**2, minlength=2 * weighed.shape[0]))
    weighed.data = (weighed.data / lengths[half]).astype(np.float32)
    return weighed


def _choices(lineages: Sequence[Lineage]) -> dict[Lineage, list[Indices]]:
    """The terminals below each child of each node that has two or more children.

    Products that stop at a node with children count as a child of it.
    """
    inner = {one[:end] for one in lineages for end in range(len(one))}
    below: dict[Lineage, dict[Lineage, list[int]]] = {}
    for at, one in enumerate(lineages):
        whole = (*one, one[-1]) if one in inner else one
        for end in range(len(whole)):
            below.setdefault(whole[:end], {}).setdefault(whole[: end + 1], []).append(at)
    return {
        node: [np.array(terminals) for terminals in children.values()]
        for node, children in below.items()
        if len(children) > 1
    }


def _in_steps(
    children: list[Indices], weighed: Any, owners: Indices, n_terminals: int
) -> Iterator[list[Indices]]:
    """The choice among a node's children, or where they are too many that among groups, then in each group.

    Groups are of children whose products say the like, as in Prabhu et al., *Parabel* (WWW 2018).
    """
    if len(children) <= _WIDEST:
        yield children
        return
    groups = _alike(children, weighed, owners, n_terminals)
    yield [np.concatenate([children[at] for at in group]) for group in groups]
    yield from ([children[at] for at in group] for group in groups if len(group) > 1)


def _alike(children: Sequence[Indices], weighed: Any, owners: Indices, n_terminals: int) -> list[list[int]]:
    """Positions of children in about as many groups as each has members."""
    from scipy.sparse import csr_array, csr_matrix
    from sklearn.cluster import BisectingKMeans

    child = _child_of(children, n_terminals)[owners]
    own = np.flatnonzero(child >= 0)
    ones = np.ones(len(own), dtype=np.float32)
    sums = csr_array((ones, (child[own], own)), shape=(len(children), len(owners))) @ weighed
    lengths = np.sqrt(sums.multiply(sums).sum(axis=1))
    middles = csr_matrix(sums.multiply(1 / np.maximum(lengths, 1e-12)[:, None]))
    middles.indices, middles.indptr = (at.astype(np.int32) for at in (middles.indices, middles.indptr))
    n_groups = math.isqrt(len(children) - 1) + 1
    cuts = BisectingKMeans(n_groups, random_state=0, bisecting_strategy="largest_cluster").fit(middles)
    labels = cuts.labels_ if cuts.labels_.any() else np.arange(len(children)) % n_groups  # all say the same
    return [np.flatnonzero(labels == at).tolist() for at in np.unique(labels)]


def _child_of(children: Sequence[Indices], n_terminals: int) -> Indices:
    """Of which child each terminal is, -1 of none: (n_terminals,) int."""
    child = np.full(n_terminals, -1)
    for at, terminals in enumerate(children):
        child[terminals] = at
    return child


def _learnt(
    weighed: Any, owners: Indices, children: Sequence[Indices], *, n_terminals: int
) -> tuple[Any, Floats]:
    """A column of weights and a bias for each of a node's children, from the products below them."""
    child = _child_of(children, n_terminals)[owners]
    own = np.flatnonzero(child >= 0)
    return _separate(weighed[own], child[own])


def _separate(weighed: Any, child: Indices) -> tuple[Any, Floats]:
    """The same of rows that are all of some child."""
    from scipy.sparse import csr_array
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVC

    used = np.unique(weighed.indices)  # what a node's products never say needs no room
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # nearly there serves as well
        warnings.filterwarnings("ignore", "The number of unique classes")  # a long tail is no regression
        machine = LinearSVC(random_state=0).fit(weighed[:, used], child)
    rows, shifts = machine.coef_, machine.intercept_
    if len(rows) == 1:  # serves both of two children
        rows, shifts = np.vstack([-rows, rows]), np.concatenate([-shifts, shifts])
    at, feature = np.nonzero(np.abs(rows) >= _LEAST)
    kept = rows[at, feature].astype(np.float16).astype(np.float32)  # as it is written down
    shape = (weighed.shape[1], len(rows))
    return csr_array((kept, (used[feature], at)), shape=shape), shifts.astype(np.float32)
