"""People are asked what the machine is not sure of, and can take their word back."""

import pytest

from taxonomy.product import ProductId
from taxonomy.review import Verdict
from taxonomy.service import reviewing
from tests.web.screens import TEA, opened, press, seen
from tests.web.shop import CATALOG, TAXONOMY, Shop, ask
from ui.web.state import Page

PLACE = (CATALOG, TAXONOMY)


def first(shop: Shop) -> tuple[ProductId, list[ProductId]]:
    """The product asked about first, and all that look like it."""
    with shop.uow() as uow:
        one = reviewing.queue(uow, *PLACE, limit=1)[0]
        group = reviewing.alike(uow, *PLACE, one.suggestion.leader_id)
        return one.product.id, [each.product.id for each in group]


def title(shop: Shop, product_id: ProductId) -> str:
    return shop.store.catalogs.get(CATALOG, [product_id])[0].title


def placed(shop: Shop, ids: list[ProductId]) -> set[ProductId]:
    return set(shop.store.assignments.placed(*PLACE, ids))


def test_the_question_worth_most_is_asked_with_its_suggestions(shop: Shop) -> None:
    ask(shop)
    one, group = first(shop)

    at = opened(Page.REVIEW)

    assert title(shop, one) in seen(at)
    assert f"Where do these {len(group)} belong?" in seen(at)
    labels = [at.button(key=f"suggested_{n}").label for n in (1, 2, 3)]
    assert ["likely, 62%" in labels[0], "possible, 21%" in labels[1], "a guess, 4%" in labels[2]] == [
        True
    ] * 3


def test_a_suggestion_is_taken_for_the_whole_group_and_taken_back(shop: Shop) -> None:
    ask(shop)
    one, group = first(shop)

    at = press(opened(Page.REVIEW), "suggested_1")

    assert placed(shop, group) == set(group)
    assert f"Put {len(group)} products into" in seen(at)
    assert first(shop)[0] != one
    at = press(at, "take_back")
    assert placed(shop, group) == set()
    assert f"Took back: {len(group)} answers" in seen(at)
    assert first(shop)[0] == one


def test_an_answer_can_be_for_one_product_alone(shop: Shop) -> None:
    ask(shop)
    one, group = first(shop)
    at = opened(Page.REVIEW)

    at.toggle[0].set_value(False).run()
    press(at, "suggested_2")

    assert placed(shop, group) == {one}


def test_any_other_category_can_be_chosen(shop: Shop) -> None:
    ask(shop)
    _, group = first(shop)
    at = opened(Page.REVIEW)
    assert at.button(key="elsewhere").disabled

    box = next(one for one in at.selectbox if one.label == "Another category")
    box.set_value(shop.at(*TEA)).run()
    press(at, "elsewhere")

    tea = shop.at(*TEA)
    assert shop.store.assignments.placed(*PLACE, group) == dict.fromkeys(group, tea)


@pytest.mark.parametrize(("key", "verdict"), [("none", Verdict.NONE), ("skip", Verdict.SKIP)])
def test_none_of_these_and_no_product_are_answers(shop: Shop, key: str, verdict: Verdict) -> None:
    ask(shop)
    _, group = first(shop)

    press(opened(Page.REVIEW), key)

    said = shop.store.reviews.log(*PLACE)
    assert {(one.product_id, one.verdict) for one in said} == {(at, verdict) for at in group}
    assert placed(shop, group) == set()


def test_what_is_put_off_is_asked_again_in_the_end(shop: Shop) -> None:
    rows = ask(shop, every=500)
    n_questions = len({one.leader_id for one in rows})
    one, _ = first(shop)
    at = press(opened(Page.REVIEW), "later")
    assert at.session_state["review_later"] == [one]

    for _ in range(n_questions - 1):
        at = press(at, "later")
    assert f"You put {n_questions} questions off" in seen(at)

    assert title(shop, one) in seen(press(at, "ask_again"))


def test_of_two_people_the_second_is_told(shop: Shop) -> None:
    ask(shop)
    _, group = first(shop)
    at = opened(Page.REVIEW)
    with shop.uow() as uow:
        reviewing.answer(uow, *PLACE, group[:1], node_id=shop.at(*TEA), author="Noor")

    at = press(at, "suggested_2")

    assert "somebody was first with 1 product, which stayed there" in seen(at)
    assert shop.store.assignments.placed(*PLACE, group[:1]) == {group[0]: shop.at(*TEA)}


def test_an_empty_queue_says_what_to_do(shop: Shop) -> None:
    assert "shelftree classify --catalog sample --taxonomy sample --model model" in seen(opened(Page.REVIEW))

    ask(shop, every=500)
    with shop.uow() as uow:
        ids = [one.product.id for one in reviewing.queue(uow, *PLACE, limit=500)]
        reviewing.answer(uow, *PLACE, ids, node_id=shop.at(*TEA), author="Noor")

    assert "shelftree train --catalog sample --taxonomy sample --out model" in seen(opened(Page.REVIEW))


def test_the_page_says_that_the_database_is_away(shop: Shop) -> None:
    ask(shop)
    at = opened(Page.REVIEW)
    shop.away = True

    assert "The database is away" in seen(press(at, "suggested_1"))
    assert shop.store.reviews.log(*PLACE) == []
