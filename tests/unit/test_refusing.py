"""A person takes one category's fate out of a proposal; the rest of it stays whole."""

from collections.abc import Sequence

import pytest

from taxonomy.changes import ChangeSet, State
from taxonomy.edits import Assign, Create, Edit, Merge, Part, Rename, Retire, Split
from taxonomy.errors import InputError, UnknownId
from taxonomy.node import Node, NodeId
from taxonomy.product import ProductId, Source
from taxonomy.service import editing
from tests.contract.given import at, goods, shelved
from tests.fakes import FakeUnitOfWork

PATHS = (("Garden", "Tools"), ("Garden", "Seeds"), ("Kitchen", "Pans"), ("Kitchen", "Mugs"))
PRODUCTS = goods(PATHS, n_each=2)
LAMPS, OIL = NodeId("lamps"), NodeId("oil")
BIG, SMALL = NodeId("big"), NodeId("small")


@pytest.fixture
def uow() -> FakeUnitOfWork:
    uow = FakeUnitOfWork()
    with uow:
        shelved(uow, PATHS, PRODUCTS)
    return uow


def node(uow: FakeUnitOfWork, *path: str) -> NodeId:
    return at(uow.trees.head("home"), *path)


def proposed(uow: FakeUnitOfWork) -> ChangeSet:
    """What a build may propose: a merge, a split, two new shelves, one below the other, and arrivals."""
    tools, seeds = node(uow, "Garden", "Tools"), node(uow, "Garden", "Seeds")
    pans, mugs = node(uow, "Kitchen", "Pans"), node(uow, "Kitchen", "Mugs")
    edits: Sequence[Edit] = [
        Merge((seeds,), tools),
        Split(mugs, (Part(BIG, "Big mugs"), Part(SMALL, "Small mugs", (ProductId("mugs1"),))), "shop"),
        Create(Node(LAMPS, "Lamps")),
        Create(Node(OIL, "Oil lamps", LAMPS)),
        Assign("shop", LAMPS, (ProductId("pans0"),)),
        Assign("shop", OIL, (ProductId("pans1"),)),
        Assign("shop", pans, (ProductId("tools1"),)),
    ]
    return editing.propose(uow, "home", edits, author="build", source=Source.BUILD)


def standing(uow: FakeUnitOfWork, product_id: str) -> str:
    found = uow.assignments.of_products("shop", "home", [ProductId(product_id)])
    return uow.trees.head("home").label(found[ProductId(product_id)].node_id)


def test_a_refused_merge_leaves_both_and_the_rest_goes_in(uow: FakeUnitOfWork) -> None:
    with uow:
        change, seeds = proposed(uow), node(uow, "Garden", "Seeds")

        left, out = editing.refuse(uow, change.id, seeds, author="Maya")
        editing.accept(uow, change.id, author="Maya")

        assert [type(one) for one in out.edits] == [Merge]
        assert left.edits == change.edits[1:]
        assert standing(uow, "seeds0") == "Garden > Seeds"
        assert standing(uow, "mugs1") == "Kitchen > Small mugs"


def test_what_was_refused_is_kept_as_rejected_with_who_did_it(uow: FakeUnitOfWork) -> None:
    with uow:
        change = proposed(uow)
        _, out = editing.refuse(uow, change.id, node(uow, "Garden", "Seeds"), author="Maya")

        assert uow.changes.get(out.id) == out
        assert (out.state, out.decided_by, out.rest_of) == (State.REJECTED, "Maya", change.id)
        assert uow.changes.get(change.id).state is State.PROPOSED


def test_a_refused_category_takes_what_rests_on_it_out_and_nothing_else(uow: FakeUnitOfWork) -> None:
    with uow:
        change = proposed(uow)

        left, out = editing.refuse(uow, change.id, LAMPS, author="Maya")
        editing.accept(uow, change.id, author="Maya")

        assert out.edits == change.edits[2:6]
        assert left.edits == (*change.edits[:2], change.edits[6])
        assert standing(uow, "pans1") == "Kitchen > Pans"


def test_a_refused_part_keeps_the_category_whole(uow: FakeUnitOfWork) -> None:
    with uow:
        change = proposed(uow)

        _, out = editing.refuse(uow, change.id, SMALL, author="Maya")

        assert out.edits == change.edits[1:2]


def test_arrivals_are_refused_for_one_category(uow: FakeUnitOfWork) -> None:
    with uow:
        change = proposed(uow)

        _, out = editing.refuse(uow, change.id, node(uow, "Kitchen", "Pans"), author="Maya")

        assert out.edits == change.edits[6:]


def test_a_category_that_stays_cannot_be_refused_nor_the_last_part(uow: FakeUnitOfWork) -> None:
    with uow:
        change, pans = proposed(uow), node(uow, "Kitchen", "Pans")
        with pytest.raises(InputError, match="nothing becomes of"):
            editing.refuse(uow, change.id, node(uow, "Kitchen"), author="Maya")
        single = editing.propose(uow, "home", [Retire(pans)], author="build", source=Source.BUILD)
        with pytest.raises(InputError, match="reject it instead"):
            editing.refuse(uow, single.id, pans, author="Maya")

        assert uow.changes.get(single.id).edits == single.edits


def test_of_a_proposal_that_does_not_fit_any_more_nothing_goes_out(uow: FakeUnitOfWork) -> None:
    with uow:
        change, tools = proposed(uow), node(uow, "Garden", "Tools")
        editing.edit(uow, "home", [Retire(tools)], author="Ida")

        with pytest.raises(UnknownId):
            editing.refuse(uow, change.id, LAMPS, author="Maya")

        assert uow.changes.get(change.id) == change


def test_an_approved_proposal_is_not_taken_apart(uow: FakeUnitOfWork) -> None:
    with uow:
        change = proposed(uow)
        editing.approve(uow, change.id, author="Ida")

        with pytest.raises(InputError, match="it is approved"):
            editing.refuse(uow, change.id, LAMPS, author="Maya")


def test_a_new_name_for_what_is_refused_goes_out_with_it(uow: FakeUnitOfWork) -> None:
    with uow:
        change = proposed(uow)
        editing.revise(uow, change.id, [Rename(OIL, "Lanterns")])

        left, _ = editing.refuse(uow, change.id, OIL, author="Maya")

        assert left.edits == (*change.edits[:3], change.edits[4], change.edits[6])
