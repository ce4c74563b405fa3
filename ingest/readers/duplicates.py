"""Which texts say nearly the same: the same product in another size, or with a slip in its title."""

import re
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.fuzz import ratio

from taxonomy.text import normalise
from taxonomy.units import QUANTITY

__all__ = ["duplicate_groups"]

SIMILARITY = 90.0
"""Of 100, between texts with sorted words: a slip or a plural in a title of 30 characters costs 3 to 7."""
SHINGLE = 4
BANDS, ROWS = 16, 3
"""Texts of Jaccard similarity 0.7 share a band with probability 0.999, of 0.2 with 0.12."""
MAX_LEADERS = 24
"""A text is compared with at most this many groups of a band: common phrases must not cost quadratic time."""
BLOCK = 4096

_WORD = re.compile(r"\w+")
_PACK = re.compile(r"\b(?:pack|set|box|combo) of \d+\b")


@dataclass(slots=True)
class _Leaders:
    """The first text of each group, to be found by any of its bands."""

    n: int = 0
    by_band: dict[tuple[int, bytes], list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))

    def group_of(self, key: str, bands: Sequence[tuple[int, bytes]]) -> int:
        """The most similar group, the oldest of equals; a new one where none is similar enough."""
        met = {group: leader for band in bands for group, leader in self.by_band.get(band, ())}
        codes = _codes(key)
        alike = [
            (score, -group)
            for group, leader in met.items()
            if (score := ratio(key, leader, score_cutoff=SIMILARITY)) and _codes(leader) == codes
        ]
        if alike:
            return -max(alike)[1]
        for band in bands:
            if len(self.by_band[band]) < MAX_LEADERS:
                self.by_band[band].append((self.n, key))
        self.n += 1
        return self.n - 1


def duplicate_groups(texts: Sequence[str]) -> NDArray[np.int64]:
    """The number of each text's group of near-duplicates: (n_texts,), counted from 0 by first appearance.

    Sizes and amounts do not count ('Foo Shampoo 200 ml' and 'Foo Shampoo 400ml' are one group), nor do case,
    order of words and single slips; other numbers do ('HX-220' is not 'HX-230'). A text is compared with the
    first of a group, so that groups do not grow along chains. Time grows with the number of texts (MinHash
    bands), and the same texts give the same groups. No texts give (0,).

    >>> duplicate_groups(["Foo Shampoo 200 ml", "Bar Soap", "foo shampoo 400ml"]).tolist()
    [0, 1, 0]
    """
    keys = [_key(text) for text in texts]
    distinct = list(dict.fromkeys(keys))
    leaders = _Leaders()
    groups = {
        key: leaders.group_of(key, bands) for key, bands in zip(distinct, _bands(distinct), strict=True)
    }
    return np.array([groups[key] for key in keys], dtype=np.int64)


def _key(text: str) -> str:
    """The words of a text in alphabetical order, without sizes; the whole text if it has no other."""
    plain = normalise(text)
    bare = _PACK.sub(" ", QUANTITY.sub(" ", plain))
    return " ".join(sorted(_WORD.findall(bare))) or plain


def _codes(key: str) -> list[str]:
    return [word for word in key.split() if any(c.isdigit() for c in word)]


def _bands(keys: Sequence[str]) -> Iterator[list[tuple[int, bytes]]]:
    """For each key, BANDS values of which similar keys are likely to share one (MinHash, Broder 1997)."""
    rng = np.random.default_rng(0)  # any fixed hash functions do
    factors = rng.integers(1, 1 << 63, size=BANDS * ROWS, dtype=np.uint64) | np.uint64(1)
    for start in range(0, len(keys), BLOCK):
        shingles = [_shingles(key) for key in keys[start : start + BLOCK]]
        flat = np.concatenate(shingles)
        starts = np.cumsum([0, *(len(s) for s in shingles[:-1])])
        minima = np.stack(
            [np.minimum.reduceat((flat * factor) >> np.uint64(32), starts) for factor in factors], axis=1
        )
        for row in minima.astype(np.uint32).reshape(len(shingles), BANDS, ROWS):
            yield [(i, band.tobytes()) for i, band in enumerate(row)]


def _shingles(key: str) -> NDArray[np.uint64]:
    padded = f" {key} "
    found = {padded[i : i + SHINGLE] for i in range(max(1, len(padded) - SHINGLE + 1))}
    crcs = np.fromiter((zlib.crc32(shingle.encode()) for shingle in found), dtype=np.uint64)
    return crcs * np.uint64(0x9E3779B97F4A7C15) + np.uint64(1)
