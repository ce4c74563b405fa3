"""Trees edited in a spreadsheet."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from taxonomy.changes import apply
from taxonomy.edits import Create, Edit, Lock, Merge, Move, Rename, Retire
from taxonomy.errors import FileError, InputError, StaleEdit
from taxonomy.formats import sheet
from taxonomy.formats.spreadsheet import neutralise, read_rows, restore, write_rows
from taxonomy.node import Label, LabelKind, Node, NodeId, seeded_ids
from taxonomy.product import Source
from taxonomy.service import editing
from taxonomy.service.uploading import upload
from taxonomy.tree import Tree
from tests.fakes import FakeUnitOfWork
from tests.unit.rich_tree import rich_tree

Cells = list[dict[str, str]]
GARDEN, TOOLS, SPADES, SEEDS, KITCHEN = map(NodeId, ("garden", "tools", "spades", "seeds", "kitchen"))


def shop() -> Tree:
    nodes = [
        Node(GARDEN, "Garden", language="en"),
        Node(TOOLS, "Tools", GARDEN, language="en", labels=(Label("gear", LabelKind.ALTERNATIVE, "en"),)),
        Node(SPADES, "Spades", TOOLS, language="en"),
        Node(SEEDS, "Seeds", GARDEN, language="en"),
        Node(KITCHEN, "Kitchen", language="en", locked=True),
    ]
    return apply(Tree(), [Create(node) for node in nodes], Source.IMPORT).tree


def edited(folder: Path, tree: Tree, change: Callable[[Cells], object]) -> list[sheet.Row]:
    """The rows of the tree's sheet after somebody changed its cells."""
    path = folder / "sheet.csv"
    sheet.write(tree, path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = list(rows[0])
    change(rows)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.DictWriter(file, columns)
        out.writeheader()
        out.writerows(rows)
    return sheet.read(path)


def cell(row: int, column: str, value: str) -> Callable[[Cells], object]:
    return lambda rows: rows[row].update({column: value})


def new(**cells: str) -> Callable[[Cells], object]:
    return lambda rows: rows.append(dict.fromkeys(rows[0], "") | cells)


@pytest.mark.parametrize("tree", [shop(), rich_tree()])
@pytest.mark.parametrize("name", ["s.csv", "s.tsv", "s.csv.gz"])
def test_an_unchanged_sheet_asks_for_nothing(tmp_path: Path, name: str, tree: Tree) -> None:
    sheet.write(tree, tmp_path / name)

    rows = sheet.read(tmp_path / name)

    assert (len(rows), sheet.version(rows), sheet.edits(rows, tree)) == (len(tree), tree.version, [])


@pytest.mark.parametrize(
    ("change", "edits"),
    [
        (cell(1, "name", "Implements"), [Rename(TOOLS, "Implements")]),
        (cell(2, "parent", "Kitchen"), [Move(SPADES, KITCHEN)]),
        (cell(2, "parent", "kitchen "), [Move(SPADES, KITCHEN)]),
        (cell(2, "parent", SEEDS), [Move(SPADES, SEEDS)]),
        (cell(2, "parent", ""), [Move(SPADES, NodeId("root"))]),
        (cell(3, "locked", "yes"), [Lock(SEEDS)]),
        (cell(4, "locked", ""), [Lock(KITCHEN, False)]),
        (cell(2, "action", "retire"), [Retire(SPADES)]),
        (lambda rows: rows[2].update(action="Retire", into="Kitchen"), [Retire(SPADES, KITCHEN)]),
        (lambda rows: rows[2].update(action="merge", into="Garden > Seeds"), [Merge((SPADES,), SEEDS)]),
        (lambda rows: rows.pop(2), []),
    ],
)  # fmt: skip
def test_a_changed_cell_is_an_edit(
    tmp_path: Path, change: Callable[[Cells], object], edits: list[Edit]
) -> None:
    assert sheet.edits(edited(tmp_path, shop(), change), shop()) == edits


def test_labels_and_note_of_a_language_are_relabelled_together(tmp_path: Path) -> None:
    def change(rows: Cells) -> None:
        rows[1].update(
            {"alternative [en]": r"gear | a\|b", "hidden [en]": "tolls", "scope_note": "To work with"}
        )

    tree = shop()
    done = apply(tree, sheet.edits(edited(tmp_path, tree, change), tree)).tree.nodes[TOOLS]

    assert done.scope_note == "To work with"
    assert [(one.text, one.kind) for one in done.labels] == [
        ("a|b", LabelKind.ALTERNATIVE),
        ("gear", LabelKind.ALTERNATIVE),
        ("tolls", LabelKind.HIDDEN),
    ]


def test_new_rows_may_stand_below_new_rows_in_any_order(tmp_path: Path) -> None:
    def change(rows: Cells) -> None:
        new(name="Hoses", parent="Garden > Water")(rows)
        new(name="Water", parent="Garden")(rows)

    edits = sheet.edits(edited(tmp_path, shop(), change), shop(), ids=seeded_ids("s"))
    tree = apply(shop(), edits).tree

    assert tree.find(("Garden", "Water", "Hoses")) is not None


def test_a_renamed_parent_goes_by_its_old_and_its_new_name(tmp_path: Path) -> None:
    def change(rows: Cells) -> None:
        rows[0]["name"] = "Outdoor"
        new(name="Pots", parent="Outdoor")(rows)
        new(name="Hoses", parent="Garden")(rows)

    tree = apply(shop(), sheet.edits(edited(tmp_path, shop(), change), shop())).tree

    assert tree.find(("Outdoor", "Pots")) and tree.find(("Outdoor", "Hoses"))


def test_parent_and_child_may_change_places(tmp_path: Path) -> None:
    def change(rows: Cells) -> None:
        rows[1]["parent"], rows[2]["parent"] = "spades", "Garden"

    tree = apply(shop(), sheet.edits(edited(tmp_path, shop(), change), shop())).tree

    assert tree.label(TOOLS) == "Garden > Spades > Tools"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (cell(1, "node_id", "ghost"), "line 3: there is no category 'ghost'"),
        (cell(1, "node_id", "seeds"), "line 5: category 'seeds' stands in line 3 too"),
        (cell(1, "name", ""), "line 3: 'Tools' has lost its name"),
        (cell(1, "name", "Seeds"), "line 3 and 5: there would be two categories"),
        (cell(1, "name", "a > b"), "line 3: 'a > b' cannot be a category's name"),
        (cell(1, "parent", "Attic"), "line 3: `parent` is 'Attic', which is no category"),
        (cell(1, "parent", "Garden > Tools > Spades"), "line [34]: .* would stand below itself"),
        (cell(1, "action", "explode"), "line 3: there is no action 'explode': retire or merge"),
        (cell(1, "action", "merge"), "line 3: a merge needs `into`"),
        (cell(4, "name", "Cooking"), "line 6: 'Kitchen' is locked"),
        (cell(1, "locked", "maybe"), "line 3: `locked` is yes or no, not 'maybe'"),
        (cell(1, "tree_version", "7"), "several versions of the tree"),
        (lambda rows: [row.update(tree_version="new") for row in rows], "line 2: 'new' is no tree_version"),
        (new(parent="Garden"), "line 7: a new category needs a name"),
        (new(name="X", action="retire"), "line 7: 'retire' needs a node_id"),
    ],
)
def test_a_row_that_cannot_be_is_named_by_its_line(
    tmp_path: Path, change: Callable[[Cells], object], says: str
) -> None:
    rows = edited(tmp_path, shop(), change)

    with pytest.raises(InputError, match=says):
        _ = sheet.version(rows), sheet.edits(rows, shop())


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    rows = edited(tmp_path, shop(), lambda rows: [row.update(parent="Attic") for row in rows])

    with pytest.raises(InputError) as caught:
        sheet.edits(rows, shop())

    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == [
        f"line {n}" for n in range(2, 7)
    ]


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("name,parent", "no column node_id"),
        ("node_id,name,parent,colour", "there is no column 'colour'"),
        ("node_id,name,parent,name", "two columns 'name'"),
    ],
)
def test_a_sheet_without_its_columns_is_refused(tmp_path: Path, header: str, says: str) -> None:
    (tmp_path / "s.csv").write_text(f"{header}\n")

    with pytest.raises(FileError, match=says):
        sheet.read(tmp_path / "s.csv")


def test_semicolons_of_a_german_spreadsheet_are_read(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("node_id;parent;name\ntools;Garden;Werkzeug\n")

    assert sheet.edits(sheet.read(tmp_path / "s.csv"), shop()) == [Rename(TOOLS, "Werkzeug")]


def uploaded(uow: FakeUnitOfWork, rows: list[sheet.Row], *, apply: bool) -> str:
    return uow.changes.get(upload(uow, "shop", rows, author="ann", apply=apply).change_id).state


def stored(uow: FakeUnitOfWork) -> Tree:
    tree = uow.trees.create("shop")
    return editing_done(uow, tree)


def editing_done(uow: FakeUnitOfWork, tree: Tree) -> Tree:
    editing.edit(uow, "shop", [Create(node) for node in shop().nodes.values()], author="ann")
    return uow.trees.head("shop")


@pytest.mark.parametrize(("apply", "state"), [(True, "applied"), (False, "proposed")])
def test_an_upload_is_proposed_or_applied(tmp_path: Path, apply: bool, state: str) -> None:
    with FakeUnitOfWork() as uow:
        rows = edited(tmp_path, stored(uow), cell(1, "name", "Implements"))

        assert uploaded(uow, rows, apply=apply) == state
        assert uow.trees.head("shop").nodes[TOOLS].name == ("Implements" if apply else "Tools")


@pytest.mark.parametrize("apply", [True, False])
def test_a_stale_sheet_leaves_alone_what_others_changed(tmp_path: Path, apply: bool) -> None:
    with FakeUnitOfWork() as uow:
        rows = edited(tmp_path, stored(uow), cell(1, "name", "Implements"))
        editing.edit(uow, "shop", [Rename(SEEDS, "Seed")], author="bob")

        uploaded(uow, rows, apply=apply)

        assert uow.trees.head("shop").nodes[SEEDS].name == "Seed"


@pytest.mark.parametrize("apply", [True, False])
def test_a_stale_sheet_that_changed_the_same_is_refused(tmp_path: Path, apply: bool) -> None:
    with FakeUnitOfWork() as uow:
        rows = edited(tmp_path, stored(uow), cell(1, "name", "Implements"))
        editing.edit(uow, "shop", [Rename(TOOLS, "Kit")], author="bob")

        with pytest.raises(StaleEdit, match="bob changed"):
            upload(uow, "shop", rows, author="ann", apply=apply)


CELLS = [
    "=1+1",
    "+1",
    "-1",
    "@x",
    "\tx",
    "\rx",
    "'=1",
    "''=1",
    "'",
    "'tis",
    "''",
    "",
    "a=b",
    "＝1",
    "x\r\ny",
    '"q"',
]


@pytest.mark.parametrize("name", ["c.csv", "c.tsv", "c.csv.gz"])
def test_cells_that_look_like_formulas_are_harmless_and_come_back(tmp_path: Path, name: str) -> None:
    write_rows(tmp_path / name, ["cell", "beside"], ([cell, "x"] for cell in CELLS))

    assert [row[0] for _, row in read_rows(tmp_path / name)] == ["cell", *CELLS]
    assert not any(neutralise(cell)[:1] in "=+-@\t\r＝" for cell in CELLS if cell)


def test_no_two_cells_are_written_the_same() -> None:
    assert len({neutralise(cell) for cell in CELLS}) == len(CELLS)
    assert [restore(neutralise(cell)) for cell in CELLS] == CELLS
