"""Releases take effect at their time, can be taken back, and search follows."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import pytest
from fastapi.testclient import TestClient

from taxonomy.edits import Create, Rename
from taxonomy.errors import InputError, UnknownId
from taxonomy.node import Node, NodeId
from taxonomy.records import Release
from taxonomy.service import editing, releasing
from tests.fakes import FakeUnitOfWork
from tests.unit.test_api import NEVER_S, HashedWords
from ui.api.app import create
from ui.wiring import App

TEA = NodeId("tea")
NAMES = ("Tea", "Infusions", "Brews")


def published(uow: FakeUnitOfWork, name: str, **options: Any) -> Release:
    """The only category, so called, in a release."""
    edits = [Rename(TEA, name)] if TEA in uow.trees.head("shop") else [Create(Node(TEA, name))]
    editing.edit(uow, "shop", edits, author="Ann")
    return releasing.publish(uow, "shop", author="Ann", **options)


@pytest.fixture
def uow() -> FakeUnitOfWork:
    uow = FakeUnitOfWork()
    uow.trees.create("shop")
    return uow


def current(uow: FakeUnitOfWork) -> str:
    return releasing.published(uow, "shop")[1].label(TEA)


def in_an_hour() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


def begin(uow: FakeUnitOfWork, release: Release) -> None:
    """The time of a scheduled release has come."""
    held, tree = uow.releases.desk.now.releases[release.id]
    now = replace(held, takes_effect_at=datetime.now(UTC))
    uow.releases.desk.now.releases[release.id] = (now, tree)
    uow.commit()


def test_rolling_back_twice_goes_back_two_steps(uow: FakeUnitOfWork) -> None:
    one, two, three = (published(uow, name) for name in NAMES)

    first = releasing.roll_back(uow, "shop", author="Bob")
    assert (first.restores, first.rolls_back, current(uow)) == (two.id, three.id, "Infusions")
    second = releasing.roll_back(uow, "shop", author="Bob")
    assert (second.restores, second.rolls_back, current(uow)) == (one.id, first.id, "Tea")
    with pytest.raises(InputError, match=f"no release before {one.id}"):
        releasing.roll_back(uow, "shop", author="Bob")


def test_rolling_back_after_a_rollback_and_a_release_skips_what_was_rolled_back(uow: FakeUnitOfWork) -> None:
    one, _ = (published(uow, name) for name in NAMES[:2])
    releasing.roll_back(uow, "shop", author="Bob")
    published(uow, "Brews")

    assert releasing.roll_back(uow, "shop", author="Bob").restores == one.id


def test_a_rollback_brings_the_model_back(uow: FakeUnitOfWork) -> None:
    one = published(uow, "Tea", model_revision="bert@1", model_dir="/models/1")
    published(uow, "Brews", model_revision="bert@2", model_dir="/models/2")

    back = releasing.roll_back(uow, "shop", author="Bob", to=one.id)

    assert (back.model_revision, back.model_dir, back.author) == ("bert@1", "/models/1", "Bob")


def test_only_what_was_in_effect_can_be_rolled_back_to(uow: FakeUnitOfWork) -> None:
    published(uow, "Tea")
    soon = published(uow, "Infusions", takes_effect_at=in_an_hour())
    gone = releasing.unschedule(uow, published(uow, "Brews", takes_effect_at=in_an_hour()).id)
    now = releasing.published(uow, "shop")[0]

    for to, why in (
        (soon.id, "has not been in effect"),
        (gone.id, "was cancelled"),
        (now.id, "nothing to roll"),
    ):
        with pytest.raises(InputError, match=why):
            releasing.roll_back(uow, "shop", author="Bob", to=to)
    with pytest.raises(UnknownId, match="release"):
        releasing.roll_back(uow, "shop", author="Bob", to=99)


@pytest.mark.parametrize(
    ("at", "why"), [(datetime(2020, 1, 1, tzinfo=UTC), "is past"), (datetime(2099, 1, 1), "no time zone")]
)
def test_a_release_is_scheduled_for_a_time_to_come(uow: FakeUnitOfWork, at: datetime, why: str) -> None:
    with pytest.raises(InputError, match=why):
        published(uow, "Tea", takes_effect_at=at)


def test_an_empty_tree_is_not_published(uow: FakeUnitOfWork) -> None:
    with pytest.raises(InputError, match="is empty"):
        releasing.publish(uow, "shop", author="Ann")


def test_each_release_tells_its_state(uow: FakeUnitOfWork) -> None:
    published(uow, "Tea")
    published(uow, "Infusions")
    published(uow, "Brews", takes_effect_at=in_an_hour())
    releasing.unschedule(uow, published(uow, "Leaves", takes_effect_at=in_an_hour()).id)

    states = [one.state for one in releasing.releases(uow, "shop")]

    assert states == ["cancelled", "scheduled", "current", "past"]


def test_two_releases_are_compared(uow: FakeUnitOfWork) -> None:
    one, two = (published(uow, name) for name in NAMES[:2])

    found = releasing.compared(uow, "shop", one.id, two.id)

    assert (found.before, found.after) == (one, two)
    assert found.comparison.sentences() == ("'Tea' is now called 'Infusions'",)


@dataclass
class Shop(App):
    store: FakeUnitOfWork = field(default_factory=FakeUnitOfWork)

    def uow(self) -> Any:
        return self.store

    @cached_property
    def encoder(self) -> HashedWords:
        return HashedWords()


@pytest.fixture
def client(uow: FakeUnitOfWork) -> TestClient:

    return TestClient(create(Shop(store=uow), refresh_s=NEVER_S))


def served(client: TestClient) -> tuple[str, int]:
    """What search is served from after the next look at the store: the category, and the release."""
    client.app.state.snapshots.refresh()  # type: ignore[attr-defined]
    answer = client.get("/v1/taxonomies/shop/tree").json()
    return answer["nodes"][0]["path"][0], answer["version"]["release"]


def test_search_switches_when_a_scheduled_release_takes_effect_and_back(
    uow: FakeUnitOfWork, client: TestClient
) -> None:
    one = published(uow, "Tea")
    soon = published(uow, "Brews", takes_effect_at=in_an_hour())
    assert served(client) == ("Tea", one.id)

    begin(uow, soon)
    assert served(client) == ("Brews", soon.id)

    back = releasing.roll_back(uow, "shop", author="Bob")
    assert served(client) == ("Tea", back.id)


def test_search_never_serves_a_cancelled_release(uow: FakeUnitOfWork, client: TestClient) -> None:
    one = published(uow, "Tea")
    soon = published(uow, "Brews", takes_effect_at=in_an_hour())
    releasing.unschedule(uow, soon.id)
    begin(uow, soon)

    assert served(client) == ("Tea", one.id)


def test_a_taxonomy_whose_first_release_is_still_to_come_is_not_published(
    uow: FakeUnitOfWork, client: TestClient
) -> None:
    published(uow, "Tea", takes_effect_at=in_an_hour())

    response = client.get("/v1/taxonomies/shop/tree")

    assert (response.status_code, "no release in effect" in response.text) == (409, True)
