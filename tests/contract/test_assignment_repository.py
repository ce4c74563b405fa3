"""Where products stand: redirects are followed when reading, and people win."""

import pytest

from taxonomy.edits import Merge, Part, Retire, Split
from taxonomy.errors import InputError, UnknownId
from taxonomy.node import NodeId
from taxonomy.ports import UnitOfWork
from taxonomy.product import Assignment, ProductId, Source
from taxonomy.records import Held
from tests.contract.given import PATHS, POPPY, SHELF, SPADE, WOK, at, edited, imported, planted, said, stocked

ALL = [product.id for product in SHELF]


def test_assignments_come_back_as_they_were_said(uow: UnitOfWork) -> None:
    with uow:
        tree = planted(uow)
        imported(uow, SHELF)
        first = Assignment(SPADE.id, at(tree, "Garden", "Tools"), 0.5, Source.BUILD, "hdbscan", 1)
        second = Assignment(POPPY.id, at(tree, "Garden"), 1.0, Source.IMPORT)

        n_changed = uow.assignments.write("shop", "home", iter([first, second]))

        assert n_changed == 2
        assert uow.assignments.stored("shop", "home", ALL) == {SPADE.id: first, POPPY.id: second}
        assert uow.assignments.of_products("shop", "home", ALL) == {SPADE.id: first, POPPY.id: second}


def test_only_what_changed_is_counted_and_the_last_word_counts(uow: UnitOfWork) -> None:
    with uow:
        tree = stocked(uow)
        tools, pans = at(tree, "Garden", "Tools"), at(tree, "Kitchen", "Pans")
        same, surer, moved = said(SPADE, tools), said(WOK, pans, 0.875), said(POPPY, pans)

        n_changed = uow.assignments.write("shop", "home", [same, surer, said(POPPY, tools), moved])

        assert n_changed == 2
        assert uow.assignments.stored("shop", "home", ALL) == {SPADE.id: same, WOK.id: surer, POPPY.id: moved}


def test_a_newer_tree_version_alone_writes_nothing(uow: UnitOfWork) -> None:
    with uow:
        tree = stocked(uow)
        again = Assignment(SPADE.id, at(tree, "Garden", "Tools"), 0.75, Source.MODEL, "bert@1", 9)

        assert uow.assignments.write("shop", "home", [again]) == 0
        assert uow.assignments.stored("shop", "home", [SPADE.id])[SPADE.id].tree_version == 1


def test_another_model_revision_is_written(uow: UnitOfWork) -> None:
    with uow:
        tree = stocked(uow)
        again = Assignment(SPADE.id, at(tree, "Garden", "Tools"), 0.75, Source.MODEL, "bert@2", 1)

        assert uow.assignments.write("shop", "home", [again]) == 1
        assert uow.assignments.of_products("shop", "home", [SPADE.id]) == {SPADE.id: again}


def test_a_person_is_not_taken_for_a_machine(uow: UnitOfWork) -> None:
    with uow:
        tree = stocked(uow)

        with pytest.raises(InputError, match="place"):
            uow.assignments.write("shop", "home", [Assignment(SPADE.id, at(tree, "Garden"))])


def test_people_win_until_they_let_go(uow: UnitOfWork) -> None:
    with uow:
        tree = stocked(uow)
        tools, pans = at(tree, "Garden", "Tools"), at(tree, "Kitchen", "Pans")

        uow.assignments.place("shop", "home", pans, [SPADE.id], author="ann")
        uow.assignments.write("shop", "home", [said(SPADE, tools, 0.875)])

        assert uow.assignments.of_products("shop", "home", [SPADE.id])[SPADE.id] == Assignment(
            SPADE.id, pans, 1.0, Source.PERSON, "", 1
        )
        assert uow.assignments.counts("shop", "home")[pans] == 2
        assert uow.assignments.placed("shop", "home", ALL) == {SPADE.id: pans}
        assert uow.assignments.stored("shop", "home", [SPADE.id]) == {SPADE.id: said(SPADE, tools, 0.875)}

        uow.assignments.unplace("shop", "home", [SPADE.id, POPPY.id])

        assert uow.assignments.placed("shop", "home", ALL) == {}
        assert uow.assignments.of_products("shop", "home", [SPADE.id])[SPADE.id].node_id == tools


def test_a_product_can_be_placed_again(uow: UnitOfWork) -> None:
    with uow:
        tree = stocked(uow)
        garden, kitchen = at(tree, "Garden"), at(tree, "Kitchen")
        uow.assignments.place("shop", "home", garden, [SPADE.id, WOK.id], author="ann")

        uow.assignments.place("shop", "home", kitchen, [SPADE.id], author="bob")

        assert uow.assignments.placed("shop", "home", ALL) == {SPADE.id: kitchen, WOK.id: garden}


def test_a_product_that_does_not_exist_cannot_be_placed(uow: UnitOfWork) -> None:
    with uow:
        tree = stocked(uow)

        with pytest.raises(UnknownId, match="no product 'x'"):
            uow.assignments.place(
                "shop", "home", at(tree, "Garden"), [SPADE.id, ProductId("x")], author="ann"
            )


def test_a_merge_hands_products_over_and_its_undo_gives_them_back(uow: UnitOfWork) -> None:
    with uow:
        tree = stocked(uow)
        tools, seeds, pans = (
            at(tree, "Garden", "Tools"),
            at(tree, "Garden", "Seeds"),
            at(tree, "Kitchen", "Pans"),
        )
        uow.assignments.place("shop", "home", seeds, [WOK.id], author="ann")

        _, inverse = edited(uow, Merge((seeds,), tools))

        assert uow.assignments.counts("shop", "home") == {tools: 3}
        assert uow.assignments.of_products("shop", "home", [POPPY.id])[POPPY.id] == said(POPPY, tools)
        assert uow.assignments.stored("shop", "home", [POPPY.id])[POPPY.id] == said(POPPY, seeds)
        assert uow.assignments.placed("shop", "home", [WOK.id]) == {WOK.id: seeds}
        assert [p.id for p, _ in uow.assignments.of_node("shop", "home", [tools])] == ["p3", "p1", "p2"]
        assert uow.assignments.of_node("shop", "home", [seeds]) == []

        edited(uow, *inverse)

        assert uow.assignments.counts("shop", "home") == {tools: 1, seeds: 2}
        assert uow.assignments.unplaced("shop", "home") == []
        assert pans not in uow.assignments.counts("shop", "home")


def test_a_chain_of_merges_is_followed_to_its_end(uow: UnitOfWork) -> None:
    with uow:
        tree = stocked(uow)
        tools, seeds, pans = (
            at(tree, "Garden", "Tools"),
            at(tree, "Garden", "Seeds"),
            at(tree, "Kitchen", "Pans"),
        )
        edited(uow, Merge((seeds,), tools))
        _, inverse = edited(uow, Merge((tools,), pans))
        assert uow.assignments.counts("shop", "home") == {pans: 3}

        edited(uow, *inverse)

        assert uow.assignments.counts("shop", "home") == {tools: 2, pans: 1}


def test_a_split_leaves_unnamed_products_to_its_first_part(uow: UnitOfWork) -> None:
    with uow:
        tree = stocked(uow)
        parts = (Part(NodeId("hand"), "Hand tools"), Part(NodeId("power"), "Power tools"))

        edited(uow, Split(at(tree, "Garden", "Tools"), parts))

        assert uow.assignments.of_products("shop", "home", [SPADE.id])[SPADE.id].node_id == "hand"


def test_products_of_a_node_that_went_without_a_successor_stand_nowhere(uow: UnitOfWork) -> None:
    with uow:
        tree = stocked(uow)
        pans, kitchen = at(tree, "Kitchen", "Pans"), at(tree, "Kitchen")

        edited(uow, Retire(pans), Retire(kitchen))

        assert WOK.id not in uow.assignments.of_products("shop", "home", ALL)
        assert uow.assignments.unplaced("shop", "home") == [WOK]
        assert sum(uow.assignments.counts("shop", "home").values()) == 2


def test_a_placement_in_a_node_that_is_gone_gives_way_to_the_machine(uow: UnitOfWork) -> None:
    with uow:
        tree = stocked(uow)
        uow.assignments.place("shop", "home", at(tree, "Kitchen", "Pans"), [SPADE.id], author="ann")

        edited(uow, Retire(at(tree, "Kitchen", "Pans")), Retire(at(tree, "Kitchen")))

        tools = at(tree, "Garden", "Tools")
        assert uow.assignments.of_products("shop", "home", [SPADE.id]) == {SPADE.id: said(SPADE, tools)}


def test_an_assignment_to_an_id_that_never_was_counts_as_none(uow: UnitOfWork) -> None:
    with uow:
        planted(uow)
        imported(uow, [SPADE])
        uow.assignments.write("shop", "home", [said(SPADE, NodeId("nowhere"))])

        assert uow.assignments.counts("shop", "home") == {}
        assert uow.assignments.unplaced("shop", "home") == [SPADE]


def test_retired_products_are_neither_counted_nor_listed(uow: UnitOfWork) -> None:
    with uow:
        tree = stocked(uow)
        tools, pans = at(tree, "Garden", "Tools"), at(tree, "Kitchen", "Pans")
        imported(uow, [SPADE], "two")

        assert uow.assignments.counts("shop", "home") == {tools: 1}
        assert uow.assignments.of_node("shop", "home", [pans, tools]) == [(SPADE, said(SPADE, tools))]
        assert uow.assignments.unplaced("shop", "home") == []


def test_a_page_of_a_node_has_people_first_then_the_likeliest(uow: UnitOfWork) -> None:
    with uow:
        tree = stocked(uow)
        tools = at(tree, "Garden", "Tools")
        uow.assignments.write("shop", "home", [said(SPADE, tools, 0.25), said(POPPY, tools, 0.5)])
        uow.assignments.place("shop", "home", tools, [WOK.id], author="ann")

        page = uow.assignments.of_node("shop", "home", [tools, at(tree, "Garden")])

        assert [product for product, _ in page] == [WOK, POPPY, SPADE]
        assert [one.probability for _, one in page] == [1.0, 0.5, 0.25]
        assert uow.assignments.of_node("shop", "home", [tools], limit=1, offset=1) == page[1:2]
        assert uow.assignments.of_node("shop", "home", []) == []


def test_removed_assignments_leave_products_unplaced_in_the_order_of_their_ids(uow: UnitOfWork) -> None:
    with uow:
        stocked(uow)

        uow.assignments.remove("shop", "home", ALL)

        assert uow.assignments.stored("shop", "home", ALL) == {}
        assert uow.assignments.unplaced("shop", "home") == list(SHELF)
        assert uow.assignments.unplaced("shop", "home", limit=1, offset=1) == [POPPY]


def test_trees_and_catalogues_do_not_mix(uow: UnitOfWork) -> None:
    with uow:
        stocked(uow)
        uow.trees.create("pets")
        uow.catalogs.create("other")

        assert uow.assignments.counts("shop", "pets") == {}
        assert uow.assignments.counts("other", "home") == {}
        assert uow.assignments.stored("other", "home", ALL) == {}
        assert uow.assignments.unplaced("shop", "pets") == list(SHELF)


@pytest.mark.parametrize(("catalog", "taxonomy"), [("shop", "hone"), ("shoe", "home")])
def test_unknown_names_are_refused(uow: UnitOfWork, catalog: str, taxonomy: str) -> None:
    with uow:
        tree = stocked(uow)

        for ask in (uow.assignments.counts, uow.assignments.unplaced):
            with pytest.raises(UnknownId):
                ask(catalog, taxonomy)
        with pytest.raises(UnknownId):
            uow.assignments.write(catalog, taxonomy, [said(SPADE, at(tree, "Garden"))])
        with pytest.raises(UnknownId):
            uow.assignments.place(catalog, taxonomy, at(tree, "Garden"), [SPADE.id], author="ann")


def test_a_tally_counts_products_by_what_is_stored_of_them(uow: UnitOfWork) -> None:
    with uow:
        tree = stocked(uow)
        tools, seeds, pans = (at(tree, *path) for path in PATHS)
        uow.assignments.write("shop", "home", [said(POPPY, tools)])
        uow.assignments.place("shop", "home", seeds, [WOK.id], author="ann")
        edited(uow, Merge((tools,), pans))

        assert uow.assignments.tally("shop", "home") == {Held(None, tools): 2, Held(seeds, pans): 1}
        assert uow.assignments.held("shop", "home", [WOK.id, ProductId("x")]) == {WOK.id: Held(seeds, pans)}


def test_a_tally_of_some_nodes_counts_what_they_hold_as_stored(uow: UnitOfWork) -> None:
    with uow:
        tree = stocked(uow)
        tools, seeds, pans = (at(tree, *path) for path in PATHS)
        uow.assignments.place("shop", "home", seeds, [WOK.id], author="ann")
        edited(uow, Merge((tools,), pans))

        def tally(*node_ids: NodeId) -> dict[Held, int]:
            return uow.assignments.tally("shop", "home", node_ids)

        assert tally(pans) == {Held(seeds, pans): 1}
        assert tally(seeds) == {Held(seeds, pans): 1, Held(None, seeds): 1}
        assert tally(tools) == {Held(None, tools): 1}
        assert tally() == {}


def test_a_tally_leaves_out_what_retired_and_what_is_stored_nowhere(uow: UnitOfWork) -> None:
    with uow:
        tree = stocked(uow)
        uow.assignments.remove("shop", "home", [POPPY.id])
        imported(uow, [SPADE, POPPY], digest="two")

        assert uow.assignments.tally("shop", "home") == {Held(None, at(tree, "Garden", "Tools")): 1}
        assert uow.assignments.held("shop", "home", ALL) == {
            SPADE.id: Held(None, at(tree, "Garden", "Tools")),
            POPPY.id: Held(),
        }
