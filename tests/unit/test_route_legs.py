import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.search.lexical import NameLeg, NodeWords, TitleLeg, WordsLeg
from ingest.search.posterior import PosteriorLeg
from ingest.search.routing import WEIGHTS, open_router
from ingest.search.vectors import vector_leg
from ingest.search.words import stems
from taxonomy.node import Label, NodeId
from taxonomy.ports import Floats, Progress
from taxonomy.product import Product, ProductId, split_path
from taxonomy.redirects import Redirect
from taxonomy.search.legs import Leg
from taxonomy.search.route import Intent
from taxonomy.tree import Draft, Tree

TREE = Tree.from_paths(
    map(
        split_path,
        [
            "Pets > Dogs > Dog Food",
            "Pets > Cats > Cat Food",
            "Electronics > TVs",
            "Electronics > TV Stands",
            "TV Shop > TV Extras > TV Parts > Antennas",
            "Outdoor > Camping > Tents",
            "Outdoor > Camping > Stoves",
        ],
    )
)


def node(path: str) -> NodeId:
    node_id = TREE.find(split_path(path))
    assert node_id is not None
    return node_id


def product(title: str, *, brand: str = "") -> Product:
    return Product(ProductId(title), title, brand)


class HashedWords:
    """An encoder whose vectors agree where texts share stems."""

    revision, dim = "hashed", 512

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Floats:
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in stems(text):
                vectors[row, zlib.crc32(word.encode()) % self.dim] += 1.0
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


@dataclass
class Sure:
    """A classifier that gives everything to one terminal."""

    terminals: tuple[NodeId, ...]

    def query_posteriors(self, texts: Sequence[str]) -> Floats:
        return np.tile(np.eye(1, len(self.terminals), dtype=np.float32), (len(texts), 1))


def best(leg: Leg, query: str, tree: Tree = TREE) -> str:
    scores = leg.scores([query])[0]
    return tree.label(tuple(tree.descendants())[int(scores.argmax())]) if scores.max() > 0 else ""


def explained(leg: Leg, query: str, at: int) -> list[str]:
    return leg.evidence(query, [at], leg.scores([query])[0, [at]])


def first(query: str, **evidence: object) -> str:
    return TREE.label(open_router(TREE, **evidence).route(query).ranked[0].node_id)  # type: ignore[arg-type]


# -- words ----------------------------------------------------------------------------------------------


def test_own_words_count_more_than_those_of_ancestors() -> None:
    leg = WordsLeg(NodeWords(TREE))
    assert best(leg, "tents camping") == "Outdoor > Camping > Tents"
    assert best(leg, "camping") == "Outdoor > Camping"


def test_the_decay_of_ancestors_is_a_setting() -> None:
    def of_tents(decay: float) -> float:
        nodes = NodeWords(TREE, ancestor_decay=decay)
        return float(WordsLeg(nodes).scores(["camping"])[0, nodes.at[node("Outdoor > Camping > Tents")]])

    assert of_tents(0.2) == pytest.approx(0.2)
    assert of_tents(0.7) == pytest.approx(0.7)


def test_alt_labels_are_names_and_scope_notes_are_less() -> None:
    draft = Draft(TREE)
    tvs = TREE.node(node("Electronics > TVs"))
    draft.replace(replace(tvs, labels=(Label("Televisions"),), scope_note="Screens, not projectors"))
    nodes = NodeWords(draft.tree())
    scores = WordsLeg(nodes).scores(["televisions", "screens"])[:, nodes.at[node("Electronics > TVs")]]
    assert scores[0] == pytest.approx(1.0)
    assert 0 < scores[1] < 0.5


def test_a_whole_name_beats_a_part_of_one() -> None:
    assert best(NameLeg(NodeWords(TREE)), "samsung tv") == "Electronics > TVs"


def test_a_path_gains_nothing_by_repeating_a_word() -> None:
    assert first("tv") == "Electronics > TVs"


def test_what_matched_is_told() -> None:
    nodes = NodeWords(TREE)
    (told,) = explained(WordsLeg(nodes), "dog fod pets", nodes.at[node("Pets > Dogs > Dog Food")])
    assert told == 'name matches "dog"; path matches "pet"; "fod" ≈ "food"'
    (whole,) = explained(NameLeg(nodes), "big tvs", nodes.at[node("Electronics > TVs")])
    assert whole == "the whole name is in the query"


# -- titles and vectors -----------------------------------------------------------------------------------


def test_a_brand_leads_to_where_its_products_stand() -> None:
    stock = [(node("Electronics > TVs"), product(f"Zanussa {n}", brand="Zanussa")) for n in range(4)]
    assert best(TitleLeg(NodeWords(TREE, products=stock)), "zanussa") == "Electronics > TVs"
    assert first("zanussa", products=stock) == "Electronics > TVs"
    assert open_router(TREE).route("zanussa").intent is Intent.NONE


def test_one_stray_product_proves_little() -> None:
    stock = [(node("Electronics > TVs"), product("Acme telly"))]
    many = [(node("Electronics > TVs"), product(f"Acme telly {n}")) for n in range(20)]
    one, twenty = (float(TitleLeg(NodeWords(TREE, products=p)).scores(["acme"]).max()) for p in (stock, many))
    assert one < 0.5 < twenty


def test_a_product_of_a_retired_node_counts_for_its_successor() -> None:
    old = NodeId("0ld")
    tree = replace(TREE, redirects={old: Redirect((node("Electronics > TVs"),))})
    stock = [(old, product("Zanussa"))] * 3
    assert best(TitleLeg(NodeWords(tree, products=stock)), "zanussa", tree) == "Electronics > TVs"
    assert best(vector_leg(tree, HashedWords(), products=stock), "zanussa", tree) == "Electronics > TVs"


def test_products_draw_a_nodes_vector_as_far_as_the_setting_says() -> None:
    stock = [(node("Outdoor > Camping > Stoves"), product("gas burner"))]
    shares = (0.0, 0.2, 0.8)
    cosines = [
        float(vector_leg(TREE, HashedWords(), products=stock, centroid_share=s).scores(["gas burner"]).max())
        for s in shares
    ]
    assert cosines[0] == 0.0
    assert cosines[1] < cosines[2]


# -- posterior --------------------------------------------------------------------------------------------


def test_the_classifier_has_a_say() -> None:
    sure = Sure((node("Outdoor > Camping > Stoves"), node("Electronics > TVs")))
    leg = PosteriorLeg(TREE, sure)
    assert best(leg, "anything") == "Outdoor > Camping > Stoves"
    assert first("anything", classifier=sure) == "Outdoor > Camping > Stoves"


def test_a_terminal_that_was_retired_counts_for_its_successor() -> None:
    old = NodeId("0ld")
    tree = replace(TREE, redirects={old: Redirect((node("Electronics > TVs"),))})
    assert best(PosteriorLeg(tree, Sure((old, node("Pets")))), "x", tree) == "Electronics > TVs"


def test_the_classifier_and_the_vectors_are_told_of() -> None:
    sure = Sure((node("Electronics > TVs"),))
    why = open_router(TREE, encoder=HashedWords(), classifier=sure).route("tvs").ranked[0].why
    assert [evidence.text for evidence in why if evidence.leg in ("vectors", "posterior")] == [
        "similar in meaning (0.60)",
        "the classifier gives it 100%",
    ]


# -- all together -----------------------------------------------------------------------------------------

STOCK = [(node("Pets > Cats > Cat Food"), product("Miaow pouches")), (node("Pets > Dogs"), product("Collar"))]


@pytest.mark.parametrize("leg", ["words", "name", "vectors", "titles", "posterior"])
def test_every_leg_changes_the_result(leg: str) -> None:
    def probabilities(weights: object) -> list[float]:
        evidence = {
            "encoder": HashedWords(),
            "products": STOCK,
            "classifier": Sure((node("Electronics > TVs"),)),
        }
        router = open_router(TREE, weights=weights, **evidence)  # type: ignore[arg-type]
        return [ranked.probability for ranked in router.route("miaow cat food").ranked]

    assert probabilities(WEIGHTS) != probabilities({k: v for k, v in WEIGHTS.items() if k != leg})


@pytest.mark.parametrize(
    ("query", "path", "intent"),
    [
        ("dog fod", "Pets > Dogs > Dog Food", Intent.NARROW),
        ("camping", "Outdoor > Camping", Intent.BROAD),
        ("tv stand", "Electronics > TV Stands", Intent.NARROW),
    ],
)
@pytest.mark.parametrize("encoder", [None, HashedWords()])
def test_plain_queries_reach_their_node(
    query: str, path: str, intent: Intent, encoder: HashedWords | None
) -> None:
    routing = open_router(TREE, encoder=encoder).route(query)
    assert (TREE.label(routing.ranked[0].node_id), routing.intent) == (path, intent)


@pytest.mark.parametrize(
    "query", ["", " ", "asdfgh qwerty", "gift card balance", "电视机", "\x00", "x" * 10_000]
)
def test_queries_that_mean_no_node_get_rows_and_no_intent(query: str) -> None:
    router = open_router(TREE, encoder=HashedWords(), products=STOCK)
    routing = router.route(query)
    assert routing.intent is Intent.NONE
    assert len(routing.ranked) == 10


def test_a_tree_of_one_node_can_be_routed_to() -> None:
    routing = open_router(Tree.from_paths([("Tea",)]), encoder=HashedWords()).route("tea")
    assert (len(routing.ranked), routing.intent) == (1, Intent.NARROW)


@given(st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_text_is_routed(query: str) -> None:
    routing = ROUTER.route(query)
    probabilities = [ranked.probability for ranked in routing.ranked]
    assert len(probabilities) == 10
    assert probabilities == sorted(probabilities, reverse=True)
    assert all(0.0 <= p <= 1.0 for p in probabilities)


ROUTER = open_router(TREE, encoder=HashedWords(), products=STOCK)


def test_queries_together_are_routed_as_alone() -> None:
    queries = ["dog fod", "", "tv", "camping tents"]
    together = [[n.node_id for n in routing.ranked] for routing in ROUTER.route_many(queries)]
    assert together == [[n.node_id for n in ROUTER.route(query).ranked] for query in queries]
