"""Known kinds and strangers are told apart by what the known products show."""

import numpy as np
import pytest

from ingest.cluster.density import NOISE
from ingest.cluster.linkage import Indices
from ingest.cluster.recognise import recognise
from ingest.cluster.reduce import unit
from taxonomy.ports import Floats

N = 30
MIDDLES = unit(np.random.default_rng(0).normal(size=(12, 40)))


def shop(spread: float = 0.08) -> tuple[Floats, Indices]:
    """Twelve kinds of thirty products each."""
    rng = np.random.default_rng(1)
    kinds = np.repeat(np.arange(len(MIDDLES)), N)
    return unit(MIDDLES[kinds] + rng.normal(0, spread, (len(kinds), 40))), kinds


@pytest.mark.parametrize("spread", [0.04, 0.08, 0.12])
def test_known_kinds_are_recognised_and_strangers_are_not(spread: float) -> None:
    points, kinds = shop(spread)
    is_example = (kinds < 8) & (np.arange(len(kinds)) % 2 == 0)
    loose = np.flatnonzero(~is_example)

    met = recognise(points, np.where(is_example, kinds, NOISE), loose)

    of_known = kinds[loose] < 8
    assert (met[of_known] == kinds[loose][of_known]).mean() > 0.9
    assert (met[~of_known] == NOISE).mean() > 0.9


def test_where_all_are_strangers_the_nearest_of_them_are_strangers_too() -> None:
    points, kinds = shop(0.25)
    groups = np.where(kinds < 6, kinds, NOISE)
    strangers = np.flatnonzero(kinds >= 6)
    few = recognise(points, groups, strangers)
    groups[::2] = NOISE
    among_known = recognise(points, groups, np.flatnonzero(groups == NOISE))
    was_met = among_known[np.isin(np.flatnonzero(groups == NOISE), strangers)] != NOISE
    assert (few != NOISE).mean() < was_met.mean()


def test_a_large_shop_is_judged_by_some_of_its_products(monkeypatch: pytest.MonkeyPatch) -> None:
    points, kinds = shop()
    groups = np.where((kinds < 8) & (np.arange(len(kinds)) % 2 == 0), kinds, NOISE)
    loose = np.flatnonzero(groups == NOISE)
    monkeypatch.setattr("ingest.cluster.recognise.MOST_JOINED", 24)
    monkeypatch.setattr("ingest.cluster.recognise.MOST_DIVIDED", 20)

    met = recognise(points, groups, loose)

    assert ((met != NOISE) == (kinds[loose] < 8)).mean() > 0.9


@pytest.mark.parametrize("n_of_each", [0, 1])
def test_without_two_of_a_kind_nothing_is_known(n_of_each: int) -> None:
    points, kinds = shop()
    groups = np.where(np.arange(len(kinds)) % N < n_of_each, kinds, NOISE)
    assert (recognise(points, groups, np.flatnonzero(groups == NOISE)) == NOISE).all()


def test_one_known_kind_is_told_from_what_shares_nothing_with_it() -> None:
    points, kinds = shop()
    groups = np.where(np.arange(len(kinds)) < N // 2, 0, NOISE)
    loose = np.flatnonzero(groups == NOISE)
    is_met = recognise(points, groups, loose) == 0
    assert is_met[kinds[loose] == 0].all()
    assert is_met[kinds[loose] != 0].mean() < 0.2


def test_nobody_to_judge_gives_nothing() -> None:
    points, kinds = shop()
    assert len(recognise(points, kinds, np.empty(0, np.int64))) == 0
