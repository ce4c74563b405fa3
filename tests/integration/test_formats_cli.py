"""Taxonomies in and out by the command line, on a database of its own."""

import csv
from pathlib import Path

import pytest

from tests.command import Shelftree
from tests.tiny_bert import write_tiny_bert

GID = "gid://shopify/TaxonomyCategory/"
GOOGLE = "1 - Animals\n7 - Arts\n3 - Animals > Live\n5 - Animals > =Feed\n"
ENGLISH = f"{GID}ap : Animals\n{GID}ap-1 : Animals > Live\n"
CHINESE = f"{GID}ap : 动物\n{GID}ap-1 : 动物 > 活体\n"


@pytest.fixture
def shelftree(shelftree: Shelftree) -> Shelftree:
    """The command in a folder with three published files."""
    Path("google.txt").write_text(GOOGLE)
    Path("en.txt").write_text(ENGLISH)
    Path("zh.txt").write_text(CHINESE)
    return shelftree


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    "file", ["t.csv", "t.tsv", "t.jsonl", "t.parquet", "t.json", "t.ttl", "t.ttl.gz", "t.txt"]
)
def test_import_export_import_gives_the_same_digest(shelftree: Shelftree, file: str) -> None:
    name = file.replace(".", "-")
    shelftree("taxonomy", "import", "google.txt", "--name", "google", "--lang", "en")

    out = shelftree("taxonomy", "export", file, "--name", "google", "--json")
    back = shelftree("taxonomy", "import", file, "--name", name, "--lang", "en", "--json")
    again = shelftree("taxonomy", "export", "again.csv", "--name", name, "--json")

    assert (out.json["written"], back.json["added"], back.json["findings"]) == (4, 4, 0)
    assert again.json["digest"] == out.json["digest"]


def test_two_languages_make_one_tree_that_shows_and_goes_out_in_both(shelftree: Shelftree) -> None:
    shelftree("taxonomy", "import", "en.txt", "--name", "two", "--lang", "en")

    done = shelftree("taxonomy", "import", "zh.txt", "--name", "two", "--lang", "zh-CN", "--json")
    shown = shelftree("taxonomy", "show", "--name", "two", "--lang", "zh-CN")
    plain = shelftree("taxonomy", "show", "--name", "two")
    shelftree("taxonomy", "export", "out.txt", "--name", "two", "--format", "shopify", "--lang", "zh-CN")
    odd = shelftree("taxonomy", "export", "out2.txt", "--name", "two", "--lang", "tlh")

    assert (done.json["renamed"], done.json["relabelled"]) == (0, 2)
    assert ("活体" in shown.out, "Live" in plain.out) == (True, True)
    assert Path("out.txt").read_text() == CHINESE
    assert (odd.code, "no name in 'tlh'" in odd.err) == (2, True)


def test_a_later_edition_is_proposed_and_then_retires_what_went(shelftree: Shelftree) -> None:
    shelftree("taxonomy", "import", "google.txt", "--name", "ed", "--lang", "en")
    Path("new.txt").write_text(GOOGLE.replace("7 - Arts\n", "9 - Books\n"))
    words = ("taxonomy", "import", "new.txt", "--name", "ed", "--lang", "en", "--edition")

    proposed = shelftree(*words, "--propose", "--json")
    before = shelftree("taxonomy", "show", "--name", "ed")
    shelftree("taxonomy", "apply", proposed.json["change"])
    after = shelftree("taxonomy", "show", "--name", "ed")

    assert (proposed.json["added"], proposed.json["retired"], proposed.json["release"]) == (1, 1, None)
    assert ("Arts" in before.out, "Arts" in after.out, "Books" in after.out) == (True, False, True)


def test_findings_are_listed(shelftree: Shelftree) -> None:
    Path("gap.csv").write_text("category_path\nGarden > Tools\n")

    done = shelftree("taxonomy", "import", "gap.csv", "--name", "gap")

    assert "line 2: 'Garden' is not in the file; it was made" in done.out


def test_edition_is_for_files_with_ids_of_their_own(shelftree: Shelftree) -> None:
    shelftree("taxonomy", "import", "google.txt", "--name", "own", "--lang", "en")
    shelftree("taxonomy", "export", "own.json", "--name", "own")

    done = shelftree("taxonomy", "import", "own.json", "--name", "own", "--edition")

    assert (done.code, "--edition is for" in done.err) == (2, True)


def test_a_sheet_goes_out_and_its_changes_come_back(shelftree: Shelftree) -> None:
    shelftree("taxonomy", "import", "google.txt", "--name", "bulk", "--lang", "en")
    shelftree("taxonomy", "export", "sheet.csv", "--name", "bulk", "--format", "sheet")
    unchanged = shelftree("taxonomy", "upload", "sheet.csv", "--name", "bulk", "--json")
    rows = table(Path("sheet.csv"))
    feed = next(row for row in rows if row["name"] == "'=Feed")
    feed |= {"name": "Food", "parent": ""}
    with Path("sheet.csv").open("w", newline="") as file:
        out = csv.DictWriter(file, feed)
        out.writeheader()
        out.writerows(rows)

    proposed = shelftree("taxonomy", "upload", "sheet.csv", "--name", "bulk", "--json")
    applied = shelftree("taxonomy", "upload", "sheet.csv", "--name", "bulk", "--apply", "--json")
    shown = shelftree("taxonomy", "show", "--name", "bulk", "--depth", 1)
    imported = shelftree("taxonomy", "import", "sheet.csv", "--name", "bulk", "--format", "sheet")

    assert unchanged.json["edits"] == 0
    assert (proposed.json["rename"], proposed.json["move"], proposed.json["applied_as_version"]) == (
        1,
        1,
        None,
    )
    assert applied.json["applied_as_version"] == 2
    assert "Food" in shown.out
    assert (imported.code, "taxonomy upload" in imported.err) == (2, True)


def test_a_crosswalk_is_written_down_and_proposed(
    shelftree: Shelftree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["animals", "live", "arts", "feed"]
    monkeypatch.setenv("SHELFTREE_BASE_MODEL", str(write_tiny_bert(tmp_path / "tiny", words)))
    shelftree("taxonomy", "import", "google.txt", "--name", "g", "--lang", "en")
    shelftree("taxonomy", "import", "en.txt", "--name", "s", "--lang", "en")

    done = shelftree(
        "taxonomy", "crosswalk", "--name", "g", "--to", "s", "--min-score", 0.9, "--out", "pairs.csv",
        "--propose", "--json",
    )  # fmt: skip
    shelftree("taxonomy", "apply", done.json["change"])
    shelftree("taxonomy", "export", "g.csv", "--name", "g")

    pairs = table(Path("pairs.csv"))
    assert [(row["category_path"], row["target"]) for row in pairs if row["target"]] == [
        ("Animals", "ap"),
        ("Animals > Live", "ap-1"),
    ]
    assert (done.json["exact"], done.json["unmapped"]) == (2, 2)
    assert '""scheme"": ""s"", ""target"": ""ap-1""' in Path("g.csv").read_text()


def test_what_cannot_be_written_so_is_refused_and_nothing_is_overwritten(
    shelftree: Shelftree, tmp_path: Path
) -> None:
    (tmp_path / "own.csv").write_text("category_path\nToys :x:\n")
    (tmp_path / "kept.txt").write_text("kept")
    assert shelftree("taxonomy", "import", tmp_path / "own.csv", "--name", "own_toys").code == 0

    for words, reason in (
        (("export", tmp_path / "kept.txt", "--name", "own_toys"), "no category has an id for this format"),
        (("export", tmp_path / "own.rdf", "--name", "own_toys"), "give it the ending .ttl"),
        (("show", "--name", "own_toys", "--lang", "de"), "no name in 'de'"),
        (("import", tmp_path / "own.csv", "--name", "odd", "--lang", "!!"), "a language tag is expected"),
    ):
        refused = shelftree("taxonomy", *words)
        assert (refused.code, reason in refused.err) == (2, True)
    assert (tmp_path / "kept.txt").read_text() == "kept"
    assert "own_toys" in shelftree("taxonomy", "list").out
    assert "Toys :x:" in shelftree("taxonomy", "show", "--name", "own_toys").out
