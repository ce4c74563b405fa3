import numpy as np
import pytest
from sklearn.metrics import adjusted_mutual_info_score

from taxonomy.metrics.clusters import adjusted_mutual_information, dendrogram_purity
from taxonomy.tree import Tree


@pytest.mark.parametrize(
    ("n", "true_groups", "found_groups"), [(50, 3, 5), (400, 20, 9), (30, 30, 2), (7, 7, 7)]
)
def test_information_agrees_with_scikit_learn(n: int, true_groups: int, found_groups: int) -> None:
    rng = np.random.default_rng(n)
    truth, found = rng.integers(0, true_groups, n).tolist(), rng.integers(0, found_groups, n).tolist()

    ours = adjusted_mutual_information(truth, found)

    assert ours == pytest.approx(adjusted_mutual_info_score(truth, found), abs=1e-9)


def test_names_of_groups_do_not_matter() -> None:
    assert adjusted_mutual_information(["a", "a", "b"], [None, None, ("x", 1)]) == 1.0


def test_one_group_knows_nothing_of_two() -> None:
    assert adjusted_mutual_information("aabb", "xxxx") == 0.0


def test_no_products_agree_with_anything() -> None:
    assert adjusted_mutual_information([], []) == 1.0
    assert dendrogram_purity(Tree(), [], []) == 1.0


def test_groups_of_unequal_number_are_refused() -> None:
    with pytest.raises(ValueError, match="2 true groups, 1 found"):
        adjusted_mutual_information("ab", "a")
    with pytest.raises(ValueError, match="1 places, 2 labels"):
        dendrogram_purity(Tree(), [None], "ab")


def test_a_split_category_costs_what_stands_between_its_halves() -> None:
    tree = Tree.from_paths([("A", "x"), ("A", "y"), ("B", "z")])
    x, y, z = tree.leaves()

    # reds: one in x, one in z, so they meet at the root: 2 of 4. blues meet in A: 2 of 3.
    purity = dendrogram_purity(tree, [x, z, x, y], ["red", "red", "blue", "blue"])

    assert purity == pytest.approx((2 / 4 + 2 / 3) / 2)


def test_noise_hangs_on_the_root_and_inner_nodes_hold_products() -> None:
    tree = Tree.from_paths([("A", "x")])
    inner, leaf = tree.descendants()

    # the three reds meet at the root but for leaf and inner, which meet in A: (2/2 + 3/4 + 3/4) / 3
    purity = dendrogram_purity(tree, [leaf, inner, None, None], ["red", "red", "red", "blue"])

    assert purity == pytest.approx((1 + 3 / 4 + 3 / 4) / 3)
