"""Re-tagging jobs: shards are claimed once, leases end, and the history says what was before."""

import time
from dataclasses import replace

import pytest

from taxonomy.edits import Merge
from taxonomy.errors import StoreError, UnknownId
from taxonomy.jobs import Change, Job, JobKind, JobState, Shard
from taxonomy.node import NodeId
from taxonomy.ports import UnitOfWork
from taxonomy.product import Product, ProductId
from taxonomy.tree import Tree
from tests.contract.given import POPPY, SHELF, SPADE, WOK, at, edited, imported, planted, said, stocked

STRUCTURE = Job("home", "shop", JobKind.STRUCTURE, 1, 2)
MODEL = replace(STRUCTURE, kind=JobKind.MODEL, model_revision="bert@2", model_dir="/m", precision=0.9)
MINUTE = 60.0


def planned(uow: UnitOfWork, job: Job = MODEL, *, shard_size: int = 2) -> tuple[Job, Tree]:
    """A job over all of the shop, with a shard of two products and one of one, committed."""
    tree = stocked(uow)
    made = uow.jobs.add(job, tree, None, shard_size=shard_size)
    uow.commit()
    return made, tree


def running(uow: UnitOfWork, job: Job = MODEL) -> tuple[Job, Tree]:
    made, tree = planned(uow, job)
    uow.jobs.start(made.id)
    uow.commit()
    return made, tree


def claimed(uow: UnitOfWork, job: Job, worker: str = "ann", lease_s: float = MINUTE) -> Shard:
    shard = uow.jobs.claim(job.id, worker, lease_s=lease_s)
    if shard is None:
        raise LookupError("no shard is free")
    uow.commit()
    return shard


def test_a_job_comes_back_as_it_was_planned(uow: UnitOfWork) -> None:
    with uow:
        made, tree = planned(uow, replace(MODEL, everything=True))

        assert replace(made, id=0, created_at=None) == replace(MODEL, everything=True)
        assert uow.jobs.get(made.id) == uow.jobs.lock(made.id) == made
        assert uow.jobs.tree(made.id).digest() == tree.digest()
        with pytest.raises(UnknownId, match="no job '999'"):
            uow.jobs.get(999)


def test_products_are_cut_into_shards_of_the_size_asked_for(uow: UnitOfWork) -> None:
    with uow:
        job, _ = running(uow)

        first, second = claimed(uow, job), claimed(uow, job, "bob")

        assert (first.first_id, first.last_id, first.n_products) == (SPADE.id, POPPY.id, 2)
        assert (second.first_id, second.last_id, second.n_products) == (WOK.id, WOK.id, 1)
        assert uow.jobs.tally(job.id).n_products == 3
        assert uow.jobs.tally(planned_again(uow).id).n_shards == 3


def planned_again(uow: UnitOfWork) -> Job:
    return uow.jobs.add(MODEL, uow.trees.head("home"), None, shard_size=1)


def test_the_log_is_newest_first_and_can_be_narrowed(uow: UnitOfWork) -> None:
    with uow:
        first, tree = planned(uow)
        uow.trees.create("other")
        uow.catalogs.create("empty")
        second = uow.jobs.add(replace(MODEL, catalog="empty"), tree, None, shard_size=2)
        third = uow.jobs.add(replace(MODEL, taxonomy="other"), tree, None, shard_size=2)

        assert uow.jobs.log() == [third, second, first]
        assert uow.jobs.log(limit=1) == [third]
        assert uow.jobs.log(catalog="shop") == [third, first]
        assert uow.jobs.log(taxonomy="HOME") == [second, first]
        with pytest.raises(UnknownId, match="catalog"):
            uow.jobs.log(catalog="nowhere")


def test_only_products_stored_under_the_ids_are_meant(uow: UnitOfWork) -> None:
    with uow:
        tree = stocked(uow)
        seeds = at(tree, "Garden", "Seeds")

        job = uow.jobs.add(STRUCTURE, tree, [seeds], shard_size=2)

        uow.jobs.start(job.id)
        assert uow.jobs.meant(claimed(uow, job)) == {POPPY.id: said(POPPY, seeds)}


def test_a_model_means_products_that_stand_nowhere_too_and_structure_does_not(uow: UnitOfWork) -> None:
    with uow:
        tree = planted(uow)
        imported(uow, SHELF)
        nowhere: list[NodeId] = []

        by_model = uow.jobs.add(MODEL, tree, nowhere, shard_size=9)
        by_structure = uow.jobs.add(STRUCTURE, tree, nowhere, shard_size=9)

        assert uow.jobs.tally(by_model.id).n_products == 3
        assert uow.jobs.tally(by_structure.id).n_products == 0
        uow.jobs.start(by_model.id)
        assert uow.jobs.meant(claimed(uow, by_model)) == dict.fromkeys([SPADE.id, POPPY.id, WOK.id])


def test_retired_products_are_not_meant(uow: UnitOfWork) -> None:
    with uow:
        tree = stocked(uow)
        imported(uow, [SPADE], digest="two")

        job = uow.jobs.add(MODEL, tree, None, shard_size=9)

        assert uow.jobs.tally(job.id).n_products == 1


def test_what_people_placed_is_left_out_and_counted(uow: UnitOfWork) -> None:
    with uow:
        tree = stocked(uow)
        uow.assignments.place("shop", "home", at(tree, "Kitchen"), [SPADE.id], author="ann")

        job = uow.jobs.add(MODEL, tree, None, shard_size=9)

        assert (uow.jobs.tally(job.id).n_products, uow.jobs.left_to_people(job.id)) == (2, 1)


def test_what_people_place_after_the_plan_is_left_out_as_well(uow: UnitOfWork) -> None:
    with uow:
        job, tree = running(uow)
        shard = claimed(uow, job)

        uow.assignments.place("shop", "home", at(tree, "Kitchen"), [SPADE.id], author="ann")

        assert list(uow.jobs.meant(shard)) == [POPPY.id]


def test_a_planned_job_gives_no_shard(uow: UnitOfWork) -> None:
    with uow:
        job, _ = planned(uow)

        assert uow.jobs.claim(job.id, "ann", lease_s=MINUTE) is None


def test_two_workers_never_get_the_same_shard(uow: UnitOfWork) -> None:
    with uow:
        job, _ = running(uow)

        taken = {claimed(uow, job, "ann").ordinal, claimed(uow, job, "bob").ordinal}

        assert len(taken) == 2
        assert uow.jobs.claim(job.id, "cat", lease_s=MINUTE) is None


def test_a_shard_whose_lease_ended_is_taken_again_and_its_worker_cannot_write(uow: UnitOfWork) -> None:
    with uow:
        job, _ = running(uow)
        first = claimed(uow, job, "ann", lease_s=0.0)
        time.sleep(0.01)

        again = claimed(uow, job, "bob")

        assert again == first
        assert not uow.jobs.hold(first, "ann")
        assert uow.jobs.hold(first, "bob")


def test_a_renewed_lease_lasts(uow: UnitOfWork) -> None:
    with uow:
        job, _ = running(uow)
        first = claimed(uow, job, "ann", lease_s=0.0)

        uow.jobs.renew("ann", lease_s=MINUTE)

        assert claimed(uow, job, "bob") != first


def test_a_shard_given_back_is_free_at_once(uow: UnitOfWork) -> None:
    with uow:
        job, _ = running(uow)
        first = claimed(uow, job)

        uow.jobs.release(first, "ann")

        assert claimed(uow, job, "bob") == first
        assert uow.jobs.tally(job.id).errors == ()


def test_a_shard_is_given_up_after_three_errors_until_the_job_is_started_again(uow: UnitOfWork) -> None:
    with uow:
        job, _ = running(uow)
        first, second = claimed(uow, job), claimed(uow, job)
        uow.jobs.mark(second, n_tagged=1, n_changed=0)
        uow.jobs.release(first, "ann", error="bad luck")
        for _ in range(2):
            assert not uow.jobs.tally(job.id).is_through
            uow.jobs.release(claimed(uow, job), "ann", error="bad luck")

        tally = uow.jobs.tally(job.id)
        assert uow.jobs.claim(job.id, "ann", lease_s=MINUTE) is None
        assert (tally.n_failed, tally.errors, tally.is_through) == (1, ("bad luck",), True)
        assert not uow.jobs.close(job.id)

        uow.jobs.start(job.id)

        assert claimed(uow, job) == first
        assert uow.jobs.tally(job.id).errors == ()


def test_a_shard_that_is_done_is_done(uow: UnitOfWork) -> None:
    with uow:
        job, _ = running(uow)
        first = claimed(uow, job)

        uow.jobs.mark(first, n_tagged=2, n_changed=1)
        uow.commit()

        tally = uow.jobs.tally(job.id)
        assert not uow.jobs.hold(first, "ann")
        assert claimed(uow, job) != first
        assert (tally.n_shards, tally.n_done, tally.n_tagged, tally.n_changed) == (2, 1, 2, 1)
        assert (tally.n_recent, tally.products_per_s > 0) == (2, True)


def test_speed_counts_since_the_latest_start(uow: UnitOfWork) -> None:
    with uow:
        job, _ = running(uow)
        uow.jobs.mark(claimed(uow, job), n_tagged=2, n_changed=1)
        uow.commit()

        uow.jobs.start(job.id)

        tally = uow.jobs.tally(job.id)
        assert (tally.n_tagged, tally.n_recent, tally.products_per_s) == (2, 0, 0.0)


def test_a_job_closes_when_all_is_done(uow: UnitOfWork) -> None:
    with uow:
        job, _ = running(uow)
        uow.jobs.mark(claimed(uow, job), n_tagged=2, n_changed=0)

        assert not uow.jobs.close(job.id)
        assert uow.jobs.get(job.id).state is JobState.RUNNING

        uow.jobs.mark(claimed(uow, job), n_tagged=1, n_changed=0)

        assert uow.jobs.close(job.id)
        assert uow.jobs.get(job.id).state is JobState.FINISHED
        assert not uow.jobs.close(job.id)


def test_two_jobs_of_a_catalogue_and_taxonomy_do_not_run_at_once(uow: UnitOfWork) -> None:
    with uow:
        running(uow)
        other = planned_again(uow)
        uow.commit()

        with pytest.raises(StoreError):
            uow.jobs.start(other.id)
        uow.rollback()


def test_a_withdrawn_job_cannot_write_any_more(uow: UnitOfWork) -> None:
    with uow:
        job, _ = running(uow)
        shard = claimed(uow, job)

        uow.jobs.withdraw(job.id)

        assert uow.jobs.get(job.id).state is JobState.ROLLED_BACK
        assert not uow.jobs.hold(shard, "ann")
        assert uow.jobs.claim(job.id, "bob", lease_s=MINUTE) is None


def test_history_keeps_what_was_and_what_became_of_it(uow: UnitOfWork) -> None:
    with uow:
        job, tree = running(uow)
        shard = claimed(uow, job)
        new = Product(ProductId("p0"), "Never seen")
        changes = [
            Change(SPADE.id, said(SPADE, at(tree, "Garden", "Tools")), said(SPADE, at(tree, "Garden"), 0.5)),
            Change(POPPY.id, said(POPPY, at(tree, "Garden", "Seeds")), None),
            Change(new.id, None, said(new, at(tree, "Kitchen"))),
        ]

        kept = uow.jobs.record(job.id, changes)
        uow.commit()

        assert kept == changes
        assert uow.jobs.changes(job.id, shard) == changes[:2]


def test_what_somebody_else_wrote_meanwhile_is_not_recorded(uow: UnitOfWork) -> None:
    with uow:
        job, tree = running(uow)
        tools = at(tree, "Garden", "Tools")
        mine = Change(SPADE.id, said(SPADE, tools), said(SPADE, at(tree, "Garden")))
        uow.assignments.write("shop", "home", [said(SPADE, tools, 0.25)])

        assert uow.jobs.record(job.id, [mine]) == []


def test_the_history_has_a_product_once_a_job(uow: UnitOfWork) -> None:
    with uow:
        job, tree = running(uow)
        before = said(SPADE, at(tree, "Garden", "Tools"))
        uow.jobs.record(job.id, [Change(SPADE.id, before, said(SPADE, at(tree, "Garden")))])
        uow.commit()

        with pytest.raises(StoreError):
            uow.jobs.record(job.id, [Change(SPADE.id, before, said(SPADE, at(tree, "Kitchen")))])
        uow.rollback()


def test_a_rollback_gets_the_shards_that_changed_something(uow: UnitOfWork) -> None:
    with uow:
        job, _ = running(uow)
        first, second = claimed(uow, job), claimed(uow, job)
        uow.jobs.mark(first, n_tagged=2, n_changed=1)
        uow.jobs.mark(second, n_tagged=1, n_changed=0)
        uow.jobs.withdraw(job.id)

        back = replace(job, kind=JobKind.ROLLBACK, state=JobState.RUNNING, undoes=job.id)
        back = uow.jobs.add(back, None, (), shard_size=1)
        uow.commit()

        assert claimed(uow, back) == replace(first, job_id=back.id, n_products=1)
        assert uow.jobs.claim(back.id, "ann", lease_s=MINUTE) is None
        with pytest.raises(StoreError, match="no tree"):
            uow.jobs.tree(back.id)


def test_the_oldest_version_among_assignments_is_known(uow: UnitOfWork) -> None:
    with uow:
        tree = planted(uow)
        imported(uow, SHELF)
        assert uow.jobs.oldest_version("shop", "home") is None

        late = replace(said(SPADE, at(tree, "Garden")), tree_version=7)
        uow.assignments.write("shop", "home", [late, said(WOK, at(tree, "Kitchen"))])

        assert uow.jobs.oldest_version("shop", "home") == 1


def test_a_placement_whose_node_went_without_successor_does_not_hold_a_product(uow: UnitOfWork) -> None:
    with uow:
        tree = stocked(uow)
        uow.assignments.place("shop", "home", NodeId("gone"), [SPADE.id], author="ann")
        uow.assignments.place("shop", "home", at(tree, "Garden", "Seeds"), [WOK.id], author="ann")
        edited(uow, Merge((at(tree, "Garden", "Seeds"),), at(tree, "Garden", "Tools")))

        job = uow.jobs.add(MODEL, tree, None, shard_size=9)

        assert (uow.jobs.tally(job.id).n_products, uow.jobs.left_to_people(job.id)) == (2, 1)
