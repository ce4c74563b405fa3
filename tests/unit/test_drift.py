"""Products that no longer look like those of calibration are told; those that do are not."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.stats import chi2_contingency, mannwhitneyu

from ingest.classify.drift import ALARM, Drift, Reference, Watch
from ingest.classify.two_samples import exponential, mix_p_value, psi, rank_z, upper_p_value
from taxonomy.errors import ModelError
from taxonomy.node import NodeId
from taxonomy.product import ProductId
from taxonomy.redirects import Redirect
from taxonomy.tree import Draft, Tree

TREE = Tree.from_paths([("Home", "Mugs"), ("Home", "Rugs"), ("Garden", "Hoses"), ("Toys", "Dolls")])
LEAVES = tuple(TREE.leaves())


@dataclass(frozen=True, slots=True)
class Seen:
    product_id: ProductId
    leaf_id: NodeId
    leaf_probability: float
    foreign: float
    n_words: int


def products(n: int, seed: int, *, shares: tuple[float, ...] = (0.4, 0.3, 0.2, 0.1)) -> list[Seen]:
    """Of which some categories are harder than others, and one has longer texts."""
    rng = np.random.default_rng(seed)
    return [
        Seen(
            ProductId(f"{seed}-{at}"),
            LEAVES[which],
            float(rng.beta(3 + 3 * which, 1)),
            float(rng.gamma(2, 0.03)),
            int(rng.integers(3, 20)) + 4 * int(which),
        )
        for at, which in enumerate(rng.choice(len(LEAVES), n, p=shares))
    ]


REFERENCE = Reference.of(products(1500, 0))


def drift_of(rows: list[Seen], *, reference: Reference = REFERENCE, tree: Tree = TREE) -> Drift:
    watch = Watch(reference, tree)
    for row in rows:
        watch.see(row)
    return watch.drift()


def kinds(drift: Drift) -> set[str]:
    return {shift.kind for shift in drift.shifts}


def test_products_of_the_same_kind_raise_no_alarm() -> None:
    alarms = [bool(drift_of(products(n, seed)).shifts) for seed in range(1, 60) for n in (200, 1000)]
    assert sum(alarms) <= 2


def some(rows: list[Seen], change: Callable[[Seen], Seen], *, share: float = 0.2) -> list[Seen]:
    return [change(row) if at % round(1 / share) == 0 else row for at, row in enumerate(rows)]


def test_a_fifth_of_products_that_the_model_never_learnt_is_told_with_examples() -> None:
    rows = some(products(300, 1), lambda row: replace(row, leaf_probability=row.leaf_probability * 0.3))
    drift = drift_of(rows)
    (shift,) = drift.shifts
    unlearnt = {row.product_id for row in rows[::5]}
    assert (shift.kind, drift.alarming, drift.n_products) == ("unsure", True, 300)
    assert len(shift.examples) == 5
    assert set(shift.examples) <= unlearnt
    assert shift.seen > 3 * shift.expected
    assert f"{shift.seen:.0%}" in shift.sentence


def test_a_few_products_in_another_language_are_told_even_if_all_go_to_one_category() -> None:
    rows = some(products(1000, 2), lambda row: replace(row, foreign=0.9, leaf_id=LEAVES[3]), share=0.05)
    assert "foreign" in kinds(drift_of(rows))


def test_missing_descriptions_are_told() -> None:
    rows = some(products(400, 3), lambda row: replace(row, n_words=3), share=1.0)
    (shift,) = drift_of(rows).shifts
    assert shift.kind == "form"
    assert "shorter" in shift.sentence


def test_longer_texts_are_told_with_the_longest() -> None:
    rows = some(products(400, 3), lambda row: replace(row, n_words=row.n_words + 50), share=0.5)
    (shift,) = drift_of(rows).shifts
    assert "longer" in shift.sentence
    assert {int(at.split("-")[1]) % 2 for at in shift.examples} == {0}


def test_another_mix_of_categories_is_told_as_such_and_is_no_alarm() -> None:
    drift = drift_of(products(1000, 4, shares=(0.1, 0.1, 0.2, 0.6)))
    (shift,) = drift.shifts
    assert (shift.kind, drift.alarming) == ("mix", False)
    assert "Toys" in shift.sentence
    assert shift.seen == pytest.approx(0.6, abs=0.05)


def test_what_is_sure_but_slight_is_not_told() -> None:
    rows = some(products(5000, 5), lambda row: replace(row, n_words=row.n_words + 1), share=1.0)
    watch = [row.n_words for row in rows]
    z = rank_z(REFERENCE.n_words, np.array(watch, "f4"), np.zeros(1500, int), np.zeros(5000, int))
    assert upper_p_value(z) < ALARM / 4
    assert not drift_of(rows).shifts


def test_a_later_look_needs_a_clearer_sign() -> None:
    watch = Watch(REFERENCE, TREE)
    for row in some(products(150, 8), lambda row: replace(row, leaf_probability=0.2), share=0.08):
        watch.see(row)
    assert watch.drift(look=1).shifts
    assert not watch.drift(look=10_000).shifts


def test_the_chance_of_a_false_alarm_is_chosen() -> None:
    watch = Watch(REFERENCE, TREE)
    for row in products(400, 9):
        watch.see(row)
    assert not watch.drift().shifts
    slight = Watch(REFERENCE, TREE)
    for row in some(products(200, 6), lambda row: replace(row, leaf_probability=0.3), share=0.05):
        slight.see(row)
    assert len(slight.drift(alarm=1.0).shifts) > len(slight.drift(alarm=1e-9).shifts) == 0


def test_of_a_large_batch_no_more_than_a_sample_is_kept() -> None:
    watch = Watch(REFERENCE, TREE)
    for row in products(5200, 7):
        watch.see(row)
    assert watch.drift().n_products == 5200
    assert len(watch._kept) == 5000


def test_too_few_products_say_nothing() -> None:
    odd = [replace(row, foreign=1.0, leaf_probability=0.0) for row in products(49, 1)]
    assert drift_of(odd) == Drift(49, is_known=False)
    assert drift_of(products(500, 1), reference=Reference.of([])) == Drift(500, is_known=False)
    assert drift_of([]) == Drift(0, is_known=False)


def test_the_reference_follows_an_edit_of_the_tree() -> None:
    draft = Draft(TREE)
    dolls, rugs = TREE.find(("Toys", "Dolls")), TREE.find(("Home", "Rugs"))
    assert dolls is not None
    assert rugs is not None
    draft.remove(dolls)
    draft.redirects[dolls] = Redirect((rugs,))
    rows = [replace(row, leaf_id=rugs) if row.leaf_id == dolls else row for row in products(1000, 11)]
    assert "mix" not in kinds(drift_of(rows, tree=draft.tree()))


def test_categories_that_the_tree_never_had_are_a_kind_of_their_own() -> None:
    unknown = Reference.of([replace(row, leaf_id=NodeId("gone")) for row in products(500, 0)])
    assert "categories that are gone" in drift_of(products(500, 1), reference=unknown).shifts[-1].sentence


def test_the_reference_reads_back_from_json() -> None:
    again = Reference.from_json(json.loads(json.dumps(REFERENCE.to_json())))
    rows = some(products(300, 1), lambda row: replace(row, leaf_probability=0.1))
    assert kinds(drift_of(rows, reference=again)) == kinds(drift_of(rows))


@pytest.mark.parametrize(
    "change",
    [{"foreign": [0.1]}, {"n_words": None}, {"leaf_probability": [float("nan")] * 1500}, {"foreign": "x"}],
)
def test_a_damaged_reference_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="drift"):
        Reference.from_json(REFERENCE.to_json() | change)


def test_a_reference_keeps_no_more_than_it_needs() -> None:
    assert len(Reference.of(products(2500, 0)).leaf_ids) == 2000


def test_with_one_stratum_the_rank_test_is_mann_whitney() -> None:
    rng = np.random.default_rng(0)
    known, new = rng.integers(0, 9, 60).astype("f4"), rng.integers(2, 9, 40).astype("f4")
    z = rank_z(known, new, np.zeros(60, int), np.zeros(40, int))
    whitney = mannwhitneyu(new, known, alternative="greater", use_continuity=False, method="asymptotic")
    assert upper_p_value(z) == pytest.approx(whitney.pvalue, rel=0.02)


def test_the_rank_test_keeps_its_level_in_samples_of_unequal_size() -> None:
    rng = np.random.default_rng(0)
    draws = [(rng.random(900).astype("f4"), rng.random(100).astype("f4")) for _ in range(600)]
    strata = np.zeros(900, int), np.zeros(100, int)
    p_values = [upper_p_value(rank_z(known, new, *strata, scores=exponential)) for known, new in draws]
    assert np.mean(np.array(p_values) < 0.05) == pytest.approx(0.05, abs=0.025)


def test_strata_without_a_counterpart_decide_nothing() -> None:
    ones = np.ones(5, "f4")
    assert rank_z(ones, 2 * ones, np.zeros(5, int), np.ones(5, int)) == 0
    assert rank_z(ones, ones, np.zeros(5, int), np.zeros(5, int)) == 0


def test_the_mix_is_tested_by_chi_square_with_rare_classes_as_one() -> None:
    known, new = np.array([50, 30, 20, 1, 2]), np.array([60, 20, 30, 3, 0])
    pooled = np.array([[50, 30, 20, 3], [60, 20, 30, 3]])
    assert mix_p_value(known[:3], new[:3]) == pytest.approx(
        chi2_contingency(pooled[:, :3], correction=False).pvalue
    )
    assert mix_p_value(known, new) != mix_p_value(known[:3], new[:3])
    assert mix_p_value(known, known) == 1
    assert mix_p_value(known, np.zeros(5, int)) == 1


def test_the_stability_index_worked_by_hand() -> None:
    # Shares of 0.25 and 0.75 against the reverse: twice 0.5 ln 3.
    assert psi(np.array([1, 4]), np.array([4, 1])) == pytest.approx(2 * 0.5 * np.log(3))
    assert psi(np.array([7, 7]), np.array([7, 7])) == 0
