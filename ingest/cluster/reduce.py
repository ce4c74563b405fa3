"""Products as points: what the encoder says, what the words say, in fewer dimensions."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from ingest.cluster.linkage import Indices
from ingest.cluster.phrases import brand_words
from ingest.cluster.words import NAMELESS
from taxonomy.ports import Floats, Progress, Silent
from taxonomy.text import fold

__all__ = ["Points", "beside", "deduplicate", "reduce", "sample", "unit"]

_DIMS = 100  # 50 loses nothing on flipkart and 1 point of AMI on bigbasket; 200 gains nothing
_FLAT = 1e-9  # variance below this is rounding: unit vectors have 1 in all
_WORD_DIMS = 128
_WORD_WEIGHT = 0.5  # of 0.3, 0.4, 0.5, 0.6: the best on two catalogues, +2 points of leaf AMI over none
_ENOUGH_FOR_WORDS = 2_000  # below that a word's company is chance: 2 points worse on 400 products
_ENOUGH = 50_000  # products that words and axes are learnt from; more move neither, and cost memory
_BLOCK_ROWS = 20_000
_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class Points:
    """Distinct points, how many products each stands for, and which point a product is."""

    vectors: Floats
    weights: Indices
    point_of: Indices


def reduce(
    vectors: Floats,
    texts: Sequence[str],
    *,
    brands: Sequence[str] = (),
    seed: int = 0,
    progress: Progress | None = None,
) -> Floats:
    """Unit vectors to cluster on, centred, so that what all products share says nothing.

    What words and axes there are is learnt from 50,000 products at most; time grows with n, memory with the
    result.

    Parameters
    ----------
    vectors : (n, dim) float32
        Of the encoder.
    texts : sequence of str, length n
        Titles; from 2,000 on, the words they share count beside the vectors, brands and colours left out.
    brands : sequence of str, length n, optional
        By which brands are known; without, by how titles open.

    Returns
    -------
    (n, at most 100) float32, unit rows; a row without direction is zero.
    """
    n = len(vectors)
    progress = progress or Silent()
    progress.start("finding what products share", n)
    if n < 2:
        return unit(np.asarray(vectors, np.float32))
    chosen = sample(n, _ENOUGH, seed)
    words, said = _learn([texts[at] for at in chosen], [brands[at] for at in chosen] if brands else [], seed)
    known = _both(vectors[chosen], said)
    mean, axes = _axes(known)
    points = np.empty((n, axes.shape[1]), np.float32)
    points[chosen] = unit((known - mean) @ axes)
    progress.advance(len(chosen))
    others = np.delete(np.arange(n), chosen)
    for at in range(0, len(others), _BLOCK_ROWS):
        block = others[at : at + _BLOCK_ROWS]
        said = words.of([texts[at] for at in block]) if words else None
        points[block] = unit((_both(vectors[block], said) - mean) @ axes)
        progress.advance(len(block))
    return points


def beside(vectors: Floats, others: Floats) -> Floats:
    """(n, dim + other_dim) float32, unit rows: what two encoders say of the same texts, each centred."""
    return unit(np.hstack([unit(one - one.mean(axis=0)) for one in (vectors, others)]))


@dataclass(frozen=True, slots=True)
class _Words:
    """Titles to what their words say, in few dimensions."""

    weigh: TfidfVectorizer
    turn: TruncatedSVD

    def of(self, texts: Sequence[str]) -> Floats:
        """(n, dim) float32, unit rows."""
        return unit(self.turn.transform(self.weigh.transform(texts)))


def _learn(
    texts: Sequence[str], brands: Sequence[str], seed: int
) -> tuple[_Words, Floats] | tuple[None, None]:
    """The words of these titles, and what they say; None where titles, or words that come twice, are few."""
    if len(texts) < _ENOUGH_FOR_WORDS:
        return None, None
    nobody = NAMELESS | brand_words(texts, brands or [""] * len(texts))
    weigh = TfidfVectorizer(analyzer=partial(_terms, nobody=nobody), min_df=2, sublinear_tf=True)
    try:
        counts = weigh.fit_transform(texts)
    except ValueError:  # scikit-learn's way to say that no word occurs twice
        return None, None
    dims = min(_WORD_DIMS, counts.shape[1] - 1)
    if dims < 1:
        return None, None
    turn = TruncatedSVD(dims, random_state=seed).fit(counts)
    return _Words(weigh, turn), unit(turn.transform(counts))


def _terms(text: str, *, nobody: frozenset[str]) -> list[str]:
    """Words and pairs of words: "green tea" is another thing than "tea" and "green"."""
    words = [word for word in _WORD.findall(fold(text)) if word not in nobody]
    return [*words, *map(" ".join, pairwise(words))]


def _both(vectors: Floats, said: Floats | None) -> Floats:
    if said is None:
        return unit(vectors)
    return unit(np.hstack([unit(vectors), np.float32(_WORD_WEIGHT) * said]))


def _axes(rows: Floats) -> tuple[Floats, Floats]:
    """Mean and principal axes (dim, at most 100), exactly: a randomised solver may differ between runs."""
    mean = rows.mean(axis=0, dtype=np.float64)
    spread, axes = np.linalg.eigh(np.cov(rows.T.astype(np.float64), ddof=0).reshape(len(mean), -1))
    kept = np.flatnonzero(spread > _FLAT)[-_DIMS:]
    return mean.astype(np.float32), axes[:, kept].astype(np.float32)


def sample(n: int, most: int, seed: int) -> Indices:
    """At most `most` positions of n, ascending: all of them, or a random choice."""
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, most, replace=False))


def deduplicate(vectors: Floats) -> Points:
    """Equal rows once, in order of first appearance."""
    if not len(vectors):
        return Points(vectors, np.empty(0, np.int64), np.empty(0, np.int64))
    # Rounded: the same title gives slightly different vectors in different batches. Rows are compared by a
    # product with odd 64-bit numbers: of a million different ones, two agree once in 40 million times.
    odd = np.random.default_rng(0).integers(1 << 62, size=vectors.shape[1], dtype=np.int64) * 2 + 1
    marks = np.round(vectors * 1e4).astype(np.int64) @ odd
    _, first, which, counts = np.unique(marks, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first)
    place = np.argsort(order)
    return Points(
        vectors[first[order]], counts[order].astype(np.int64), place[which.ravel()].astype(np.int64)
    )


def unit(rows: NDArray[np.floating]) -> Floats:
    """Rows of length 1; zero rows stay zero."""
    found = np.empty(rows.shape, np.float32)
    for at in range(0, len(rows), _BLOCK_ROWS):  # a norm takes several times the memory of its rows
        block = rows[at : at + _BLOCK_ROWS]
        length = np.linalg.norm(block, axis=1, keepdims=True)
        found[at : at + _BLOCK_ROWS] = block / np.where(length > 1e-9, length, 1.0)
    return found
