"""One transaction over all repositories: all of a block, or nothing."""

from dataclasses import replace

import pytest

from taxonomy.edits import Assign, Create, Rename
from taxonomy.node import Node, NodeId
from taxonomy.ports import UnitOfWork
from taxonomy.product import Source
from taxonomy.service import editing
from tests.contract.given import POPPY, SHELF, SPADE, WOK, at, edited, imported, planted, said, stocked


def test_what_was_not_committed_is_gone(uow: UnitOfWork) -> None:
    with uow:
        uow.trees.create("home")
        uow.catalogs.create("shop")
    with uow:
        assert uow.trees.names() == []
        assert uow.catalogs.names() == []


def test_an_error_in_the_block_undoes_it_and_comes_out(uow: UnitOfWork) -> None:
    with pytest.raises(ZeroDivisionError), uow:
        uow.trees.create("home")
        raise ZeroDivisionError
    with uow:
        assert uow.trees.names() == []


def test_what_was_committed_stays_and_the_block_goes_on(uow: UnitOfWork) -> None:
    with uow:
        uow.trees.create("home")
        uow.commit()
        uow.trees.create("pets")
    with uow:
        assert uow.trees.names() == ["home"]


def test_a_rollback_forgets_back_to_the_last_commit_and_the_block_goes_on(uow: UnitOfWork) -> None:
    with uow:
        tree = planted(uow)
        head = uow.trees.lock("home")
        uow.trees.save("home", head, edited_away := type(head)(version=2))
        assert uow.trees.head("home") == edited_away
        uow.rollback()

        assert uow.trees.head("home") == tree
        edited(uow, Rename(at(tree, "Garden"), "Outdoors"))
    with uow:
        assert uow.trees.head("home").version == 2


def test_an_edit_and_its_revert_go_through_every_repository(uow: UnitOfWork) -> None:
    with uow:
        tree = stocked(uow)
        done = editing.edit(uow, "home", [Rename(at(tree, "Garden"), "Outdoors")], author="ann")
        editing.revert(uow, done.id, author="ann")

        assert uow.trees.head("home").nodes == tree.nodes
        assert [row.version for row in uow.changes.audit("home")] == [3, 2]
        assert uow.changes.get(done.id).source is Source.PERSON


def test_a_built_change_that_is_taken_back_gives_products_their_places_again(
    uow: UnitOfWork,
) -> None:
    """But for what was written since; the wok had no place before."""
    with uow:
        tree = stocked(uow)
        uow.assignments.remove("shop", "home", [WOK.id])
        uow.commit()
        every = [one.id for one in SHELF]
        before = uow.assignments.stored("shop", "home", every)
        fresh = NodeId("fresh")
        edits = [
            Create(Node(fresh, "Fresh", at(tree, "Garden"))),
            Assign("shop", fresh, tuple(every), (0.5, 0.25, 0.75)),
            Assign("shop", at(tree, "Kitchen"), (POPPY.id,), (0.125,)),
        ]
        built = editing.edit(uow, "home", edits, author="build", source=Source.BUILD, model_revision="bert@2")
        written = uow.assignments.stored("shop", "home", every)
        assert {one.node_id for one in written.values()} == {fresh, at(tree, "Kitchen")}
        since = replace(said(SPADE, at(tree, "Garden", "Seeds")), model_revision="bert@3", tree_version=2)
        uow.assignments.write("shop", "home", [since])
        uow.commit()

        editing.revert(uow, built.id, author="ann")

        assert uow.assignments.stored("shop", "home", every) == {SPADE.id: since, POPPY.id: before[POPPY.id]}


def test_products_imported_in_one_block_are_seen_in_the_next(uow: UnitOfWork) -> None:
    with uow:
        imported(uow, [SPADE])
    with uow:
        assert uow.catalogs.get("shop", [SPADE.id]) == [SPADE]
