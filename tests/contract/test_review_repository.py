"""What people are asked about products, and what they said, in memory and in Postgres."""

from dataclasses import replace

import pytest

from taxonomy.edits import Merge, Retire
from taxonomy.errors import StoreError, UnknownId
from taxonomy.jobs import Job, JobKind, Shard
from taxonomy.node import NodeId
from taxonomy.ports import UnitOfWork
from taxonomy.product import Product, ProductId
from taxonomy.records import Promotion
from taxonomy.review import Answer, Figures, Guess, Queued, Suggestion, Verdict
from taxonomy.tree import Tree
from tests.contract.given import POPPY, SHELF, SPADE, WOK, at, edited, imported, planted

JOB = Job("home", "shop", JobKind.MODEL, 1, 2, model_revision="bert@2", id=7)


def asked(uow: UnitOfWork) -> tuple[Tree, list[Suggestion]]:
    """All three products wait; the wok follows the spade."""
    tree = planted(uow)
    imported(uow, SHELF)
    tools, seeds = at(tree, "Garden", "Tools"), at(tree, "Garden", "Seeds")
    guesses = (Guess(tools, 0.5), Guess(seeds, 0.25))
    rows = [
        Suggestion(SPADE.id, guesses, 1.5, SPADE.id, "bert@1", 1),
        Suggestion(POPPY.id, guesses, 2.0, POPPY.id, "bert@1", 1),
        Suggestion(WOK.id, guesses, 0.25, SPADE.id, "bert@1", 1),
    ]
    assert uow.reviews.refill("shop", "home", rows) == 3
    uow.commit()
    return tree, rows


def said(product: Product, verdict: Verdict, node_id: NodeId | None = None, **more: object) -> Answer:
    answer = Answer(product.id, verdict, "ann", node_id, is_placed=verdict is Verdict.PLACE)
    return replace(answer, **more)  # type: ignore[arg-type]


def shown(one: Queued) -> Queued:
    """Without the hash, which is the store's own."""
    return replace(one, text_hash="")


def waiting(uow: UnitOfWork) -> list[ProductId]:
    """One of each group, worth most first."""
    return [one.product.id for one in uow.reviews.queue("shop", "home")]


def test_the_queue_has_one_of_each_group_worth_most_first(uow: UnitOfWork) -> None:
    with uow:
        _, (spade, poppy, _) = asked(uow)

        queue = uow.reviews.queue("shop", "home")

        assert [shown(one) for one in queue] == [Queued(POPPY, poppy, 1), Queued(SPADE, spade, 2)]
        assert uow.reviews.queue("shop", "home", limit=1, offset=1) == queue[1:]


def test_a_group_begins_with_its_leader(uow: UnitOfWork) -> None:
    with uow:
        _, (spade, _, wok) = asked(uow)

        group = uow.reviews.alike("shop", "home", SPADE.id)

        assert [shown(one) for one in group] == [Queued(SPADE, spade, 2), Queued(WOK, wok, 2)]
        assert uow.reviews.alike("shop", "home", SPADE.id, limit=1, offset=1) == group[1:]
        assert uow.reviews.alike("shop", "home", WOK.id) == []


def test_a_refill_replaces_all_and_leaves_unknown_products_out(uow: UnitOfWork) -> None:
    with uow:
        _, (spade, *_) = asked(uow)
        stray = replace(spade, product_id=ProductId("p9"), leader_id=ProductId("p9"))

        assert uow.reviews.refill("shop", "home", [spade, stray]) == 1
        assert waiting(uow) == [SPADE.id]
        assert uow.reviews.refill("shop", "home", []) == 0
        assert waiting(uow) == []


def test_suggestions_are_put_in_the_place_of_those_of_the_products_named_alone(uow: UnitOfWork) -> None:
    with uow:
        _, (spade, poppy, _) = asked(uow)
        surer = replace(spade, worth=3.0, model_revision="bert@2")
        stray = replace(spade, product_id=ProductId("p9"), leader_id=ProductId("p9"))

        uow.reviews.put(JOB, [SPADE.id, WOK.id], [surer, stray])

        assert uow.reviews.stored("shop", "home") == sorted([surer, poppy], key=lambda one: one.product_id)
        uow.reviews.put(JOB, [POPPY.id], [])
        assert waiting(uow) == [SPADE.id]


def test_what_a_job_put_in_the_queue_is_put_back(uow: UnitOfWork) -> None:
    """It suggests for the spade again, for the wok anew, and no more for the poppy."""
    with uow:
        _, (spade, poppy, wok) = asked(uow)
        before = [poppy, spade]
        assert uow.reviews.refill("shop", "home", before) == 2
        again = [replace(one, worth=3.0, model_revision="bert@2", tree_version=2) for one in (spade, wok)]
        uow.reviews.put(JOB, [one.id for one in SHELF], again)
        uow.commit()
        every, wok_alone = Shard(9, 0, ProductId("p0"), ProductId("p9"), 3), Shard(9, 0, WOK.id, WOK.id, 1)

        uow.reviews.put_back(JOB, wok_alone)
        assert uow.reviews.stored("shop", "home") == [again[0]]
        uow.reviews.put_back(replace(JOB, id=8), every)
        assert uow.reviews.stored("shop", "home") == [again[0]]
        uow.reviews.put_back(JOB, every, but=[SPADE.id])
        assert uow.reviews.stored("shop", "home") == sorted([poppy, again[0]], key=lambda one: one.product_id)
        uow.reviews.put_back(JOB, every)
        assert uow.reviews.stored("shop", "home") == sorted(before, key=lambda one: one.product_id)


def test_what_was_suggested_after_a_job_is_not_put_back(uow: UnitOfWork) -> None:
    with uow:
        _, (spade, *_) = asked(uow)
        uow.reviews.put(JOB, [SPADE.id], [replace(spade, model_revision="bert@2", tree_version=2)])
        later = replace(spade, worth=9.0, model_revision="bert@3", tree_version=3)
        uow.reviews.put(replace(JOB, id=8, model_revision="bert@3", tree_version=3), [SPADE.id], [later])
        uow.commit()

        uow.reviews.put_back(JOB, Shard(9, 0, SPADE.id, SPADE.id, 1))

        assert uow.reviews.suggested("shop", "home", [SPADE.id]) == {SPADE.id: later}


def test_a_suggestion_is_stored_while_its_product_does_not_wait_but_not_for_another_text(
    uow: UnitOfWork,
) -> None:
    with uow:
        _, (spade, *_) = asked(uow)
        uow.reviews.record("shop", "home", [said(SPADE, Verdict.SKIP)])

        imported(uow, [SPADE, replace(POPPY, title="Poppy seeds 10 g")], "two")

        assert uow.reviews.stored("shop", "home") == [spade]  # the wok has retired


def test_a_product_that_changed_or_retired_waits_no_longer(uow: UnitOfWork) -> None:
    with uow:
        asked(uow)

        imported(uow, [replace(SPADE, price=9.5), replace(POPPY, title="Poppy seeds 10 g")], "two")

        assert waiting(uow) == [SPADE.id]
        assert uow.reviews.queue("shop", "home")[0].n_alike == 1  # the wok has retired
        assert set(uow.reviews.suggested("shop", "home", [one.id for one in SHELF])) == {SPADE.id}


def test_who_follows_a_leader_that_is_gone_still_waits(uow: UnitOfWork) -> None:
    with uow:
        tree, _ = asked(uow)

        uow.assignments.place("shop", "home", at(tree, "Garden", "Tools"), [SPADE.id], author="ann")

        assert waiting(uow) == [POPPY.id, WOK.id]


def test_what_people_placed_waits_again_when_its_node_goes_without_successor(uow: UnitOfWork) -> None:
    with uow:
        tree, _ = asked(uow)
        tools, seeds = at(tree, "Garden", "Tools"), at(tree, "Garden", "Seeds")
        uow.assignments.place("shop", "home", tools, [SPADE.id], author="ann")
        edited(uow, Merge((tools,), seeds))
        assert SPADE.id not in waiting(uow)

        edited(uow, Retire(seeds), Retire(at(tree, "Garden")))

        assert SPADE.id in waiting(uow)


def test_a_skipped_product_waits_again_when_its_text_changes(uow: UnitOfWork) -> None:
    with uow:
        _, rows = asked(uow)
        uow.reviews.record("shop", "home", [said(POPPY, Verdict.SKIP)])
        assert waiting(uow) == [SPADE.id]

        uow.reviews.refill("shop", "home", rows)
        assert waiting(uow) == [SPADE.id]
        imported(uow, [SPADE, replace(POPPY, title="Poppy seeds 10 g"), WOK], "two")
        uow.reviews.refill("shop", "home", rows)

        assert waiting(uow) == [POPPY.id, SPADE.id]


def test_a_product_for_none_of_the_nodes_waits_again_when_another_is_suggested(uow: UnitOfWork) -> None:
    with uow:
        tree, rows = asked(uow)
        uow.reviews.record("shop", "home", [said(POPPY, Verdict.NONE, guesses=rows[1].guesses)])
        uow.reviews.refill("shop", "home", [replace(one, guesses=one.guesses[:1]) for one in rows])
        assert waiting(uow) == [SPADE.id]

        pans = (Guess(at(tree, "Kitchen", "Pans"), 0.5),)
        uow.reviews.refill("shop", "home", [replace(one, guesses=pans) for one in rows])

        assert waiting(uow) == [POPPY.id, SPADE.id]


def test_an_answer_comes_back_as_it_was_given_with_id_time_and_hash(uow: UnitOfWork) -> None:
    with uow:
        tree, rows = asked(uow)
        seeds = at(tree, "Garden", "Seeds")
        given = [
            said(WOK, Verdict.SKIP),
            said(
                POPPY,
                Verdict.PLACE,
                seeds,
                guesses=rows[1].guesses,
                model_revision="bert@1",
                tree_version=1,
                before=at(tree, "Garden"),
                key="k1",
            ),
        ]

        wok, poppy = uow.reviews.record("shop", "home", given)

        assert poppy == replace(given[1], id=poppy.id, at=poppy.at, text_hash=poppy.text_hash)
        assert poppy.at is not None
        assert 0 < wok.id < poppy.id or 0 < poppy.id < wok.id
        assert poppy.text_hash != wok.text_hash
        assert uow.reviews.get("shop", "home", poppy.id) == poppy
        assert uow.reviews.by_key("shop", "home", "k1") == [poppy]
        assert uow.reviews.log("shop", "home", limit=1)[0].id == max(wok.id, poppy.id)


def test_the_hash_follows_the_text_and_not_the_price(uow: UnitOfWork) -> None:
    with uow:
        asked(uow)
        one = uow.reviews.record("shop", "home", [said(SPADE, Verdict.SKIP)])[0]
        imported(uow, [replace(SPADE, price=9.5), POPPY, WOK], "two")
        two = uow.reviews.record("shop", "home", [said(SPADE, Verdict.SKIP)])[0]
        imported(uow, [replace(SPADE, brand="Spit"), POPPY, WOK], "three")
        three = uow.reviews.record("shop", "home", [said(SPADE, Verdict.SKIP)])[0]

        assert one.text_hash == two.text_hash != three.text_hash


def test_what_waits_has_the_hash_that_an_answer_will_have(uow: UnitOfWork) -> None:
    with uow:
        asked(uow)
        waits = uow.reviews.alike("shop", "home", SPADE.id)

        answers = uow.reviews.record("shop", "home", [said(SPADE, Verdict.SKIP), said(WOK, Verdict.SKIP)])

        assert [one.text_hash for one in waits] == [one.text_hash for one in answers]


def test_an_answer_that_was_taken_back_does_not_count(uow: UnitOfWork) -> None:
    with uow:
        tree, _ = asked(uow)
        seeds = at(tree, "Garden", "Seeds")
        first, other = (
            uow.reviews.record("shop", "home", [said(one, Verdict.PLACE, seeds)])[0] for one in (POPPY, WOK)
        )

        undo = uow.reviews.record("shop", "home", [said(POPPY, Verdict.UNDO, undoes=first.id)])[0]

        assert uow.reviews.get("shop", "home", first.id).undone_by == undo.id
        assert uow.reviews.counting("shop", "home", [POPPY.id, WOK.id]) == {WOK.id: other}


def test_an_answer_without_effect_does_not_count(uow: UnitOfWork) -> None:
    with uow:
        tree, _ = asked(uow)
        tools, seeds = at(tree, "Garden", "Tools"), at(tree, "Garden", "Seeds")
        first = uow.reviews.record("shop", "home", [said(POPPY, Verdict.PLACE, seeds)])[0]
        uow.reviews.record("shop", "home", [said(POPPY, Verdict.PLACE, tools, is_placed=False)])

        assert uow.reviews.counting("shop", "home", [POPPY.id]) == {POPPY.id: first}


def test_no_answer_is_taken_back_twice_and_no_key_used_twice(uow: UnitOfWork) -> None:
    with uow:
        asked(uow)
        one = uow.reviews.record("shop", "home", [said(POPPY, Verdict.SKIP, key="k1")])[0]
        uow.reviews.record("shop", "home", [said(POPPY, Verdict.UNDO, undoes=one.id)])
        uow.commit()

        for again in (said(POPPY, Verdict.UNDO, undoes=one.id), said(POPPY, Verdict.SKIP, key="k1")):
            with pytest.raises(StoreError):
                uow.reviews.record("shop", "home", [again])
            uow.rollback()


def test_unknown_products_answers_and_names_are_refused(uow: UnitOfWork) -> None:
    with uow:
        asked(uow)
        uow.trees.create("pets")
        one = uow.reviews.record("shop", "home", [said(POPPY, Verdict.SKIP)])[0]

        with pytest.raises(UnknownId, match="product 'p9'"):
            uow.reviews.record("shop", "home", [said(replace(POPPY, id=ProductId("p9")), Verdict.SKIP)])
        with pytest.raises(UnknownId, match="answer"):
            uow.reviews.get("shop", "pets", one.id)
        with pytest.raises(UnknownId, match="taxonomy"):
            uow.reviews.queue("shop", "hone")
        with pytest.raises(UnknownId, match="catalog"):
            uow.reviews.figures("shup", "home")


def test_the_figures_say_how_far_it_is_and_how_often_the_model_was_right(uow: UnitOfWork) -> None:
    with uow:
        tree, rows = asked(uow)
        tools, seeds = at(tree, "Garden", "Tools"), at(tree, "Garden", "Seeds")
        assert uow.reviews.figures("shop", "home") == Figures(n_open=3, n_groups=2, worth_left=3.75)

        guesses = rows[0].guesses
        answers = [
            said(SPADE, Verdict.PLACE, tools, guesses=guesses),
            said(POPPY, Verdict.PLACE, seeds, guesses=guesses),
        ]
        for one in answers:
            uow.assignments.place("shop", "home", tools, [one.product_id], author="ann")
        uow.reviews.record("shop", "home", answers)
        skip = uow.reviews.record("shop", "home", [said(WOK, Verdict.SKIP)])[0]

        done = Figures(n_placed=2, n_skipped=1, n_first=1, n_suggested=2)
        assert uow.reviews.figures("shop", "home") == done
        uow.reviews.record("shop", "home", [said(WOK, Verdict.UNDO, undoes=skip.id)])
        left = replace(done, n_open=1, n_groups=1, worth_left=0.25, n_skipped=0, n_undone=1)
        assert uow.reviews.figures("shop", "home") == left


def test_promotions_are_kept_newest_first(uow: UnitOfWork) -> None:
    with uow:
        planted(uow)
        uow.trees.create("pets")
        one = Promotion("Home", "bert@2", "/m/2", "bert@1", "ann", {"accuracy": 0.5})

        first = uow.promotions.add(one)
        second = uow.promotions.add(replace(one, reason="it must be"))

        assert first == replace(one, taxonomy="home", id=first.id, at=first.at)
        assert uow.promotions.log("home") == [second, first]
        assert uow.promotions.log("home", limit=1) == [second]
        assert uow.promotions.log("pets") == []
