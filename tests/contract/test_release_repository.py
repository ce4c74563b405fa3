"""A release pins the tree as it was, whatever is edited later."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from taxonomy.edits import Merge, Rename
from taxonomy.errors import InputError, UnknownId
from taxonomy.ports import UnitOfWork
from taxonomy.records import Release
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
        for ask in (uow.releases.current, uow.releases.in_effect, uow.releases.log):
            with pytest.raises(UnknownId):
                ask("hone")
        with pytest.raises(UnknownId):
            published(uow, Tree())


def later(minutes: float) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=minutes)


def scheduled(uow: UnitOfWork, tree: Tree, at_: datetime) -> Release:
    return uow.releases.publish(
        "home", tree, model_revision="", model_dir="", author="ann", takes_effect_at=at_
    )


def test_a_scheduled_release_takes_effect_at_its_time(uow: UnitOfWork) -> None:
    with uow:
        first = planted(uow)
        second, _ = edited(uow, Rename(at(first, "Garden"), "Outdoors"))
        now = published(uow, first)
        soon = scheduled(uow, second, later(10))

        assert uow.releases.current("home") == (now, first)
        assert uow.releases.in_effect("home", at=later(9)) == now
        assert uow.releases.current("home", at=later(11)) == (soon, second)
        assert uow.releases.in_effect("home", at=now.takes_effect_at - timedelta(seconds=1)) is None


def test_of_two_scheduled_releases_the_later_one_follows_the_earlier(uow: UnitOfWork) -> None:
    with uow:
        tree = planted(uow)
        last, first = scheduled(uow, tree, later(20)), scheduled(uow, tree, later(10))

        assert uow.releases.in_effect("home") is None
        assert uow.releases.in_effect("home", at=later(15)) == first
        assert uow.releases.in_effect("home", at=later(25)) == last


def test_a_cancelled_release_never_takes_effect_and_stays_in_the_log(uow: UnitOfWork) -> None:
    with uow:
        tree = planted(uow)
        now, soon = published(uow, tree), scheduled(uow, tree, later(10))

        gone = uow.releases.cancel(soon.id)

        assert gone.cancelled_at is not None
        assert replace(gone, cancelled_at=None) == soon
        assert uow.releases.in_effect("home", at=later(11)) == now
        assert uow.releases.log("home") == [gone, now]


def test_what_is_in_effect_was_cancelled_or_never_was_cannot_be_cancelled(uow: UnitOfWork) -> None:
    with uow:
        tree = planted(uow)
        now, soon = published(uow, tree), scheduled(uow, tree, later(10))
        uow.releases.cancel(soon.id)

        with pytest.raises(InputError, match="in effect"):
            uow.releases.cancel(now.id)
        with pytest.raises(InputError, match="cancelled already"):
            uow.releases.cancel(soon.id)
        with pytest.raises(UnknownId, match="release"):
            uow.releases.cancel(soon.id + 1000)


def test_a_release_says_what_it_restores_and_rolls_back(uow: UnitOfWork) -> None:
    with uow:
        tree = planted(uow)
        one, two = published(uow, tree), published(uow, tree)

        back = uow.releases.publish(
            "home",
            tree,
            model_revision="",
            model_dir="",
            author="bob",
            restores=one.id,
            rolls_back=two.id,
        )

        assert (back.restores, back.rolls_back) == (one.id, two.id)
        assert uow.releases.in_effect("home") == back


def test_any_release_can_be_read_by_its_taxonomy_and_id(uow: UnitOfWork) -> None:
    with uow:
        tree = planted(uow)
        uow.trees.create("pets")
        release, soon = published(uow, tree), scheduled(uow, tree, later(10))

        assert uow.releases.get("home", release.id) == (release, tree)
        assert uow.releases.get("home", soon.id) == (soon, tree)
        with pytest.raises(UnknownId, match="release"):
            uow.releases.get("pets", release.id)


def test_the_nearest_pinned_tree_is_the_latest_up_to_a_version(uow: UnitOfWork) -> None:
    with uow:
        first = planted(uow)
        second, _ = edited(uow, Rename(at(first, "Garden"), "Outdoors"))
        third, _ = edited(uow, Rename(at(first, "Garden"), "Yard"))
        published(uow, third)
        published(uow, first)

        assert uow.releases.nearest("home", 0) is None
        assert uow.releases.nearest("home", second.version) == first
        assert uow.releases.nearest("home", third.version) == third
