"""Seconds and peak memory of a piece of work, in a process of its own so that nothing else counts."""

import gc
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from taxonomy.errors import TaxonomyError

__all__ = ["Killed", "Spent", "fresh"]

T = TypeVar("T")
Work = Callable[[], T]


class Killed(TaxonomyError):
    """The process that did the work was ended from outside, most often for want of memory."""


@dataclass(frozen=True)
class Spent(Generic[T]):
    """What work gave, and what it took.

    Attributes
    ----------
    cpu_s : float
        Seconds of all cores together: what seconds would say on a machine that nobody else uses.
    peak_mb : float
        The most memory that its process held, libraries and input included.
    """

    result: T
    seconds: float
    cpu_s: float
    peak_mb: float


def fresh(work: Work[T], *, warm_up: Callable[[], object] | None = None) -> Spent[T]:
    """Do the work in a new process; both callables must be picklable, as a `functools.partial` is.

    Parameters
    ----------
    warm_up : callable, optional
        The same work on little: importing and compiling libraries is not what is to be timed.

    Raises
    ------
    Killed
        The process ended before its work did.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        try:
            return pool.submit(_measured, work, warm_up).result()
        except BrokenProcessPool as error:
            raise Killed("the process was killed: most often it needed more memory than there is") from error


def _measured(work: Work[T], warm_up: Callable[[], object] | None) -> Spent[T]:
    os.environ["TQDM_DISABLE"] = "1"  # a peer's bars would run into ours
    if warm_up is not None:
        warm_up()
        gc.collect()
    started, began = time.perf_counter(), time.process_time()
    result = work()
    return Spent(result, time.perf_counter() - started, time.process_time() - began, _peak_mb())


def _peak_mb() -> float:
    """Of this process; Linux hands `ru_maxrss` down from the parent, so it is only used elsewhere."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024
