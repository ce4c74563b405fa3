"""A release pins the tree as it was, whatever is edited later."""

import pytest

from taxonomy.edits import Merge, Rename
from taxonomy.errors import UnknownId
from taxonomy.ports import Release, UnitOfWork
from taxonomy.tree import Tree
from tests.contract.given import at, edited, planted


def published(uow: UnitOfWork, tree: Tree, model_revision: str = "bert@1") -> Release:
    return uow.releases.publish(
        "home", tree, model_revision=model_revision, model_dir="/models/one", author="ann"
    )


def test_before_the_first_release_there_is_none(uow: UnitOfWork) -> None:
    with uow:
        planted(uow)

        assert uow.releases.current("home") is None
        assert uow.releases.log("home") == []


def test_a_release_comes_back_with_what_was_pinned(uow: UnitOfWork) -> None:
    with uow:
        tree = planted(uow)

        release = published(uow, tree)

        assert uow.releases.current("home") == (release, tree)
        assert (release.taxonomy, release.tree_version, release.model_revision) == ("home", 1, "bert@1")
        assert (release.model_dir, release.author) == ("/models/one", "ann")


def test_later_edits_do_not_reach_a_release(uow: UnitOfWork) -> None:
    with uow:
        tree = planted(uow)
        merged, _ = edited(uow, Merge((at(tree, "Garden", "Seeds"),), at(tree, "Garden", "Tools")))
        release = published(uow, merged)

        edited(uow, Rename(at(tree, "Garden"), "Outdoors"))

        assert uow.releases.current("home") == (release, merged)
        assert uow.trees.head("home") != merged


def test_the_latest_release_is_current_also_when_it_is_an_older_tree(uow: UnitOfWork) -> None:
    with uow:
        first = planted(uow)
        second, _ = edited(uow, Rename(at(first, "Garden"), "Outdoors"))
        one, two, back = published(uow, first), published(uow, second, "bert@2"), published(uow, first)

        assert uow.releases.current("home") == (back, first)
        assert uow.releases.log("home") == [back, two, one]
        assert uow.releases.log("home", limit=2) == [back, two]


def test_releases_of_an_unknown_taxonomy_are_refused(uow: UnitOfWork) -> None:
    with uow:
        for ask in (uow.releases.current, uow.releases.log):
            with pytest.raises(UnknownId):
                ask("hone")
        with pytest.raises(UnknownId):
            published(uow, Tree())
