"""Out and in again: the same tree, to the last field."""

from pathlib import Path

import pytest

from taxonomy.changes import apply
from taxonomy.compare import compare
from taxonomy.edits import Move, Relabel, Rename, Retire, SetCrosswalk
from taxonomy.formats import read_contents, read_tree, write_tree
from taxonomy.formats.planning import plan
from taxonomy.formats.saying import tree_in
from taxonomy.invariants import check
from taxonomy.product import Source
from taxonomy.tree import Tree
from tests.unit.rich_tree import A, B, D, read_into, rich_tree

WHOLE = [
    ("table", "t.csv"),
    ("table", "t.tsv.gz"),
    ("json", "t.json"),
    ("skos", "t.ttl"),
    ("skos", "t.ttl.gz"),
]
GOOGLE = "1 - Animals\n7 - Arts\n3 - Animals > Live\n5 - Animals > Feed\n"
GID = "gid://shopify/TaxonomyCategory/"
ENGLISH = f"{GID}ap : Animals\n{GID}ap-1 : Animals > Live\n{GID}ap-2 : Animals > DVD\n"
CHINESE = f"{GID}ap : 动物\n{GID}ap-1 : 动物 > 活体\n{GID}ap-2 : 动物 > DVD\n"


def written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_the_sample_is_sound_and_has_retired_ids() -> None:
    assert check(rich_tree(), unique_siblings=False) == []
    assert (len(rich_tree().redirects), len(rich_tree().pins)) == (3, 2)


@pytest.mark.parametrize(("format", "name"), WHOLE)
def test_what_is_written_reads_back_as_the_same_tree(tmp_path: Path, format: str, name: str) -> None:
    tree = rich_tree()

    count = write_tree(tree, tmp_path / name, format=format)
    again = read_into(tmp_path / name)

    assert count == len(tree)
    assert compare(tree, again).sentences() == ()
    assert again.digest() == tree.digest()
    assert read_tree(tmp_path / name).digest() == tree.digest()


@pytest.mark.parametrize(("format", "name"), WHOLE)
def test_an_export_into_its_own_tree_changes_nothing(tmp_path: Path, format: str, name: str) -> None:
    tree = rich_tree()
    write_tree(tree, tmp_path / name, format=format)

    found = plan(read_contents(tmp_path / name), tree)

    assert (found.edits, found.findings) == ((), ())


@pytest.mark.parametrize(("format", "name"), WHOLE)
def test_an_older_export_takes_the_tree_back_to_what_it_said(tmp_path: Path, format: str, name: str) -> None:
    tree = rich_tree()
    write_tree(tree, tmp_path / name, format=format)
    edits = [
        Rename(D, "Shovels"),
        Move(D, A),
        Relabel(B, "en", alternative=("gear",), scope_note="new"),
        SetCrosswalk(D, "google", None),
        SetCrosswalk(D, "bing", "7"),
    ]

    again = read_into(tmp_path / name, apply(tree, edits, Source.IMPORT).tree)

    assert compare(tree, again).sentences() == ()


def test_an_id_that_is_taken_is_not_given_out_twice(tmp_path: Path) -> None:
    tree = rich_tree()
    write_tree(tree, tmp_path / "t.csv")
    gone = apply(tree, [Retire(D)], Source.IMPORT).tree

    again = read_into(tmp_path / "t.csv", gone)

    assert D in again.redirects
    assert [again.nodes[at].name for at in again.children_of(B)] == ["-Spades"]


@pytest.mark.parametrize(
    ("format", "name", "text"), [("google", "g.txt", GOOGLE), ("shopify", "s.txt", ENGLISH)]
)
def test_a_published_text_gives_the_same_tree_wherever_it_is_imported(
    tmp_path: Path, format: str, name: str, text: str
) -> None:
    tree = read_into(written(tmp_path, name, text), language="en")

    write_tree(tree, tmp_path / f"again-{name}", format=format)

    assert read_into(tmp_path / f"again-{name}", language="en").digest() == tree.digest()


def test_two_languages_of_one_source_are_one_tree_without_renaming(tmp_path: Path) -> None:
    english = read_into(written(tmp_path, "en.txt", ENGLISH), language="en")

    both = read_into(written(tmp_path, "zh.txt", CHINESE), english, language="zh-CN")

    assert [both.nodes[at].name for at in both.descendants()] == ["Animals", "Live", "DVD"]
    assert [both.nodes[at].name_in("zh-CN") for at in both.descendants()] == ["动物", "活体", "DVD"]
    assert {node.language for node in both.nodes.values()} == {"en"}


def test_a_name_without_language_stays_when_another_language_comes(tmp_path: Path) -> None:
    unsaid = read_into(written(tmp_path, "en.txt", ENGLISH))

    both = read_into(written(tmp_path, "zh.txt", CHINESE), unsaid, language="zh-CN")

    assert both.path(both.find(("Animals", "Live")) or A) == ("Animals", "Live")


def test_without_language_the_names_of_the_file_are_the_names(tmp_path: Path) -> None:
    english = read_into(written(tmp_path, "en.txt", ENGLISH), language="en")

    renamed = read_into(written(tmp_path, "zh.txt", CHINESE), english)

    assert [renamed.nodes[at].name for at in renamed.descendants()] == ["动物", "活体", "DVD"]


def test_each_language_goes_out_as_it_came_in(tmp_path: Path) -> None:
    english = read_into(written(tmp_path, "en.txt", ENGLISH), language="en")
    both = read_into(written(tmp_path, "zh.txt", CHINESE), english, language="zh-CN")

    write_tree(tree_in(both, "zh-CN"), tmp_path / "out.txt", format="shopify")

    assert (tmp_path / "out.txt").read_text() == CHINESE


@pytest.mark.parametrize(("format", "name"), WHOLE)
def test_an_export_in_another_language_is_still_the_same_tree(tmp_path: Path, format: str, name: str) -> None:
    tree = rich_tree()

    write_tree(tree_in(tree, "de"), tmp_path / name, format=format)

    assert "Werkzeug" in {entry.path[-1] for entry in read_contents(tmp_path / name).entries}
    assert plan(read_contents(tmp_path / name), tree).edits == ()


def test_what_is_counted_as_added_is_what_is_there(tmp_path: Path) -> None:
    write_tree(rich_tree(), tmp_path / "t.csv")

    found = plan(read_contents(tmp_path / "t.csv"), Tree())

    assert dict(found.counts) == {"create": len(rich_tree()), "pin": 2}


def test_a_language_that_a_thesaurus_does_not_name_is_the_one_said(tmp_path: Path) -> None:
    text = '<urn:x:a> a <{0}Concept> ; <{0}prefLabel> "Tea" .'.format("http://www.w3.org/2004/02/skos/core#")

    tree = read_into(written(tmp_path, "t.nt.ttl", text), language="en")

    assert [node.language for node in tree.nodes.values()] == ["en"]


def test_a_language_that_an_export_does_not_name_stays_unsaid(tmp_path: Path) -> None:
    write_tree(rich_tree(), tmp_path / "t.csv")

    assert read_into(tmp_path / "t.csv", language="fr").digest() == rich_tree().digest()
