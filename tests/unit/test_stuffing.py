"""Titles written to be found, not to describe, are told from honest ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.classify.stuffing import Stuffing
from taxonomy.text import normalise
from taxonomy.tree import Tree

TREE = Tree.from_paths(
    [
        ("Home", "Coffee Mugs"),
        ("Home", "Table Lamps"),
        ("Garden", "Garden Hoses"),
        ("Toys", "Dolls"),
        ("Toys", "Cars"),
    ]
)
LOOKS, THINGS, ROOMS = ("red", "old", "big"), ("coffee mugs", "doll", "lamp"), ("home", "hall")
HONEST = [f"{look} {thing} for the {room}" for look in LOOKS for thing in THINGS for room in ROOMS]


@pytest.fixture(scope="module")
def stuffing() -> Stuffing:
    return Stuffing.fit(TREE, HONEST)


def test_honest_titles_pass(stuffing: Stuffing) -> None:
    assert not stuffing.is_stuffed([*HONEST, "blue coffee mugs for the garden", ""]).any()


@pytest.mark.parametrize(
    "tail",
    [
        "Coffee Mugs, Table Lamps, Garden Hoses",
        "dolls cars garden toys",
        "Home > Table Lamps | Garden > Garden Hoses",
        "Garden Hoses " * 10,
        "dolls " * 10,
        "word " * 10_000,
        " ".join(f"filler{at}" for at in range(10_000)),
    ],
)
def test_stuffed_titles_are_told(stuffing: Stuffing, tail: str) -> None:
    assert stuffing.is_stuffed([normalise(f"red coffee mug {tail}")]).all()


def test_a_catalogue_whose_titles_name_many_categories_raises_the_limit() -> None:
    wordy = "coffee mugs table lamps garden hoses {}"
    assert Stuffing.fit(TREE, HONEST).is_stuffed([wordy]).all()
    assert not Stuffing.fit(TREE, [wordy.format(at) for at in range(50)]).is_stuffed([wordy]).any()


def test_the_share_to_refuse_moves_the_limits() -> None:
    texts = [*HONEST * 10, *["dolls cars garden toys home"] * 5]
    assert Stuffing.fit(TREE, texts, refuse=0.1).limits[2] < Stuffing.fit(TREE, texts, refuse=0.01).limits[2]


def test_an_edited_tree_brings_its_own_names(stuffing: Stuffing) -> None:
    title = ["steel rods tent pegs camp stoves"]
    outdoors = Tree.from_paths([("Outdoors", name) for name in ("Steel Rods", "Tent Pegs", "Camp Stoves")])
    assert not stuffing.is_stuffed(title).any()
    assert stuffing.on(outdoors).is_stuffed(title).all()


def test_without_calibration_texts_the_least_limits_hold() -> None:
    assert Stuffing.fit(TREE, []).limits == (40, 3, 2, 1)


def test_no_texts_give_no_answers(stuffing: Stuffing) -> None:
    assert stuffing.is_stuffed([]).shape == (0,)


BITS = ("coffee", "mugs", "dolls", "cars", "garden", "hoses", "a_b", "t-shirt", "_", "-", "x", "é's")
LIMITS = st.tuples(*[st.integers(0, most) for most in (12, 4, 4, 3)])


@given(st.lists(st.sampled_from(BITS), max_size=14).map(" ".join), LIMITS)
def test_what_is_cleared_early_is_within_every_limit(text: str, limits: tuple[int, int, int, int]) -> None:
    stuffing = Stuffing(limits).on(TREE)
    measures = np.array(stuffing._measures(text))
    assert stuffing.is_stuffed([text]).tolist() == [bool((measures > limits).any())]
