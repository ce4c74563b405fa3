"""Scores of predicted paths, and whether probabilities mean what they say."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, precision_recall_fscore_support
from sklearn.preprocessing import MultiLabelBinarizer

from taxonomy.metrics.calibration import expected_calibration_error, reliability
from taxonomy.metrics.hierarchy import hierarchy_scores

TRUTH = [("a", "b", "c"), ("a", "b"), ("d",), ("d", "e")]
PREDICTED = [("a", "b", "x"), ("a", "b"), ("a",), ()]


def test_a_case_worked_by_hand() -> None:
    scores = hierarchy_scores(TRUTH, PREDICTED)
    # Shared nodes 2 + 2 + 0 + 0; predicted 3 + 2 + 1 + 0; true 3 + 2 + 1 + 2.
    assert scores.leaf_accuracy == 1 / 4
    assert scores.precision == 4 / 6
    assert scores.recall == 4 / 8
    assert scores.f1 == pytest.approx(2 * (2 / 3) * (1 / 2) / (2 / 3 + 1 / 2))
    assert scores.level_accuracy == (2 / 4, 2 / 3, 0.0)


def test_scores_agree_with_scikit_learn_on_ancestor_sets() -> None:
    rng = np.random.default_rng(0)
    paths = [tuple(str(rng.integers(3)) for _ in range(rng.integers(1, 4))) for _ in range(400)]
    truth, predicted = paths[:200], paths[200:]
    scores = hierarchy_scores(truth, predicted)
    sets = [[path[:end] for end in range(1, len(path) + 1)] for path in paths]
    flags = MultiLabelBinarizer().fit_transform([[str(node) for node in one] for one in sets])
    expected = precision_recall_fscore_support(flags[:200], flags[200:], average="micro")
    assert (scores.precision, scores.recall, scores.f1) == pytest.approx(expected[:3])
    assert scores.leaf_accuracy == accuracy_score([str(p) for p in truth], [str(p) for p in predicted])


def test_right_names_below_a_wrong_one_count_for_nothing() -> None:
    scores = hierarchy_scores([("a", "same")], [("b", "same")])
    assert scores.precision == scores.recall == 0
    assert scores.level_accuracy == (0.0, 0.0)


def test_no_products_score_nothing() -> None:
    scores = hierarchy_scores([], [])
    assert (scores.f1, scores.level_accuracy, scores.n_products) == (0.0, (), 0)


def test_sequences_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="argument"):
        hierarchy_scores([("a",)], [])


def test_calibration_error_of_two_bins_worked_by_hand() -> None:
    # Bins {.2, .4}: half right, gap .2; {.6, 1.}: half right, gap .3.
    error = expected_calibration_error([0.6, 0.2, 1.0, 0.4], [False, True, True, False], n_bins=2)
    assert error == pytest.approx(0.25)


def test_bins_hold_equal_shares_of_the_answers() -> None:
    bins = reliability([0.99] * 97 + [0.1, 0.2, 0.3], [True] * 100, n_bins=10)
    assert [one.n for one in bins] == [10] * 10


def test_more_bins_find_what_one_bin_averages_away() -> None:
    sure, right = [0.0, 1.0], [True, False]
    assert expected_calibration_error(sure, right, n_bins=1) == 0.0
    assert expected_calibration_error(sure, right, n_bins=2) == 1.0


def test_no_answers_have_no_error() -> None:
    assert expected_calibration_error([], []) == 0.0
