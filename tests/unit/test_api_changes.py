"""Edits over HTTP, on a store in memory."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from taxonomy.edits import Rename
from taxonomy.errors import DatabaseUnavailable
from taxonomy.node import NodeId
from taxonomy.product import Assignment, Product, ProductId, Source
from taxonomy.proposal import NodeQuality, Quality, Report, Wording
from taxonomy.service import editing
from taxonomy.tree import Tree
from tests.fakes import FakeUnitOfWork
from ui.api.app import create
from ui.wiring import App

URL = "/v1/taxonomies/shop/changes"
TREE = replace(Tree.from_paths([("Drinks", "Tea"), ("Drinks", "Coffee"), ("Pets",)]), version=1)
ANN, BOB = {"X-Author": "ann"}, {"X-Author": "bob"}


def at(*path: str) -> NodeId:
    found = TREE.find(path)
    assert found is not None, path
    return found


TEA, COFFEE, PETS = at("Drinks", "Tea"), at("Drinks", "Coffee"), at("Pets")


@dataclass
class Shop(App):
    store: FakeUnitOfWork = field(default_factory=FakeUnitOfWork)
    away: bool = False

    def uow(self) -> Any:
        if self.away:
            raise DatabaseUnavailable("the database cannot be reached")
        return self.store


@pytest.fixture
def app() -> Shop:
    uow = FakeUnitOfWork()
    for name in ("shop", "other"):
        uow.trees.save(name, uow.trees.create(name), TREE)
    uow.catalogs.create("east")
    ids = [ProductId(str(n)) for n in range(4)]
    mark = uow.catalogs.begin_import("east", "d")
    uow.catalogs.finish_import("east", uow.catalogs.upsert("east", mark, [Product(one, one) for one in ids]))
    uow.assignments.write("east", "shop", [Assignment(one, TEA, 0.5, Source.MODEL) for one in ids])
    uow.commit()
    return Shop(store=uow)


@pytest.fixture
def client(app: Shop) -> TestClient:
    return TestClient(create(app), raise_server_exceptions=False)


def rename(node_id: str, name: str) -> dict[str, str]:
    return {"kind": "rename", "node_id": node_id, "name": name}


def sent(client: TestClient, *edits: object, headers: dict[str, str] = ANN, **body: object) -> Any:
    response = client.post(URL, json={"edits": list(edits), **body}, headers={**ANN, **headers})
    assert response.status_code == 201, response.text
    return response.json()


def refused(
    client: TestClient, status: int, *edits: object, headers: dict[str, str] = ANN, **body: object
) -> Any:
    response = client.post(URL, json={"edits": list(edits), **body}, headers=headers)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    return response.json()


def did(client: TestClient, change: Any, verb: str, headers: dict[str, str] = ANN, **body: object) -> Any:
    response = client.post(f"{URL}/{change['id']}/{verb}", json=body or None, headers=headers)
    assert response.status_code in (200, 201), response.text
    return response.json()


def test_edits_are_applied_at_once_if_asked_for(app: Shop, client: TestClient) -> None:
    change = sent(client, rename(PETS, "Animals"), state="applied", reason="clearer")

    assert (change["state"], change["author"], change["applied_version"]) == ("applied", "ann", 2)
    assert app.store.trees.head("shop").node(PETS).name == "Animals"
    assert client.get(f"{URL}/{change['id']}").json() == change


def test_nothing_said_means_proposed_and_the_answer_says_where_it_is(client: TestClient) -> None:
    response = client.post(URL, json={"edits": [rename(PETS, "Animals")]}, headers=ANN)

    assert response.json()["state"] == "proposed"
    assert response.headers["Location"] == f"{URL}/{response.json()['id']}"
    assert client.get(response.headers["Location"]).json()["edits"] == [rename(PETS, "Animals")]


def test_a_change_goes_from_draft_to_applied_and_back(app: Shop, client: TestClient) -> None:
    change = sent(client, rename(PETS, "Animals"), state="draft")

    states = [did(client, change, verb, BOB)["state"] for verb in ("submit", "approve")]
    outcome = did(client, change, "apply", BOB)
    back = did(client, change, "revert", BOB)

    assert states == ["proposed", "approved"]
    assert (outcome["applied"]["decided_by"], outcome["rest"]) == ("bob", None)
    assert (back["reverts"], app.store.trees.head("shop").node(PETS).name) == (change["id"], "Pets")


def test_a_rejected_change_keeps_the_reason(client: TestClient) -> None:
    change = sent(client, rename(PETS, "Animals"))

    done = did(client, change, "reject", BOB, reason="too broad")
    said = client.get(f"{URL}/{change['id']}/comments").json()["comments"]

    assert done["state"] == "rejected"
    assert [(one["author"], one["text"]) for one in said] == [("bob", "too broad")]


def test_a_part_of_a_change_is_rejected_and_the_rest_waits(client: TestClient) -> None:
    made = [{"kind": "create", "node": {"id": one, "name": one}} for one in ("lamps", "oils")]
    change = sent(client, *made)

    out = did(client, change, "reject", BOB, reason="too few", node_id="lamps")
    left = client.get(f"{URL}/{change['id']}").json()
    said = client.get(f"{URL}/{out['id']}/comments").json()["comments"]

    assert (out["state"], out["rest_of"], left["state"]) == ("rejected", change["id"], "proposed")
    assert [one["node"]["id"] for one in (*out["edits"], *left["edits"])] == ["lamps", "oils"]
    assert [(one["author"], one["text"]) for one in said] == [("bob", "too few")]


def test_people_talk_about_a_change(client: TestClient) -> None:
    change = sent(client, rename(PETS, "Animals"))
    did(client, change, "comments", text="why?")

    said = did(client, change, "comments", BOB, text=" clearer ")["comments"]

    assert [(one["author"], one["text"]) for one in said] == [("ann", "why?"), ("bob", "clearer")]


def test_changes_are_listed_newest_first_and_by_state(client: TestClient) -> None:
    first, second = sent(client, rename(PETS, "A")), sent(client, rename(PETS, "B"), state="draft")

    def listed(**params: object) -> list[str]:
        rows = client.get(URL, params=params).json()["changes"]  # type: ignore[arg-type]
        return [row["id"] for row in rows]

    assert listed() == [second["id"], first["id"]]
    assert listed(state="proposed") == [first["id"]]
    assert listed(limit=1) == [second["id"]]


def test_the_impact_is_told_before_anything_happens(app: Shop, client: TestClient) -> None:
    change = sent(client, {"kind": "merge", "node_ids": [TEA], "into_id": COFFEE})

    told = client.get(f"{URL}/{change['id']}/impact").json()
    nowhere = client.get(f"{URL}/{change['id']}/impact", params={"catalog": "west"})

    assert (told["n_moved"], told["retired"], told["version"]) == (4, [TEA], 1)
    assert told["redirects"][0]["targets"][0]["path"] == ["Drinks", "Coffee"]
    assert told["effects"][0]["n_moved"] == 4
    assert nowhere.status_code == 404
    assert app.store.trees.head("shop").version == 1


def test_a_repeated_request_with_its_key_has_one_effect(app: Shop, client: TestClient) -> None:
    headers = {**ANN, "Idempotency-Key": "k1"}

    first = sent(client, rename(PETS, "Animals"), headers=headers, state="applied")
    again = sent(client, rename(PETS, "Animals"), headers=headers, state="applied")
    sent(client, rename(PETS, "Creatures"), headers={**ANN, "Idempotency-Key": "k2"}, state="applied")

    assert first["id"] == again["id"]
    assert app.store.trees.head("shop").version == 3


@pytest.mark.parametrize("state", ["draft", "proposed", "applied"])
def test_a_key_with_another_body_is_refused(client: TestClient, state: str) -> None:
    headers = {**ANN, "Idempotency-Key": "k1"}
    sent(client, rename(PETS, "Animals"), headers=headers, state=state)

    problem = refused(client, 422, rename(PETS, "Beasts"), headers=headers, state=state)

    assert "'k1' was used for another request" in problem["detail"]
    assert "conflicts" not in problem


@pytest.mark.parametrize("how", [{"base_version": 1}, {"If-Match": '"1"'}, {"If-Match": "1"}])
@pytest.mark.parametrize("state", ["proposed", "applied"])
def test_a_stale_edit_is_refused_with_who_was_first(
    client: TestClient, how: dict[str, Any], state: str
) -> None:
    header = {name: value for name, value in how.items() if name == "If-Match"}
    body = {name: value for name, value in how.items() if name != "If-Match"}
    sent(client, rename(PETS, "Animals"), rename(TEA, "Teas"), state="applied")

    problem = refused(
        client,
        409,
        rename(PETS, "Beasts"),
        rename(COFFEE, "Java"),
        rename(TEA, "Chai"),
        headers={**BOB, **header},
        state=state,
        **body,
    )

    assert [(one["ordinal"], one["author"], one["version"], one["keys"]) for one in problem["conflicts"]] == [
        (1, "ann", 2, [PETS]),
        (3, "ann", 2, [TEA]),
    ]
    assert "ann changed 'Animals'" in problem["detail"]


def test_a_stale_edit_of_something_else_goes_in(app: Shop, client: TestClient) -> None:
    sent(client, rename(PETS, "Animals"), state="applied")

    sent(client, rename(TEA, "Teas"), headers={"If-Match": '"1"'}, state="applied")

    head = app.store.trees.head("shop")
    assert (head.node(PETS).name, head.node(TEA).name) == ("Animals", "Teas")


def test_what_a_newer_tree_does_not_take_is_left_with_its_conflicts(client: TestClient) -> None:
    both = sent(client, rename(PETS, "Beasts"), rename(TEA, "Chai"), headers=BOB)
    alone = sent(client, rename(PETS, "Creatures"), headers=BOB)
    sent(client, rename(PETS, "Animals"), state="applied")

    outcome = did(client, both, "apply", BOB)
    none = client.post(f"{URL}/{alone['id']}/apply", headers=BOB)

    assert [one["name"] for one in outcome["applied"]["edits"]] == ["Chai"]
    assert outcome["rest"]["state"] == "conflicted"
    assert outcome["rest"]["conflicts"][0]["author"] == "ann"
    assert (none.status_code, none.json()["conflicts"][0]["keys"]) == (409, [PETS])
    assert client.get(f"{URL}/{alone['id']}").json()["state"] == "conflicted"


def test_a_revert_that_later_changes_rest_on_is_a_conflict(client: TestClient) -> None:
    change = sent(client, rename(PETS, "Animals"), state="applied")
    sent(client, rename(PETS, "Beasts"), state="applied", headers=BOB)

    response = client.post(f"{URL}/{change['id']}/revert", headers=ANN)

    assert (response.status_code, "bob changed" in response.json()["detail"]) == (409, True)


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        ([], "edits"),
        ([{"kind": "paint"}], "edits.0: unknown kind 'paint'"),
        (
            [{"kind": "lock", "node_id": TEA}, {"kind": "rename", "node_id": TEA}],
            "edits.1 (rename): the field 'name'",
        ),
        ([{"kind": "rename", "node_id": TEA, "name": 3}], "a text is expected, not 3"),
        (["rename"], "edits.0"),
        ([{"kind": "rename", "node_id": TEA, "name": "Coffee"}], "Coffee"),
    ],
)
def test_edits_that_are_none_are_refused_with_their_place(
    client: TestClient, edits: list[Any], said: str
) -> None:
    assert said in refused(client, 422, *edits)["detail"]


def test_a_request_says_who_asks(client: TestClient) -> None:
    assert "X-Author" in refused(client, 422, rename(PETS, "A"), headers={})["detail"]
    assert "X-Author" in refused(client, 422, rename(PETS, "A"), headers={"X-Author": ""})["detail"]


@pytest.mark.parametrize("tag", ["*", '"x"', "-1", "9" * 20])
def test_an_entity_tag_that_is_no_version_is_refused(client: TestClient, tag: str) -> None:
    problem = refused(client, 422, rename(PETS, "A"), headers={**ANN, "If-Match": tag})

    assert "If-Match" in problem["detail"]


def test_two_versions_that_differ_are_refused(client: TestClient) -> None:
    problem = refused(client, 422, rename(PETS, "A"), headers={**ANN, "If-Match": "1"}, base_version=0)
    assert "give one of them" in problem["detail"]
    assert "no version 7" in refused(client, 422, rename(PETS, "A"), base_version=7)["detail"]


def test_a_change_of_another_taxonomy_is_not_found(client: TestClient) -> None:
    change = sent(client, rename(PETS, "Animals"))
    other = f"/v1/taxonomies/other/changes/{change['id']}"

    statuses = {
        client.get(other).status_code,
        client.get(f"{other}/impact").status_code,
        client.get(f"{other}/comments").status_code,
        *(
            client.post(f"{other}/{verb}", headers=ANN).status_code
            for verb in ("submit", "approve", "apply", "reject", "revert")
        ),
        client.post(f"{other}/comments", json={"text": "x"}, headers=ANN).status_code,
        client.get(f"{URL}/unknown").status_code,
        client.get("/v1/taxonomies/none/changes").status_code,
    }

    assert statuses == {404}


def test_without_the_database_the_answer_is_to_try_again(app: Shop, client: TestClient) -> None:
    app.away = True

    problem = refused(client, 503, rename(PETS, "Animals"))

    assert problem["detail"] == "the database cannot be reached"
    assert client.get(URL).headers["Retry-After"]


def test_what_speaks_for_a_built_tree_is_told(client: TestClient, app: Shop) -> None:
    node = NodeQuality(TEA, "Tea", 4, True, 0.5, COFFEE, 0.9, 0.4, 1.0, alternatives=(Wording("Teas", 0.7),))
    report = Report(Quality(4, 1, 0.5, 1.0, 1.0, 0.0), (node,), ("odd",))
    with app.uow() as uow:
        edits = [Rename(TEA, "Teas")]
        built = editing.propose(uow, "shop", edits, author="build", source=Source.BUILD, report=report)
    by_hand = sent(client, rename(TEA, "Infusions"))

    told = client.get(f"{URL}/{built.id}/report").json()

    assert told["quality"]["cohesion"] == 0.5
    assert told["nodes"][0]["weaknesses"] == ["loose", "vague", "twin"]
    assert told["nodes"][0]["alternatives"] == [{"text": "Teas", "score": 0.7}]
    assert told["noise_examples"] == ["odd"]
    assert client.get(f"{URL}/{by_hand['id']}/report").status_code == 404
