"""`build` on what is known, as a user runs it: what is kept, filled, and refused."""

import csv
import json
from pathlib import Path

import pytest

from tests.command import Shelftree
from tests.tiny_bert import write_tiny_bert

KEEP = ("--keep", "first.json")
KINDS = {"Tools": "spade rake hoe fork", "Seeds": "tomato basil bean pea", "Cups": "mug cup beaker tumbler"}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("known")
    write_products(folder / "first.csv", 12)
    write_products(folder / "more.csv", 14)
    (folder / "seed.csv").write_text("category_path\nGarden > Tools\nGarden > Seeds\n")
    (folder / "empty.csv").write_text("category_path\n")
    (folder / "broken.json").write_text("{")
    write_tiny_bert(folder / "tiny", [*" ".join(KINDS.values()).split(), "number", *map(str.casefold, KINDS)])
    return folder


def write_products(path: Path, n: int) -> None:
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["product_id", "title", "category_path"])
        for kind, words in KINDS.items():
            for at in range(n):
                out.writerow(
                    [f"{kind}{at}", f"{words.split()[at % 4]} number {at} {words}", f"Garden > {kind}"]
                )


@pytest.fixture
def shelftree(shelftree: Shelftree, files: Path, monkeypatch: pytest.MonkeyPatch) -> Shelftree:
    """The command beside the files, with an encoder that knows their words."""
    monkeypatch.setenv("SHELFTREE_BASE_MODEL", str(files / "tiny"))
    monkeypatch.chdir(files)
    return shelftree


def ids(path: Path) -> set[str]:
    return {node["id"] for node in json.loads(path.read_text())["nodes"]}


def test_a_kept_tree_keeps_its_ids_and_takes_what_arrived(shelftree: Shelftree, files: Path) -> None:
    shelftree("build", "first.csv", "--out", "o.csv", "--tree", "first.json")
    fresh = shelftree("build", "more.csv", "--out", "o.csv", "--tree", "fresh.json")
    kept = shelftree(
        "build", "more.csv", "--out", "o.csv", "--tree", "kept.json", "--keep", "first.json", "--json"
    )

    assert (fresh.code, kept.code) == (0, 0), kept.err
    assert not ids(files / "first.json") & ids(files / "fresh.json")
    assert ids(files / "first.json") <= ids(files / "kept.json")
    assert kept.json["became"]["grow"] >= 1  # type: ignore[index]


def test_the_churn_says_whether_an_emptied_node_goes(shelftree: Shelftree, files: Path) -> None:
    shelftree("build", "first.csv", "--out", "o.csv", "--tree", "first.json")
    gone = {one[1] for one in json.loads((files / "first.json").read_text())["members"] if one[0] == "Tools0"}
    members = json.loads((files / "first.json").read_text())["members"]
    stay = {one[0] for one in members if one[1] not in gone}
    lines = (files / "first.csv").read_text().splitlines()
    rest = [line for line in lines if line.split(",")[0] in stay]
    (files / "less.csv").write_text("\n".join([lines[0], *rest]) + "\n")

    said = [
        shelftree(
            "build", "less.csv", "--out", "o.csv", "--keep", "first.json", "--churn", churn, "--json"
        ).json
        for churn in (0, 1)
    ]

    assert [one["became"]["retire"] > 0 for one in said] == [False, True]  # type: ignore[index]
    assert said[0]["changes"][0]["put_off"] is True  # type: ignore[index]
    words = shelftree("build", "less.csv", "--out", "o.csv", "--keep", "first.json", "--churn", 1).out
    assert "\n  retire '" in words and "node_id" not in words and "Fate" not in words


def test_seed_labels_put_examples_where_they_say(shelftree: Shelftree, files: Path) -> None:
    paths = []
    for labels in ((), ("--seed-labels",)):
        done = shelftree("build", "first.csv", "--out", "o.csv", "--seed", "seed.csv", *labels)
        assert done.code == 0, done.err
        with (files / "o.csv").open(newline="") as file:
            paths.append({row["product_id"]: row["category_path"] for row in csv.DictReader(file)})

    assert all(
        paths[1][f"{kind}{at}"] == f"Garden > {kind}" for kind in ("Tools", "Seeds") for at in range(12)
    )
    assert paths[0] != paths[1]


def test_a_filled_taxonomy_is_gone_on_from(shelftree: Shelftree) -> None:
    shelftree("catalog", "import", "first.csv", "--name", "shop")
    first = shelftree("build", "--catalog", "shop", "--taxonomy", "own", "--json")
    without = shelftree("build", "first.csv", "--out", "o.csv", "--json")
    assert first.json["name_fit"] > 0 and "name_fit" not in without.json  # measured for proposals alone
    shelftree("taxonomy", "apply", first.json["change_set"])
    same = shelftree("build", "--catalog", "shop", "--taxonomy", "own", "--json")
    shelftree("catalog", "import", "more.csv", "--name", "shop")
    grown = shelftree("build", "--catalog", "shop", "--taxonomy", "own", "--json")
    applied = shelftree("taxonomy", "apply", grown.json["change_set"], "--json")

    assert same.code == 0, same.err
    assert same.json["became"]["new"] == 0  # type: ignore[index]
    assert grown.json["became"]["grow"] >= 1  # type: ignore[index]
    assert applied.json["state"] == "applied"


def test_locks_of_a_seed_are_there_in_a_new_taxonomy(shelftree: Shelftree, files: Path) -> None:
    header = "node_id,parent_node_id,category_id,category_path,locked"
    rows = ["g,,,Garden,", "t,g,,Garden > Tools,yes"]
    (files / "locked.csv").write_text("\n".join([header, *rows, ""]))
    shelftree("catalog", "import", "first.csv", "--name", "shop")
    built = shelftree(
        "build",
        "--catalog",
        "shop",
        "--taxonomy",
        "locked",
        "--seed",
        "locked.csv",
        "--seed-labels",
        "--json",
    )
    applied = shelftree("taxonomy", "apply", built.json["change_set"], "--json")
    shelftree("taxonomy", "export", "after.csv", "--name", "locked")

    assert (applied.code, applied.json["state"]) == (0, "applied"), applied.err
    with (files / "after.csv").open(newline="") as file:
        assert {r["category_path"]: r["locked"] for r in csv.DictReader(file)}["Garden > Tools"] == "yes"


def test_a_model_of_the_seeds_categories_counts_beside_the_words(shelftree: Shelftree, files: Path) -> None:
    shelftree("train", "first.csv", "--out", "model", "--epochs", 1)
    words = ["build", "more.csv", "--seed", "seed.csv", "--seed-labels"]
    plain = shelftree(*words, "--out", "plain.csv")
    taught = shelftree(*words, "--out", "taught.csv", "--model", "model")

    assert (plain.code, taught.code) == (0, 0), taught.err
    assert (files / "plain.csv").read_text() != (files / "taught.csv").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--keep", "first.json", "--seed", "seed.csv"], "one of them"),
        (["--keep", "first.json", "--seed-labels"], "--seed"),
        (["--keep", "broken.json"], "broken.json"),
        (["--keep", "foreign.json"], "encoder"),
        (["--keep", "strangers.json"], "another catalogue"),
        (["--keep", "nowhere.json"], "nowhere.json"),
        (["--seed", "empty.csv"], "categor"),
        (["--seed-labels"], "--seed TREE"),
        (["--keep", "first.json", "--noise", "propose"], "--noise propose"),
        (["--seed", "seed.csv", "--noise", "propose"], "--noise propose"),
        (["--keep", "first.json", "--reference", "seed.csv"], "--reference"),
        (["--seed", "seed.csv", "--max-children", "9"], "--max-children"),
        (["--churn", "0.2"], "--churn"),
        (["--model", "model"], "--model is for --seed"),
        (["--seed", "seed.csv", "--model", "nowhere"], "nowhere"),
        (["--keep", "first.json", "--churn", "2"], "churn"),
    ],
)
def test_what_cannot_be_is_one_clear_error(
    shelftree: Shelftree, files: Path, words: list[str], said: str
) -> None:
    shelftree("build", "first.csv", "--out", "o.csv", "--tree", "first.json")
    body = json.loads((files / "first.json").read_text())
    (files / "foreign.json").write_text(json.dumps({**body, "model_revision": "other"}))
    (files / "strangers.json").write_text(json.dumps({**body, "members": []}))

    done = shelftree("build", "first.csv", "--out", "o.csv", *words)

    assert (done.code, said in done.err, "Traceback" in done.err) == (2, True, False), done.err


@pytest.mark.parametrize("known", [("--keep", "first.json"), ("--seed", "seed.csv")])
def test_what_grew_on_a_known_tree_takes_arrivals(
    shelftree: Shelftree, files: Path, known: tuple[str, ...]
) -> None:
    shelftree("build", "first.csv", "--out", "o.csv", "--tree", "first.json")
    grown = shelftree("build", "first.csv", "--out", "o.csv", "--tree", "grown.json", *known)
    placed = shelftree("build", "more.csv", "--place", "grown.json", "--out", "p.csv", "--json")

    assert (grown.code, placed.code) == (0, 0), placed.err
    assert placed.json["noise"]["n"] < 42  # type: ignore[index]
