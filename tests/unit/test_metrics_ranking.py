import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from taxonomy.metrics.ranking import hit_at, ndcg_at, recall_at, reciprocal_rank


def test_ndcg_of_a_hand_worked_case() -> None:
    # DCG 1 + 3/log2(3) = 2.892789; ideal 3 + 1/log2(3) = 3.630930
    assert ndcg_at(2, [1, 3, 0]) == pytest.approx(2.8927893 / 3.6309298)


def test_exponential_gains_of_a_hand_worked_case() -> None:
    # worth 1 and 7: 1 + 7/1.5849625 = 5.416508; ideal 7 + 1/1.5849625 = 7.630930
    assert ndcg_at(2, [1, 3], exponential=True) == pytest.approx(5.4165083 / 7.6309298)


def test_ndcg_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(4)
    grades = rng.integers(0, 4, size=12)
    order = rng.permutation(12)
    expected = ndcg_score([grades[order]], [np.arange(12, 0, -1)], k=5)
    assert ndcg_at(5, grades[order]) == pytest.approx(expected)


def test_the_ideal_counts_items_below_the_cut() -> None:
    assert ndcg_at(1, [0, 3]) == 0.0


@pytest.mark.parametrize("gains", [[], [0, 0]])
def test_nothing_to_gain_gives_zero(gains: list[int]) -> None:
    assert ndcg_at(5, gains) == 0.0


def test_reciprocal_rank_takes_the_first_relevant_item() -> None:
    assert reciprocal_rank("abcd", {"c", "d"}) == pytest.approx(1 / 3)
    assert reciprocal_rank("abcd", {"x"}) == 0.0


def test_hits_and_recall_count_the_first_k_only() -> None:
    assert [hit_at(k, "abcd", {"b", "d"}) for k in (1, 2)] == [False, True]
    assert [recall_at(k, "abcd", {"b", "d"}) for k in (1, 2, 4)] == [0.0, 0.5, 1.0]
    assert recall_at(3, "abcd", set()) == 0.0
