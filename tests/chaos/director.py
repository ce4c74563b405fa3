"""Starts the editors, kills them and the server, and waits until the work is done."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from store.embedded import Cluster
from store.engine import connect
from store.migrate import upgrade
from store.unit_of_work import PostgresUnitOfWork
from taxonomy.edits import Create
from taxonomy.node import ROOT_ID, Node, NodeId, random_ids
from taxonomy.product import Assignment, Product, ProductId, Source
from taxonomy.service import editing
from tests.chaos.editor import HOME, N_PRODUCTS, SHOP
from tests.chaos.journal import n_answers
from tests.database import child_environment

PATIENCE_S = 180.0
"""Without one answer for so long, the run is stuck: a server recovers in seconds."""
POLL_S = 0.1
WIDTHS = (8, 5, 4)  # children of the root, of those, of those: 208 nodes


@dataclass(frozen=True)
class Plan:
    """How many do how much, and how many are killed."""

    n_editors: int = 20
    n_edits: int = 5000
    n_kills: int = 20
    seed: int = 1
    lock: bool = True


@dataclass
class Run:
    """What happened: how long it took, who was killed, and what should not have happened."""

    seconds: float = 0.0
    killed: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


class Director:
    """One run in a folder: a home for the server, a journal for each editor."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.plan, self.random, self.run = plan, random.Random(plan.seed), Run()
        self.home, self.cluster = folder / "home", Cluster(folder / "home")
        share = -(-plan.n_edits // plan.n_editors)
        self.shares = {f"editor{at}": share for at in range(plan.n_editors)}
        self.journals = {name: folder / f"{name}.jsonl" for name in self.shares}
        self.at_work: dict[str, subprocess.Popen[str]] = {}

    def direct(self) -> Run:
        """Plant the tree, let the editors work, kill, and wait for the last of them."""
        plant(self.cluster, lock=self.plan.lock)
        victims = self._victims()
        began = heard = time.monotonic()
        n_before = 0
        with self._editors():
            while self.at_work:
                n_told = sum(map(n_answers, self.journals.values()))
                if n_told > n_before:
                    n_before, heard = n_told, time.monotonic()
                if victims and n_told >= victims[0][0] and self._kill(victims[0][1]):
                    victims.pop(0)
                if time.monotonic() - heard > PATIENCE_S:
                    self.run.faults.append(f"nobody got an answer for {PATIENCE_S:.0f} s")
                    break
                self._see_who_left()
                time.sleep(POLL_S)
        self.run.seconds = time.monotonic() - began
        if victims:
            self.run.faults.append(f"{len(victims)} kills were left over when the work was done")
        return self.run

    def _victims(self) -> list[tuple[int, str]]:
        """After how many answers who is killed: editors and, as often, the server or one of its processes."""
        moments = sorted(self.random.sample(range(1, int(self.plan.n_edits * 0.9)), self.plan.n_kills))
        kinds = ["an editor", "the server", "an editor", "a backend"]
        who = [kinds[at % len(kinds)] for at in range(self.plan.n_kills)]
        self.random.shuffle(who)
        return list(zip(moments, who, strict=True))

    @contextmanager
    def _editors(self) -> Iterator[None]:
        try:
            for name in self.shares:
                self._start(name)
            yield
        finally:
            for process in self.at_work.values():
                process.kill()
                process.communicate()

    def _start(self, name: str) -> None:
        said = ["--home", self.home, "--journal", self.journals[name], "--edits", self.shares[name]]
        lock = [] if self.plan.lock else ["--without-lock"]
        command = [sys.executable, "-m", "tests.chaos.editor", name, *said, "--seed", self.plan.seed, *lock]
        self.at_work[name] = subprocess.Popen(
            list(map(str, command)), stderr=subprocess.PIPE, text=True, env=child_environment()
        )

    def _see_who_left(self) -> None:
        for name, process in list(self.at_work.items()):
            if process.poll() is not None:
                _, said = self.at_work.pop(name).communicate()
                if process.returncode:
                    last = said.strip().splitlines()[-1:] or [f"code {process.returncode}"]
                    self.run.faults.append(f"{name} broke down: {last[0]}")

    def _kill(self, who: str) -> bool:
        """Whether there was somebody to kill."""
        if who == "an editor":
            name = self.random.choice(sorted(self.at_work))
            self.at_work[name].kill()
            self.at_work.pop(name).communicate()
            self._start(name)
        elif (pid := self._server_process(who)) is None:
            return False
        else:
            os.kill(pid, signal.SIGKILL)
        self.run.killed[who] = self.run.killed.get(who, 0) + 1
        return True

    def _server_process(self, who: str) -> int | None:
        server = self.cluster.status().pid
        if server is None or who == "the server":
            return server
        try:
            found = [
                one.pid for one in psutil.Process(server).children() if "[local]" in "".join(one.cmdline())
            ]
        except psutil.NoSuchProcess:
            return None
        return self.random.choice(found) if found else None


def plant(cluster: Cluster, *, lock: bool = True) -> None:
    """A tree of some 200 nodes and a catalogue with every product in it."""
    url = cluster.ensure_running()
    upgrade(url)
    engine = connect(url)
    creates, level = list[Create](), [ROOT_ID]
    for width in WIDTHS:
        fresh = [Node(random_ids(), f"Start {at}", parent) for parent in level for at in range(width)]
        creates += map(Create, fresh)
        level = [node.id for node in fresh]
    with PostgresUnitOfWork(engine) as uow:
        uow.trees.create(HOME)
        uow.catalogs.create(SHOP)
        mark = uow.catalogs.begin_import(SHOP, "chaos")
        products = [Product(ProductId(f"p{at}"), f"Product {at}") for at in range(N_PRODUCTS)]
        uow.catalogs.finish_import(SHOP, uow.catalogs.upsert(SHOP, mark, products))
        editing.edit(uow, HOME, creates, author="director")
        leaves = (Assignment(one.id, _leaf(level, at), 1.0, Source.IMPORT) for at, one in enumerate(products))
        uow.assignments.write(SHOP, HOME, leaves)
        uow.commit()
    if not lock:  # nor may the keys of the log stand in for the lock
        with engine.begin() as connection:
            for table in ("versions", "audit", "touches"):
                connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey")
    engine.dispose()


def _leaf(leaves: list[NodeId], at: int) -> NodeId:
    return leaves[at % len(leaves)]
