"""Every way of building a tree in one form, judged by one measure."""

import numpy as np
import pytest

from ingest.cluster.build import build
from ingest.cluster.shape import Shape
from ingest.evaluate.build_arrangement import (
    Arrangement,
    attached,
    cut,
    from_built,
    from_merges,
    tree_of,
    two_by_two,
)
from ingest.evaluate.build_peers import _condensed, _layered, _meet
from ingest.evaluate.build_score import judge_arrangement, n_categories
from taxonomy.ports import Floats
from taxonomy.product import Path, Product, ProductId

# Joined: 0 with 1, 2 with 3, then all.
MERGES = np.array([[0, 1, 0.1, 2], [2, 3, 0.2, 2], [4, 5, 0.9, 4]])
FOUR = np.array([0, 1, 2, 3])


def shop(n: int = 12) -> tuple[list[Path], Floats]:
    """Four categories in two departments: their vectors lie close together, departments far apart."""
    rng = np.random.default_rng(0)
    middles = np.array([[1, 0, 0.3, 0], [1, 0, -0.3, 0], [0, 1, 0, 0.3], [0, 1, 0, -0.3]])
    truth = [("A", "a"), ("A", "b"), ("B", "c"), ("B", "d")]
    vectors = np.repeat(middles, n, axis=0) + rng.normal(0, 0.02, (4 * n, 4))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return [path for path in truth for _ in range(n)], vectors.astype(np.float32)


def arranged(leaves: list[int], counts: tuple[int, ...] = (2, 4)) -> Arrangement:
    return from_merges(np.array(leaves), MERGES, counts)


def test_a_dendrogram_is_cut_from_its_loosest_join() -> None:
    found = arranged([0, 1, 2, 3])
    first, second = found.layers
    assert first[0] == first[1] != first[2] == first[3]
    assert len(set(second.tolist())) == 4


def test_more_groups_than_there_are_give_all() -> None:
    found = arranged([0, 1, 2, 3])
    assert len(set(cut(found.parents, found.at, 99).tolist())) == 4


def test_one_who_stands_at_an_opened_node_is_in_no_group() -> None:
    assert cut(np.array([-1, 0, 0]), np.array([0, 1, 2]), 2).tolist() == [-1, 1, 2]


def test_the_right_groups_agree_wholly_at_their_level() -> None:
    truth, vectors = shop()
    judged = judge_arrangement(from_merges(np.repeat(FOUR, 12), MERGES, (2, 4)), truth, vectors)
    assert [(one.level, one.best, one.purity) for one in judged.as_is] == [(1, 1.0, 1.0), (2, 1.0, 1.0)]
    assert judged.as_is[0].leaves < 1  # four groups are not two departments: a layer of two is
    assert (judged.n_groups, judged.noise_share) == (4, 0)


def test_noise_costs_until_it_is_attached() -> None:
    truth, vectors = shop()
    leaves = np.repeat(FOUR, 12)
    leaves[::3] = -1
    judged = judge_arrangement(from_merges(leaves, MERGES, (2, 4)), truth, vectors)
    assert judged.noise_share == pytest.approx(1 / 3)
    assert judged.as_is[1].best < judged.attached[1].best == 1
    assert judged.as_is[1].purity < judged.attached[1].purity == 1


def test_a_product_without_a_label_takes_no_part() -> None:
    truth, vectors = shop()
    leaves = np.repeat(FOUR, 12)
    leaves[0] = 3
    judged = judge_arrangement(from_merges(leaves, MERGES, ()), [(), *truth[1:]], vectors)
    assert judged.as_is[1].best == 1


def test_noise_stays_noise_where_there_is_no_group() -> None:
    none = from_merges(np.array([-1, -1]), np.empty((0, 4)), ())
    assert attached(none, np.eye(2, dtype=np.float32)).leaves.tolist() == [-1, -1]


def test_a_wide_shelf_joined_in_pairs_knows_more_pairs_apart() -> None:
    truth, vectors = shop()
    flat = Arrangement(np.repeat(FOUR, 12), (), np.full(4, -1), np.repeat(FOUR, 12), FOUR)
    judged = judge_arrangement(flat, truth, vectors)
    assert judged.as_is[0].purity < judged.as_is[0].binary == 1


def test_pairs_are_joined_below_the_nodes_that_are_there() -> None:
    _, vectors = shop()
    wide = Arrangement(np.repeat(FOUR, 12), (), np.array([-1, 0, 0, 0, 0]), np.repeat(FOUR, 12) + 1, FOUR + 1)
    pairs, places = tree_of(two_by_two(wide, vectors))
    assert max(len(pairs.children_of(one)) for one in pairs.nodes) == 2
    assert len(pairs) == 7
    assert len({one for one in places if one and pairs.is_leaf(one)}) == 4


def test_our_tree_keeps_its_levels_and_names() -> None:
    truth, vectors = shop()
    titles = [f"{path[-1] * 3} item {at}" for at, path in enumerate(truth)]
    products = [Product(ProductId(str(at)), title) for at, title in enumerate(titles)]
    built = build(products, vectors, shape=Shape(min_size=4))
    found = from_built(built)
    tree, places = tree_of(found, 0)
    assert [tree.path(one) for one in places if one] == [
        built.tree.path(one.node_id) for one in built.memberships.values() if one.node_id
    ]
    assert len(found.leaves) == len(products)
    assert found.noise_share == pytest.approx(built.quality.noise_share)


def test_categories_are_counted_by_level() -> None:
    assert n_categories([("A", "a"), ("A", "b"), ("B",), ()]) == (2, 3)
    assert n_categories([]) == ()


def test_evoc_layers_become_one_tree() -> None:
    fine, coarse = np.array([0, 0, 1, -1, -1]), np.array([0, 0, 0, 0, -1])
    found = _layered([fine, coarse], {(1, 0): [(0, 0), (0, 1)], (2, 0): [(1, 0)]})
    tree, places = tree_of(found)
    assert places[4] is None
    top = places[3]
    assert top is not None
    assert [tree.lineage(one)[0] for one in places[:3] if one] == [top] * 3
    assert found.layers[0] is coarse


def test_hdbscan_trees_are_numbered_by_when_they_split() -> None:
    from hdbscan import HDBSCAN

    _, vectors = shop()
    fitted = HDBSCAN(min_cluster_size=4).fit(vectors)
    parents, at = _condensed(fitted, len(vectors))
    assert (parents < np.arange(len(parents))).all()
    assert (at >= 0).all()
    assert len(set(cut(parents, at, 2)[at > 0].tolist()) - {-1}) == 2
    assert _meet(parents, np.flatnonzero(parents == 0)) == 0
