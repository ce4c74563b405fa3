from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxonomy.changes import apply
from taxonomy.edits import Merge, Pin
from taxonomy.node import NodeId
from taxonomy.ports import Floats
from taxonomy.search.explain import explain
from taxonomy.search.legs import LegWeight, node_order
from taxonomy.search.route import Intent, Router
from taxonomy.tree import Tree

TREE = Tree.from_paths(
    [
        ("Pets", "Dogs", "Dog Food"),
        ("Pets", "Dogs", "Leads"),
        ("Pets", "Cats", "Cat Food"),
        ("Electronics", "TVs"),
        ("Electronics", "Phones"),
    ]
)
ORDER = node_order(TREE)


@dataclass
class Fixed:
    """A leg that says the same of every query: scores by the node's name."""

    said: dict[str, float]
    name: str = "fixed"

    def scores(self, queries: Sequence[str]) -> Floats:
        row = [self.said.get(TREE.node(node_id).name, 0.0) for node_id in ORDER]
        return np.array([row] * len(queries), dtype=np.float32)

    def evidence(self, query: str, nodes: Sequence[int], scores: Floats) -> list[str]:
        return [f"says {self.said.get(TREE.node(ORDER[at]).name, 0.0)}" for at in nodes]


def routed(said: dict[str, float], *, weight: float = 10.0, convincing: float = 0.5) -> Router:
    return Router(TREE, [Fixed(said)], {"fixed": LegWeight(weight, convincing)})


def first(router: Router, query: str = "x") -> str:
    return TREE.node(router.route(query).ranked[0].node_id).name


def test_one_leaf_that_stands_out_is_narrow() -> None:
    router = routed({"TVs": 1.0, "Phones": 0.2})
    assert (first(router), router.route("x").intent) == ("TVs", Intent.NARROW)


def test_a_subtree_that_shares_the_mass_is_broad_and_its_top_comes_first() -> None:
    router = routed({"Dog Food": 1.0, "Leads": 1.0, "TVs": 0.4})
    routing = router.route("x")
    assert (first(router), routing.intent) == ("Dogs", Intent.BROAD)
    assert routing.ranked[0].probability > routing.ranked[1].probability


def test_the_deepest_subtree_that_holds_the_mass_is_taken() -> None:
    assert first(routed({"Dog Food": 1.0, "Cat Food": 1.0})) == "Pets"


def test_an_inner_node_that_is_named_is_broad() -> None:
    assert routed({"Dogs": 1.0}).route("x").intent is Intent.BROAD


def test_mass_in_separate_subtrees_is_ambiguous() -> None:
    routing = routed({"Dog Food": 1.0, "TVs": 0.99}, weight=3).route("x")
    assert routing.intent is Intent.AMBIGUOUS


def test_a_query_that_convinces_no_leg_has_no_intent_but_rows() -> None:
    routing = routed({"TVs": 0.49}).route("x")
    assert routing.intent is Intent.NONE
    assert len(routing.ranked) == len(ORDER)


def test_the_convincing_score_is_a_setting() -> None:
    assert routed({"TVs": 0.49}, convincing=0.4).route("x").intent is Intent.NARROW


def test_a_higher_weight_makes_the_first_surer() -> None:
    weak, strong = (routed({"TVs": 1.0}, weight=w).route("x").ranked[0].probability for w in (1.0, 5.0))
    assert strong > weak


def test_a_leg_without_a_weight_is_not_asked() -> None:
    router = Router(TREE, [Fixed({"TVs": 1.0}), Fixed({"Leads": 1.0}, "other")], {"other": LegWeight(9, 0.5)})
    assert first(router) == "Leads"
    assert [evidence.leg for evidence in router.route("x").ranked[0].why] == ["other"]


def test_top_limits_the_rows() -> None:
    assert [len(routed({}).route("x", top=n).ranked) for n in (1, 3, 99)] == [1, 3, len(ORDER)]


def test_many_queries_come_back_in_order_across_batches() -> None:
    queries = [str(n) for n in range(600)]
    assert [routing.query for routing in routed({}).route_many(queries)] == queries


def test_without_explaining_there_are_no_reasons() -> None:
    (routing,) = routed({"TVs": 1.0}).route_many(["x"], explain=False)
    assert routing.ranked[0].why == ()


def test_an_empty_tree_gives_no_rows_and_no_intent() -> None:
    routing = Router(Tree(), [], {}).route("x")
    assert (routing.ranked, routing.intent) == ((), Intent.NONE)
    assert explain(routing, Tree()) == ["The tree has no categories yet."]


@pytest.mark.parametrize(
    ("said", "start"),
    [
        ({"TVs": 1.0}, "“a {tv}” means one category"),
        ({"Dogs": 1.0}, "“a {tv}” is broad: it means all of Pets > Dogs"),
        ({}, "Nothing in this tree clearly answers “a {tv}”"),
    ],
)
def test_the_intent_is_told_in_a_sentence(said: dict[str, float], start: str) -> None:
    sentences = explain(routed(said).route("a {tv}"), TREE, top=2)
    assert sentences[0].startswith(start)
    assert len(sentences) == 3


def test_the_reason_of_each_leg_is_told() -> None:
    assert "Electronics > TVs (100%): says 1.0" in explain(routed({"TVs": 1.0}).route("x"), TREE)


@given(st.lists(st.floats(0, 1, width=32), min_size=len(ORDER), max_size=len(ORDER)), st.floats(0, 50))
@settings(max_examples=200, deadline=None)
def test_probabilities_fall_from_at_most_one(scores: list[float], weight: float) -> None:
    said = dict(zip((TREE.node(node_id).name for node_id in ORDER), scores, strict=True))
    routing = routed(said, weight=weight).route("x", top=99)
    probabilities = [node.probability for node in routing.ranked]
    assert probabilities == sorted(probabilities, reverse=True)
    assert all(0.0 <= p <= 1.0 for p in probabilities)
    assert len({node.node_id for node in routing.ranked}) == len(ORDER)


def test_the_order_of_legs_does_not_matter() -> None:
    legs = [Fixed({"TVs": 1.0}, "a"), Fixed({"Leads": 0.8}, "b")]
    weights = {"a": LegWeight(4, 0.5), "b": LegWeight(6, 0.5)}
    one, other = (Router(TREE, order, weights).route("x") for order in (legs, legs[::-1]))
    bare = [[replace(node, why=()) for node in routing.ranked] for routing in (one, other)]
    assert bare[0] == bare[1]


def at(*path: str) -> NodeId:
    found = TREE.find(path)
    assert found is not None, path
    return found


def pinned(query: str, *path: str) -> Router:
    tree = apply(TREE, [Pin(query, at(*path))]).tree
    return Router(tree, [Fixed({"TVs": 1.0, "Phones": 0.2})], {"fixed": LegWeight(10.0, 0.5)})


def test_a_pinned_query_goes_where_a_person_said_and_says_so() -> None:
    routing = pinned("Bello", "Pets", "Dogs", "Dog Food").route("bello", top=3)

    assert [TREE.node(one.node_id).name for one in routing.ranked][:2] == ["Dog Food", "TVs"]
    assert (routing.ranked[0].probability, routing.intent) == (1.0, Intent.NARROW)
    assert routing.ranked[0].why[0].text == "pinned by a person"
    assert "pin" not in [one.leg for one in routing.ranked[1].why]


def test_a_query_pinned_to_an_inner_node_is_broad() -> None:
    assert pinned("bello", "Pets", "Dogs").route("BELLO").intent is Intent.BROAD


def test_other_queries_are_left_to_the_machine() -> None:
    assert pinned("bello", "Pets").route("tv") == routed({"TVs": 1.0, "Phones": 0.2}).route("tv")


def test_a_pinned_node_is_named_once_and_without_reasons_where_none_are_asked_for() -> None:
    router = pinned("telly", "Electronics", "TVs")
    (routing,) = router.route_many(["telly"], explain=False)

    assert [TREE.node(one.node_id).name for one in routing.ranked].count("TVs") == 1
    assert routing.ranked[0].why == ()


def test_a_pin_follows_its_node_into_a_merge() -> None:
    food, leads = at("Pets", "Dogs", "Dog Food"), at("Pets", "Dogs", "Leads")
    tree = apply(TREE, [Pin("bello", food), Merge((food,), leads)]).tree

    assert Router(tree, [], {}).route("bello").ranked[0].node_id == leads
