"""Two ways of reading the same titles, timed in turns, so that a busy machine is busy for both."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

__all__ = ["Race", "on_threads", "race"]

Reader = Callable[[Sequence[str]], object]


@dataclass(frozen=True, slots=True)
class Race:
    """Titles a second of either side over all rounds, and how many times as fast ours was in each."""

    ours: float
    peer: float
    ratios: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The median over the rounds."""
        return float(np.median(self.ratios))


def race(ours: Reader, peer: Reader, titles: Sequence[str], *, rounds: int) -> Race:
    """Both read all titles in each round, and take turns at going first.

    Neither may remember what it read in an earlier round, and both should have read something before.
    """
    seconds: dict[Reader, list[float]] = {ours: [], peer: []}
    for turn in range(rounds):
        for reader in (ours, peer) if turn % 2 else (peer, ours):
            started = time.perf_counter()
            reader(titles)
            seconds[reader].append(time.perf_counter() - started)
    return Race(
        rounds * len(titles) / sum(seconds[ours]),
        rounds * len(titles) / sum(seconds[peer]),
        tuple(theirs / own for own, theirs in zip(seconds[ours], seconds[peer], strict=True)),
    )


@contextmanager
def on_threads(n: int) -> Iterator[int]:
    """Keep this process on `n` cores meanwhile (0: all it has), whatever libraries think; gives their number.

    Libraries count cores when they are loaded or compile: enter this before.
    """
    import torch

    allowed, before = os.sched_getaffinity(0), torch.get_num_threads()
    chosen = set(sorted(allowed)[: n or len(allowed)])
    os.sched_setaffinity(0, chosen)
    torch.set_num_threads(len(chosen))
    try:
        yield len(chosen)
    finally:
        os.sched_setaffinity(0, allowed)
        torch.set_num_threads(before)
