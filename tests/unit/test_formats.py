"""Published taxonomies: read, planned, applied, written."""

import gzip
from pathlib import Path

import pytest

from taxonomy.changes import apply
from taxonomy.errors import FileError, InputError
from taxonomy.formats import read_entries, write_tree
from taxonomy.formats.entries import Entry
from taxonomy.formats.planning import plan
from taxonomy.product import Source
from taxonomy.tree import Tree

GOOGLE = "# Google_Product_Taxonomy_Version: 2021\n1 - Animals\n3 - Animals > Live Animals\n8 - Arts\n"
SHOPIFY = (
    "# Shopify Product Taxonomy\n"
    "gid://shopify/TaxonomyCategory/ap   : 动物/宠物用品\n"
    "gid://shopify/TaxonomyCategory/ap-1 : 动物/宠物用品 > 活体动物\n"
)
TABLE = "category_id,category_path\nc1,Garden\nc2,Garden > Tools\n"


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def grown(entries: list[Entry], tree: Tree | None = None) -> Tree:
    tree = tree or Tree()
    return apply(tree, plan(entries, tree).edits, Source.IMPORT).tree


@pytest.mark.parametrize(
    ("name", "text", "ids"),
    [
        ("g.txt", GOOGLE, ["1", "3", "8"]),
        ("s.txt", SHOPIFY, ["ap", "ap-1"]),
        ("t.csv", TABLE, ["c1", "c2"]),
        ("t.tsv", TABLE.replace(",", "\t"), ["c1", "c2"]),
        ("t.csv.gz", TABLE, ["c1", "c2"]),
        ("g.txt.gz", GOOGLE, ["1", "3", "8"]),
    ],
)
def test_a_format_is_seen_from_the_file(tmp_path: Path, name: str, text: str, ids: list[str]) -> None:
    entries = read_entries(written(tmp_path, name, text))

    assert [entry.external_id for entry in entries] == ids


@pytest.mark.parametrize(
    ("format", "name", "text"),
    [("google", "g.txt", GOOGLE), ("shopify", "s.txt", SHOPIFY), ("table", "t.csv", TABLE)],
)
def test_what_is_written_reads_back_as_the_same_tree(
    tmp_path: Path, format: str, name: str, text: str
) -> None:
    tree = grown(read_entries(written(tmp_path, name, text)))

    count = write_tree(tree, tmp_path / f"again-{name}", format=format)
    again = read_entries(tmp_path / f"again-{name}", format=format)

    assert count == len(tree)
    assert [(e.path, e.external_id) for e in again] == [
        (tree.path(at), tree.nodes[at].external_id) for at in tree.descendants()
    ]


def test_missing_ancestors_are_made_and_reported() -> None:
    found = plan([Entry(("Garden", "Tools", "Spades"), "9", line=7)], Tree())

    assert len(found.edits) == 3
    assert all(sentence.startswith("line 7") for sentence in found.findings)


def test_siblings_of_one_name_stay_apart_by_their_ids() -> None:
    entries = [Entry(("Tea",), "1"), Entry(("Tea",), "2"), Entry(("Tea", "Green"), "3", "2")]

    tree = grown(entries)

    second = next(at for at, node in tree.nodes.items() if node.external_id == "2")
    assert len(tree) == 3
    assert [tree.nodes[at].name for at in tree.children_of(second)] == ["Green"]


def test_the_same_file_again_changes_nothing() -> None:
    entries = [Entry(("Garden",), "1"), Entry(("Garden", "Tools"), "2")]

    found = plan(entries, grown(entries))

    assert (found.edits, found.findings) == ((), ())


def test_a_new_edition_renames_and_moves_by_id_and_retires_nothing() -> None:
    old = grown([Entry(("Garden",), "1"), Entry(("Garden", "Tools"), "2"), Entry(("Gifts",), "3")])

    new = grown([Entry(("Outdoor",), "1"), Entry(("Hand Tools",), "2")], old)

    assert {new.label(at) for at in new.descendants()} == {"Outdoor", "Hand Tools", "Gifts"}
    assert new.nodes.keys() == old.nodes.keys()


def test_a_table_of_products_is_a_taxonomy_too(tmp_path: Path) -> None:
    path = written(tmp_path, "p.csv", "title,category_path\na,X > Y\nb,X > Y\nc,\n")

    assert [entry.path for entry in read_entries(path)] == [("X", "Y")]


def test_the_id_column_of_a_product_table_is_no_categorys(tmp_path: Path) -> None:
    path = written(tmp_path, "p.csv", "id,title,category_path\n1,a,X > Y\n2,b,X > Y\n")

    assert [(entry.path, entry.external_id) for entry in read_entries(path)] == [(("X", "Y"), "")]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("t.csv", b"name,colour\na,b\n", "no column category_path"),
        ("t.csv", b"", "no column category_path"),
        ("t.csv", b"category_id,category_path\n1,A\n1,B\n", "line 3: id '1' stands for two"),
        ("t.csv", "category_path\nCaf\u00e9".encode("latin-1"), "not UTF-8"),
        ("t.csv.gz", b"category_path\nA\n", "no whole gzip"),
        ("t.csv.gz", gzip.compress(TABLE.encode())[:-9], "no whole gzip"),
        ("s.txt", SHOPIFY.encode() + b"broken\n", "line 4"),
        ("g.txt", b"1 - Animals\n > \n", "line 2"),
    ],
)
def test_a_broken_file_is_refused_with_its_place(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(FileError, match=says):
        read_entries(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"nowhere\.csv: there is no such file"):
        read_entries(tmp_path / "nowhere.csv")


def test_an_unknown_format_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="table, google, shopify"):
        read_entries(written(tmp_path, "t.csv", TABLE), format="owl")
