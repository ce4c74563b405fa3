"""One transaction over all repositories: all of a block, or nothing."""

import pytest

from taxonomy.edits import Rename
from taxonomy.ports import UnitOfWork
from taxonomy.product import Source
from taxonomy.service import editing
from tests.contract.given import SPADE, at, edited, imported, planted, stocked


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


def test_products_imported_in_one_block_are_seen_in_the_next(uow: UnitOfWork) -> None:
    with uow:
        imported(uow, [SPADE])
    with uow:
        assert uow.catalogs.get("shop", [SPADE.id]) == [SPADE]
