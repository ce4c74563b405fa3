"""What an answer about a product is worth: the wrong categories that it would set right, look-alikes too.

Of products that look alike, one answer settles all; a second adds next to nothing. With ``u_i`` the chance
that product ``i`` is placed wrongly and ``s_ij`` how far an answer about ``j`` settles ``i``, the answers
``S`` settle

    F(S) = sum_i  u_i * max_{j in S} s_ij

the facility-location function, which is monotone and submodular: taking each time the product with the
largest gain is within 1 - 1/e of the best set of that size (Nemhauser, Wolsey and Fisher, 1978). Gains only
fall, so a stale one that is still the largest need not be computed again (Minoux, 1978). As a way to choose
what people should label: Wei, Iyer and Bilmes, *Submodularity in Data Subset Selection and Active Learning*
(ICML 2015).
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taxonomy.ports import Floats

__all__ = ["ALIKE", "Worth", "trust_in_likeness", "worth_of_answers"]

ALIKE = 0.9
"""Cosine from which an answer begins to settle another product.

On the unsure held-out products of two shops the order hardly changes between 0.7 and 0.95.
"""

DEFAULT_TRUST = 0.9
PRIOR_PAIRS = 20
MAX_ALIKE = 64  # neighbours a product: a person looks at no larger group, and memory stays linear
CELL = 4096  # products compared with each other at most: 64 MB of cosines at a time

Numbers = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Worth:
    """The order in which to ask.

    Attributes
    ----------
    order : (n,) int
        Positions of the products, the one to ask about first in front.
    gain : (n,) float
        For each product, at its position in the input, what its answer adds to those before it in the order:
        wrong categories set right. The gains add up to the sum of the chances given.
    leader : (n,) int
        The position of the earliest product that looks so much alike that its answer goes at least halfway
        to settle this one; its own if there is none.
    """

    order: Indices
    gain: Numbers
    leader: Indices


def worth_of_answers(
    vectors: Floats, errors: Floats, *, alike: float = ALIKE, trust: float = 1.0, cell: int = CELL
) -> Worth:
    """In which order answers about products are worth most, and how much each is.

    Deterministic; equal gains go by position. The time grows with n times `cell`: beyond `cell` products,
    those near one of n / `cell` of them are compared among themselves only, so that some pairs are missed.

    Parameters
    ----------
    vectors : (n, dim) float32
        Unit rows: what the encoder makes of each product.
    errors : (n,) float32
        The chance that the product's likeliest category is wrong, in 0..1.
    alike : float
        Cosine below which an answer says nothing of another product; it settles one of cosine 1 as far as
        `trust` goes, and in between proportionally. Above 1, products are taken one by one, the least certain
        first.
    trust : float
        How often products that look alike belong together, in 0..1: see `trust_in_likeness`.
    cell : int
        How many products are compared with each other at most.

    Examples
    --------
    >>> vectors = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    >>> found = worth_of_answers(vectors, np.array([0.4, 0.4, 0.5], np.float32))
    >>> found.order.tolist(), found.gain.round(2).tolist(), found.leader.tolist()
    ([0, 2, 1], [0.8, 0.0, 0.5], [0, 0, 2])
    """
    starts, near, settled = _neighbours(vectors, alike, trust, cell)
    chances = np.asarray(errors, dtype=np.float64)
    covered, gain = np.zeros(len(chances)), np.zeros(len(chances))
    leader = np.arange(len(chances))
    is_led = np.zeros(len(chances), dtype=bool)
    order: list[int] = []

    def gain_of(at: int) -> float:
        part = slice(starts[at], starts[at + 1])
        return float(chances[near[part]] @ np.maximum(settled[part] - covered[near[part]], 0.0))

    heap = [(-gain_of(at), at) for at in range(len(chances))]
    heapq.heapify(heap)
    while heap:
        stale, at = heap[0]
        now = gain_of(at)
        if now < -stale - 1e-12:
            heapq.heapreplace(heap, (-now, at))
            continue
        heapq.heappop(heap)
        order.append(at)
        gain[at] = now
        part = slice(starts[at], starts[at + 1])
        others, by = near[part], settled[part]
        covered[others] = np.maximum(covered[others], by)
        if not is_led[at]:
            mine = others[(by >= min(0.5, trust / 2)) & ~is_led[others]]
            leader[mine], is_led[mine] = at, True
    return Worth(np.array(order, dtype=np.int64), gain, leader)


def trust_in_likeness(
    vectors: Floats, labels: Sequence[object], *, alike: float = ALIKE, cell: int = CELL
) -> float:
    """How often products that look alike have the same label: what an answer about one says of the other.

    Shops differ: some list a product once for each colour, others give one title to different goods.

    Parameters
    ----------
    vectors : (n, dim) float32
        Unit rows.
    labels : sequence of n hashables
        What is known of each product's category; None or empty where nothing is.

    Returns
    -------
    float
        In 0..1; `DEFAULT_TRUST` counts as much as `PRIOR_PAIRS` pairs, and is all there is without labels.
    """
    same, pairs = DEFAULT_TRUST * PRIOR_PAIRS, float(PRIOR_PAIRS)
    codes = {label: code for code, label in enumerate(dict.fromkeys(label for label in labels if label))}
    known = np.array([codes.get(label, -1) for label in labels], dtype=np.int64)
    starts, near, by = _neighbours(vectors, alike, 1.0, cell)
    of = np.repeat(np.arange(len(known)), np.diff(starts))
    counts = (of != near) & (known[of] >= 0) & (known[near] >= 0)
    weight = by[counts] / 2  # each pair is seen from both sides
    same += float(weight[known[of[counts]] == known[near[counts]]].sum())
    return same / (pairs + float(weight.sum()))


def _neighbours(vectors: Floats, alike: float, trust: float, cell: int) -> tuple[Indices, Indices, Numbers]:
    """For each product those that its answer settles, itself first, and how far: rows one after another."""
    n = len(vectors)
    rows: list[tuple[Indices, Numbers]] = [(np.empty(0, np.int64), np.empty(0))] * n
    for members in _cells(vectors, cell):
        cosines = vectors[members] @ vectors[members].T
        for at, line in zip(members, cosines, strict=True):
            rows[at] = _settles(at, members, line, alike, trust)
    starts = np.concatenate([[0], np.cumsum([len(near) for near, _ in rows])]).astype(np.int64)
    if not n:
        return starts, np.empty(0, np.int64), np.empty(0)
    return starts, np.concatenate([near for near, _ in rows]), np.concatenate([by for _, by in rows])


def _settles(
    at: int, members: Indices, cosines: Floats, alike: float, trust: float
) -> tuple[Indices, Numbers]:
    found = np.flatnonzero(cosines > alike)
    if len(found) > MAX_ALIKE:
        found = found[np.argsort(-cosines[found], kind="stable")[:MAX_ALIKE]]
    near = members[found]
    by = np.clip((cosines[found].astype(np.float64) - alike) / max(1.0 - alike, 1e-9), 0.0, 1.0)
    others = near != at
    return np.concatenate([[at], near[others]]), np.concatenate([[1.0], trust * by[others]])


def _cells(vectors: Floats, cell: int) -> list[Indices]:
    """Parts of at most `cell` products, each of those nearest to one of some spread over the input."""
    n = len(vectors)
    if n <= cell:
        return [np.arange(n)] if n else []
    pivots = vectors[np.linspace(0, n - 1, -(-2 * n // cell)).astype(np.int64)]
    cosines = [vectors[at : at + cell] @ pivots.T for at in range(0, n, cell)]
    nearest = np.concatenate([block.argmax(axis=1) for block in cosines])
    # By cosine within a group, so that a group too large for one cell is not cut through equal products.
    order = np.lexsort((np.concatenate([block.max(axis=1) for block in cosines]), nearest))
    groups = np.split(order, np.flatnonzero(np.diff(nearest[order])) + 1)
    return [part for group in groups for part in np.array_split(group, -(-len(group) // cell))]
