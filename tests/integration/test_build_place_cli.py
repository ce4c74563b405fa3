"""`build --place` and `build --noise`, as a user runs them."""

import csv
from pathlib import Path

import pytest

from tests.command import Shelftree
from tests.integration.test_build_known_cli import files, shelftree, write_products

__all__ = ["files", "shelftree"]


@pytest.fixture
def tree(shelftree: Shelftree, files: Path) -> str:
    write_products(files / "arrivals.csv", 14)
    shelftree("build", "first.csv", "--out", "o.csv", "--tree", "placing.json", "--json")
    return "placing.json"


def test_arrivals_are_placed_in_a_written_tree(shelftree: Shelftree, files: Path, tree: str) -> None:
    done = shelftree(
        "build", "arrivals.csv", "--place", tree, "--out", "p.csv", "--tree", "grown.json", "--json"
    )

    assert done.code == 0, done.err
    with (files / "p.csv").open() as file:
        rows = list(csv.DictReader(file))
    n_lost = sum(not row["category_path"] for row in rows)
    assert len(rows) == done.json["n_products"] == 42
    assert done.json["noise"]["n"] == n_lost < 42  # type: ignore[index]
    assert done.json["drift"]["is_significant"] is False  # type: ignore[index]
    assert '"Tools13"' in (files / "grown.json").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--noise", "propose", "--out", "p.csv"), "needs a build"),
        ((), "--out"),
        (("--out", "p.csv", "--keep", "placing.json"), "--keep"),
        (("--out", "p.csv", "--seed", "seed.csv", "--seed-labels"), "--seed, --seed-labels"),
        (("--out", "p.csv", "--depth", "3", "--random-seed", "0"), "--depth, --random-seed"),
        (("--out", "p.csv", "--taxonomy", "own"), "--taxonomy"),
    ],
)
def test_what_cannot_be_placed_is_refused(
    shelftree: Shelftree, tree: str, words: tuple[str, ...], said: str
) -> None:
    done = shelftree("build", "arrivals.csv", "--place", tree, *words)

    assert done.code == 2
    assert said in done.err


@pytest.mark.parametrize("way", ["keep", "propose", "attach"])
def test_noise_is_told_whatever_becomes_of_it(shelftree: Shelftree, way: str) -> None:
    done = shelftree("build", "first.csv", "--noise", way, "--out", "o.csv", "--json")

    noise = done.json["noise"]
    assert (done.code, set(noise)) == (0, {"n", "share", "examples"})  # type: ignore[call-overload]
    assert "noise" in shelftree("build", "first.csv", "--noise", way, "--out", "o.csv").out
