"""Products as points: what the encoder says, what the words say, in fewer dimensions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from ingest.cluster.linkage import Indices
from taxonomy.ports import Floats

__all__ = ["Points", "deduplicate", "reduce", "sample", "unit"]

_DIMS = 100  # 50 loses nothing on flipkart and 1 point of AMI on bigbasket; 200 gains nothing
_FLAT = 1e-9  # variance below this is rounding: unit vectors have 1 in all
_WORD_DIMS = 128
_WORD_WEIGHT = (
    0.4  # of 0, 0.3, 0.5, 0.7, 1: the best on both catalogues, +1 point of leaf AMI over vectors alone
)
_ENOUGH_FOR_WORDS = 2_000  # below that a word's company is chance: 2 points worse on 400 products
_ENOUGH_FOR_AXES = 50_000  # more rows move the axes no further, and cost memory
_WORD = r"(?u)\b[^\W\d_]{2,}\b"


@dataclass(frozen=True, slots=True)
class Points:
    """Distinct points, how many products each stands for, and which point a product is."""

    vectors: Floats
    weights: Indices
    point_of: Indices


def reduce(vectors: Floats, texts: Sequence[str], *, seed: int = 0) -> Floats:
    """Unit vectors to cluster on, centred, so that what all products share says nothing.

    Parameters
    ----------
    vectors : (n, dim) float32
        Of the encoder.
    texts : sequence of str, length n
        Titles; from 2,000 on, the words they share count beside the vectors.

    Returns
    -------
    (n, at most 100) float32, unit rows; a row without direction is zero.
    """
    n = len(vectors)
    if n < 2:
        return unit(np.asarray(vectors, np.float32))
    both = unit(vectors)
    if n >= _ENOUGH_FOR_WORDS and (words := _words(texts, seed)) is not None:
        both = unit(np.hstack([both, np.float32(_WORD_WEIGHT) * words]))
    mean, axes = _axes(both[sample(n, _ENOUGH_FOR_AXES, seed)])
    return unit((both - mean) @ axes)


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
    # Rounded: the same title gives slightly different vectors in different batches.
    _, first, which, counts = np.unique(
        np.round(vectors, 4), axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.argsort(first)
    place = np.argsort(order)
    return Points(
        vectors[first[order]], counts[order].astype(np.int64), place[which.ravel()].astype(np.int64)
    )


def unit(rows: NDArray[np.floating]) -> Floats:
    """Rows of length 1; zero rows stay zero."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.ascontiguousarray(rows / np.where(length > 1e-9, length, 1.0), np.float32)


def _words(texts: Sequence[str], seed: int) -> Floats | None:
    weigh = TfidfVectorizer(min_df=2, sublinear_tf=True, token_pattern=_WORD)
    try:
        counts = weigh.fit_transform(texts)
    except ValueError:  # scikit-learn's way to say that no word occurs twice
        return None
    dims = min(_WORD_DIMS, counts.shape[1] - 1)
    return unit(TruncatedSVD(dims, random_state=seed).fit_transform(counts)) if dims > 0 else None
