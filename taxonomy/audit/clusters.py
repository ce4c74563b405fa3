"""Groups of vectors and what to call them."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from taxonomy.audit.words import AUDIENCE, stem, stems, words
from taxonomy.ports import Floats

__all__ = ["Labels", "centroid", "centroids", "cluster", "names_of_groups"]

Labels = NDArray[np.intp]

_ROUNDS = 25  # k-means on some hundred titles has settled by then


def centroid(vectors: Floats) -> Floats:
    """The mean direction of unit rows: (dim,) float32, a unit vector; zeros for no rows."""
    total = vectors.sum(axis=0)
    return np.asarray(total / max(float(np.linalg.norm(total)), 1e-12), np.float32)


def centroids(vectors: Floats, groups: Labels, k: int) -> Floats:
    """The mean direction of each group: (k, dim) float32."""
    return np.stack([centroid(vectors[groups == group]) for group in range(k)])


def cluster(vectors: Floats, k: int) -> Labels:
    """A group 0..k-1 for each unit row, by spherical k-means from rows that lie far apart: (n,) int.

    No randomness: the first centre is the row farthest from the mean, each next the one farthest from all
    before. With fewer rows than groups, each row is its own.
    """
    if len(vectors) <= k:
        return np.arange(len(vectors))
    chosen = [int(np.argmin(vectors @ centroid(vectors)))]
    while len(chosen) < k:
        chosen.append(int(np.argmin((vectors @ vectors[chosen].T).max(axis=1))))
    groups: Labels = np.argmax(vectors @ vectors[chosen].T, axis=1)
    for _ in range(_ROUNDS):
        nearest = np.argmax(vectors @ centroids(vectors, groups, k).T, axis=1)
        if np.array_equal(nearest, groups):
            break
        groups = nearest
    return groups


def names_of_groups(groups: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """A name for each group of texts: the word that its texts hold and those of the others do not."""
    held = [Counter(word for text in texts for word in _naming(text)) for texts in groups]
    everywhere, n_texts = sum(held, Counter[str]()), sum(map(len, groups))
    names = []
    for number, (texts, own) in enumerate(zip(groups, held, strict=True), 1):
        n_others = max(n_texts - len(texts), 1)
        telling = {word: n / len(texts) - (everywhere[word] - n) / n_others for word, n in own.items()}
        best = max(((share, word) for word, share in telling.items()), default=(0.0, ""))[1]
        names.append(_spelt(best, texts) if best else f"Group {number}")
    return tuple(names)


def _naming(text: str) -> set[str]:
    return {word for word in stems(text) if _can_name(word)}


def _can_name(word: str) -> bool:
    return word not in AUDIENCE and not any(map(str.isdigit, word)) and (len(word) > 2 or not word.isascii())


def _spelt(word: str, texts: Sequence[str]) -> str:
    """The commonest spelling, which is mostly the plural where names are, with a capital."""
    forms = Counter(form for text in texts for form in words(text) if stem(form) == word)
    form = max(forms, key=lambda one: (forms[one], one))
    return form[:1].upper() + form[1:]
