"""Foreign and stuffed texts are for people, also after saving and on another tree."""

from pathlib import Path

import pytest

from ingest.classify.guard import Guard
from taxonomy.errors import ModelError
from taxonomy.tree import Tree

TREE = Tree.from_paths([("Home", "Coffee Mugs"), ("Home", "Table Lamps"), ("Garden", "Garden Hoses")])
THINGS, LOOKS = ["coffee mug", "table lamp", "garden hose"], ["red", "old", "big", "new", "blue", "plain"]
HONEST = [f"{one} {two} {thing}" for one in LOOKS for two in LOOKS for thing in THINGS]
ODD = ["洗发水 控油去屑", "", "red coffee mugs table lamps garden hoses"]


@pytest.fixture(scope="module")
def guard() -> Guard:
    return Guard.fit(TREE, HONEST[::2], HONEST[1::2])


def test_foreign_and_stuffed_texts_are_refused_and_honest_ones_are_not(guard: Guard) -> None:
    assert guard.refused(ODD).all()
    assert not guard.refused(HONEST).any()


def test_one_look_gives_refusal_and_strangeness(guard: Guard) -> None:
    refused, strange = guard.look([*ODD, *HONEST])
    assert refused.tolist() == guard.refused([*ODD, *HONEST]).tolist()
    assert strange.tolist() == guard.foreign.scores([*ODD, *HONEST]).tolist()


def test_it_reads_back_as_it_was_saved(guard: Guard, tmp_path: Path) -> None:
    guard.save(tmp_path)
    again = Guard.load(tmp_path, TREE)
    assert again.stuffing == guard.stuffing
    assert again.refused([*ODD, *HONEST]).tolist() == guard.refused([*ODD, *HONEST]).tolist()


def test_on_another_tree_only_its_own_names_count(guard: Guard) -> None:
    other = guard.on(Tree.from_paths([("Tools",)]))
    assert other.refused(ODD).tolist() == [True, True, False]


DAMAGED = ["", "[]", '{"limits": [1, 2]}', '{"limits": ["a", 1, 1, 1]}', '{"limits": [-1, 1, 1, 1]}']


@pytest.mark.parametrize("body", DAMAGED)
def test_a_damaged_file_is_refused(guard: Guard, tmp_path: Path, body: str) -> None:
    guard.save(tmp_path)
    (tmp_path / "stuffing.json").write_text(body)
    with pytest.raises(ModelError, match=r"stuffing\.json"):
        Guard.load(tmp_path, TREE)
