"""Trees over groups: how they are joined, and where their levels are."""

import numpy as np
import pytest

from ingest.cluster.induce import Branch, induce
from ingest.cluster.linkage import Indices, average_linkage
from ingest.cluster.reduce import unit
from ingest.cluster.shape import Shape
from taxonomy.ports import Floats


def centres(n: int = 200, *, seed: int = 0) -> Floats:
    """Groups around kinds around departments."""
    rng = np.random.default_rng(seed)
    departments = rng.normal(size=(6, 32))
    kinds = departments[rng.integers(6, size=40)] + rng.normal(size=(40, 32)) * 0.6
    return unit(kinds[rng.integers(40, size=n)] + rng.normal(size=(n, 32)) * 0.2)


def even(n: int) -> Indices:
    return np.full(n, 20, np.int64)


def levels(root: Branch) -> list[int]:
    """How many nodes there are at each level, higher leaves counted again."""
    found, now = list[int](), root.children
    while True:
        found.append(len(now))
        if not any(one.children for one in now):
            return found
        now = tuple(below for one in now for below in (one.children or (one,)))


@pytest.mark.parametrize("shape", [Shape(), Shape(max_depth=3, max_children=4), Shape(max_depth=1)])
def test_every_group_is_in_one_leaf_and_the_limits_hold(shape: Shape) -> None:
    root = induce(centres(), even(200), shape)

    leaves = [one for one in root.walk() if not one.children]
    assert sorted(group for leaf in leaves for group in leaf.groups) == list(range(200))
    assert len(levels(root)) <= shape.max_depth
    assert all(len(one.children) <= shape.max_children for one in root.walk())
    assert all(len(one.children) != 1 for one in root.walk())


def test_levels_grow_coarser_by_like_steps_and_the_last_joins_variants() -> None:
    found = levels(induce(centres(), even(200), Shape(max_depth=4, max_children=100)))

    assert found[0] == 5
    assert found[-1] == 200
    for level, wanted in zip(found, (5, 22, 100, 200), strict=True):
        assert wanted <= level <= 1.5 * wanted  # more where a node had to be divided for the level's sake


def test_few_groups_have_few_levels() -> None:
    found = [len(levels(induce(centres(n), even(n), Shape()))) for n in (5, 12, 40, 200)]

    assert found == sorted(found)
    assert found[0] == 1
    assert found[1] == 2


@pytest.mark.parametrize("n", [0, 1])
def test_nothing_or_one_group_needs_no_joining(n: int) -> None:
    root = induce(centres(n), even(n), Shape())

    assert [one.groups for one in root.children] == [(0,)] * n


def test_groups_count_by_their_products() -> None:
    degrees = np.radians([0, 30, 75, 130])
    middle = np.column_stack([np.cos(degrees), np.sin(degrees)]).astype(np.float32)
    halves = Shape(max_children=2)

    by_the_second, by_the_first = (
        induce(middle, np.array([*first_two, 5, 5]), halves) for first_two in ((1, 100), (100, 1))
    )

    assert [one.groups for one in by_the_second.children] == [(0, 1, 2), (3,)]
    assert [one.groups for one in by_the_first.children] == [(0, 1), (2, 3)]


def test_joining_leaves_the_weights_as_they_were() -> None:
    sizes = even(40)

    average_linkage(centres(40), sizes)

    assert sizes.tolist() == [20] * 40
