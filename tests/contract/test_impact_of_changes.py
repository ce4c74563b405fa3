"""What a change would do, asked of either store, is what it then does."""

import pytest

from taxonomy.edits import Assign, Edit, Merge, Move, Part, Pin, Rename, Retire, Split
from taxonomy.node import NodeId
from taxonomy.ports import UnitOfWork
from taxonomy.product import Source
from taxonomy.service import editing, previewing
from taxonomy.service.previewing import conflicts_of_edits, impact_of_edits
from tests.contract.given import POPPY, SHELF, SPADE, WOK, at, stocked

IDS = [product.id for product in SHELF]


def standing(uow: UnitOfWork) -> dict[str, NodeId]:
    return {one: told.node_id for one, told in uow.assignments.of_products("shop", "home", IDS).items()}


@pytest.mark.parametrize("share_picked", [0.0, 99.0])
def test_impact_counts_what_then_happens(
    uow: UnitOfWork, share_picked: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previewing, "_PICKED", share_picked)  # either way of counting
    with uow:
        tree = stocked(uow)
        garden, tools, seeds, pans = (
            at(tree, *path)
            for path in (("Garden",), ("Garden", "Tools"), ("Garden", "Seeds"), ("Kitchen", "Pans"))
        )
        uow.assignments.place("shop", "home", seeds, [WOK.id], author="ann")
        uow.commit()
        parts = (Part(NodeId("a"), "Seeds"), Part(NodeId("b"), "Poppies", (POPPY.id,)))
        steps: list[list[Edit]] = [
            [Merge((tools,), pans)],
            [Rename(garden, "Outdoor"), Pin("wok", pans)],
            [Split(seeds, parts, "shop", n_rest=1)],
            [Retire(at(tree, "Kitchen"), garden), Move(pans, NodeId("a"))],
            [Assign("shop", NodeId("b"), (SPADE.id, WOK.id))],
            [Retire(NodeId("b")), Retire(garden)],
        ]
        for edits in steps:
            before, stood = uow.trees.head("home"), standing(uow)
            foreseen = impact_of_edits(uow, "home", edits)

            editing.edit(uow, "home", edits, author="ann")

            after, stands = uow.trees.head("home"), standing(uow)
            stayed = [one for one in IDS if one in stands and stands[one] == stood.get(one)]
            assert foreseen.n_moved == sum(stood.get(one) != stands.get(one) for one in IDS)
            assert foreseen.n_repathed == sum(
                before.path(stands[one]) != after.path(stands[one]) for one in stayed
            )
            assert {one.node_id for one in foreseen.redirects} == before.nodes.keys() - after.nodes.keys()


def test_every_conflict_of_a_stale_change_is_named(uow: UnitOfWork) -> None:
    with uow:
        tree = stocked(uow)
        tools, seeds = at(tree, "Garden", "Tools"), at(tree, "Garden", "Seeds")
        editing.edit(uow, "home", [Rename(tools, "Implements"), Rename(seeds, "Bulbs")], author="ann")

        found = conflicts_of_edits(
            uow, "home", [Rename(tools, "Spades"), Pin("wok", seeds), Rename(seeds, "Seed")], base_version=1
        )
        told = impact_of_edits(uow, "home", [Rename(tools, "Spades")], base_version=1, source=Source.BUILD)

        assert [(one.ordinal, one.author, one.version) for one in found] == [(1, "ann", 2), (3, "ann", 2)]
        assert [one.keys for one in told.conflicts] == [(tools,)]
