import json
from pathlib import Path

import pytest

from taxonomy.errors import FileError
from taxonomy.formats.tree_json import TreeFile, read, write
from taxonomy.tree import Tree


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write(tmp_path / "tree.json", TreeFile(Tree.from_paths([("Garden", "Tools")])))
    return tmp_path / "tree.json"


def broken(path: Path, **changes: object) -> Path:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return path


def test_a_file_that_is_no_json_says_in_which_line(path: Path) -> None:
    path.write_text("{\n  nodes\n}")

    with pytest.raises(FileError, match=r"tree.json, line 2: it is no valid JSON"):
        read(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "other"}, 'no tree file: "format" should be'),
        ({"format_version": 9}, "version 9, 1 is expected"),
        ({"nodes": [{"id": "a", "parent_id": None}]}, "node 1 is broken .*'name' is missing"),
        ({"nodes": [{"id": "a", "name": "A", "parent_id": "ghost"}]}, "is not sound: a cannot be reached"),
        ({"nodes": "many"}, "node 1 is broken"),
        ({"members": [["p1", None, 0], ["p2", "ghost", 1]]}, "member 2 is broken .*no node 'ghost'"),
        ({"members": [["p1"]]}, "member 1 is broken"),
        ({"tree_version": None}, "the top is broken"),
    ],
)
def test_a_damaged_part_is_named(path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(FileError, match=message):
        read(broken(path, **changes))


def test_a_file_without_members_says_so(path: Path) -> None:
    body = json.loads(path.read_text())
    del body["members"]
    path.write_text(json.dumps(body))

    with pytest.raises(FileError, match="has no 'members'"):
        read(path)


def test_what_is_not_there_or_not_text_is_said(tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(b"\xff\xd8\xff")

    with pytest.raises(FileError, match="cannot be read"):
        read(tmp_path / "none.json")
    with pytest.raises(FileError, match="not UTF-8"):
        read(tmp_path / "picture")
    with pytest.raises(FileError, match="cannot be written"):
        write(tmp_path / "no" / "folder", TreeFile())


def test_an_empty_tree_reads_back(tmp_path: Path) -> None:
    write(tmp_path / "tree.json", TreeFile())

    assert read(tmp_path / "tree.json") == TreeFile()
