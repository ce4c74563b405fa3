"""Matching the categories of two taxonomies."""

import numpy as np
import pytest

from taxonomy.changes import apply
from taxonomy.crosswalk import Proposal, Side, edits, propose, texts
from taxonomy.edits import Lock, SetCrosswalk
from taxonomy.node import MatchKind
from taxonomy.ports import Floats
from taxonomy.text import fold
from taxonomy.tree import Tree

OURS = Tree.from_paths(
    [
        ("Garden", "Garden Tools", "Spades"),
        ("Garden", "Garden Tools", "Snow Spades"),
        ("Audio", "MP3 Players"),
        ("Garden", "Zeppelins"),
    ]
)
THEIRS = Tree.from_paths(
    [
        ("Gardens", "Tools", "Spade"),
        ("Toys", "Spade"),
        ("Audio", "MP3 Player Accessories"),
        ("Audio", "MP3 Players"),
    ]
)


def vectors(phrases: list[str]) -> Floats:
    """Bags of three-letter pieces: alike where spelling is."""
    made = np.zeros((len(phrases), 512), np.float32)
    for row, phrase in enumerate(phrases):
        padded = f" {fold(phrase)} "
        for at in range(len(padded) - 2):
            made[row, sum(ord(c) * 31**n for n, c in enumerate(padded[at : at + 3])) % 512] += 1
    return made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-9)


def side(tree: Tree) -> Side:
    names, paths = texts(tree)
    return Side(tree, vectors(names), vectors(paths))


def found(min_score: float = 0.5) -> dict[str, Proposal]:
    return {OURS.label(one.node_id): one for one in propose(side(OURS), side(THEIRS), min_score=min_score)}


def target(one: Proposal) -> str:
    return THEIRS.label(one.target_id) if one.target_id else ""


@pytest.mark.parametrize(
    ("path", "matched"),
    [
        ("Garden", "Gardens"),
        ("Garden > Garden Tools > Spades", "Gardens > Tools > Spade"),  # and not the toy
        ("Audio > MP3 Players", "Audio > MP3 Players"),  # and not what goes with one
        ("Garden > Zeppelins", ""),
    ],
)
def test_the_best_match_agrees_in_name_and_in_parents(path: str, matched: str) -> None:
    assert target(found()[path]) == matched


def test_every_category_gets_one_proposal_with_a_score_and_a_reason() -> None:
    proposals = propose(side(OURS), side(THEIRS))

    assert [one.node_id for one in proposals] == list(OURS.descendants())
    assert all(0 <= one.score <= 1 and "names" in one.why for one in proposals)


def test_the_same_words_under_the_same_parents_are_an_exact_match() -> None:
    assert found()["Audio > MP3 Players"].kind is MatchKind.EXACT
    assert found()["Audio > MP3 Players"].score > found()["Garden > Garden Tools > Spades"].score


def test_a_category_that_ours_is_a_kind_of_is_a_broad_match() -> None:
    snow = found(0.3)["Garden > Garden Tools > Snow Spades"]

    assert (target(snow), snow.kind) == ("Gardens > Tools > Spade", MatchKind.BROAD)


def test_a_higher_bar_leaves_more_unmapped() -> None:
    n_mapped = [
        sum(one.target_id is not None for one in found(bar).values()) for bar in (0.0, 0.6, 0.95, 1.1)
    ]

    assert n_mapped == sorted(n_mapped, reverse=True)
    assert (n_mapped[0], n_mapped[-1]) == (len(OURS), 0)


def test_nothing_matches_in_an_empty_taxonomy() -> None:
    assert {one.target_id for one in propose(side(OURS), side(Tree()))} == {None}
    assert propose(side(Tree()), side(OURS)) == []


def test_edits_leave_locked_nodes_and_what_people_said_alone() -> None:
    first, second, *_ = OURS.descendants()
    tree = apply(OURS, [SetCrosswalk(first, "theirs", "known"), Lock(second)]).tree
    proposals = propose(side(OURS), side(THEIRS))

    made = edits(tree, THEIRS, proposals, scheme="theirs")

    assert {one.node_id for one in made} == set(OURS.nodes) - {first, second}
    done = apply(tree, made).tree
    zeppelins = done.nodes[OURS.find(("Garden", "Zeppelins")) or first]
    assert [(one.scheme, one.target) for one in zeppelins.crosswalk] == [("theirs", "")]


def test_a_part_of_a_listed_name_is_a_narrow_match() -> None:
    ours = Tree.from_paths([("Clothing", "Underwear & Socks"), ("Clothing", "Bicycle & Motor Shorts")])
    theirs = Tree.from_paths([("Clothing", "Socks"), ("Clothing", "Shorts")])

    kinds = {
        ours.nodes[one.node_id].name: one.kind for one in propose(side(ours), side(theirs), min_score=0.0)
    }

    assert kinds["Underwear & Socks"] is MatchKind.NARROW
    assert kinds["Bicycle & Motor Shorts"] is MatchKind.BROAD
