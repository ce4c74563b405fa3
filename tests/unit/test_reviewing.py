"""Answers place products, are kept, can be taken back, and learn from nobody's mistake twice."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from taxonomy.edits import Merge, Part, Retire, Split
from taxonomy.errors import InputError, StaleEdit, UnknownId
from taxonomy.node import NodeId
from taxonomy.product import Product, ProductId
from taxonomy.review import Answer, Guess, Suggestion, Verdict
from taxonomy.service import reviewing
from taxonomy.tree import Tree
from tests.contract.given import POPPY, SHELF, SPADE, WOK, at, edited, imported, planted
from tests.fakes import FakeUnitOfWork

HERE = ("shop", "home")


@pytest.fixture
def uow() -> FakeUnitOfWork:
    return FakeUnitOfWork()


@pytest.fixture
def tree(uow: FakeUnitOfWork) -> Tree:
    """All three wait: the poppy alone, the wok behind the spade."""
    tree = planted(uow)
    imported(uow, SHELF)
    guesses = (Guess(at(tree, "Garden", "Tools"), 0.5), Guess(at(tree, "Garden", "Seeds"), 0.25))
    pairs = ((SPADE, SPADE, 1.5), (POPPY, POPPY, 2.0), (WOK, SPADE, 0.25))
    rows = [Suggestion(one.id, guesses, worth, leader.id, "bert@1", 1) for one, leader, worth in pairs]
    reviewing.fill(uow, *HERE, rows)
    return tree


def placed(uow: FakeUnitOfWork) -> dict[ProductId, NodeId]:
    return uow.assignments.placed(*HERE, [one.id for one in SHELF])


def waiting(uow: FakeUnitOfWork) -> list[ProductId]:
    return [one.product.id for one in reviewing.queue(uow, *HERE)]


def test_an_answer_places_the_product_and_keeps_what_had_been_suggested(
    uow: FakeUnitOfWork, tree: Tree
) -> None:
    seeds = at(tree, "Garden", "Seeds")

    (one,) = reviewing.answer(uow, *HERE, [POPPY.id], node_id=seeds, author="ann")

    assert placed(uow) == {POPPY.id: seeds}
    assert (one.author, one.model_revision, one.tree_version, one.is_placed) == ("ann", "bert@1", 1, True)
    assert [guess.probability for guess in one.guesses] == [0.5, 0.25]
    assert waiting(uow) == [SPADE.id]


def test_a_group_is_answered_at_once(uow: FakeUnitOfWork, tree: Tree) -> None:
    tools = at(tree, "Garden", "Tools")
    group = [one.product.id for one in reviewing.alike(uow, *HERE, SPADE.id)]

    made = reviewing.answer(uow, *HERE, [*group, SPADE.id], node_id=tools, author="ann", key="k")

    assert [one.product_id for one in made] == [SPADE.id, WOK.id]
    assert placed(uow) == {SPADE.id: tools, WOK.id: tools}


def test_a_repeated_request_has_one_effect(uow: FakeUnitOfWork, tree: Tree) -> None:
    tools = at(tree, "Garden", "Tools")
    first = reviewing.answer(uow, *HERE, [SPADE.id], node_id=tools, author="ann", key="k")
    reviewing.take_back(uow, *HERE, [first[0].id], author="ann")

    again = reviewing.answer(uow, *HERE, [SPADE.id], node_id=tools, author="ann", key="k")

    assert [one.id for one in again] == [first[0].id]
    assert placed(uow) == {}


def test_a_key_of_another_request_is_refused(uow: FakeUnitOfWork, tree: Tree) -> None:
    tools, seeds = at(tree, "Garden", "Tools"), at(tree, "Garden", "Seeds")
    reviewing.answer(uow, *HERE, [SPADE.id], node_id=tools, author="ann", key="k")

    for ids, goal in (([POPPY.id], tools), ([SPADE.id], seeds)):
        with pytest.raises(InputError, match="key 'k' was used"):
            reviewing.answer(uow, *HERE, ids, node_id=goal, author="ann", key="k")
    with pytest.raises(InputError, match="key 'k' was used"):
        reviewing.answer(uow, *HERE, [SPADE.id], verdict=Verdict.SKIP, author="ann", key="k")


def test_of_two_people_the_first_wins_and_both_are_kept(uow: FakeUnitOfWork, tree: Tree) -> None:
    tools, seeds = at(tree, "Garden", "Tools"), at(tree, "Garden", "Seeds")
    reviewing.answer(uow, *HERE, [SPADE.id], node_id=tools, author="ann")

    (second,) = reviewing.answer(uow, *HERE, [SPADE.id], node_id=seeds, author="bob")

    assert (second.is_placed, second.before) == (False, tools)
    assert placed(uow) == {SPADE.id: tools}
    assert [one.author for one in uow.reviews.log(*HERE)] == ["bob", "ann"]


def test_people_may_answer_again_where_they_were_first_themselves(uow: FakeUnitOfWork, tree: Tree) -> None:
    tools, seeds = at(tree, "Garden", "Tools"), at(tree, "Garden", "Seeds")
    reviewing.answer(uow, *HERE, [POPPY.id], node_id=tools, author="ann")

    (again,) = reviewing.answer(uow, *HERE, [POPPY.id], node_id=seeds, author="ann")

    assert (again.is_placed, again.before) == (True, tools)
    assert placed(uow) == {POPPY.id: seeds}
    reviewing.take_back(uow, *HERE, [again.id], author="ann")
    assert placed(uow) == {POPPY.id: tools}
    reviewing.answer(uow, *HERE, [POPPY.id], node_id=seeds, author="bob", replace_others=True)
    (late,) = reviewing.answer(uow, *HERE, [POPPY.id], node_id=tools, author="ann")
    assert not late.is_placed


def test_a_later_answer_wins_when_it_is_asked_to(uow: FakeUnitOfWork, tree: Tree) -> None:
    tools, seeds = at(tree, "Garden", "Tools"), at(tree, "Garden", "Seeds")
    reviewing.answer(uow, *HERE, [SPADE.id], node_id=tools, author="ann")

    (second,) = reviewing.answer(uow, *HERE, [SPADE.id], node_id=seeds, author="bob", replace_others=True)
    assert placed(uow) == {SPADE.id: seeds}
    reviewing.take_back(uow, *HERE, [second.id], author="bob")

    assert placed(uow) == {SPADE.id: tools}


def test_an_answer_is_taken_back_and_the_product_waits_again(uow: FakeUnitOfWork, tree: Tree) -> None:
    (one,) = reviewing.answer(uow, *HERE, [POPPY.id], node_id=at(tree, "Garden", "Seeds"), author="ann")

    (undo,) = reviewing.take_back(uow, *HERE, [one.id], author="bob", key="u")

    assert (undo.verdict, undo.undoes, undo.author) == (Verdict.UNDO, one.id, "bob")
    assert placed(uow) == {}
    assert waiting(uow) == [POPPY.id, SPADE.id]
    assert reviewing.take_back(uow, *HERE, [one.id], author="bob", key="u")[0].id == undo.id


def test_what_somebody_placed_elsewhere_since_stays_there(uow: FakeUnitOfWork, tree: Tree) -> None:
    tools, seeds = at(tree, "Garden", "Tools"), at(tree, "Garden", "Seeds")
    (one,) = reviewing.answer(uow, *HERE, [POPPY.id], node_id=seeds, author="ann")
    uow.assignments.place(*HERE, tools, [POPPY.id], author="bob")
    uow.commit()

    reviewing.take_back(uow, *HERE, [one.id], author="ann")

    assert placed(uow) == {POPPY.id: tools}


def test_nothing_is_taken_back_twice(uow: FakeUnitOfWork, tree: Tree) -> None:
    (one,) = reviewing.answer(uow, *HERE, [POPPY.id], verdict=Verdict.SKIP, author="ann")
    (undo,) = reviewing.take_back(uow, *HERE, [one.id], author="ann")

    for ids, said in (([one.id], "already"), ([undo.id], "takes back"), ([], "which answers")):
        with pytest.raises(InputError, match=said):
            reviewing.take_back(uow, *HERE, ids, author="ann")
    with pytest.raises(UnknownId, match="answer"):
        reviewing.take_back(uow, *HERE, [undo.id + 100], author="ann")


def test_none_of_these_and_no_product_place_nothing_and_leave_the_queue(
    uow: FakeUnitOfWork, tree: Tree
) -> None:
    reviewing.answer(uow, *HERE, [POPPY.id], verdict=Verdict.NONE, author="ann")
    reviewing.answer(uow, *HERE, [SPADE.id, WOK.id], verdict=Verdict.SKIP, author="ann")

    assert placed(uow) == {}
    assert waiting(uow) == []
    found = reviewing.figures(uow, *HERE)
    assert (found.n_none, found.n_skipped, found.n_open) == (1, 2, 0)


@pytest.mark.parametrize(
    ("ids", "node", "verdict", "said"),
    [
        ([], "x", Verdict.PLACE, "which products"),
        (["p1"], None, Verdict.PLACE, "name a category"),
        (["p1"], "x", Verdict.SKIP, "name a category"),
        (["p1"], None, Verdict.UNDO, "taken back by its id"),
        (["p1"], "x", Verdict.PLACE, "no category 'x'"),
        (["p9"], None, Verdict.SKIP, "no product 'p9'"),
    ],
)
def test_what_makes_no_sense_is_refused(
    uow: FakeUnitOfWork, tree: Tree, ids: list[str], node: str | None, verdict: Verdict, said: str
) -> None:
    goal = None if node is None else NodeId(node)
    with pytest.raises(InputError, match=said):
        reviewing.answer(
            uow, *HERE, [ProductId(one) for one in ids], node_id=goal, verdict=verdict, author="ann"
        )
    uow.rollback()
    assert uow.reviews.log(*HERE) == []


def test_an_answer_about_a_text_that_changed_since_is_refused(uow: FakeUnitOfWork, tree: Tree) -> None:
    seen = {one.product.id: one.text_hash for one in reviewing.queue(uow, *HERE)}
    imported(uow, [SPADE, replace(POPPY, title="Poppy seeds 10 g"), WOK], "two")

    with uow, pytest.raises(StaleEdit, match="another text"):
        reviewing.answer(uow, *HERE, [POPPY.id], verdict=Verdict.SKIP, author="ann", seen=seen)
    assert uow.reviews.log(*HERE) == []
    assert reviewing.answer(uow, *HERE, [SPADE.id], verdict=Verdict.SKIP, author="ann", seen=seen)


def test_an_answer_about_a_product_that_retired_is_refused(uow: FakeUnitOfWork, tree: Tree) -> None:
    imported(uow, [SPADE], "two")

    with pytest.raises(InputError, match="no longer in catalog"):
        reviewing.answer(uow, *HERE, [POPPY.id], verdict=Verdict.SKIP, author="ann")


def test_suggestions_follow_redirects_and_merged_nodes_add_up(uow: FakeUnitOfWork, tree: Tree) -> None:
    tools, seeds = at(tree, "Garden", "Tools"), at(tree, "Garden", "Seeds")
    edited(uow, Merge((seeds,), tools))
    assert reviewing.queue(uow, *HERE)[0].suggestion.guesses == (Guess(tools, 0.75),)
    (one,) = reviewing.answer(uow, *HERE, [POPPY.id], node_id=seeds, author="ann")
    assert one.node_id == tools

    edited(uow, Retire(tools), Retire(at(tree, "Garden")))

    assert reviewing.queue(uow, *HERE)[0].suggestion.guesses == ()


def test_a_suggested_node_that_was_split_hands_its_chance_on(uow: FakeUnitOfWork, tree: Tree) -> None:
    spades, rakes = NodeId("spades"), NodeId("rakes")
    parts = (Part(spades, "Spades", (SPADE.id,)), Part(rakes, "Rakes", (WOK.id,)))
    edited(uow, Split(at(tree, "Garden", "Tools"), parts, "shop"))

    guesses = reviewing.queue(uow, *HERE)[0].suggestion.guesses

    assert {one.node_id: one.probability for one in guesses} == {
        spades: 0.25,
        rakes: 0.25,
        at(tree, "Garden", "Seeds"): 0.25,
    }
    with pytest.raises(UnknownId, match="was split"):
        reviewing.answer(uow, *HERE, [SPADE.id], node_id=at(tree, "Garden", "Tools"), author="ann")


def test_answers_are_given_with_live_nodes(uow: FakeUnitOfWork, tree: Tree) -> None:
    tools, seeds = at(tree, "Garden", "Tools"), at(tree, "Garden", "Seeds")
    reviewing.answer(uow, *HERE, [SPADE.id], node_id=tools, author="ann")
    reviewing.answer(uow, *HERE, [WOK.id], verdict=Verdict.SKIP, author="ann")
    edited(uow, Merge((tools,), seeds))

    found = {product.id: one for product, one in reviewing.answered(uow, *HERE)}

    assert [(one.verdict, one.node_id) for one in found.values()] == [
        (Verdict.PLACE, seeds),
        (Verdict.SKIP, None),
    ]
    assert isinstance(found[SPADE.id], Answer)


def test_a_queue_filled_in_parts_is_put_in_order(uow: FakeUnitOfWork, tree: Tree) -> None:
    def led_by_the_wok(products: Sequence[Product], asked: Sequence[Suggestion]) -> list[Suggestion]:
        assert [one.id for one in products] == [one.product_id for one in asked]
        return [replace(one, worth=float(one.product_id == WOK.id), leader_id=WOK.id) for one in asked]

    assert reviewing.reorder(uow, *HERE, led_by_the_wok) == 3

    assert waiting(uow) == [WOK.id]
    assert len(reviewing.alike(uow, *HERE, WOK.id)) == 3


def test_no_order_is_asked_for_an_empty_queue(uow: FakeUnitOfWork, tree: Tree) -> None:
    reviewing.fill(uow, *HERE, [])

    assert reviewing.reorder(uow, *HERE, lambda products, asked: pytest.fail("asked")) == 0


def test_what_changes_while_an_order_is_found_does_not_come_back(uow: FakeUnitOfWork, tree: Tree) -> None:
    def meanwhile(products: Sequence[Product], asked: Sequence[Suggestion]) -> Sequence[Suggestion]:
        imported(uow, [SPADE, POPPY], "two")
        return asked

    assert reviewing.reorder(uow, *HERE, meanwhile) == 2
