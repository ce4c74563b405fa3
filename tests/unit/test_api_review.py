"""Review over HTTP, on a store in memory."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from taxonomy.errors import DatabaseUnavailable
from taxonomy.node import NodeId
from taxonomy.product import ProductId
from taxonomy.review import Guess, Suggestion
from taxonomy.service import reviewing
from taxonomy.tree import Tree
from tests.contract.given import POPPY, SHELF, SPADE, WOK, at, imported, planted
from tests.fakes import FakeUnitOfWork
from ui.api.app import create
from ui.wiring import App

URL = "/v1/taxonomies/home/review"
ANN, BOB = {"X-Author": "ann"}, {"X-Author": "bob"}
SHOP = {"catalog": "shop"}


@dataclass
class Shop(App):
    store: FakeUnitOfWork = field(default_factory=FakeUnitOfWork)
    away: bool = False
    home: Tree = field(default_factory=Tree)

    def uow(self) -> Any:
        if self.away:
            raise DatabaseUnavailable("the database cannot be reached")
        return self.store


@pytest.fixture
def app() -> Shop:
    uow = FakeUnitOfWork()
    tree = planted(uow)
    imported(uow, SHELF)
    guesses = (Guess(at(tree, "Garden", "Tools"), 0.5), Guess(at(tree, "Garden", "Seeds"), 0.25))
    pairs = ((SPADE, SPADE, 1.5), (POPPY, POPPY, 2.0), (WOK, SPADE, 0.25))
    rows = [Suggestion(one.id, guesses, worth, leader.id, "bert@1", 1) for one, leader, worth in pairs]
    reviewing.fill(uow, "shop", "home", rows)
    return Shop(store=uow, home=tree)


@pytest.fixture
def client(app: Shop) -> TestClient:
    return TestClient(create(app), raise_server_exceptions=False)


@pytest.fixture
def tools(app: Shop) -> NodeId:
    return at(app.home, "Garden", "Tools")


def post(client: TestClient, path: str = "/answers", headers: dict[str, str] = ANN, **body: object) -> Any:
    return client.post(URL + path, json={**SHOP, **body}, headers=headers)


def waiting(client: TestClient, path: str = "", **params: object) -> list[dict[str, Any]]:
    response = client.get(URL + path, params={**SHOP, **params})
    assert response.status_code == 200, response.text
    rows: list[dict[str, Any]] = response.json()["waiting"]
    return rows


def test_the_queue_comes_worth_most_first_with_paths(client: TestClient) -> None:
    poppy, spade = waiting(client)

    assert (poppy["product_id"], poppy["n_alike"], spade["n_alike"]) == ("p2", 1, 2)
    assert poppy["suggested"][0]["path"] == ["Garden", "Tools"]
    assert waiting(client, limit=1, offset=1) == [spade]
    assert [one["product_id"] for one in waiting(client, "/groups/p1")] == ["p1", "p3"]
    assert [one["product_id"] for one in waiting(client, "/groups/p1", limit=1)] == ["p1"]


def test_a_group_is_found_by_an_id_with_a_slash(app: Shop, client: TestClient) -> None:
    odd = replace(SPADE, id=ProductId("12/3"))
    imported(app.store, [odd])
    reviewing.fill(app.store, "shop", "home", [Suggestion(odd.id, (), 1.0, odd.id, "bert@1", 1)])
    assert [one["product_id"] for one in waiting(client, "/groups/12%2F3")] == ["12/3"]


def test_an_answer_for_a_group_places_it_and_is_counted(app: Shop, client: TestClient, tools: NodeId) -> None:
    response = post(client, product_ids=["p1", "p3"], node_id=tools)

    assert response.status_code == 201
    assert [one["is_placed"] for one in response.json()["answers"]] == [True, True]
    assert app.store.assignments.placed("shop", "home", [SPADE.id, WOK.id]) == {
        SPADE.id: tools,
        WOK.id: tools,
    }
    found = client.get(f"{URL}/figures", params=SHOP).json()
    assert (found["n_open"], found["n_placed"], found["n_first"]) == (1, 2, 2)


def test_a_request_repeated_with_its_key_has_one_effect(client: TestClient, tools: NodeId) -> None:
    headers = {**ANN, "Idempotency-Key": "k"}
    first, again = (post(client, headers=headers, product_ids=["p1"], node_id=tools) for _ in range(2))

    assert first.json() == again.json()
    assert len(client.get(f"{URL}/answers", params=SHOP).json()["answers"]) == 1
    assert post(client, headers=headers, product_ids=["p2"], node_id=tools).status_code == 422


def test_both_of_two_people_are_kept_and_the_first_wins(app: Shop, client: TestClient, tools: NodeId) -> None:
    seeds = at(app.home, "Garden", "Seeds")
    post(client, product_ids=["p1"], node_id=tools)

    late = post(client, headers=BOB, product_ids=["p1"], node_id=seeds).json()["answers"][0]
    assert (late["author"], late["is_placed"]) == ("bob", False)
    forced = post(client, headers=BOB, product_ids=["p1"], node_id=seeds, replace=True).json()["answers"][0]

    assert forced["is_placed"]
    assert [one["author"] for one in client.get(f"{URL}/answers", params=SHOP).json()["answers"]] == [
        "bob",
        "bob",
        "ann",
    ]


def test_an_answer_is_taken_back(client: TestClient, tools: NodeId) -> None:
    before = waiting(client)
    made = post(client, product_ids=["p2"], node_id=tools).json()["answers"][0]["id"]

    undone = post(client, "/answers/undo", headers=BOB, answer_ids=[made])

    assert undone.status_code == 201
    assert undone.json()["answers"][0]["undoes"] == made
    assert waiting(client) == before
    assert post(client, "/answers/undo", answer_ids=[made]).status_code == 422


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"product_ids": ["p9"], "verdict": "skip"}, 404, "no product 'p9'"),
        ({"product_ids": ["p1"], "node_id": "x"}, 404, "no category 'x'"),
        ({"product_ids": ["p1"]}, 422, "name a category"),
        ({"product_ids": []}, 422, "product_ids"),
        ({"product_ids": ["p1"], "verdict": "undo"}, 422, "taken back"),
        ({"product_ids": ["p1"], "verdict": "skip", "seen": {"p1": "00"}}, 409, "another text"),
        ({"product_ids": ["p1"], "verdict": "skip", "catalog": "none"}, 404, "no catalog 'none'"),
    ],
)
def test_what_is_at_fault_is_a_problem(
    app: Shop, client: TestClient, body: dict[str, object], status: int, said: str
) -> None:
    response = post(client, **body)

    assert response.status_code == status, response.text
    assert said in response.json()["detail"]
    app.store.rollback()
    assert app.store.reviews.log("shop", "home") == []


def test_the_text_seen_is_let_through_when_it_is_that_of_today(client: TestClient) -> None:
    seen = {one["product_id"]: one["text_hash"] for one in waiting(client)}

    assert post(client, product_ids=["p2"], verdict="skip", seen=seen).status_code == 201
    assert [one["product_id"] for one in waiting(client)] == ["p1"]


def test_nobody_answers_without_a_name_and_a_store_away_is_503(app: Shop, client: TestClient) -> None:
    assert client.post(f"{URL}/answers", json={**SHOP, "product_ids": ["p1"]}).status_code == 422
    app.away = True
    assert client.get(URL, params=SHOP).status_code == 503
    assert post(client, product_ids=["p1"], verdict="none").status_code == 503
