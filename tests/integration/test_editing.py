"""The life of change sets on a real database: drafts, partial acceptance, keys, bases, taking back."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Engine

from store.engine import connect
from store.unit_of_work import PostgresUnitOfWork
from taxonomy.changes import ChangeSet, State
from taxonomy.edits import Assign, Create, Edit, Lock, Merge, Move, Part, Rename, Retire, Split, Unassign
from taxonomy.errors import EditError, InputError, RuleBroken, StaleEdit
from taxonomy.node import Node, NodeId
from taxonomy.ports import UnitOfWork
from taxonomy.product import Product, ProductId, Source
from taxonomy.service import editing

HOME, SHOP = "home", "shop"
GARDEN, TOOLS, SEEDS, KITCHEN = map(NodeId, ("garden", "tools", "seeds", "kitchen"))
SPADE, RAKE = ProductId("1"), ProductId("2")
NODES = (
    Node(GARDEN, "Garden"),
    Node(TOOLS, "Tools", GARDEN),
    Node(SEEDS, "Seeds", GARDEN),
    Node(KITCHEN, "Kitchen"),
)


@pytest.fixture
def uow(engine: Engine) -> UnitOfWork:
    """The tree at version 1, and a catalogue of two products."""
    made = PostgresUnitOfWork(engine)
    with made as uow:
        uow.trees.create(HOME)
        uow.catalogs.create(SHOP)
        mark = uow.catalogs.begin_import(SHOP, "one")
        products = [Product(SPADE, "Steel spade"), Product(RAKE, "Leaf rake")]
        uow.catalogs.finish_import(SHOP, uow.catalogs.upsert(SHOP, mark, products))
        editing.edit(uow, HOME, [Create(node) for node in NODES], author="ann", source=Source.IMPORT)
    return made


def edited(uow: UnitOfWork, *edits: Edit, author: str = "ann") -> ChangeSet:
    with uow:
        return editing.edit(uow, HOME, edits, author=author)


def names(uow: UnitOfWork) -> dict[NodeId, str]:
    return {at: node.name for at, node in uow.trees.head(HOME).nodes.items()}


def standing(uow: UnitOfWork) -> dict[ProductId, NodeId]:
    found = uow.assignments.of_products(SHOP, HOME, [SPADE, RAKE])
    return {at: one.node_id for at, one in found.items()}


def test_a_draft_may_break_rules_until_it_is_submitted(uow: UnitOfWork) -> None:
    with uow:
        draft = editing.draft(uow, HOME, [Rename(TOOLS, "Seeds")], author="ann")
        with pytest.raises(RuleBroken, match="two categories"):
            editing.submit(uow, draft.id)
        uow.rollback()
        editing.amend(uow, draft.id, [Rename(TOOLS, "Gear")], reason="clearer")
        proposed = editing.submit(uow, draft.id)
        approved = editing.approve(uow, draft.id, author="bob")
        applied = editing.accept(uow, draft.id, author="cyd").applied

        assert (draft.state, proposed.state, approved.state) == (State.DRAFT, State.PROPOSED, State.APPROVED)
        assert applied is not None
        assert (applied.state, applied.reason, applied.decided_by) == (State.APPLIED, "clearer", "cyd")
        assert names(uow)[TOOLS] == "Gear"


@pytest.mark.parametrize("step", ["amend", "submit", "approve", "reject", "accept"])
def test_an_applied_change_set_takes_no_further_step(uow: UnitOfWork, step: str) -> None:
    steps = {
        "amend": lambda at: editing.amend(uow, at, [Rename(TOOLS, "X")]),
        "submit": lambda at: editing.submit(uow, at),
        "approve": lambda at: editing.approve(uow, at, author="ann"),
        "reject": lambda at: editing.reject(uow, at),
        "accept": lambda at: editing.accept(uow, at, author="ann"),
    }
    change = edited(uow, Rename(TOOLS, "Gear"))

    with uow, pytest.raises(InputError, match=f"cannot {step} .* it is applied"):
        steps[step](change.id)


def test_a_draft_that_somebody_overtook_says_so_before_it_is_proposed(uow: UnitOfWork) -> None:
    with uow:
        draft = editing.draft(uow, HOME, [Rename(TOOLS, "Gear")], author="ann")
        editing.edit(uow, HOME, [Rename(TOOLS, "Spades")], author="bob")

        overtaken = editing.submit(uow, draft.id)
        again = editing.submit(uow, draft.id)

    assert overtaken.state is State.CONFLICTED
    assert [one.author for one in overtaken.conflicts] == ["bob"]
    assert (again.state, again.conflicts) == (State.PROPOSED, ())


def test_what_a_newer_tree_does_not_take_comes_back_and_can_be_submitted_again(uow: UnitOfWork) -> None:
    with uow:
        edits = [Rename(TOOLS, "Gear"), Rename(SEEDS, "Seed"), Rename(KITCHEN, "Cooking")]
        proposal = editing.propose(uow, HOME, edits, author="build", source=Source.BUILD)
        editing.edit(uow, HOME, [Rename(SEEDS, "Bulbs")], author="bob", reason="spring")

        outcome = editing.accept(uow, proposal.id, author="ann")

        assert outcome.applied is not None and outcome.rest is not None
        assert [one.kind for one in outcome.applied.edits] == ["rename", "rename"]
        assert (outcome.rest.state, outcome.rest.rest_of) == (State.CONFLICTED, proposal.id)
        assert outcome.rest.edits == (Rename(SEEDS, "Seed"),)
        (conflict,) = outcome.rest.conflicts
        assert (conflict.ordinal, conflict.author) == (1, "bob")
        assert uow.changes.get(outcome.rest.id) == outcome.rest

        editing.amend(uow, outcome.rest.id, [Rename(SEEDS, "Bulbs and seeds")])
        again = editing.submit(uow, outcome.rest.id)
        editing.accept(uow, again.id, author="ann")

        assert (again.conflicts, again.base_version) == ((), 3)
        assert names(uow)[SEEDS] == "Bulbs and seeds"


def test_a_proposal_of_which_nothing_goes_in_is_conflicted_itself(uow: UnitOfWork) -> None:
    with uow:
        proposal = editing.propose(uow, HOME, [Rename(SEEDS, "Seed")], author="build", source=Source.BUILD)
        editing.edit(uow, HOME, [Retire(SEEDS)], author="bob")

        outcome = editing.accept(uow, proposal.id, author="ann")

        assert outcome.applied is None
        assert uow.changes.get(proposal.id).state is State.CONFLICTED
        assert uow.trees.head(HOME).version == 2


def test_a_rejection_keeps_its_reason_and_comments_their_order(uow: UnitOfWork) -> None:
    with uow:
        proposal = editing.propose(uow, HOME, [Rename(SEEDS, "Seed")], author="build", source=Source.BUILD)
        editing.comment(uow, proposal.id, author="bob", text=" why? ")
        done = editing.reject(uow, proposal.id, author="ann", reason="plural is the rule")

        said = [(one.author, one.text) for one in uow.changes.comments(proposal.id)]
        assert said == [("bob", "why?"), ("ann", "plural is the rule")]
        assert (done.state, done.decided_by) == (State.REJECTED, "ann")
        with pytest.raises(InputError, match="empty comment"):
            editing.comment(uow, proposal.id, author="bob", text="  ")


def test_a_repeated_request_has_one_effect_also_after_other_edits(uow: UnitOfWork) -> None:
    with uow:
        first = editing.edit(uow, HOME, [Rename(TOOLS, "Gear")], author="ann", base_version=1, key="k")
        editing.edit(uow, HOME, [Rename(TOOLS, "Kit")], author="bob")

        again = editing.edit(uow, HOME, [Rename(TOOLS, "Gear")], author="ann", base_version=1, key="k")

        assert (again.id, again.applied_version) == (first.id, 2)
        assert (uow.trees.head(HOME).version, names(uow)[TOOLS]) == (3, "Kit")


def test_a_repeated_revert_has_one_effect(uow: UnitOfWork) -> None:
    change = edited(uow, Rename(TOOLS, "Gear"))
    with uow:
        first = editing.revert(uow, change.id, author="ann", key="k")

        assert editing.revert(uow, change.id, author="ann", key="k").id == first.id
        assert uow.trees.head(HOME).version == 3


@pytest.mark.parametrize("other", ["edits", "author", "reason", "base", "verb", "draft"])
def test_a_key_stands_for_one_request(uow: UnitOfWork, other: str) -> None:
    edits = [Rename(TOOLS, "Gear")]
    with uow:
        editing.edit(uow, HOME, edits, author="ann", key="k")
        with pytest.raises(EditError, match="used for another request"):
            if other == "verb":
                editing.propose(uow, HOME, edits, author="ann", source=Source.PERSON, key="k")
            elif other == "draft":
                editing.draft(uow, HOME, edits, author="ann", key="k")
            else:
                editing.edit(
                    uow,
                    HOME,
                    [Rename(TOOLS, "Kit")] if other == "edits" else edits,
                    author="bob" if other == "author" else "ann",
                    reason="why" if other == "reason" else "",
                    base_version=1 if other == "base" else None,
                    key="k",
                )


def test_a_refused_request_leaves_its_key_free(uow: UnitOfWork) -> None:
    with uow:
        with pytest.raises(RuleBroken):
            editing.edit(uow, HOME, [Rename(TOOLS, "Seeds")], author="ann", key="k")
        uow.rollback()

        assert editing.edit(uow, HOME, [Rename(TOOLS, "Gear")], author="ann", key="k").applied_version == 2


def test_two_who_send_one_key_at_once_have_one_effect(engine: Engine, uow: UnitOfWork) -> None:
    together = Barrier(2)

    def send(_: int) -> ChangeSet:
        with PostgresUnitOfWork(engine) as mine:
            together.wait()
            return editing.edit(mine, HOME, [Rename(TOOLS, "Gear")], author="ann", key="k")

    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(send, range(2))

    assert one.id == other.id
    with uow:
        assert uow.trees.head(HOME).version == 2


def test_moves_made_at_once_cannot_make_a_cycle(engine: Engine, uow: UnitOfWork) -> None:
    together = Barrier(2)

    def send(move: Move) -> str:
        with PostgresUnitOfWork(engine) as mine:
            together.wait()
            try:
                editing.edit(mine, HOME, [move], author="ann", base_version=1)
            except StaleEdit as error:
                return str(error)
        return ""

    with ThreadPoolExecutor(2) as threads:
        said = list(threads.map(send, [Move(GARDEN, KITCHEN), Move(KITCHEN, GARDEN)]))

    assert sorted(map(bool, said)) == [False, True]
    assert "stands inside" in "".join(said)


@pytest.mark.parametrize("base", [-1, 2])
def test_a_base_that_never_was_is_refused(uow: UnitOfWork, base: int) -> None:
    with uow, pytest.raises(EditError, match=f"no version {base}"):
        editing.edit(uow, HOME, [Rename(TOOLS, "Gear")], author="ann", base_version=base)


def test_version_0_is_a_base_on_which_every_node_is_new(uow: UnitOfWork) -> None:
    with uow, pytest.raises(StaleEdit, match=r"ann changed .*create"):
        editing.edit(uow, HOME, [Rename(TOOLS, "Gear")], author="bob", base_version=0)


def test_a_revert_names_every_later_change_in_its_way(uow: UnitOfWork) -> None:
    first = edited(uow, Rename(TOOLS, "Gear"), Rename(SEEDS, "Seed"), Rename(KITCHEN, "Cooking"))
    edited(uow, Rename(TOOLS, "Kit"), author="bob")
    edited(uow, Retire(SEEDS), author="cyd")

    with uow, pytest.raises(StaleEdit) as refused:
        editing.revert(uow, first.id, author="ann")

    for word in ("bob", "version 3", "cyd", "version 4"):
        assert word in str(refused.value)
    assert set(refused.value.node_ids) == {TOOLS, SEEDS}


def test_a_lock_can_be_taken_back(uow: UnitOfWork) -> None:
    lock = edited(uow, Lock(TOOLS))
    with uow:
        editing.revert(uow, lock.id, author="ann")

        assert not uow.trees.head(HOME).nodes[TOOLS].locked


def test_a_revert_brings_back_the_names_of_an_import_but_makes_no_new_namesakes(uow: UnitOfWork) -> None:
    with uow:
        twin = Create(Node(NodeId("twin"), "Tools", GARDEN))
        editing.edit(uow, HOME, [twin], author="ann", source=Source.IMPORT)
    apart = edited(uow, Rename(NodeId("twin"), "Gear"))
    moved_on = edited(uow, Rename(SEEDS, "Seed"))
    edited(uow, Create(Node(NodeId("new"), "Seeds", GARDEN)))

    with uow:
        editing.revert(uow, apart.id, author="ann")
        assert names(uow)[NodeId("twin")] == "Tools"
        with pytest.raises(StaleEdit, match="two categories 'Seeds'"):
            editing.revert(uow, moved_on.id, author="ann")


def test_taking_back_puts_people_s_products_where_they_stood(uow: UnitOfWork) -> None:
    edited(uow, Assign(SHOP, TOOLS, (SPADE,)), Assign(SHOP, KITCHEN, (RAKE,)))
    parts = (Part(NodeId("a"), "Digging"), Part(NodeId("b"), "Raking", (SPADE,)))
    for edits in (
        [Unassign(SHOP, (SPADE,)), Retire(TOOLS, SEEDS)],
        [Split(TOOLS, parts, SHOP)],
        [Assign(SHOP, SEEDS, (SPADE,)), Assign(SHOP, KITCHEN, (SPADE,)), Merge((KITCHEN,), GARDEN)],
    ):
        change = edited(uow, *edits)
        with uow:
            editing.revert(uow, change.id, author="ann")
            assert standing(uow) == {SPADE: TOOLS, RAKE: KITCHEN}


def test_a_machine_s_estimates_alone_are_not_taken_back(uow: UnitOfWork) -> None:
    with uow:
        guess = [Assign(SHOP, TOOLS, (SPADE,), (0.75,))]
        change = editing.edit(uow, HOME, guess, author="build", source=Source.BUILD)

        with pytest.raises(InputError, match="estimates alone"):
            editing.revert(uow, change.id, author="ann")


def test_a_tree_read_from_the_database_has_the_digest_that_was_recorded(
    engine: Engine, uow: UnitOfWork
) -> None:
    parts = (Part(NodeId("a"), "Digging"), Part(NodeId("b"), "Raking", (SPADE,)))
    edited(uow, Split(TOOLS, parts, SHOP))  # shares 0.0 and 1.0, which JSON may write as 0 and 1

    with uow:
        recorded = uow.changes.versions(HOME)[0].digest
        assert recorded_from_rows(engine) == recorded


def recorded_from_rows(engine: Engine) -> str:
    """The digest of the head for somebody who has nothing in memory."""
    other = connect(engine.url.render_as_string(hide_password=False))
    try:
        with PostgresUnitOfWork(other) as uow:
            return uow.trees.head(HOME).digest()
    finally:
        other.dispose()
