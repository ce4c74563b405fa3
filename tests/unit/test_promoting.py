"""A new model takes over if it is no worse, and what was decided is kept."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from taxonomy.edits import Rename
from taxonomy.errors import InputError, StaleEdit
from taxonomy.service import editing, releasing
from taxonomy.service.promoting import Comparison, Judged, compare, p_worse, promote
from tests.contract.given import at, planted
from tests.fakes import FakeUnitOfWork

N = 200
BRANCHES = ["Garden"] * 150 + ["Kitchen"] * 50


def judged(name: str, *wrong: int) -> Judged:
    """A model that is wrong about the products at these places."""
    right = np.ones(N, dtype=bool)
    right[list(wrong)] = False
    return Judged(name, f"{name}@1", right)


def tried(wrong: list[int], serving: list[int], **settings: float) -> Comparison:
    others = [judged("serving", *serving), judged("untuned", *range(100))]
    return compare(judged("new", *wrong), others, BRANCHES, **settings)  # type: ignore[arg-type]


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_chance_of_so_many_losses_is_that_of_the_exact_test(n_lost: int, n_won: int) -> None:
    n = n_lost + n_won
    expected = binomtest(n_lost, n, alternative="greater").pvalue if n else 1.0

    assert p_worse(n_lost, n_won) == pytest.approx(expected, rel=1e-9)


def test_thousands_of_differences_are_counted_exactly() -> None:
    assert p_worse(5000, 5000) == pytest.approx(0.503989, abs=1e-5)


def test_a_model_that_is_as_good_has_no_fault() -> None:
    found = tried([1, 2, 3], [3, 4, 5])

    assert found.faults == ()
    assert (found.accuracy, found.serving) == (0.985, "serving@1")
    assert (found.against[0].n_lost, found.against[0].n_won) == (2, 2)
    assert [one.name for one in found.against[0].branches] == ["Garden", "Kitchen"]


def test_a_model_that_is_clearly_worse_is_at_fault() -> None:
    found = tried(list(range(10)), [])

    assert "worse than the serving model by 5.0%" in found.faults[0]
    assert tried(list(range(10)), [], alpha=0.0005, margin=1.0).faults == ()


def test_a_branch_that_falls_is_a_fault_though_the_whole_is_better() -> None:
    wrong, serving = list(range(150, 156)), list(range(20))

    (fault,) = tried(wrong, serving).faults

    assert "in 'Kitchen' by 12.0% of 50 products" in fault
    assert tried(wrong, serving, margin=0.2).faults == ()


def test_a_model_worse_than_the_untuned_encoder_is_at_fault() -> None:
    found = compare(judged("new", *range(60)), [judged("untuned", *range(10))], BRANCHES, margin=1.0)

    assert "worse than the untuned model" in found.faults[0]
    assert found.serving == ""


def test_too_small_a_test_is_a_fault() -> None:
    assert "fewer than 300" in tried([], [], least=300).faults[0]
    assert tried([], [], least=N).faults == ()


@pytest.fixture
def uow() -> FakeUnitOfWork:
    uow = FakeUnitOfWork()
    tree = planted(uow)
    releasing.publish(uow, "home", author="ann", model_revision="serving@1", model_dir="/models/old")
    editing.edit(uow, "home", [Rename(at(tree, "Garden"), "Yard")], author="ann")
    return uow


def test_a_promotion_is_a_release_of_the_same_tree_and_can_be_rolled_back(uow: FakeUnitOfWork) -> None:
    kept = promote(uow, "home", tried([], [1]), model_dir="/models/new", author="bob", test="t1")

    current, tree = releasing.published(uow, "home")
    assert (current.id, current.model_revision, current.model_dir) == (
        kept.release_id,
        "new@1",
        "/models/new",
    )
    assert (current.tree_version, tree.find(("Yard",))) == (1, None)  # edits not published stay so
    assert (kept.author, kept.figures["accuracy"], kept.figures["test"]) == ("bob", 1.0, "t1")
    releasing.roll_back(uow, "home", author="ann")
    assert releasing.published(uow, "home")[0].model_revision == "serving@1"


def test_a_refusal_is_kept_and_changes_nothing(uow: FakeUnitOfWork) -> None:
    kept = promote(uow, "home", tried(list(range(10)), []), model_dir="/models/new", author="bob")

    assert kept.release_id is None
    assert uow.promotions.log("home") == [kept]
    assert releasing.published(uow, "home")[0].model_revision == "serving@1"


def test_a_reason_promotes_against_the_figures_and_is_kept(uow: FakeUnitOfWork) -> None:
    bad = tried(list(range(10)), [])

    kept = promote(uow, "home", bad, model_dir="/m", author="bob", reason="the old one leaks names")
    assert kept.reason == "the old one leaks names"
    assert releasing.published(uow, "home")[0].id == kept.release_id

    good = replace(bad, revision="newer@1", faults=(), against=(replace(bad.against[0], revision="new@1"),))
    assert promote(uow, "home", good, model_dir="/m", author="bob", reason="why not").reason == ""


def test_a_model_compared_with_what_serves_no_more_is_refused(uow: FakeUnitOfWork) -> None:
    promote(uow, "home", tried([], []), model_dir="/m", author="ann")

    with pytest.raises(InputError, match="serves already"):
        promote(uow, "home", tried([], []), model_dir="/m", author="bob")
    with pytest.raises(StaleEdit, match="compare again"):
        promote(uow, "home", replace(tried([], []), revision="other@1"), model_dir="/m", author="bob")


def test_nothing_is_promoted_before_something_is_published() -> None:
    uow = FakeUnitOfWork()
    planted(uow)

    with pytest.raises(InputError, match="no release in effect"):
        promote(uow, "home", tried([], []), model_dir="/m", author="ann")
