"""The HTTP service over a store in memory: every call, every refusal, and releases that change meanwhile."""

import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from ingest.search.words import stems
from taxonomy.errors import DatabaseUnavailable, ModelError
from taxonomy.node import NodeId
from taxonomy.ports import Encoder, Floats, Progress
from taxonomy.product import split_path
from taxonomy.records import Release
from taxonomy.redirects import Redirect
from taxonomy.tree import Tree
from ui.api import snapshot
from ui.api.app import create
from ui.api.models import MAX_PRODUCTS, MAX_QUERIES, MAX_QUERY_CHARS, MAX_TOP
from ui.api.sharing import SLICE, SharedEncoder
from ui.api.snapshot import Snapshots
from ui.wiring import App

SHOP = "/v1/taxonomies/shop"
NEVER_S = 3600.0  # a service that looks at the store when it is told to


def tree_of(*labels: str, version: int = 1) -> Tree:
    return replace(Tree.from_paths(map(split_path, labels)), version=version)


def node_id(tree: Tree, label: str) -> NodeId:
    found = tree.find(split_path(label))
    assert found is not None
    return found


FIRST = tree_of("Drinks > Tea", "Drinks > Coffee", "Pets > Dogs > Dog Food", version=1)
SECOND = tree_of("Hot Drinks > Tea", "Hot Drinks > Coffee", "Pets > Dogs > Dog Food", version=2)
DAMAGED = replace(FIRST, children={NodeId("root"): (NodeId("lost"),)})
TEA = node_id(FIRST, "Drinks > Tea")


@dataclass
class HashedWords:
    """An encoder whose vectors agree where texts share stems. For one thread at a time, as real ones."""

    revision: str = "hashed"
    dim: int = 256
    calls: list[int] = field(default_factory=list)
    _busy: Lock = field(default_factory=Lock)

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Floats:
        if not self._busy.acquire(blocking=False):
            raise RuntimeError("two threads in one encoder")
        try:
            time.sleep(0.0005)  # lets another thread come in, if any can
            self.calls.append(len(texts))
            vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
            for row, text in enumerate(texts):
                for word in stems(text):
                    vectors[row, zlib.crc32(word.encode()) % self.dim] += 1.0
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
            return np.asarray(vectors / np.maximum(lengths, 1e-9), dtype=np.float32)
        finally:
            self._busy.release()


@dataclass
class Model:
    """A trained model that sends everything to one node."""

    node_id: NodeId
    revision: str = "trained"
    encoder: Encoder = field(default_factory=HashedWords)

    @property
    def terminals(self) -> tuple[NodeId, ...]:
        return (self.node_id,)

    def query_posteriors(self, texts: Sequence[str]) -> Floats:
        return np.ones((len(self.encoder.encode(texts)), 1), dtype=np.float32)


@dataclass
class Store:
    """The published trees of named taxonomies, and whether anybody can reach them."""

    published: dict[str, list[tuple[Release, Tree]]] = field(default_factory=dict)
    away: bool = False

    def publish(self, tree: Tree, *, name: str = "shop", revision: str = "", model: str = "") -> int:
        number = sum(map(len, self.published.values())) + 1
        now = datetime.now(UTC)
        release = Release(number, name, tree.version, revision, model, "ann", now, now)
        self.published.setdefault(name, []).append((release, tree))
        return number

    def in_effect(self, name: str) -> Release | None:
        found = self.current(name)
        return found[0] if found else None

    def current(self, name: str) -> tuple[Release, Tree] | None:
        return self.published[name][-1] if self.published[name] else None

    def names(self) -> list[str]:
        return sorted(self.published)

    def __enter__(self) -> SimpleNamespace:
        if self.away:
            raise DatabaseUnavailable("the database shelftree at db.example cannot be used")
        return SimpleNamespace(trees=self, releases=self)

    def __exit__(self, *_: object) -> None: ...


@dataclass
class Shop(App):
    store: Store = field(default_factory=Store)
    models: dict[str, Model] = field(default_factory=dict)
    base: HashedWords | None = field(default_factory=HashedWords)

    def uow(self) -> Any:
        return self.store

    @cached_property
    def encoder(self) -> HashedWords:
        if self.base is None:
            raise ModelError("no base model here")
        return self.base

    def classifier(self, model: Path, tree: Tree | None = None) -> Any:
        if str(model) not in self.models:
            raise ModelError(f"{model}: no model here")
        return replace(self.models[str(model)], encoder=HashedWords())


@pytest.fixture
def app() -> Shop:
    shop = Shop()
    shop.store.publish(FIRST)
    return shop


@pytest.fixture
def client(app: Shop) -> TestClient:
    return TestClient(create(app, refresh_s=NEVER_S), raise_server_exceptions=False)


def refresh(client: TestClient) -> None:
    snapshots: Snapshots = client.app.state.snapshots  # type: ignore[attr-defined]
    snapshots.refresh()


def answer(client: TestClient, url: str, **params: object) -> Any:
    response = client.get(url, params=params)  # type: ignore[arg-type]
    assert response.status_code == 200, response.text
    return response.json()


def first_path(client: TestClient, query: str) -> list[str]:
    path: list[str] = answer(client, f"{SHOP}/route", q=query)["ranked"][0]["path"]
    return path


# -- what is asked --------------------------------------------------------------------------------------


def test_taxonomies_are_listed_with_their_versions(app: Shop, client: TestClient) -> None:
    app.store.published["draft"] = []
    listed = answer(client, "/v1/taxonomies")
    (row,) = listed["taxonomies"]
    assert (row["taxonomy"], row["n_nodes"]) == ("shop", 6)
    assert (row["version"]["release"], row["version"]["tree_version"]) == (1, 1)
    assert listed["unpublished"] == ["draft"]


def test_the_tree_comes_parents_first_with_paths(client: TestClient) -> None:
    rows = answer(client, f"{SHOP}/tree")["nodes"]
    assert [row["name"] for row in rows] == ["Drinks", "Tea", "Coffee", "Pets", "Dogs", "Dog Food"]
    assert (rows[0]["parent"], rows[1]["parent"]) == (None, rows[0]["id"])
    assert (rows[5]["path"], rows[4]["n_children"]) == (["Pets", "Dogs", "Dog Food"], 1)


def test_the_depth_of_the_tree_is_the_callers_choice(client: TestClient) -> None:
    assert [len(answer(client, f"{SHOP}/tree", depth=n)["nodes"]) for n in (1, 2, 9)] == [2, 5, 6]


def test_a_node_is_told_with_its_children(client: TestClient) -> None:
    found = answer(client, f"{SHOP}/nodes/{node_id(FIRST, 'Drinks')}")
    assert (found["node"]["name"], found["redirected_from"]) == ("Drinks", None)
    assert found["children"][0] == TEA


def test_a_retired_id_answers_with_its_successor_and_says_so(app: Shop, client: TestClient) -> None:
    old, older = NodeId("old"), NodeId("older")
    app.store.publish(replace(FIRST, redirects={older: Redirect((old,)), old: Redirect((TEA,))}))
    found = answer(client, f"{SHOP}/nodes/older")
    assert (found["node"]["id"], found["redirected_from"]) == (TEA, "older")


def test_a_query_is_routed_with_reasons(client: TestClient) -> None:
    routed = answer(client, f"{SHOP}/route", q="dog food", top=2)
    assert (routed["query"], routed["intent"], len(routed["ranked"])) == ("dog food", "narrow", 2)
    best = routed["ranked"][0]
    assert best["path"] == ["Pets", "Dogs", "Dog Food"]
    assert 0.5 < best["probability"] <= 1
    assert {reason["leg"] for reason in best["why"]} == {"words", "name", "vectors"}


def test_a_pinned_query_goes_where_the_release_says(app: Shop, client: TestClient) -> None:
    app.store.publish(replace(FIRST, pins={"bello": node_id(FIRST, "Pets > Dogs")}))
    routed = answer(client, f"{SHOP}/route", q="Bello")
    assert (routed["ranked"][0]["path"], routed["intent"]) == (["Pets", "Dogs"], "broad")
    assert routed["ranked"][0]["why"][0]["text"] == "pinned by a person"


def test_a_query_asked_again_is_not_computed_again(app: Shop, client: TestClient) -> None:
    first = answer(client, f"{SHOP}/route", q="tea")
    computed = list(app.encoder.calls)
    assert answer(client, f"{SHOP}/route", q="tea") == first
    assert app.encoder.calls == computed


def test_queries_together_are_answered_as_alone(client: TestClient) -> None:
    queries = ["tea", "dog food", "电视机"]
    together = client.post(f"{SHOP}/route", json={"queries": queries, "top": 4}).json()
    alone = [answer(client, f"{SHOP}/route", q=query, top=4) for query in queries]
    assert together["routings"] == [{k: one[k] for k in ("query", "intent", "ranked")} for one in alone]


def test_products_are_put_in_order_with_reasons(client: TestClient) -> None:
    sent = [{"id": "1", "title": "Mug"}, {"id": "2", "title": "Green tea, loose"}]
    told = client.post(f"{SHOP}/rerank", json={"query": "green tea", "products": sent}).json()
    assert [row["id"] for row in told["ranked"]] == ["2", "1"]
    assert "all words in the title" in told["ranked"][0]["why"]


@pytest.mark.parametrize("said", [{"node_id": TEA}, {"score": 3.0}])
def test_what_is_said_of_a_product_counts(client: TestClient, said: dict[str, object]) -> None:
    base = {"node_id": node_id(FIRST, "Pets"), "score": 1.0}
    sent = [{"id": "1", "title": "Yunnan", **base}, {"id": "2", "title": "Yunnan", **base, **said}]
    told = client.post(f"{SHOP}/rerank", json={"query": "tea", "products": sent}).json()
    assert [row["id"] for row in told["ranked"]] == ["2", "1"]


def test_a_node_that_the_release_never_had_is_named_and_left_out(client: TestClient) -> None:
    sent = [{"id": "1", "title": "Yunnan", "node_id": "fresh"}]
    told = client.post(f"{SHOP}/rerank", json={"query": "tea", "products": sent}).json()
    assert told["unknown_nodes"] == ["fresh"]


def test_the_name_of_a_taxonomy_has_no_case(client: TestClient) -> None:
    assert answer(client, "/v1/taxonomies/SHOP/tree")["taxonomy"] == "shop"


def test_every_answer_about_a_taxonomy_says_its_version(client: TestClient) -> None:
    product = {"id": "1", "title": "tea"}
    answers = [
        client.get(f"{SHOP}/tree"),
        client.get(f"{SHOP}/nodes/{TEA}"),
        client.get(f"{SHOP}/route", params={"q": "tea"}),
        client.post(f"{SHOP}/route", json={"queries": ["tea"]}),
        client.post(f"{SHOP}/rerank", json={"query": "tea", "products": [product]}),
    ]
    assert {tuple(sorted(one.json()["version"])) for one in answers} == {
        ("model_revision", "published_at", "release", "tree_version")
    }


# -- what is refused ------------------------------------------------------------------------------------


def problem(response: Any, status: int) -> str:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    detail: str = body["detail"]
    assert "Traceback" not in detail
    assert "\n" not in detail
    return detail


@pytest.mark.parametrize("path", ["tree", "nodes/x", "route?q=tea"])
def test_an_unknown_taxonomy_is_404_and_names_those_there_are(client: TestClient, path: str) -> None:
    assert problem(client.get(f"/v1/taxonomies/shoes/{path}"), 404) == "no taxonomy 'shoes': there are shop"


def test_a_taxonomy_without_a_release_is_409(app: Shop, client: TestClient) -> None:
    app.store.published["draft"] = []
    assert "taxonomy publish" in problem(client.get("/v1/taxonomies/draft/tree"), 409)


@pytest.mark.parametrize("asked", ["nobody", "root"])
def test_an_id_that_was_never_given_out_is_404(client: TestClient, asked: str) -> None:
    problem(client.get(f"{SHOP}/nodes/{asked}"), 404)


def test_a_retired_id_without_a_successor_is_404(app: Shop, client: TestClient) -> None:
    app.store.publish(replace(FIRST, redirects={NodeId("old"): Redirect((NodeId("root"),))}))
    assert "nothing took its place" in problem(client.get(f"{SHOP}/nodes/old"), 404)


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("route", "q:"),
        ("route?q=", "q:"),
        (f"route?q={'x' * (MAX_QUERY_CHARS + 1)}", "q:"),
        ("route?q=tea&top=0", "top:"),
        (f"route?q=tea&top={MAX_TOP + 1}", "top:"),
        ("route?q=tea&top=many", "top:"),
        ("tree?depth=0", "depth:"),
    ],
)
def test_bad_parameters_are_422_and_named(client: TestClient, path: str, names: str) -> None:
    assert problem(client.get(f"{SHOP}/{path}"), 422).startswith(names)


@pytest.mark.parametrize(
    ("path", "body", "names"),
    [
        ("route", {"queries": []}, "queries:"),
        ("route", {"queries": ["tea"] * (MAX_QUERIES + 1)}, "queries:"),
        ("route", {"queries": ["tea", ""]}, "queries.1:"),
        ("route", {"queries": ["tea"], "tops": 3}, "tops:"),
        ("rerank", {"query": "tea", "products": []}, "products:"),
        (
            "rerank",
            {"query": "tea", "products": [{"id": "1", "title": "x"}] * (MAX_PRODUCTS + 1)},
            "products:",
        ),
        ("rerank", {"query": "tea", "products": [{"id": "1"}]}, "products.0.title:"),
    ],
)
def test_bad_bodies_are_422_and_named(client: TestClient, path: str, body: object, names: str) -> None:
    assert problem(client.post(f"{SHOP}/{path}", json=body), 422).startswith(names)


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"[]",
        b'{"queries": ["\\ud800"]}',
        b'{"query": "x", "products": [{"id": "1", "title": "x", "score": NaN}]}',
    ],
)
@pytest.mark.parametrize("path", ["route", "rerank"])
def test_a_body_that_is_no_sound_json_is_422(client: TestClient, path: str, raw: bytes) -> None:
    problem(
        client.post(f"{SHOP}/{path}", content=raw, headers={"content-type": "application/json"}),
        422,
    )


def test_what_http_itself_refuses_is_a_problem_too(client: TestClient) -> None:
    problem(client.post(f"{SHOP}/route", content=b"\xff", headers={"content-type": "application/json"}), 400)
    problem(client.get("/v2/anything"), 404)
    problem(client.delete(f"{SHOP}/tree"), 405)


def test_with_the_store_away_and_nothing_loaded_it_is_503(app: Shop, client: TestClient) -> None:
    app.store.away = True
    response = client.get(f"{SHOP}/tree")
    assert "db.example" not in problem(response, 503)
    assert int(response.headers["retry-after"]) > 0
    problem(client.get("/v1/taxonomies"), 503)
    problem(client.get("/ready"), 503)


def test_without_the_base_encoder_it_is_503_and_health_says_why(app: Shop, client: TestClient) -> None:
    app.base = None
    assert "no base model here" in problem(client.get(f"{SHOP}/tree"), 503)
    assert answer(client, "/health")["troubles"] == {"shop": "no base model here"}


def test_a_fault_of_ours_shows_no_traceback(
    app: Shop, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.store, "names", lambda: 1 / 0)
    assert "fault in Shelftree" in problem(client.get(f"{SHOP}/tree"), 500)


# -- while releases change ------------------------------------------------------------------------------


def test_a_new_release_is_served_after_a_refresh_and_the_older_one_after_rolling_back(
    app: Shop, client: TestClient
) -> None:
    served = []
    for tree in (FIRST, SECOND, FIRST):
        number = app.store.publish(tree)
        refresh(client)
        version = answer(client, f"{SHOP}/route", q="tea")["version"]
        served.append((first_path(client, "tea")[0], version["tree_version"]))
        assert version["release"] == number
    assert served == [("Drinks", 1), ("Hot Drinks", 2), ("Drinks", 1)]


def test_nothing_is_loaded_again_while_the_release_stays(app: Shop, client: TestClient) -> None:
    answer(client, f"{SHOP}/tree")
    before = client.app.state.snapshots.of("shop")  # type: ignore[attr-defined]
    refresh(client)
    assert client.app.state.snapshots.of("shop") is before  # type: ignore[attr-defined]


def test_asking_for_what_is_not_there_does_not_ask_the_store_each_time(app: Shop, client: TestClient) -> None:
    problem(client.get("/v1/taxonomies/later/tree"), 404)
    app.store.publish(SECOND, name="later")
    problem(client.get("/v1/taxonomies/later/tree"), 404)
    refresh(client)
    assert answer(client, "/v1/taxonomies/later/tree")["version"]["tree_version"] == 2


def test_it_goes_on_when_the_store_is_away_and_says_so(app: Shop, client: TestClient) -> None:
    assert first_path(client, "tea")[0] == "Drinks"
    app.store.publish(SECOND)
    app.store.away = True
    refresh(client)
    assert first_path(client, "tea")[0] == "Drinks"
    assert answer(client, "/health")["store"] == "away"
    assert answer(client, "/ready")["ready"]

    app.store.away = False
    refresh(client)
    assert first_path(client, "tea")[0] == "Hot Drinks"
    assert answer(client, "/health")["store"] == "here"


def test_a_fault_in_one_taxonomy_does_not_keep_others_from_being_followed(
    app: Shop, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = snapshot.open_router

    def faulty(tree: Tree, **legs: Any) -> Any:
        return 1 // 0 if tree is FIRST else whole(tree, **legs)

    monkeypatch.setattr(snapshot, "open_router", faulty)
    app.store.publish(FIRST, name="a-first")
    app.store.publish(SECOND, name="z-last")
    refresh(client)
    assert answer(client, "/v1/taxonomies/z-last/tree")["version"]["tree_version"] == 2
    assert "ZeroDivisionError" in answer(client, "/health")["troubles"]["a-first"]


def test_a_release_that_cannot_be_loaded_leaves_the_old_one_serving(app: Shop, client: TestClient) -> None:
    answer(client, f"{SHOP}/tree")
    app.store.publish(DAMAGED)
    refresh(client)
    assert first_path(client, "tea")[0] == "Drinks"
    assert "no node 'lost'" in answer(client, "/health")["troubles"]["shop"]

    app.store.publish(SECOND)
    refresh(client)
    assert first_path(client, "tea")[0] == "Hot Drinks"
    assert answer(client, "/health")["troubles"] == {}


def test_a_started_service_follows_what_is_published(app: Shop) -> None:
    with TestClient(create(app, refresh_s=0.01)) as client:
        wait_until(lambda: client.get("/ready").status_code == 200)
        app.store.publish(SECOND)
        wait_until(lambda: first_path(client, "tea")[0] == "Hot Drinks")


def test_a_service_that_has_not_started_is_alive_but_not_ready(client: TestClient) -> None:
    assert answer(client, "/health")["store"] == "unknown"
    problem(client.get("/ready"), 503)


def test_a_fault_while_refreshing_does_not_end_the_following(
    app: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TestClient(create(app, refresh_s=0.01)) as client:
        wait_until(lambda: client.get("/ready").status_code == 200)
        with monkeypatch.context() as broken:
            looks: list[str] = []

            def fail() -> list[str]:
                looks.append("failed")
                raise ValueError("nobody foresaw this")

            broken.setattr(app.store, "names", fail)
            wait_until(lambda: len(looks) > 2)
        app.store.publish(SECOND)
        wait_until(lambda: first_path(client, "tea")[0] == "Hot Drinks")


def test_threads_get_consistent_answers_during_swaps(app: Shop) -> None:
    app.models["model"] = Model(node_id(FIRST, "Pets > Dogs"))
    with TestClient(create(app, refresh_s=0.001)) as client:
        wait_until(lambda: client.get("/ready").status_code == 200)

        def ask(worker: int) -> Iterator[tuple[int, str]]:
            for _ in range(30):
                told = answer(client, f"{SHOP}/route", q="hot tea" if worker % 2 else "tea")
                yield told["version"]["tree_version"], told["ranked"][0]["path"][0]

        with ThreadPoolExecutor(9) as pool:
            swaps = pool.submit(publish_in_turn, app.store)
            answers = [one for rows in pool.map(lambda worker: list(ask(worker)), range(8)) for one in rows]
            swaps.result()
    assert set(answers) == {(1, "Drinks"), (2, "Hot Drinks")}


def publish_in_turn(store: Store) -> None:
    for turn in range(20):
        store.publish(FIRST if turn % 2 else SECOND, revision="trained", model="model")
        time.sleep(0.02)


def wait_until(holds: Callable[[], bool], *, at_most_s: float = 10.0) -> None:
    end = time.monotonic() + at_most_s
    while not holds():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.005)


# -- models ---------------------------------------------------------------------------------------------


def test_the_releases_model_has_a_say_and_is_named(app: Shop, client: TestClient) -> None:
    app.models["model"] = Model(node_id(FIRST, "Pets > Dogs"))
    app.store.publish(FIRST, revision="trained", model="model")
    told = answer(client, f"{SHOP}/route", q="anything at all")
    assert told["version"]["model_revision"] == "trained"
    assert told["ranked"][0]["path"] == ["Pets", "Dogs"]


@pytest.mark.parametrize(("folder", "said"), [("gone", "no model here"), ("model", "now holds another one")])
def test_without_the_releases_own_model_the_tree_is_served_with_a_note(
    app: Shop, client: TestClient, folder: str, said: str
) -> None:
    app.models["model"] = Model(TEA, revision="retrained")
    app.store.publish(FIRST, revision="trained", model=folder)
    assert answer(client, f"{SHOP}/route", q="tea")["version"]["model_revision"] == ""
    assert said in answer(client, "/health")["taxonomies"][0]["note"]


def test_a_shared_encoder_gives_what_the_encoder_gives_slice_by_slice() -> None:
    texts = [f"tea {n}" for n in range(SLICE + 1)]
    inner = HashedWords()
    shared = SharedEncoder(inner)
    assert np.array_equal(shared.encode(texts), HashedWords().encode(texts))
    assert inner.calls == [SLICE, 1]
    assert shared.encode([]).shape == (0, inner.dim)


# -- what it teaches ------------------------------------------------------------------------------------


def test_the_documentation_tells_every_call_and_its_refusals(client: TestClient) -> None:
    paths = answer(client, "/openapi.json")["paths"]
    operations = [operation for path in paths.values() for operation in path.values()]
    assert len(operations) == 30
    assert all(operation["description"] for operation in operations)
    refused = paths["/v1/taxonomies/{name}/route"]["get"]["responses"]
    assert {"404", "409", "422", "503"} <= set(refused)
    assert client.get("/docs").status_code == 200
