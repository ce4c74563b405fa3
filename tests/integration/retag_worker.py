"""A worker of a re-tagging job that kills itself with signal 9 at a chosen step of a chosen shard.

Workers are forked from the tests, for a new Python takes a second to load what it needs. Unprotected, a
shard's mark is committed before its results are written: what the one transaction is there to prevent.
"""

import os
import signal
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import Any
from zlib import crc32

from sqlalchemy import Engine

from store.engine import connect
from store.ledger import PostgresLedger
from store.unit_of_work import PostgresUnitOfWork
from taxonomy.jobs import Job
from taxonomy.node import NodeId
from taxonomy.product import Assignment, Product, Source
from taxonomy.service.tagging import Tag, work

STEPS = ("tag", "record", "write", "mark", "commit")
"""Where a worker may die: before it writes, between two writes, before and after the commit."""


def tagger(node_ids: Sequence[NodeId]) -> Tag:
    """A model whose word depends on the product alone; it is not sure of every tenth."""

    def tag(products: Sequence[Product]) -> list[Assignment | None]:
        return [_said(one, node_ids) for one in products]

    return tag


def _said(product: Product, node_ids: Sequence[NodeId]) -> Assignment | None:
    number = crc32(product.id.encode())
    if number % 10 == 0:
        return None
    probability = number % 1000 / 1000
    return Assignment(product.id, node_ids[number % len(node_ids)], probability, Source.MODEL, "m@1", 9)


def die() -> None:
    """End as kill -9 does: nothing of ours runs any more."""
    os.kill(os.getpid(), signal.SIGKILL)


def mortal(do: Callable[..., Any], nth: int) -> Callable[..., Any]:
    """The same, but the process dies after so many calls."""
    left = [nth]

    def call(*values: Any, **options: Any) -> Any:
        given = do(*values, **options)
        left[0] -= 1
        if not left[0]:
            die()
        return given

    return call


def doom(uow: PostgresUnitOfWork, step: str, nth: int, tag: Tag) -> Tag:
    """Have the process die at this step of the nth shard."""
    if step == "tag":
        return mortal(tag, nth)
    if step == "commit":
        uow.jobs.mark = mortal_next(uow, uow.jobs.mark, nth)  # type: ignore[method-assign]
        return tag
    held = uow.assignments if step == "write" else uow.jobs
    setattr(held, step, mortal(getattr(held, step), nth))
    return tag


def mortal_next(uow: PostgresUnitOfWork, mark: Callable[..., Any], nth: int) -> Callable[..., Any]:
    """As `mortal`, but death waits for the commit that follows."""
    left = [nth]

    def call(*values: Any, **options: Any) -> None:
        mark(*values, **options)
        left[0] -= 1
        if not left[0]:
            uow.commit = mortal(uow.commit, 1)  # type: ignore[method-assign]

    return call


def unprotect() -> None:
    """Commit a shard's mark before its results."""
    hold = PostgresLedger.hold

    def marked_first(ledger: PostgresLedger, shard: Any, worker: str) -> bool:
        if not hold(ledger, shard, worker):
            return False
        ledger.mark(shard, n_tagged=shard.n_products, n_changed=0)
        ledger._transaction.commit()
        return True

    PostgresLedger.hold = marked_first  # type: ignore[method-assign]


def start(
    engine: Engine, job: Job, *, step: str = "", nth: int = 0, lease_s: float = 1.0, protected: bool = True
) -> BaseProcess:
    """A worker that dies at a step of its nth shard or, without one, lives until the job is done."""
    url = engine.url.render_as_string(hide_password=False)
    values = (url, job.id, lease_s, step, nth, protected)
    process = get_context("fork").Process(target=_live, args=values)
    process.start()
    return process


def _live(url: str, job_id: int, lease_s: float, step: str, nth: int, protected: bool) -> None:
    if not protected:
        unprotect()
    engine = connect(url)  # its own: what was opened before the fork is the parent's
    with PostgresUnitOfWork(engine) as uow:
        job = uow.jobs.get(job_id)
        leaves = () if job.undoes else sorted(uow.jobs.tree(job_id).leaves())
    tag = tagger(leaves)
    opened: list[PostgresUnitOfWork] = []

    def open_uow() -> PostgresUnitOfWork:
        """The first block is the worker's own, and doomed; the others renew its lease."""
        return Doomed(engine) if not opened else PostgresUnitOfWork(engine)

    class Doomed(PostgresUnitOfWork):
        def __enter__(self) -> "Doomed":
            super().__enter__()
            opened.append(self)
            nonlocal tag
            if step in STEPS:
                tag = doom(self, step, nth, tag)
            return self

    work(
        open_uow,
        job_id,
        f"worker {os.getpid()}",
        tag=None if job.undoes else lambda products: tag(products),
        lease_s=lease_s,
    )
