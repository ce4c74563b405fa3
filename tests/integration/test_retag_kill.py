"""kill -9 of re-tagging workers at random shards: each product is tagged once, and a rollback is exact."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil
import pytest
from sqlalchemy import Engine, text

from ingest.jobs.run_local import run_local
from store.unit_of_work import PostgresUnitOfWork
from taxonomy.edits import Create, Merge
from taxonomy.jobs import Job, JobState
from taxonomy.node import Node, NodeId
from taxonomy.product import Assignment, Product, ProductId, Source
from taxonomy.service import editing, retagging
from taxonomy.service.tagging import work
from tests.contract.given import imported
from tests.database import child_environment
from tests.integration import idle_worker, retag_worker
from tests.integration.retag_worker import STEPS, start

N_PRODUCTS, N_LEAVES, N_PLACED, SHARD = 1000, 8, 30, 20
IDS = [ProductId(f"p{n:04}") for n in range(N_PRODUCTS)]

Rows = list[tuple[object, ...]]


def leaf(n: int) -> NodeId:
    return NodeId(f"leaf{n:09}")


def stocked(engine: Engine) -> Job:
    """A thousand products in seven leaves, an eighth merged away, thirty placed by people; a planned job."""
    with PostgresUnitOfWork(engine) as uow:
        uow.trees.create("home")
        uow.commit()
        creates = [Create(Node(leaf(n), f"Leaf {n}")) for n in range(N_LEAVES)]
        editing.edit(uow, "home", creates, author="ann")
        imported(uow, [Product(one, f"Thing {one}") for one in IDS])
        said = [
            Assignment(at, leaf(n % N_LEAVES), n % 7 / 7, Source.BUILD, "b@1", 1)
            for n, at in enumerate(IDS)
            if n % 50
        ]
        uow.assignments.write("shop", "home", said)
        uow.assignments.place("shop", "home", leaf(1), IDS[::33][:N_PLACED], author="ann")
        editing.edit(uow, "home", [Merge((leaf(7),), leaf(0))], author="ann")
        model = retagging.Model("m@1", "/none")
        made = retagging.plan(uow, "shop", "home", model=model, everything=True, shard_size=SHARD)
        if made.job is None:
            raise LookupError("nothing to do")
        return retagging.begin(uow, made.job.id)


def rows(engine: Engine, table: str) -> Rows:
    with engine.connect() as connection:
        found = connection.execute(text(f"SELECT * FROM {table} ORDER BY product_id"))
        return [tuple(row) for row in found]


def named(engine: Engine) -> Rows:
    """The assignments as they are, with the models' names for their numbers."""
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT product_id, node_id, probability, a.source, revision, tree_version FROM assignments a"
                " JOIN model_revisions r ON r.id = revision_id ORDER BY product_id"
            )
        )
        return [tuple(row) for row in found]


def killed(engine: Engine, job: Job, deaths: Sequence[tuple[str, int]], *, protected: bool = True) -> None:
    """Workers side by side, each of which dies at its step of its nth shard."""
    crew = [start(engine, job, step=step, nth=nth, protected=protected) for step, nth in deaths]
    assert [ended(one) for one in crew] == [-signal.SIGKILL] * len(crew)


def finished(engine: Engine, job: Job) -> None:
    """One worker does what is left."""
    assert ended(start(engine, job)) == 0


def resumed(engine: Engine, job: Job) -> None:
    with PostgresUnitOfWork(engine) as uow:
        retagging.resume(uow, job.id)
    finished(engine, job)


def ended(process: BaseProcess) -> int | None:
    process.join(60)
    return process.exitcode


def require_once(engine: Engine, job: Job, before: Rows, uninterrupted: Rows, placements: Rows) -> None:
    """Each product was tagged once, as in a run that nobody killed, and people's placements are untouched."""
    with PostgresUnitOfWork(engine) as uow:
        tally, state = uow.jobs.tally(job.id), uow.jobs.get(job.id).state
    after = named(engine)
    old = {row[0]: row[:5] for row in before}
    changed = [row[0] for row in after if old.get(row[0]) != row[:5]]
    assert after == uninterrupted
    assert [row[1] for row in rows(engine, "tag_history")] == changed
    assert (tally.n_tagged, tally.n_changed) == (N_PRODUCTS - N_PLACED, len(changed))
    assert (tally.n_done, state) == (tally.n_shards, JobState.FINISHED)
    assert rows(engine, "placements") == placements


@pytest.fixture(scope="module")
def uninterrupted(server_url: str, migrated_template: str) -> Rows:
    """The assignments after a run of one worker that nobody killed."""
    from store.engine import connect
    from tests.database import fresh_database

    with fresh_database(server_url, template=migrated_template) as url:
        engine = connect(url)
        job = stocked(engine)
        tag = retag_worker.tagger([leaf(n) for n in range(N_LEAVES - 1)])
        work(lambda: PostgresUnitOfWork(engine), job.id, "alone", tag=tag)
        found = named(engine)
        engine.dispose()
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_five_killed_workers_leave_no_trace(engine: Engine, uninterrupted: Rows, seed: int) -> None:
    draw = random.Random(seed)
    job = stocked(engine)
    before, placements = named(engine), rows(engine, "placements")

    killed(engine, job, [(step, draw.randint(1, 5)) for step in STEPS])
    resumed(engine, job)

    require_once(engine, job, before, uninterrupted, placements)


def test_without_the_one_transaction_a_killed_worker_is_noticed(engine: Engine, uninterrupted: Rows) -> None:
    job = stocked(engine)
    before, placements = named(engine), rows(engine, "placements")

    killed(engine, job, [("record", 2)], protected=False)
    resumed(engine, job)

    with pytest.raises(AssertionError):
        require_once(engine, job, before, uninterrupted, placements)


def test_a_rollback_that_is_killed_and_resumed_restores_every_byte(engine: Engine) -> None:
    job = stocked(engine)
    before, placements = rows(engine, "assignments"), rows(engine, "placements")
    finished(engine, job)
    assert rows(engine, "assignments") != before
    with PostgresUnitOfWork(engine) as uow:
        back = retagging.roll_back(uow, job.id)

    killed(engine, back, [("write", 3), ("mark", 2), ("commit", 4)])
    resumed(engine, back)

    assert rows(engine, "assignments") == before
    assert rows(engine, "placements") == placements


def test_a_job_that_is_killed_half_way_can_be_rolled_back(engine: Engine) -> None:
    job = stocked(engine)
    before = rows(engine, "assignments")
    killed(engine, job, [("record", 6), ("commit", 6)])
    with PostgresUnitOfWork(engine) as uow:
        back = retagging.roll_back(uow, job.id)

    finished(engine, back)

    assert rows(engine, "assignments") == before


def test_a_lease_is_renewed_while_a_model_takes_its_time(engine: Engine) -> None:
    job = stocked(engine)
    slow = retag_worker.tagger([leaf(0)])
    taken: list[object] = []

    def tag(products: Sequence[Product]) -> Sequence[Assignment | None]:
        if not taken:
            time.sleep(1.2)
            with PostgresUnitOfWork(engine) as uow:
                taken.append(uow.jobs.claim(job.id, "thief", lease_s=0.1))
        return slow(products)

    work(lambda: PostgresUnitOfWork(engine), job.id, "slow", tag=tag, lease_s=0.6)

    assert getattr(taken[0], "ordinal", None) == 1
    with PostgresUnitOfWork(engine) as uow:
        assert uow.jobs.tally(job.id).n_tagged == N_PRODUCTS - N_PLACED


def test_ctrl_c_tells_every_worker_and_a_killed_crew_stops_by_itself(tmp_path: Path) -> None:
    code = (
        "from functools import partial; from ingest.jobs.run_local import run_local;"
        "from tests.integration.idle_worker import until_told;"
        f"run_local(partial(until_told, {str(tmp_path)!r}), 2)"
    )
    for number in (signal.SIGINT, signal.SIGKILL):
        crew = subprocess.Popen(
            [sys.executable, "-c", code],
            env=child_environment(),
            stderr=subprocess.DEVNULL,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
        )
        wait_for(tmp_path, "here", 2)
        workers = psutil.Process(crew.pid).children(recursive=True)

        crew.send_signal(number)

        wait_for(tmp_path, "told", 2)
        psutil.wait_procs(workers, timeout=20)
        assert crew.wait(20) != 0
        for file in tmp_path.iterdir():
            file.unlink()


def wait_for(folder: Path, word: str, n: int) -> None:
    deadline = time.monotonic() + 30
    while sum(file.read_text() == word for file in folder.iterdir()) < n:
        if time.monotonic() > deadline:
            raise TimeoutError(f"no {n} workers said {word}")
        time.sleep(0.05)


def test_what_went_wrong_in_a_worker_is_said() -> None:
    assert run_local(idle_worker.fail, 2) == ["it is full", "it is full"]
    assert run_local(idle_worker.killed, 1) == ["a worker was killed by signal 9"]
