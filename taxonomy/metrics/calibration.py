"""Whether probabilities mean what they say."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from taxonomy.ports import Floats

__all__ = ["Bin", "expected_calibration_error", "reliability"]

N_BINS = 15
"""As usual since Guo et al. (arXiv:1706.04599)."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of like confidence: their mean probability, the share that was right, and their number."""

    confidence: float
    accuracy: float
    n: int


def reliability(
    probabilities: Floats | Sequence[float], right: Sequence[bool], *, n_bins: int = N_BINS
) -> tuple[Bin, ...]:
    """Answers in `n_bins` bins of equal mass (their sizes differ by one at most), least sure first.

    Bins of equal mass, unlike those of equal width, leave none nearly empty: Nixon et al., *Measuring
    Calibration in Deep Learning* (arXiv:1904.01685). Fewer answers than bins give a bin each; none give none.
    """
    values, hits = np.asarray(probabilities, dtype=np.float64), np.asarray(right, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    parts = np.array_split(order, min(n_bins, len(order))) if len(order) else []
    return tuple(Bin(float(values[part].mean()), float(hits[part].mean()), len(part)) for part in parts)


def expected_calibration_error(
    probabilities: Floats | Sequence[float], right: Sequence[bool], *, n_bins: int = N_BINS
) -> float:
    """The mean gap between confidence and accuracy over `reliability`'s bins, in 0..1; 0 without answers.

    >>> expected_calibration_error([0.9, 0.9], [True, False], n_bins=1)
    0.4
    """
    bins = reliability(probabilities, right, n_bins=n_bins)
    total = sum(one.n for one in bins)
    return sum(one.n * abs(one.confidence - one.accuracy) for one in bins) / total if total else 0.0
