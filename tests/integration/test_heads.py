"""Trees kept in memory: never one that was not committed, never an old one, whoever else writes."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine, event, text

from store.engine import connect
from store.heads import Heads, heads_of
from store.unit_of_work import PostgresUnitOfWork
from taxonomy.edits import Create, Edit, Merge, Move, Rename
from taxonomy.node import ROOT_ID, Node, NodeId
from taxonomy.product import Source
from taxonomy.service import editing
from taxonomy.tree import Tree
from tests.database import child_environment

TOOLS, SEEDS, PETS = NodeId("tools"), NodeId("seeds"), NodeId("pets")


@pytest.fixture
def other(migrated_url: str) -> Iterator[Engine]:
    """The same database as another process has it: with an engine, hence with heads, of its own."""
    made = connect(migrated_url)
    yield made
    made.dispose()


@pytest.fixture
def planted(engine: Engine) -> Engine:
    """`home` with three categories, its head kept."""
    with PostgresUnitOfWork(engine) as uow:
        uow.trees.create("home")
        made = [Create(Node(at, at.title())) for at in (TOOLS, SEEDS, PETS)]
        editing.edit(uow, "home", made, author="ann", source=Source.IMPORT)
    return engine


def edit(engine: Engine, *edits: Edit) -> None:
    with PostgresUnitOfWork(engine) as uow:
        editing.edit(uow, "home", edits, author="ann")


def head(engine: Engine) -> Tree:
    with PostgresUnitOfWork(engine) as uow:
        return uow.trees.head("home")


def loaded(url: str) -> Tree:
    """The head as somebody sees it who kept nothing."""
    fresh = connect(url)
    tree = head(fresh)
    fresh.dispose()
    return tree


def tables_read(engine: Engine) -> list[str]:
    """Fills with the statements that load whole trees, as they are run."""
    found: list[str] = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(_: object, __: object, statement: str, *___: object) -> None:
        if "json_agg" in statement:
            found.append(statement)

    return found


def test_a_head_is_loaded_once(planted: Engine) -> None:
    loads = tables_read(planted)

    for name in ("One", "Two", "Three"):
        edit(planted, Rename(TOOLS, name))

    assert head(planted).nodes[TOOLS].name == "Three"
    assert head(planted) is head(planted)
    assert loads == []


def test_what_another_engine_wrote_is_seen_without_loading_the_tree(
    planted: Engine, other: Engine, migrated_url: str
) -> None:
    head(planted).digest()
    loads = tables_read(planted)

    edit(other, Move(SEEDS, TOOLS), Rename(PETS, "Animals"))
    edit(other, Merge((PETS,), TOOLS))

    assert head(planted) == loaded(migrated_url)
    assert head(planted).version == 3
    assert loads == []


def test_editors_with_heads_of_their_own_take_turns(
    planted: Engine, other: Engine, migrated_url: str
) -> None:
    for turn in range(6):
        edit((planted, other)[turn % 2], Rename((TOOLS, SEEDS, PETS)[turn % 3], f"Turn {turn}"))

    assert head(planted) == head(other) == loaded(migrated_url)
    assert head(planted).digest() == replace(loaded(migrated_url)).digest()


def test_what_another_process_wrote_is_seen(planted: Engine, migrated_url: str) -> None:
    before = head(planted)
    program = (
        "import sys; from store.engine import connect; from store.unit_of_work import PostgresUnitOfWork;"
        "from taxonomy.edits import Rename; from taxonomy.service import editing\n"
        "with PostgresUnitOfWork(connect(sys.argv[1])) as uow:\n"
        "    editing.edit(uow, 'home', [Rename('tools', 'Spades')], author='bob')"
    )

    subprocess.run([sys.executable, "-c", program, migrated_url], check=True, env=child_environment())

    assert before.nodes[TOOLS].name == "Tools"
    assert head(planted).nodes[TOOLS].name == "Spades"


@pytest.mark.parametrize("ending", ["rollback", "leave"])
def test_a_tree_that_was_not_committed_is_never_served(planted: Engine, other: Engine, ending: str) -> None:
    with PostgresUnitOfWork(planted) as uow:
        locked = uow.trees.lock("home")
        renamed = replace(locked.nodes[TOOLS], name="Lost")
        uow.trees.save("home", locked, replace(locked, version=2, nodes={**locked.nodes, TOOLS: renamed}))
        assert uow.trees.head("home").nodes[TOOLS].name == "Lost"
        assert head(other).nodes[TOOLS].name == "Tools"
        if ending == "rollback":
            uow.rollback()
            assert uow.trees.head("home").nodes[TOOLS].name == "Tools"

    edit(other, Rename(TOOLS, "Kept"))  # takes the version that was lost

    assert head(planted).version == 2
    assert head(planted).nodes[TOOLS].name == "Kept"


def test_a_version_that_counts_the_same_and_holds_another_tree_is_loaded(planted: Engine) -> None:
    edit(planted, Rename(TOOLS, "Spades"))
    with planted.begin() as connection:  # as a restored backup would: same number, another history
        connection.execute(text("ALTER TABLE versions DISABLE TRIGGER append_only"))
        connection.execute(text("UPDATE versions SET digest = 'another' WHERE number = 2"))
        connection.execute(text("UPDATE branches SET name = 'Shovels' WHERE path = 'tools'"))

    assert head(planted).nodes[TOOLS].name == "Shovels"


def test_many_edits_at_once_are_loaded_rather_than_replayed(planted: Engine, other: Engine) -> None:
    loads = tables_read(planted)

    edit(other, *(Create(Node(NodeId(f"n{at}"), f"Node {at}", TOOLS)) for at in range(1001)))

    assert head(planted).nodes == head(other).nodes
    assert len(loads) == 1


def test_versions_that_nobody_recorded_are_loaded(planted: Engine, other: Engine) -> None:
    with PostgresUnitOfWork(other) as uow:
        tree = uow.trees.lock("home")
        nodes = {**tree.nodes, TOOLS: replace(tree.nodes[TOOLS], name="Unrecorded")}
        uow.trees.save("home", tree, replace(tree, version=2, nodes=nodes))
        uow.commit()

    assert head(planted).nodes[TOOLS].name == "Unrecorded"


def test_the_digest_of_a_kept_tree_follows_every_edit(planted: Engine) -> None:
    head(planted).digest()

    edit(planted, Move(SEEDS, TOOLS))
    edit(planted, Move(SEEDS, ROOT_ID, 0))

    assert head(planted).known_digest == replace(head(planted)).digest()


def test_the_least_recently_used_tree_is_forgotten_first() -> None:
    heads, trees = Heads(kept=2), [Tree(version=1) for _ in range(3)]
    heads.keep(1, "a", trees[0])
    heads.keep(2, "b", trees[1])
    heads.get(1, 1, "a")
    heads.keep(3, "c", trees[2])

    assert heads.get(1, 1, "a") is trees[0]
    assert heads.get(2, 1, "b") is None


def test_an_old_digest_that_an_undo_brought_back_is_of_its_new_version() -> None:
    heads = Heads()
    heads.keep(1, "a", Tree(version=1))

    assert heads.get(1, 3, "a") is None
    assert heads.older(1, 3) == ("a", Tree(version=1))


def test_engines_share_nothing(planted: Engine, other: Engine) -> None:
    assert heads_of(planted) is heads_of(planted) is not heads_of(other)
