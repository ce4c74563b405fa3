import numpy as np
import pytest

from ingest.readers.duplicates import duplicate_groups
from ingest.readers.split import stratified_split

SAME = [
    ("Foo Shampoo 200 ml", "Foo Shampoo 400ml"),
    ("Foo Shampoo 200 ml", "FOO SHAMPOO - 0.5 Litre (Pack of 6)"),
    ("Sugar Free Natura Low Calorie Sweetener", "Sugar free natura low calorie sweetner"),
    ("Blue Cotton Towel Trm", "Trm Towel, Cotton Blue"),
    ("洗发水 控油去屑清爽 500ml", "洗发水 控油去屑清爽 200 ml"),
]
DIFFERENT = [
    ("Foo Shampoo 200 ml", "Foo Conditioner 200 ml"),
    ("Acme Phone 11 64GB Black", "Acme Phone 12 64GB Black"),
    ("Drill HX-220B", "Drill HX-230B"),
    ("Foo Shampoo with Rose", "Foo Shampoo with Lavender"),
    ("", "Soap"),
]


@pytest.mark.parametrize(("a", "b"), SAME)
def test_sizes_slips_and_word_order_make_no_other_product(a: str, b: str) -> None:
    assert duplicate_groups([a, "Unrelated Rug", b]).tolist() == [0, 1, 0]


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_other_kinds_and_codes_are_other_products(a: str, b: str) -> None:
    assert duplicate_groups([a, b]).tolist() == [0, 1]


def test_no_texts_have_no_groups() -> None:
    assert duplicate_groups([]).tolist() == []


def test_a_text_that_repeats_thousands_of_times_is_one_group() -> None:
    groups = duplicate_groups(["Back Cover for Tablet"] * 5000 + ["Vinyl Sticker"] * 5000)
    assert groups.tolist() == [0] * 5000 + [1] * 5000


LABELS = ["soap"] * 400 + ["lamp"] * 200 + ["rug"] * 3 + ["mat"]
GROUPS = np.array([i // 4 for i in range(400)] + list(range(100, 300)) + [300, 301, 302, 303])


def test_groups_stay_on_one_side_and_labels_keep_their_share() -> None:
    aside = stratified_split(LABELS, GROUPS, fraction=0.1, seed=1)
    assert all(len(set(aside[group == GROUPS])) == 1 for group in set(GROUPS.tolist()))
    assert 36 <= aside[:400].sum() <= 44
    assert 16 <= aside[400:600].sum() <= 24


def test_every_label_can_still_be_learnt() -> None:
    aside = stratified_split(LABELS, GROUPS, fraction=0.9, seed=1)
    assert set(np.array(LABELS)[~aside]) == set(LABELS)


def test_rare_labels_share_what_rounding_leaves() -> None:
    labels = [f"l{i // 2}" for i in range(2000)]
    aside = stratified_split(labels, np.arange(2000), fraction=0.1, seed=1)
    assert 190 <= aside.sum() <= 210


def test_a_seed_gives_the_same_rows_and_another_gives_others() -> None:
    first, again, other = (stratified_split(LABELS, GROUPS, fraction=0.2, seed=seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_splitting_nothing_gives_nothing() -> None:
    assert stratified_split([], np.zeros(0, dtype=np.int64), fraction=0.5, seed=1).tolist() == []
