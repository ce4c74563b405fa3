"""A re-tagging job: what it is pinned to, its shards, and what it changed.

::

    planned ──> running ──> finished ──> rolled back
                   └────────────────────────┘

A job's products are cut into shards. A worker takes one on a lease, and writes what it found together with
the shard's mark: a shard is done whole or not at all, and one whose worker died is taken again.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np

from taxonomy.product import Assignment, ProductId

__all__ = ["Change", "Job", "JobKind", "JobState", "Shard", "Tally"]


class JobKind(StrEnum):
    """What a job does to a product."""

    STRUCTURE = "structure"  # the id it is stored under becomes the live one that this leads to
    MODEL = "model"  # a model says anew where it belongs
    ROLLBACK = "rollback"  # what another job wrote is taken back


class JobState(StrEnum):
    """Where a job is on its way."""

    PLANNED = "planned"
    RUNNING = "running"
    FINISHED = "finished"
    ROLLED_BACK = "rolled back"


@dataclass(frozen=True, slots=True)
class Job:
    """One re-tagging of a catalogue in a taxonomy.

    Attributes
    ----------
    since, tree_version : int
        What changed between these versions made its products stale; it writes ids of the second.
    model_revision, model_dir : str
        The model, empty for a job without one.
    precision : float
        How often a node that the model gives must be right, in 0..1.
    everything : bool
        Whether all products are meant, stale or not.
    undoes : int, optional
        The job that a rollback takes back.
    id : int
        Given by the ledger; 0 before.
    """

    taxonomy: str
    catalog: str
    kind: JobKind
    since: int
    tree_version: int
    state: JobState = JobState.PLANNED
    model_revision: str = ""
    model_dir: str = ""
    precision: float = 1.0
    everything: bool = False
    undoes: int | None = None
    id: int = 0
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shard:
    """The products of a job whose ids lie in `first_id` .. `last_id`; `n_products` when it was planned."""

    job_id: int
    ordinal: int
    first_id: ProductId
    last_id: ProductId
    n_products: int


@dataclass(frozen=True, slots=True)
class Tally:
    """How far a job is.

    `n_products` were planned, `n_tagged` looked at, `n_changed` written. `n_failed` shards were given up
    after errors; `errors` says which, each once. `seconds` passed between the latest start and the last shard
    done since, in which `n_recent` products were looked at.
    """

    n_shards: int = 0
    n_done: int = 0
    n_failed: int = 0
    n_products: int = 0
    n_tagged: int = 0
    n_changed: int = 0
    n_recent: int = 0
    seconds: float = 0.0
    errors: tuple[str, ...] = ()

    @property
    def is_through(self) -> bool:
        """Whether no shard is left that a worker could take, now or when a lease ends."""
        return self.n_done + self.n_failed == self.n_shards

    @property
    def products_per_s(self) -> float:
        """Speed since the latest start; 0 before the first shard is done."""
        return self.n_recent / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """A product's assignment as stored before and after; None: it had none."""

    product_id: ProductId
    before: Assignment | None
    after: Assignment | None

    @property
    def is_real(self) -> bool:
        """Whether anything but the tree version differs: what a store takes for worth writing."""
        return _telling(self.before) != _telling(self.after)

    @property
    def back(self) -> "Change":
        """What takes it back."""
        return Change(self.product_id, self.after, self.before)


def _telling(one: Assignment | None) -> tuple[object, ...] | None:
    if one is None:
        return None
    # A store keeps 32 bits, and a driver reads them back as the shortest decimal: two doubles, one number.
    return one.node_id, np.float32(one.probability), one.source, one.model_revision
