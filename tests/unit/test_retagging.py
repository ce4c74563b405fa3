"""Re-tagging on the store in memory: what becomes stale, what a job writes, and how it is taken back."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import pytest

from taxonomy.edits import Create, Edit, Merge, Rename, Retire
from taxonomy.errors import DatabaseUnavailable, InputError, UnknownId
from taxonomy.jobs import Change, Job, JobKind, JobState, Tally
from taxonomy.node import ROOT_ID, Node, NodeId
from taxonomy.ports import UnitOfWork
from taxonomy.product import Assignment, Product, ProductId, Source
from taxonomy.review import Guess, Suggestion
from taxonomy.service import editing, retagging, reviewing
from taxonomy.service.retagging import Model, Plan
from taxonomy.service.tagging import Tag, work
from taxonomy.tree import Tree
from tests.contract.given import at, goods, shelved
from tests.fakes import FakeUnitOfWork

PATHS = (("Garden", "Tools"), ("Garden", "Seeds"), ("Kitchen", "Pans"), ("Kitchen", "Mugs"))
PRODUCTS = goods(PATHS, n_each=5)
MODEL = Model("bert@2", "/models/bert", 0.9)
T = TypeVar("T")


@pytest.fixture
def uow() -> FakeUnitOfWork:
    """`home` at version 1, and `shop` with five products in each leaf."""
    uow = FakeUnitOfWork()
    with uow:
        shelved(uow, PATHS, PRODUCTS)
    return uow


def within(uow: UnitOfWork, do: Callable[..., T], *values: object, **options: object) -> T:
    """What a use case gives, in a block of its own."""
    with uow:
        return do(uow, *values, **options)


def head(uow: UnitOfWork) -> Tree:
    with uow:
        return uow.trees.head("home")


def edit(uow: UnitOfWork, *edits: Edit) -> Tree:
    within(uow, editing.edit, "home", edits, author="ann")
    return head(uow)


def merge(uow: UnitOfWork) -> Tree:
    """Seeds go into Tools."""
    tree = head(uow)
    return edit(uow, Merge((at(tree, "Garden", "Seeds"),), at(tree, "Garden", "Tools")))


def plan(uow: UnitOfWork, **options: object) -> Plan:
    return within(uow, retagging.plan, "shop", "home", **options)


def planned(uow: UnitOfWork, **options: object) -> Job:
    job = plan(uow, **options).job
    if job is None:
        raise LookupError("nothing to do")
    return job


def stored(uow: UnitOfWork) -> dict[ProductId, Assignment]:
    with uow:
        return uow.assignments.stored("shop", "home", [one.id for one in PRODUCTS])


def everything_to(node_id: NodeId, seen: list[ProductId] | None = None, probability: float = 0.75) -> Tag:
    """A model that knows one category."""

    def tag(products: Sequence[Product]) -> list[Assignment | None]:
        if seen is not None:
            seen.extend(one.id for one in products)
        return [Assignment(one.id, node_id, probability, Source.MODEL, "bert@2", 2) for one in products]

    return tag


def unsure(products: Sequence[Product]) -> list[Assignment | None]:
    return [None] * len(products)


def done(uow: UnitOfWork, job: Job, tag: Tag | None = None) -> Tally:
    """Apply the job."""
    within(uow, retagging.begin, job.id)
    work(lambda: uow, job.id, "ann", tag=tag)
    with uow:
        return uow.jobs.tally(job.id)


def state(uow: UnitOfWork, job: Job) -> JobState:
    with uow:
        return uow.jobs.get(job.id).state


def test_only_products_of_edited_subtrees_are_planned(uow: FakeUnitOfWork) -> None:
    tree = head(uow)
    edit(uow, Rename(at(tree, "Kitchen"), "Cooking"))

    made = plan(uow, model=MODEL)

    assert (made.since, made.tree_version, made.tally.n_products) == (1, 2, 10)
    assert made.n_stale_nodes == 3
    assert made.job is not None
    assert (made.job.kind, made.job.model_revision, made.job.precision) == (JobKind.MODEL, "bert@2", 0.9)


def test_nothing_is_planned_when_nothing_was_edited(uow: FakeUnitOfWork) -> None:
    assert plan(uow, model=MODEL).job is None
    assert within(uow, retagging.status) == []


def test_all_plans_what_is_not_stale_too(uow: FakeUnitOfWork) -> None:
    assert plan(uow, model=MODEL, everything=True).tally.n_products == 20


def test_since_says_from_where_edits_count(uow: FakeUnitOfWork) -> None:
    tree = head(uow)
    edit(uow, Rename(at(tree, "Garden", "Tools"), "Hand tools"))
    edit(uow, Rename(at(tree, "Kitchen", "Mugs"), "Cups"))

    assert plan(uow, model=MODEL, since=1).tally.n_products == 10
    assert plan(uow, model=MODEL, since=2).tally.n_products == 5
    assert plan(uow, model=MODEL, since=3).job is None
    with pytest.raises(InputError, match="no version 9"):
        plan(uow, since=9)


def test_the_shard_size_cuts_the_job(uow: FakeUnitOfWork) -> None:
    assert plan(uow, model=MODEL, everything=True, shard_size=6).tally.n_shards == 4
    assert plan(uow, model=MODEL, everything=True, shard_size=20).tally.n_shards == 1


def test_an_unknown_catalogue_taxonomy_or_job_is_named(uow: FakeUnitOfWork) -> None:
    with pytest.raises(UnknownId, match="no catalog 'none'"):
        within(uow, retagging.plan, "none", "home")
    with pytest.raises(UnknownId, match="no taxonomy 'none'"):
        within(uow, retagging.plan, "shop", "none")
    for ask in (retagging.begin, retagging.resume, retagging.roll_back):
        with pytest.raises(UnknownId, match="no job '7'"):
            within(uow, ask, 7)


def test_without_a_model_retired_ids_are_replaced_and_all_else_stays(uow: FakeUnitOfWork) -> None:
    before, tree = stored(uow), merge(uow)
    tools = at(tree, "Garden", "Tools")
    job = planned(uow)

    tally = done(uow, job)

    assert (tally.n_products, tally.n_tagged, tally.n_changed) == (5, 5, 5)
    assert state(uow, job) is JobState.FINISHED
    assert stored(uow) == {
        at: replace(one, node_id=tools, tree_version=2) if at.startswith("seeds") else one
        for at, one in before.items()
    }


def test_all_without_a_model_replaces_every_retired_id(uow: FakeUnitOfWork) -> None:
    merge(uow)

    assert plan(uow, since=2).job is None
    assert plan(uow, since=2, everything=True).tally.n_products == 5


def test_a_model_looks_at_stale_products_once(uow: FakeUnitOfWork) -> None:
    tree, seen = merge(uow), list[ProductId]()
    job, pans = planned(uow, model=MODEL, shard_size=3), at(tree, "Kitchen", "Pans")

    tally = done(uow, job, everything_to(pans, seen))

    garden = sorted(one.id for one in PRODUCTS if one.category_path[0] == "Garden")
    assert sorted(seen) == garden
    assert tally.n_changed == 10
    assert {one.node_id for at, one in stored(uow).items() if at in garden} == {pans}


def test_a_model_that_is_not_sure_leaves_a_product_under_the_live_id(uow: FakeUnitOfWork) -> None:
    tree = merge(uow)
    tools = at(tree, "Garden", "Tools")

    tally = done(uow, planned(uow, model=MODEL), unsure)

    assert (tally.n_tagged, tally.n_changed) == (10, 5)
    assert stored(uow)[ProductId("seeds0")] == Assignment(
        ProductId("seeds0"), tools, 1.0, Source.IMPORT, "", 2
    )


def test_a_model_looks_at_products_that_stand_nowhere(uow: FakeUnitOfWork) -> None:
    tree = head(uow)
    garden = at(tree, "Garden")
    edit(uow, *(Retire(one, garden) for one in tree.children_of(garden)), Retire(garden, ROOT_ID))
    seen: list[ProductId] = []
    with uow:
        uow.assignments.remove("shop", "home", [ProductId("mugs0")])
        uow.commit()
    edit(uow, Create(Node(NodeId("0000000000abc"), "Cups", at(tree, "Kitchen"))))

    done(uow, planned(uow, model=MODEL), everything_to(at(tree, "Kitchen", "Pans"), seen))

    assert len(seen) == 20
    assert set(stored(uow)) == set(seen)


def test_what_is_said_again_is_not_written(uow: FakeUnitOfWork) -> None:
    tree = merge(uow)
    first = planned(uow, model=MODEL)
    tag = everything_to(at(tree, "Garden", "Tools"), probability=0.1)  # which 32 bits hold otherwise
    done(uow, first, tag)

    tally = done(uow, planned(uow, model=MODEL, since=1), tag)

    assert (tally.n_tagged, tally.n_changed) == (10, 0)


def test_what_people_placed_is_left_alone(uow: FakeUnitOfWork) -> None:
    tree, seen = merge(uow), list[ProductId]()
    mine = ProductId("seeds0")
    with uow:
        uow.assignments.place("shop", "home", at(tree, "Kitchen", "Mugs"), [mine], author="ann")
        uow.commit()
    made = plan(uow, model=MODEL)

    done(uow, made.job or planned(uow), everything_to(at(tree, "Kitchen", "Pans"), seen))

    assert (made.tally.n_products, made.n_left_to_people) == (9, 1)
    assert mine not in seen
    with uow:
        assert uow.assignments.placed("shop", "home", [mine]) == {mine: at(tree, "Kitchen", "Mugs")}


def test_the_next_plan_begins_where_the_last_job_ended(uow: FakeUnitOfWork) -> None:
    merge(uow)
    done(uow, planned(uow))

    assert plan(uow).since == 2
    assert plan(uow).job is None


def test_a_job_without_a_model_does_not_count_for_one_with(uow: FakeUnitOfWork) -> None:
    merge(uow)
    done(uow, planned(uow))

    assert plan(uow, model=MODEL).since == 1
    assert plan(uow, model=MODEL).tally.n_products == 10


def test_a_job_writes_the_version_it_is_pinned_to_and_the_next_plan_catches_up(uow: FakeUnitOfWork) -> None:
    tree = merge(uow)
    job = planned(uow)
    edit(uow, Merge((at(tree, "Garden", "Tools"),), at(tree, "Kitchen", "Pans")))

    done(uow, job)

    assert stored(uow)[ProductId("seeds0")].node_id == at(tree, "Garden", "Tools")
    with uow:
        shown = uow.assignments.of_products("shop", "home", [ProductId("seeds0")])
    assert shown[ProductId("seeds0")].node_id == at(tree, "Kitchen", "Pans")
    (report,) = within(uow, retagging.status, job_id=job.id)
    assert report.n_versions_behind == 1
    assert plan(uow).tally.n_products == 10


def test_a_rollback_restores_what_was(uow: FakeUnitOfWork) -> None:
    before, tree = stored(uow), merge(uow)
    with uow:
        uow.assignments.remove("shop", "home", [ProductId("mugs0")])
        uow.commit()
    job = planned(uow, model=MODEL)
    done(uow, job, everything_to(at(tree, "Kitchen", "Pans")))

    back = within(uow, retagging.roll_back, job.id)
    work(lambda: uow, back.id, "ann")

    del before[ProductId("mugs0")]
    assert stored(uow) == before
    assert (state(uow, job), state(uow, back)) == (JobState.ROLLED_BACK, JobState.FINISHED)
    with uow:
        assert uow.jobs.tally(back.id).n_changed == 11


def test_a_rollback_leaves_what_was_written_since(uow: FakeUnitOfWork) -> None:
    tree = merge(uow)
    pans, mugs = at(tree, "Kitchen", "Pans"), at(tree, "Kitchen", "Mugs")
    job, later = planned(uow), Assignment(ProductId("seeds1"), mugs, 0.5, Source.BUILD, "", 2)
    done(uow, job)
    with uow:
        uow.assignments.write("shop", "home", [later])
        uow.assignments.place("shop", "home", pans, [ProductId("seeds2")], author="ann")
        uow.commit()

    back = within(uow, retagging.roll_back, job.id)
    work(lambda: uow, back.id, "ann")

    with uow:
        assert uow.jobs.tally(back.id).n_changed == 4
        assert uow.assignments.placed("shop", "home", [ProductId("seeds2")]) == {ProductId("seeds2"): pans}
    assert stored(uow)[ProductId("seeds1")] == later


def test_what_was_rolled_back_is_planned_again(uow: FakeUnitOfWork) -> None:
    tree = merge(uow)
    first = planned(uow)
    done(uow, first)
    edit(uow, Merge((at(tree, "Kitchen", "Mugs"),), at(tree, "Kitchen", "Pans")))
    done(uow, planned(uow))
    assert plan(uow).since == 3

    back = within(uow, retagging.roll_back, first.id)
    work(lambda: uow, back.id, "ann")

    assert plan(uow).since == 1
    assert plan(uow).tally.n_products == 5


def test_a_rollback_is_not_rolled_back_nor_done_twice_nor_before_its_job(uow: FakeUnitOfWork) -> None:
    merge(uow)
    job = planned(uow)
    with pytest.raises(InputError, match="not begun"):
        within(uow, retagging.roll_back, job.id)
    done(uow, job)
    back = within(uow, retagging.roll_back, job.id)

    with pytest.raises(InputError, match="takes back job"):
        within(uow, retagging.roll_back, back.id)
    with pytest.raises(InputError, match="rolled back"):
        within(uow, retagging.roll_back, job.id)


def test_one_job_at_a_time_is_begun(uow: FakeUnitOfWork) -> None:
    merge(uow)
    first, second = planned(uow), planned(uow)
    within(uow, retagging.begin, first.id)

    with pytest.raises(InputError, match=f"job {first.id} of shop and home is running"):
        within(uow, retagging.begin, second.id)

    assert within(uow, retagging.begin, first.id).state is JobState.RUNNING


def test_what_was_not_begun_or_is_finished_cannot_be_resumed(uow: FakeUnitOfWork) -> None:
    merge(uow)
    job = planned(uow)
    with pytest.raises(InputError, match="retag apply"):
        within(uow, retagging.resume, job.id)
    done(uow, job)
    with pytest.raises(InputError, match="finished"):
        within(uow, retagging.resume, job.id)
    with pytest.raises(InputError, match="finished"):
        within(uow, retagging.begin, job.id)


def test_a_worker_told_to_stop_gives_its_shard_back(uow: FakeUnitOfWork) -> None:
    tree = merge(uow)
    job, told = planned(uow, model=MODEL, shard_size=4), list[int]()
    within(uow, retagging.begin, job.id)
    pans = at(tree, "Kitchen", "Pans")

    def tag(products: Sequence[Product]) -> Sequence[Assignment | None]:
        if told:
            raise AssertionError("it was told to stop")
        with_this = everything_to(pans)(products)
        if stored_now(uow, pans) == 4:
            told.append(1)
        return with_this

    worked = work(lambda: uow, job.id, "ann", tag=tag, stop=lambda: bool(told))

    assert worked.n_shards == 1
    assert stored_now(uow, pans) == 4
    within(uow, retagging.resume, job.id)
    work(lambda: uow, job.id, "bob", tag=everything_to(pans))
    assert stored_now(uow, pans) == 10
    assert state(uow, job) is JobState.FINISHED


def stored_now(uow: FakeUnitOfWork, node_id: NodeId) -> int:
    """How many products of the garden a model has put into a node."""
    ids = [one.id for one in PRODUCTS if one.category_path[0] == "Garden"]
    found = uow.assignments.stored("shop", "home", ids)
    return sum(one.node_id == node_id for one in found.values())


def test_a_shard_that_fails_does_not_hold_up_the_others(uow: FakeUnitOfWork) -> None:
    tree = merge(uow)
    job, pans = planned(uow, model=MODEL, shard_size=2), at(tree, "Kitchen", "Pans")

    def tag(products: Sequence[Product]) -> Sequence[Assignment | None]:
        if any(one.id == "seeds4" for one in products):
            raise ValueError("seeds4 is odd")
        return everything_to(pans)(products)

    tally = done(uow, job, tag)

    assert (tally.n_shards, tally.n_done, tally.n_failed) == (5, 4, 1)
    assert tally.errors == ("shard 2: ValueError: seeds4 is odd",)
    assert state(uow, job) is JobState.RUNNING
    within(uow, retagging.resume, job.id)
    work(lambda: uow, job.id, "bob", tag=everything_to(pans))
    assert state(uow, job) is JobState.FINISHED


def test_a_database_that_goes_away_ends_the_worker(uow: FakeUnitOfWork) -> None:
    merge(uow)
    job = planned(uow, model=MODEL)
    within(uow, retagging.begin, job.id)

    def tag(products: Sequence[Product]) -> Sequence[Assignment | None]:
        raise DatabaseUnavailable("the database cannot be used")

    with pytest.raises(DatabaseUnavailable):
        work(lambda: uow, job.id, "ann", tag=tag)


def test_a_change_is_real_unless_only_the_version_differs() -> None:
    one = Assignment(ProductId("1"), NodeId("a"), 0.5, Source.MODEL, "m", 1)

    assert not Change(one.product_id, one, replace(one, tree_version=2)).is_real
    assert Change(one.product_id, one, replace(one, model_revision="n")).is_real
    assert Change(one.product_id, None, one).is_real

    assert Change(one.product_id, one, None).back == Change(one.product_id, None, one)


def test_a_probability_as_the_store_gives_it_back_is_no_change() -> None:
    said = Assignment(ProductId("p"), NodeId("a"), 0.9889975786209106, Source.MODEL, "m")
    read = replace(said, probability=0.9889976)  # 32 bits, printed as short as they can be

    assert not Change(said.product_id, read, said).is_real


def asking(products: Sequence[Product]) -> list[Suggestion]:
    """A model that leaves all to people."""
    guesses = (Guess(NodeId("unknown"), 0.25),)
    return [Suggestion(one.id, guesses, 0.75, one.id, "bert@2", 2) for one in products]


def waiting(uow: UnitOfWork) -> list[ProductId]:
    with uow:
        return sorted(one.product.id for one in reviewing.queue(uow, "shop", "home", limit=100))


def test_what_a_model_asks_waits_for_people_and_keeps_its_place(uow: FakeUnitOfWork) -> None:
    edit(uow, Rename(at(head(uow), "Kitchen", "Mugs"), "Cups"))
    before = stored(uow)

    done(uow, planned(uow, model=MODEL), asking)

    assert waiting(uow) == [f"mugs{n}" for n in range(5)]
    assert stored(uow) == before


def test_what_a_job_did_not_look_at_goes_on_waiting_and_what_it_placed_does_not(uow: FakeUnitOfWork) -> None:
    mugs, pans = at(head(uow), "Kitchen", "Mugs"), at(head(uow), "Kitchen", "Pans")
    within(uow, reviewing.fill, "shop", "home", asking(PRODUCTS))
    edit(uow, Rename(mugs, "Cups"))

    done(uow, planned(uow, model=MODEL), everything_to(pans))

    assert waiting(uow) == sorted(one.id for one in PRODUCTS if not one.id.startswith("mugs"))


def taken_back(uow: FakeUnitOfWork, job: Job) -> None:
    back = within(uow, retagging.roll_back, job.id)
    work(lambda: uow, back.id, "ann")


def test_a_rollback_takes_the_jobs_questions_back(uow: FakeUnitOfWork) -> None:
    """Not one product was given another place by the job."""
    edit(uow, Rename(at(head(uow), "Kitchen", "Mugs"), "Cups"))
    job = planned(uow, model=MODEL)
    done(uow, job, asking)

    taken_back(uow, job)

    assert waiting(uow) == []


def test_a_rollback_asks_again_what_the_job_had_settled_but_not_what_was_settled_since(
    uow: FakeUnitOfWork,
) -> None:
    mugs, pans = at(head(uow), "Kitchen", "Mugs"), at(head(uow), "Kitchen", "Pans")
    within(uow, reviewing.fill, "shop", "home", asking(PRODUCTS))
    before = waiting(uow)
    edit(uow, Rename(mugs, "Cups"))
    job = planned(uow, model=MODEL)
    done(uow, job, everything_to(pans))
    with uow:
        since = Assignment(ProductId("mugs1"), mugs, 0.99, Source.MODEL, "bert@3", 2)
        uow.assignments.write("shop", "home", [since])
        uow.commit()

    taken_back(uow, job)

    assert waiting(uow) == [one for one in before if one != "mugs1"]


def test_a_job_without_a_model_leaves_the_queue_as_it_is(uow: FakeUnitOfWork) -> None:
    within(uow, reviewing.fill, "shop", "home", asking(PRODUCTS))
    merge(uow)

    done(uow, planned(uow))

    assert len(waiting(uow)) == len(PRODUCTS)
