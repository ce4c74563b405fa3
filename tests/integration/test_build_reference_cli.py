"""`build --reference`, as a user runs it: names from a published taxonomy."""

import json
from pathlib import Path

import pytest

from tests.command import Shelftree
from tests.integration.test_build_known_cli import KINDS, files, ids, shelftree

__all__ = ["files", "shelftree"]

BUILD = ("build", "first.csv", "--out", "o.csv", "--depth", "2", "--min-size", "4", "--tree")


@pytest.fixture
def labels(files: Path) -> str:
    lines = ["Outdoors", *(f"Outdoors > {' & '.join(words.split()[:2]).title()}" for words in KINDS.values())]
    text = "# Google_Product_Taxonomy_Version: 2021-09-21\n"
    (files / "labels.txt").write_text(text + "".join(f"{n} - {line}\n" for n, line in enumerate(lines, 1)))
    return "labels.txt"


def names(path: Path) -> set[str]:
    return {node["name"] for node in json.loads(path.read_text())["nodes"]}


def test_a_reference_lends_its_words_and_makes_another_tree(
    shelftree: Shelftree, files: Path, labels: str
) -> None:
    plain = shelftree(*BUILD, "plain.json")
    worded = shelftree(*BUILD, "worded.json", "--reference", labels)

    assert (plain.code, worded.code) == (0, 0), worded.err
    assert "Spade & Rake" in (files / "worded.json").read_text()  # a name, or what was close to be one
    assert "Spade & Rake" not in (files / "plain.json").read_text()
    assert not ids(files / "plain.json") & ids(files / "worded.json")


def test_a_reference_gives_the_same_tree_again(shelftree: Shelftree, files: Path, labels: str) -> None:
    for tree in ("one.json", "two.json"):
        shelftree(*BUILD, tree, "--reference", labels)

    assert (files / "one.json").read_bytes() == (files / "two.json").read_bytes()


def test_a_taxonomy_of_the_store_is_a_reference_too(shelftree: Shelftree, files: Path, labels: str) -> None:
    shelftree("taxonomy", "import", labels, "--name", "published", "--format", "google")
    shelftree(*BUILD, "file.json", "--reference", labels)
    done = shelftree(*BUILD, "stored.json", "--reference", "published")

    assert done.code == 0, done.err
    assert names(files / "stored.json") == names(files / "file.json")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--reference", "labels.txt", "--seed", "seed.csv"), "--reference is for a tree from nothing"),
        (("--reference", "missing.txt"), "missing.txt"),
        (("--reference", "nobody"), "nobody"),
    ],
)
def test_a_reference_that_cannot_serve_is_refused(
    shelftree: Shelftree, labels: str, words: tuple[str, ...], said: str
) -> None:
    done = shelftree("build", "first.csv", "--out", "o.csv", *words)

    assert done.code == 2
    assert said in done.err
