"""`shelftree arrange` and `bench arrange` over files, as a user has them."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.command import Shelftree
from tests.tiny_bert import write_tiny_bert

SHOP = {
    "Kitchen": ["mugs", "pans", "bowls", "forks", "jugs"],
    "Home": ["chairs", "rugs", "beds", "desks", "lamps"],
}
KINDS = [kind for kinds in SHOP.values() for kind in kinds]
LOOKS = ["red", "blue", "green", "small", "large", "old"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten categories of six products, in two files: flat, and with their upper level."""
    at = tmp_path_factory.mktemp("shop")
    for name, is_deep in (("flat.csv", False), ("deep.csv", True)):
        with (at / name).open("w", newline="") as file:
            out = csv.writer(file)
            out.writerow(["product_id", "title", "category_path"])
            for top, kinds in SHOP.items():
                for kind in kinds:
                    path = f"{top} > {kind}" if is_deep else kind
                    out.writerows([f"{kind}-{look}", f"{look} {top} {kind}", path] for look in LOOKS)
    (at / "single.csv").write_text("product_id,title,category_path\np,red mug,mugs\n")
    (at / "unlabelled.csv").write_text("product_id,title\np,red mug\n")
    paths = [f"Great {top} > {kind}" for top, kinds in SHOP.items() for kind in kinds]
    (at / "reference.csv").write_text("\n".join(["category_path", *paths]) + "\n")
    write_tiny_bert(at / "tiny", [*KINDS, *LOOKS, "kitchen", "home"])
    return at


def paths(shelftree: Shelftree, *words: object) -> dict[str, str]:
    done = shelftree("arrange", *words, "--out", "out.csv", "--json")
    assert done.code == 0, done.err
    with Path("out.csv").open() as file:
        return {row["category"]: row["category_path"] for row in csv.DictReader(file)}


def test_every_category_gets_a_path(shelftree: Shelftree) -> None:
    found = paths(shelftree, "flat.csv", "--tree", "tree.json")

    assert sorted(found) == sorted(KINDS)
    assert all(path.split(" > ")[-1] == name for name, path in found.items())
    assert any(" > " in path for path in found.values())
    nodes = json.loads(Path("tree.json").read_text())["nodes"]
    assert len(nodes) == len(found) + len({path.split(" > ")[0] for path in found.values() if " > " in path})


def test_each_option_of_the_shape_changes_the_tree(shelftree: Shelftree) -> None:
    plain = paths(shelftree, "flat.csv")

    assert all(" > " not in path for path in paths(shelftree, "flat.csv", "--depth", 1).values())
    assert paths(shelftree, "flat.csv", "--max-children", 2) != plain


def test_deep_paths_need_flatten_or_a_node(shelftree: Shelftree) -> None:
    done = shelftree("arrange", "deep.csv", "--out", "out.csv")
    assert (done.code, "--flatten" in done.err) == (2, True)
    assert sorted(paths(shelftree, "deep.csv", "--flatten")) == sorted(KINDS)
    below = paths(shelftree, "deep.csv", "--below", "Home", "--max-children", 2)
    assert all(path.startswith("Home > ") for path in below.values())
    assert len(below) == 5


def test_a_reference_and_a_mapped_column_are_heeded(shelftree: Shelftree) -> None:
    plain = paths(shelftree, "flat.csv")
    named = paths(shelftree, "flat.csv", "--reference", "reference.csv")

    assert named != plain
    assert {path.split(" > ")[0] for path in named.values()} & {"Great Kitchen", "Great Home"}
    titled = paths(shelftree, "flat.csv", "--map", "category_path=title", "--map", "title=product_id")
    assert len(titled) == 60


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["unlabelled.csv", "--out", "o.csv"], "category_path"),
        (["single.csv", "--out", "o.csv"], "one category"),
        (["deep.csv", "--out", "o.csv", "--below", "Nowhere"], "no category 'Nowhere'"),
        (["flat.csv"], "--out"),
        (["flat.csv", "--catalog", "shop"], "go together"),
        (["deep.csv", "--out", "o.csv", "--below", "Home", "--flatten"], "take it or --below"),
    ],
)
def test_what_cannot_be_arranged_is_one_message(shelftree: Shelftree, words: list[str], said: str) -> None:
    done = shelftree("arrange", *words)

    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err


def bench(shelftree: Shelftree, *words: object) -> Any:
    done = shelftree("bench", "arrange", *words, "--json")
    assert done.code == 0, done.err
    return done.json["rows"]


def test_the_bench_puts_it_beside_plain_clusterings(shelftree: Shelftree) -> None:
    found = bench(shelftree, "deep.csv")
    more = bench(shelftree, "--data", "deep.csv", "--reference", "reference.csv")

    assert list(found) == ["Shelftree", "without confusion", "names alone", "centroids alone"]
    assert set(more) - set(found) == {"with the reference", "reference alone"}
    assert set(found["Shelftree"]) == {"n_top", "ami", "purity", "ami_products", "purity_products"}
    assert found["names alone"]["n_top"] == found["Shelftree"]["n_top"]


def test_each_option_of_the_bench_changes_its_figures(shelftree: Shelftree) -> None:
    plain = bench(shelftree, "deep.csv")

    assert bench(shelftree, "deep.csv", "--max-children", 2)["Shelftree"] != plain["Shelftree"]
    assert bench(shelftree, "deep.csv", "--sample", 20) != plain
    assert list(bench(shelftree, "reference.csv", "--names")) == ["Shelftree", "names alone"]
