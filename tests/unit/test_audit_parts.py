"""What the rules of the audit rest on: neighbours, groups and words."""

import numpy as np
import pytest

from taxonomy.audit.clusters import centroid, cluster, names_of_groups
from taxonomy.audit.neighbours import close_pairs
from taxonomy.audit.words import stems
from taxonomy.ports import Floats


def unit(rows: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> Floats:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def test_close_pairs_are_those_of_the_full_table() -> None:
    vectors = unit(np.random.default_rng(0).normal(size=(60, 4)))
    table = vectors @ vectors.T

    pairs = close_pairs(vectors, 0.8)

    assert pairs == [(a, b) for a in range(60) for b in range(a + 1, 60) if table[a, b] >= 0.8]


def test_close_pairs_among_many_rows_are_found_without_the_full_table() -> None:
    rng = np.random.default_rng(0)
    vectors = unit(rng.normal(size=(5000, 32)))
    vectors[4000:4100] = unit(vectors[:100] + rng.normal(scale=0.01, size=(100, 32)))

    pairs = close_pairs(vectors, 0.95)

    assert len(set(pairs) & {(at, 4000 + at) for at in range(100)}) >= 99


def test_no_rows_have_no_pairs() -> None:
    assert close_pairs(np.zeros((0, 4), np.float32), 0.5) == []


def test_groups_that_lie_apart_are_found_whatever_their_order() -> None:
    rng = np.random.default_rng(0)
    middles = np.repeat(np.eye(3), 20, axis=0)
    order = rng.permutation(60)

    groups = cluster(unit(middles + rng.normal(scale=0.1, size=(60, 3)))[order], 3)

    assert len({(middle, group) for middle, group in zip(order // 20, groups, strict=True)}) == 3


def test_fewer_rows_than_groups_are_groups_of_their_own() -> None:
    assert cluster(np.eye(2, dtype=np.float32), 5).tolist() == [0, 1]


def test_the_middle_of_no_rows_is_nothing() -> None:
    assert not centroid(np.zeros((0, 3), np.float32)).any()


def test_groups_are_named_for_what_the_others_do_not_say() -> None:
    groups = [["red wool scarves", "blue wool"], ["red toy trains", "trains of tin"]]

    assert names_of_groups(groups) == ("Wool", "Trains")


def test_groups_without_words_are_numbered() -> None:
    assert names_of_groups([["12 34"], ["toy trains"]])[0] == "Group 1"


@pytest.mark.parametrize(
    ("one", "other"), [("Men's Shoes", "mens shoe"), ("Berries and Nuts", "Berry & Nut")]
)
def test_stems_do_not_tell_number_and_case(one: str, other: str) -> None:
    assert stems(one) == stems(other)
