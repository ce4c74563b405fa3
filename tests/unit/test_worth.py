"""Answers that settle most come first."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from taxonomy.ports import Floats
from taxonomy.worth import DEFAULT_TRUST, trust_in_likeness, worth_of_answers


def unit(*rows: tuple[float, ...]) -> Floats:
    vectors = np.array(rows, dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def errors(*chances: float) -> Floats:
    return np.array(chances, dtype=np.float32)


def drawn(seed: int, n: int, dim: int = 4) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    return unit(*rng.normal(size=(n, dim))), rng.uniform(size=n).astype(np.float32)


def settled(chosen: list[int], vectors: Floats, chances: Floats, alike: float) -> float:
    """F(S), written down as in the docstring."""
    if not chosen:
        return 0.0
    by = np.clip((vectors @ vectors[chosen].T - alike) / (1 - alike), 0, 1)
    by[chosen, range(len(chosen))] = 1
    return float(chances @ by.max(axis=1))


def test_many_that_look_alike_come_before_one_that_is_less_sure() -> None:
    found = worth_of_answers(unit((1, 0), (1, 0), (1, 0), (0, 1)), errors(0.4, 0.4, 0.4, 0.9))

    assert found.order.tolist() == [0, 3, 1, 2]
    np.testing.assert_allclose(found.gain, [1.2, 0, 0, 0.9], atol=1e-6)
    assert found.leader.tolist() == [0, 0, 0, 3]


@given(st.integers(0, 10_000), st.integers(1, 30))
def test_the_gains_are_those_of_the_greedy_order_and_never_rise(seed: int, n: int) -> None:
    vectors, chances = drawn(seed, n)

    found = worth_of_answers(vectors, chances, alike=0.5)

    order = found.order.tolist()
    totals = [settled(order[:k], vectors, chances, 0.5) for k in range(n + 1)]
    np.testing.assert_allclose(found.gain[order], np.diff(totals), atol=1e-4)
    assert (np.diff(found.gain[order]) <= 1e-6).all()
    best = max(settled([at], vectors, chances, 0.5) for at in range(n))
    assert abs(totals[1] - best) < 1e-4


def test_without_look_alikes_the_least_sure_come_first() -> None:
    vectors, chances = drawn(1, 50)

    found = worth_of_answers(vectors, chances, alike=1.5)

    assert found.order.tolist() == np.argsort(-chances, kind="stable").tolist()
    assert found.leader.tolist() == list(range(50))


def test_trust_says_how_far_one_settles_the_other() -> None:
    same, chances = unit((1, 0), (1, 0), (0, 1)), errors(0.4, 0.4, 0.5)

    doubted = worth_of_answers(same, chances, trust=0.2)

    assert doubted.order.tolist() == [2, 0, 1]
    np.testing.assert_allclose(doubted.gain[0], 0.4 + 0.2 * 0.4, atol=1e-6)
    assert doubted.leader.tolist() == [0, 0, 2]


def test_small_cells_keep_most_groups_together() -> None:
    rng = np.random.default_rng(3)
    vectors = np.repeat(unit(*rng.normal(size=(20, 30))), 5, axis=0)
    order = rng.permutation(100)
    chances = rng.uniform(0.1, 0.9, 100).astype(np.float32)

    whole = worth_of_answers(vectors[order], chances)
    parts = worth_of_answers(vectors[order], chances, cell=20)

    assert len(set(whole.leader.tolist())) == 20
    assert 20 <= len(set(parts.leader.tolist())) < 30
    np.testing.assert_allclose(parts.gain.sum(), whole.gain.sum(), rtol=1e-6)


def test_no_products_are_in_no_order() -> None:
    found = worth_of_answers(np.empty((0, 3), np.float32), errors())

    assert found.order.tolist() == found.gain.tolist() == found.leader.tolist() == []


def test_trust_is_learnt_from_labels_of_pairs() -> None:
    vectors = np.repeat(np.eye(30, dtype=np.float32), 2, axis=0)
    agree = [f"label {at // 2}" for at in range(60)]
    differ = [f"label {at}" for at in range(60)]

    sure, doubtful = trust_in_likeness(vectors, agree), trust_in_likeness(vectors, differ)

    assert sure == (20 * DEFAULT_TRUST + 30) / 50
    assert doubtful == 20 * DEFAULT_TRUST / 50
    assert trust_in_likeness(vectors, [None] * 60) == DEFAULT_TRUST
    assert trust_in_likeness(vectors, differ, alike=1.1) == DEFAULT_TRUST
