"""Whether a text is made of what the model was trained on, whatever the language."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from taxonomy.errors import ModelError
from taxonomy.ports import Floats

__all__ = ["Foreign"]

REFUSED = 0.004
"""Share of texts like the training's that may be refused. With 1,000 texts to set the threshold by, 1% was
passed in 1 of 30 draws from two catalogues; with 0.005 in 1 of 15."""

_ORDERS = 6  # runs of 1 to 6 characters: short ones tell scripts apart, long ones related languages
_BITS = 21  # 2 MB of counts; a third of them are taken by _FITTED texts of 200 characters
_FITTED = 30_000  # training texts that are counted; more would make everything seen
_PRIOR = 1.0  # an unseen run that every text has besides its own: nothing said is nothing known
_LEAST = 0.15  # near the lowest threshold of two catalogues: one new word in a text makes it no foreign one
_CHUNK = 4096  # texts counted at a time: some 20 MB
_CUT = 1_000  # characters; past them no encoder reads either
_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: spreads code points over all bits
_WITHOUT_LETTERS = re.compile(r"(?:^|(?<=\s))[\W\d_]+(?=\s|$)")
_BREAK, _SPACE, _NINE, _ZERO = 10, 32, 57, 48

Counts = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Foreign:
    """What runs of characters training texts are made of, and how many unseen ones are too many.

    A text's score is the mean of ``1 / (1 + n)`` over its runs of one to six characters, `n` being how often
    training saw the run. It is near 0 for text of the training's kind and near 1 for another script, another
    language, gibberish and for a text without letters. No language and no script is named anywhere: for a
    Chinese catalogue English is foreign, and the brand names that stand among its Chinese titles are not.

    Attributes
    ----------
    counts : (2 ** 21,) uint8
        How often each run was seen, 255 for more; runs are found by hash, so a few share a place.
    threshold : float
        Scores above it are foreign.
    """

    counts: Counts
    threshold: float

    @classmethod
    def fit(
        cls, train_texts: Sequence[str], *, calibration_texts: Sequence[str], refuse: float = REFUSED
    ) -> "Foreign":
        """The profile of normalised training texts, with a threshold from texts that it has not seen.

        The threshold is the conformal quantile: of new texts of the same kind at most a share `refuse` is
        foreign, on average over calibration sets (Vovk, Gammerman and Shafer, *Algorithmic Learning in a
        Random World*, 2005, ch. 2). Where there are too few calibration texts for that (249 for 0.004), it
        lies halfway between their worst score and 1. Texts without letters are foreign and do not count.
        """
        step = max(1, -(-len(train_texts) // _FITTED))
        counts = np.zeros(2**_BITS, dtype=np.int64)
        for runs, _ in _runs(train_texts[::step]):
            counts += np.bincount(runs, minlength=2**_BITS)
        unset = cls(np.minimum(counts, 255).astype(np.uint8), 1.0)
        scores = unset.scores(calibration_texts)
        return cls(unset.counts, max(_LEAST, _quantile(np.sort(scores[scores < 1]), refuse)))

    def scores(self, texts: Sequence[str]) -> Floats:
        """(n_texts,) float32 in 0..1: how little of each normalised text training has seen; 1 for nothing."""
        unseen, total = np.full(len(texts), _PRIOR), np.full(len(texts), _PRIOR)
        weights = 1 / (1 + np.arange(256))
        for runs, rows in _runs(texts):
            unseen += np.bincount(rows, weights=weights[self.counts[runs]], minlength=len(texts))
            total += np.bincount(rows, minlength=len(texts))
        scores: Floats = (unseen / total).astype(np.float32)
        return scores

    def is_foreign(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """(n_texts,) bool: which texts are nothing that the model could know."""
        return self.is_beyond(self.scores(texts))

    def is_beyond(self, scores: Floats) -> NDArray[np.bool_]:
        """(n_texts,) bool: which texts with these scores are."""
        foreign: NDArray[np.bool_] = (scores > self.threshold) | (scores == 1)
        return foreign

    def save(self, path: Path) -> None:
        """Write it as one safetensors file."""
        save_file({"counts": self.counts, "threshold": np.array([self.threshold])}, path)

    @classmethod
    def load(cls, path: Path) -> "Foreign":
        """What `save` wrote.

        Raises
        ------
        ModelError
            The file is damaged.
        """
        try:
            tensors = load_file(path)
            counts, threshold = tensors["counts"], tensors["threshold"]
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise ModelError(f"{path}: damaged ({error}); train the model again") from error
        if counts.shape != (2**_BITS,) or counts.dtype != np.uint8 or threshold.shape != (1,):
            raise ModelError(f"{path}: not a profile of texts; train the model again")
        if not 0 <= threshold[0] <= 1:
            raise ModelError(f"{path}: a threshold of {threshold[0]} is none; train the model again")
        return cls(counts, float(threshold[0]))


def _quantile(scores: Floats, refuse: float) -> float:
    """The conformal quantile of sorted scores; halfway from the worst to 1 where they are too few for one."""
    rank = int(np.ceil((len(scores) + 1) * (1 - refuse)))
    if rank <= len(scores):
        return float(scores[rank - 1])
    return (1 + float(scores.max(initial=0))) / 2


def _runs(texts: Sequence[str]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Places of runs in the counts, beside the positions of their texts, a part of the texts at a time."""
    for start in range(0, len(texts), _CHUNK):
        # Numbers, prices and dashes between blanks say nothing of a text's kind; a code keeps its form.
        kept = [_WITHOUT_LETTERS.sub(" ", text[:_CUT]).strip() for text in texts[start : start + _CHUNK]]
        code_points = _code_points(kept)
        ends = code_points == _BREAK
        rows = np.cumsum(ends) - ends + start
        code_points[ends] = _SPACE
        hashes = np.zeros(len(code_points), dtype=np.uint64)
        empty = np.array([not text for text in kept])
        for order in range(1, _ORDERS + 1):
            last = len(code_points) - order + 1
            hashes = (hashes[:last] ^ code_points[order - 1 :]) * _MIX
            inside = rows[:last] == rows[order - 1 :]
            chosen = inside & ~empty[rows[:last] - start]
            yield (hashes[chosen] >> np.uint64(64 - _BITS)).astype(np.int64), rows[:last][chosen]


def _code_points(texts: Sequence[str]) -> NDArray[np.uint64]:
    """Of all texts, each with a blank before it and a line break after it; digits are one digit."""
    joined = "".join(f" {text}\n" for text in texts)
    raw = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    return np.where((raw >= _ZERO) & (raw <= _NINE), _ZERO, raw).astype(np.uint64)
