"""Broken taxonomies: which are refused, with file, line and category, and which are mended and reported."""

import gzip
import json
import os
from pathlib import Path

import pytest

from taxonomy.changes import apply
from taxonomy.errors import FileError
from taxonomy.formats import google, read_entries, read_tree, shopify, table, write_tree
from taxonomy.formats.lines import BOMB_CHARS
from taxonomy.formats.planning import plan
from taxonomy.invariants import MAX_DEPTH, MAX_NAME_LENGTH, check
from taxonomy.node import ROOT_ID
from taxonomy.product import Source
from taxonomy.tree import Tree

IDS = "category_id,category_path\n"
PARENTS = "id,parent_id,category_path\n"
NAMES = "id,parent_id,name\n"
GID = "gid://shopify/TaxonomyCategory/"


def deep(n_levels: int) -> str:
    return " > ".join(f"L{n}" for n in range(n_levels))


def ring(n: int) -> str:
    return NAMES + "".join(f"c{i},c{(i + 1) % n},Name {i}\n" for i in range(n))


def chain(n: int) -> str:
    return NAMES + "".join(f"c{i},{f'c{i - 1}' if i else ''},Name {i}\n" for i in reversed(range(n)))


def json_tree(*nodes: tuple[str, str | None, str]) -> str:
    body: dict[str, object] = {"format": "shelftree-tree", "format_version": 1, "tree_version": 1}
    body |= {"model_revision": "", "members": []}
    return json.dumps(body | {"nodes": [{"id": a, "parent_id": b, "name": c} for a, b, c in nodes]})


REFUSED: list[tuple[str, str, str | bytes, str]] = [
    (
        "two categories that are each other's parent",
        "t.csv",
        NAMES + "a,b,Tea\nb,a,Green\n",
        "line 2: parents form a ring, 'Tea' > 'Green' and back to 'Tea'",
    ),
    ("a ring of 1,000 categories", "t.csv", ring(1000), "line 2: parents form a ring"),
    (
        "a ring below a sound category",
        "t.csv",
        NAMES + "a,,Tea\nb,c,Green\nc,b,Black\n",
        "line 3: parents form a ring",
    ),
    (
        "a category that is its own parent",
        "t.csv",
        NAMES + "a,a,Tea\n",
        "line 2: parents form a ring, 'Tea' and back",
    ),
    (
        "a category that is its own parent, by path",
        "t.csv",
        PARENTS + "a,,Tea\nb,b,Tea > Green\n",
        "line 3: 'Tea > Green' is its own parent, 'b'",
    ),
    (
        "parents' ids in a ring that the paths do not show",
        "t.csv",
        PARENTS + "a,b,Tea\nb,a,Tea > Green\n",
        "line 2: 'Tea' has the parent 'b', which is 'Tea > Green' in line 3",
    ),
    (
        "an orphan that has only a name",
        "t.csv",
        NAMES + "a,,Tea\nb,9,Green\n",
        "line 3: the parent '9' of 'Green' is not in the file: add it",
    ),
    (
        "all orphans",
        "t.csv",
        NAMES + "a,x,Tea\nb,y,Green\n",
        "line 2: the parent 'x' of 'Tea' is not in the file",
    ),
    (
        "an orphan of parent 0, where another has parent 00",
        "t.csv",
        NAMES + "a,0,Tea\nb,00,Green\n",
        "line 3: the parent '00' of 'Green'",
    ),
    (
        "a parent's id that contradicts the path",
        "t.csv",
        PARENTS + "a,,Tea\nb,,Coffee\nc,b,Tea > Green\n",
        "line 4: 'Tea > Green' has the parent 'b', which is 'Coffee' in line 3",
    ),
    (
        "a parent's id that is the grandparent's",
        "t.csv",
        PARENTS + "a,,Tea\nb,a,Tea > Green\nc,a,Tea > Green > Sencha\n",
        "line 4: 'Tea > Green > Sencha' has the parent 'a'",
    ),
    (
        "a top category with a parent's id",
        "t.csv",
        PARENTS + "a,,Tea\nb,a,Coffee\n",
        "line 3: 'Coffee' has the parent 'a', which is 'Tea' in line 2",
    ),
    (
        "an id that stands for two paths",
        "t.csv",
        IDS + "1,Tea\n1,Coffee\n",
        "line 3: id '1' stands for two categories: 'Coffee', and 'Tea' in line 2",
    ),
    (
        "an id that stands for two names",
        "t.csv",
        NAMES + "1,,Tea\n1,,Coffee\n",
        "line 3: id '1' stands for two categories: 'Coffee', and 'Tea' in line 2",
    ),
    (
        "an id twice among Google's",
        "g.txt",
        "1 - Tea\n2 - Coffee\n1 - Cocoa\n",
        "line 3: id '1' stands for two categories: 'Cocoa', and 'Tea' in line 1",
    ),
    (
        "an id twice among Shopify's",
        "s.txt",
        f"{GID}ap : Tea\n{GID}ap : Coffee\n",
        "line 2: id 'ap' stands for two categories",
    ),
    (
        "Shopify's id below another's path",
        "s.txt",
        f"{GID}ap : Tea\n{GID}fb : Food\n{GID}ap-1 : Food > Green\n",
        "line 3: 'Food > Green' has the parent 'ap', which is 'Tea' in line 1",
    ),
    (
        "500 levels",
        "t.csv",
        IDS + f"1,{deep(500)}\n",
        "line 2: 'L0 > L1 > L2 > L3 > L4 > L5 > L6 > L7 > L8 > L9 > L10 > L...' stands 500 levels deep",
    ),
    (
        "a level too many, by parents' ids",
        "t.csv",
        chain(MAX_DEPTH + 1),
        f"line 2: 'Name {MAX_DEPTH}' stands {MAX_DEPTH + 1} levels deep",
    ),
    (
        "20,000 levels, by parents' ids",
        "t.csv",
        chain(20_000),
        "line 2: 'Name 19999' stands 20,000 levels deep: 50 is the most",
    ),
    ("500 levels among Google's", "g.txt", f"1 - {deep(500)}\n", "line 1: 'L0"),
    (
        "a name that is too long",
        "t.csv",
        IDS + f"1,Tea > {'x' * (MAX_NAME_LENGTH + 1)}\n",
        "line 2: the name 'xxx",
    ),
    (
        "a name with a line break",
        "t.csv",
        IDS + '1,"Tea\nand Coffee"\n',
        "line 2: 'Tea\\nand Coffee' cannot be a category's name",
    ),
    (
        "a name with a control character",
        "t.csv",
        IDS + "1,Tea\n2,Cof\x07fee\n",
        "line 3: 'Cof\\x07fee' cannot be a category's name",
    ),
    (
        "a name with a tab among Google's",
        "g.txt",
        "1 - Tea\tGreen\n",
        "line 1: 'Tea\\tGreen' cannot be a category's name",
    ),
    (
        "a name with a separator of lines",
        "t.csv",
        IDS + "1,Tea\u2028Green\n",
        "line 2: 'Tea\\u2028Green' cannot be",
    ),
    (
        "a name with the separator of paths",
        "t.csv",
        NAMES + "a,,Tea > Green\n",
        "line 2: 'Tea > Green' cannot be a category's name",
    ),
    ("an empty name", "t.csv", NAMES + "a,,Tea\nb,a,\n", "line 3: a category needs an id and a name"),
    (
        "an empty id beside names",
        "t.csv",
        NAMES + "a,,Tea\n,a,Green\n",
        "line 3: a category needs an id and a name",
    ),
    (
        "an empty name in the middle of a path",
        "t.csv",
        IDS + "1,Tea > > Green\n",
        "line 2: there is an empty name in the path, beside '> Green'",
    ),
    ("a path of separators", "t.csv", IDS + "1,Tea\n2, >  > \n", "line 3: category '2' has no path"),
    ("an id without path", "t.csv", IDS + "1,\n2,Tea\n", "line 2: category '1' has no path"),
    ("a row that ends before its path", "t.csv", IDS + "1,Tea\n2\n", "line 3: category '2' has no path"),
    (
        "a path of separators among Google's",
        "g.txt",
        "1 - Tea\n2 -  > \n",
        "line 2: a line `ID - Name > Name` was expected",
    ),
    ("an id without path among Shopify's", "s.txt", f"{GID}ap : Tea\n{GID}ap-1 : \n", "line 2: a line `gid"),
    (
        "Google's line without id among others",
        "g.txt",
        "1 - Tea\nCoffee\n",
        "line 2: the category 'Coffee' has no id, as those before it have",
    ),
    (
        "Google's id that is no number",
        "g.txt",
        "1 - Tea\nx2 - Coffee\n",
        "line 2: the category 'x2 - Coffee' has no id",
    ),
    (
        "Google's line with id after those without",
        "g.txt",
        "Tea\n2 - Coffee\n",
        "line 2: the category '2 - Coffee' has an id, unlike",
    ),
    (
        "Shopify's file with --format google",
        "s.txt:google",
        f"{GID}ap : Tea\n",
        "line 1: a line `ID - Name > Name` was expected: is the format right?",
    ),
    (
        "a table with --format google",
        "t.csv:google",
        IDS + "1,Tea\n",
        "line 1: a line `ID - Name > Name` was expected",
    ),
    (
        "JSON with --format google",
        "t.json:google",
        json_tree(("a", None, "Tea")),
        "line 1: a line `ID - Name > Name` was expected",
    ),
    (
        "Google's file with --format shopify",
        "g.txt:shopify",
        "1 - Tea\n",
        "line 1: a line `gid://shopify/TaxonomyCategory/ID : Name > Name`",
    ),
    (
        "Google's file with --format table",
        "g.txt:table",
        "1 - Tea\n",
        "line 1: no column category_path, nor id, name and parent_id; there are: 1 - tea",
    ),
    ("semicolons between cells", "t.csv", "category_id;category_path\n1;Tea\n", "Cells stand between commas"),
    (
        "two columns of paths",
        "t.csv",
        "category_path,category_path\nTea,Coffee\n",
        "line 1: there are two columns category_path: keep one",
    ),
    ("a web page", "t.csv", "<!DOCTYPE html>\n<html></html>", "line 1: it is a web page or XML"),
    ("a web page among text", "g.txt", "\ufeff<html>Log in</html>", "line 1: it is a web page or XML"),
    ("an empty file", "g.txt", "", "it holds no category"),
    ("an empty table", "t.csv", "", "there are: none"),
    ("a header and nothing else", "t.csv", IDS, "it holds no category"),
    (
        "comments and nothing else",
        "g.txt",
        "# Google_Product_Taxonomy_Version: 2021-09-21\n\n",
        "it holds no category",
    ),
    (
        "comments and nothing else, of Shopify",
        "s.txt:shopify",
        "# Shopify Product Taxonomy\n",
        "it holds no category",
    ),
    (
        "a line of a million cells",
        "t.csv",
        IDS + "1,Tea\n2,Coffee" + "," * (2 << 20),
        "line 3: a line of over 1,048,576 characters",
    ),
    (
        "a line of 10 MB",
        "g.txt",
        "1 - Tea\n2 - " + "x" * (10 << 20),
        "line 2: a line of over 1,048,576 characters is no category",
    ),
    (
        "a cell of 2 MB over many lines",
        "t.csv",
        IDS + '1,"' + "x\n" * (1 << 20) + '"\n',
        "line 2: broken table (field larger than field limit",
    ),
    (
        "a quote that is never closed",
        "t.csv",
        IDS + '1,Tea\n2,"Coffee\n3,Cocoa\n',
        "line 3: broken table (unexpected end of data): look for a quote",
    ),
    ("a stray quote", "t.csv", IDS + '1,Tea\n2,"Coffee" beans\n', "line 3: broken table"),
    ("NUL in a line", "g.txt", "1 - Tea\n2 - Cof\0fee\n", "line 2: it holds a NUL character"),
    (
        "UTF-16 without mark",
        "t.csv",
        (IDS + "1,Tea\n").encode("utf-16-le"),
        "line 1: it holds a NUL character: it is no text, or UTF-16 without a mark",
    ),
    ("UTF-16 cut off", "t.csv", (IDS + "1,Tea\n").encode("utf-16")[:-1], "it is no whole utf-16"),
    (
        "Latin-1",
        "t.csv",
        (IDS + "1,Tea\n2,Café\n").encode("latin-1"),
        "line 3: it is not UTF-8 text here: save it as UTF-8",
    ),
    (
        "a workbook named .csv",
        "t.csv",
        b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0",
        "line 1: it holds a NUL character: it is no text",
    ),
    ("gzip cut off", "t.csv.gz", gzip.compress((IDS + "1,Tea\n").encode())[:-6], "it is no whole gzip file"),
    (
        "gzip with a wrong checksum",
        "t.csv.gz",
        gzip.compress(IDS.encode())[:-8] + bytes(8),
        "it is no whole gzip file",
    ),
    ("text named .gz", "g.txt.gz", "1 - Tea\n", "it is no whole gzip file"),
    (
        "a JSON tree of two roots that are each other's parent",
        "t.json",
        json_tree(("a", "b", "Tea"), ("b", "a", "Green")),
        "not sound",
    ),
    ("a JSON tree with an orphan", "t.json", json_tree(("a", None, "Tea"), ("b", "9", "Green")), "not sound"),
    ("a JSON tree with the root's id", "t.json", json_tree((ROOT_ID, None, "Tea")), "node 1"),
    (
        "a JSON tree with an id twice",
        "t.json",
        json_tree(("a", None, "Tea"), ("a", None, "Coffee")),
        "node 2",
    ),
    ("a JSON tree with an empty name", "t.json", json_tree(("a", None, "")), "not sound"),
    (
        "a JSON tree of 500 levels",
        "t.json",
        json_tree(*((f"c{n}", f"c{n - 1}" if n else None, f"N {n}") for n in range(500))),
        "not sound",
    ),
    ("a JSON tree cut off", "t.json", json_tree(("a", None, "Tea"))[:-5], "line 1: it is no valid JSON"),
    ("JSON of brackets", "t.json", "[" * 200_000, "JSON"),
    ("other JSON", "t.json", '{"nodes": []}', "it is JSON but no tree file"),
]


@pytest.mark.parametrize(
    ("name", "content", "says"), [case[1:] for case in REFUSED], ids=[c[0] for c in REFUSED]
)
def test_a_broken_taxonomy_is_refused_with_line_and_category(
    name: str, content: str | bytes, says: str, tmp_path: Path
) -> None:
    name, _, format = name.partition(":")
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)

    with pytest.raises(FileError) as caught:
        if path.suffix == ".json" and not format:
            read_tree(path)
        else:
            read_entries(path, format=format or None)

    message = str(caught.value)
    assert message.startswith(str(path))
    assert says in message
    assert len(message) - len(str(path)) < 400
    assert "\n" not in message


MENDED: list[tuple[str, str, str | bytes, list[str], list[str]]] = [
    (
        "missing ancestors",
        "t.csv",
        IDS + "1,Tea > Green > Sencha\n",
        ["Tea", "Tea > Green", "Tea > Green > Sencha"],
        [
            "line 2: 'Tea > Green' is not in the file; it was made",
            "line 2: 'Tea' is not in the file; it was made",
        ],
    ),
    (
        "siblings of one name under two ids",
        "t.csv",
        IDS + "1,Tea\n2,Tea\n",
        ["Tea", "Tea"],
        ["line 3: a second 'Tea', kept apart by its id"],
    ),
    (
        "siblings that differ in case alone",
        "t.csv",
        IDS + "1,Tea\n2,TEA\n",
        ["Tea", "TEA"],
        ["line 3: a second 'TEA', kept apart by its id"],
    ),
    (
        "a parent's id that the file does not have",
        "t.csv",
        PARENTS + "a,,Tea\nb,9,Tea > Green\n",
        ["Tea", "Tea > Green"],
        ["line 3: its parent '9' is not in the file; it stands where its path says"],
    ),
    ("a child before its parent", "t.csv", IDS + "2,Tea > Green\n1,Tea\n", ["Tea", "Tea > Green"], []),
    ("a child before its parent, by ids", "t.csv", NAMES + "b,a,Green\na,,Tea\n", ["Tea", "Tea > Green"], []),
    ("parent 0 for a top category", "t.csv", NAMES + "1,0,Tea\n2,1,Green\n", ["Tea", "Tea > Green"], []),
    ("the same line twice", "g.txt", "1 - Tea\n1 - Tea\n", ["Tea"], []),
    ("the same row twice, by ids", "t.csv", NAMES + "1,,Tea\n1,,Tea\n", ["Tea"], []),
    ("the same path twice without ids", "g.txt", "Tea\nCoffee\nTea\n", ["Tea", "Coffee"], []),
    ("blank lines and rows of commas", "t.csv", IDS + "\n1,Tea\n,\n  \n2,Coffee\n", ["Tea", "Coffee"], []),
    (
        "blanks around names and ids",
        "t.csv",
        IDS + " 1 ,  Tea  >  Green \n",
        ["Tea", "Tea > Green"],
        ["line 2: 'Tea' is not in the file; it was made"],
    ),
    ("a separator at the end of a path", "t.csv", IDS + "1,Tea >\n", ["Tea"], []),
    ("more cells than columns", "t.csv", IDS + "1,Tea,,,\n", ["Tea"], []),
    ("a mark of UTF-8", "t.csv", "\ufeff" + IDS + "1,Tea\n", ["Tea"], []),
    ("UTF-16 with its mark", "t.csv", (IDS + "1,Thé\n").encode("utf-16"), ["Thé"], []),
    ("LF and CRLF in one file", "t.csv", IDS[:-1] + "\r\n1,Tea\n2,Coffee\r\n", ["Tea", "Coffee"], []),
    (
        "CRLF in Google's file",
        "g.txt",
        "# Version\r\n1 - Tea\r\n2 - Tea > Green\r\n",
        ["Tea", "Tea > Green"],
        [],
    ),
    (
        "a name with a greater-than sign",
        "g.txt",
        "1 - Toys\n2 - Toys > ages >5\n",
        ["Toys", "Toys > ages >5"],
        [],
    ),
    (
        "as many levels as may be",
        "t.csv",
        chain(MAX_DEPTH),
        [deep(n).replace("L", "Name ") for n in range(1, MAX_DEPTH + 1)],
        [],
    ),
    (
        "a product table with products without category",
        "t.csv",
        "title,parent_id,category_path\nx,7,Tea\ny,8,\nz,9,Tea\n",
        ["Tea"],
        [],
    ),
]


@pytest.mark.parametrize(
    ("name", "content", "paths", "findings"), [case[1:] for case in MENDED], ids=[c[0] for c in MENDED]
)
def test_an_odd_taxonomy_is_mended_and_what_was_odd_is_reported(
    name: str, content: str | bytes, paths: list[str], findings: list[str], tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)

    found = plan(read_entries(path), Tree())
    tree = apply(Tree(), found.edits, Source.IMPORT).tree

    assert [tree.label(at) for at in tree.descendants()] == paths
    assert sorted(found.findings) == sorted(findings)
    assert check(tree, unique_siblings=False) == []


def test_a_gzip_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "g.txt.gz"
    with gzip.open(path, "wb") as file:
        for _ in range(BOMB_CHARS // 1_000_000 + 1):
            file.write((b" " * 999 + b"\n") * 1000)

    with pytest.raises(FileError, match="unpacks to over 200 times its size"):
        read_entries(path)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["a folder", "a named pipe"])
@pytest.mark.parametrize("name", ["t.csv", "g.txt", "t.csv.gz"])
def test_what_is_no_file_is_not_waited_for(make: type[Path.mkdir], name: str, tmp_path: Path) -> None:
    make(tmp_path / name)

    with pytest.raises(FileError, match="it is a folder, pipe or device"):
        read_entries(tmp_path / name)


@pytest.mark.parametrize("writer", [google.write, shopify.write, table.write])
@pytest.mark.parametrize("name", ["out", "out.gz"])
def test_a_writing_to_where_nothing_can_be_says_so(
    writer: type[table.write], name: str, tmp_path: Path
) -> None:
    with pytest.raises(FileError, match="it cannot be written"):
        writer(Tree(), tmp_path / "none" / name)


def test_a_writing_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.csv"
    path.write_text("before")

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(FileError, match="No space left on device"):
        write_tree(Tree(), path)

    assert path.read_text() == "before"
    assert [file.name for file in tmp_path.iterdir()] == ["out.csv"]
