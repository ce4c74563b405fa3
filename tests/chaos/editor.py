"""One editor: random edits until so many are acknowledged, whatever is killed meanwhile."""

import argparse
import random
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

from sqlalchemy import Engine, update

from store.embedded import Cluster
from store.engine import connect
from store.tables import taxonomies
from store.trees import PostgresTrees
from store.unit_of_work import PostgresUnitOfWork
from taxonomy.changes import ChangeSet, State
from taxonomy.codec import edit_from_json, edit_to_json
from taxonomy.edits import (
    Assign,
    Create,
    Edit,
    Merge,
    Move,
    Part,
    Pin,
    Relabel,
    Rename,
    Reorder,
    Retire,
    Split,
)
from taxonomy.errors import DatabaseUnavailable, InputError, StoreError
from taxonomy.node import Node, random_ids
from taxonomy.product import ProductId, Source
from taxonomy.service import editing
from taxonomy.tree import Tree
from tests.chaos.journal import Answer, Journal, Request, read

T = TypeVar("T")
HOME, SHOP = "home", "shop"
N_PRODUCTS = 500
KINDS = {"create": 6, "rename": 6, "move": 6, "merge": 1, "retire": 2, "split": 1, "reorder": 2, "relabel": 3,
         "assign": 5, "pin": 2}  # fmt: skip
"""How often each kind is tried; more makes nodes than takes them, for a taking is refused more often."""
PAUSE_S = 0.05
RACE_S = 0.02  # between reading the head and writing to it, where nothing else keeps editors apart


class Editor:
    """An editor's hand, the version it saw, and its journal."""

    def __init__(self, name: str, home: Path, journal: Path, seed: int) -> None:
        self.name, self.cluster, self.path = name, Cluster(home), journal
        self.random = random.Random(f"{name} {seed} {journal.stat().st_size if journal.exists() else 0}")
        self.engine: Engine | None = None
        self.seen = Tree()
        self.mine: list[str] = []

    def work(self, n_edits: int) -> None:
        """Go on where the journal ends, until it holds so many acknowledged edits."""
        self.journal = Journal(self.path)
        asked, told = read(self.path)
        answered = {one.key for one in told}
        n_done, n_asked = sum(bool(one.version) for one in told), len(asked)
        for request in asked:
            if request.key not in answered:  # we were killed before we heard: ask again
                n_done += self.settle(request)
        while n_done < n_edits:
            n_asked += 1
            request = self.insisting(partial(self.thought_of, f"{self.name}-{n_asked}"))
            self.journal.ask(request)
            n_done += self.settle(request)

    def settle(self, request: Request) -> bool:
        """Ask until there is an answer, and keep it; whether it was done."""
        tries = 0

        def once() -> Answer:
            nonlocal tries
            tries += 1
            try:
                done = self.asked(request)
            except InputError as error:
                return Answer(request.key, refusal=str(error), n_tries=tries)
            except StoreError as error:
                if isinstance(error, DatabaseUnavailable):
                    raise
                return Answer(request.key, fault=str(error), n_tries=tries)
            edits = tuple(map(edit_to_json, done.edits))
            return Answer(request.key, done.id, done.applied_version or 0, n_tries=tries, edits=edits)

        answer = self.insisting(once)
        self.journal.tell(answer)
        if answer.version:
            self.mine.append(answer.change_id)
        return bool(answer.version)

    def insisting(self, ask: Callable[[], T]) -> T:
        """What comes back, once the database is there; it is started like any command would start it."""
        while True:
            try:
                if self.engine is None:
                    self.engine = connect(self.cluster.ensure_running())
                return ask()
            except DatabaseUnavailable:
                if self.engine is not None:
                    self.engine.dispose()
                self.engine = None
                time.sleep(PAUSE_S)

    def asked(self, request: Request) -> ChangeSet:
        """Send a request; the change set that it made, now or when it was sent before."""
        edits = [edit_from_json(one) for one in request.edits]
        key, said = request.key, {"author": self.name, "reason": request.key}
        if self.engine is None:
            raise DatabaseUnavailable("not connected yet")
        with PostgresUnitOfWork(self.engine) as uow:
            if request.verb == "revert":
                return editing.revert(uow, request.change_id, author=self.name, key=key)
            if request.verb == "edit":
                return editing.edit(uow, HOME, edits, base_version=request.base_version, key=key, **said)
            change = editing.propose(uow, HOME, edits, source=Source.PERSON, key=key, **said)
            if change.state is State.PROPOSED:
                change = editing.accept(uow, change.id, author=self.name).applied or change
            if change.state is not State.APPLIED:
                raise InputError("others came first")
            return change

    def thought_of(self, key: str) -> Request:
        """Something to do, on a tree that was seen now or a while ago."""
        if not self.seen.nodes or self.random.random() < 0.3:
            if self.engine is None:
                raise DatabaseUnavailable("not connected yet")
            with PostgresUnitOfWork(self.engine) as uow:
                self.seen = uow.trees.head(HOME)
        if self.mine and self.random.random() < 0.07:
            return Request(key, "revert", change_id=self.mine.pop())
        n_edits = self.random.choice((1, 1, 1, 2, 3))
        edits = tuple(edit_to_json(self.one()) for _ in range(n_edits))
        verb = "propose" if self.random.random() < 0.1 else "edit"
        return Request(key, verb, edits, self.seen.version)

    def one(self) -> Edit:
        """A random edit. No category goes to the top, from where it could retire with nobody to follow it."""
        (kind,) = self.random.choices(list(KINDS), list(KINDS.values()))
        at, to = self.random.sample(sorted(self.seen.nodes), 2)
        name = f"Name {self.random.randrange(300)}"
        match kind:
            case "create":
                return Create(Node(random_ids(), name, at), self.random.choice((None, 0)))
            case "rename":
                return Rename(at, name)
            case "move":
                return Move(at, to, self.random.choice((None, 0)))
            case "merge":
                return Merge((at,), to)
            case "retire":
                return Retire(at, to)
            case "split":
                parts = (Part(random_ids(), name), Part(random_ids(), name + " b", self.some_products()))
                return Split(at, parts, SHOP)
            case "reorder":
                return Reorder(at, tuple(reversed(self.seen.children_of(at))))
            case "relabel":
                return Relabel(at, "de", alternative=(name,))
            case "assign":
                return Assign(SHOP, at, self.some_products())
            case _:
                return Pin(name, at)

    def some_products(self) -> tuple[ProductId, ...]:
        return tuple(ProductId(f"p{at}") for at in sorted(self.random.sample(range(N_PRODUCTS), 3)))


def edit(name: str, home: Path, journal: Path, n_edits: int, seed: int, *, lock: bool) -> None:
    """Be an editor until the work is done."""
    editor = Editor(name, home, journal, seed)
    if lock:
        editor.work(n_edits)
        return
    with (
        patch.object(PostgresTrees, "lock", _unlocked),
        patch.object(PostgresTrees, "_advance", _unchecked),
    ):
        editor.work(n_edits)


def _unlocked(trees: PostgresTrees, name: str) -> Tree:
    """The head, held against nobody."""
    head = trees.head(name)
    time.sleep(RACE_S)
    return head


def _unchecked(trees: PostgresTrees, name: str, before: int, after: int) -> int:
    """The next version, whatever the last one was."""
    step = update(taxonomies).where(taxonomies.c.name == name).values(version=after)
    return int(trees._transaction.run(step.returning(taxonomies.c.id)).scalar_one())


def main() -> None:
    """Be the editor that the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    for option, kind in (("--home", Path), ("--journal", Path), ("--edits", int), ("--seed", int)):
        parser.add_argument(option, type=kind, required=True)
    parser.add_argument("--without-lock", action="store_true")
    told = parser.parse_args()
    edit(told.name, told.home, told.journal, told.edits, told.seed, lock=not told.without_lock)


if __name__ == "__main__":
    main()
