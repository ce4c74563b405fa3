"""A later edition of a published taxonomy: a change set, never a reset."""

import pytest

from taxonomy.changes import apply
from taxonomy.edits import Create, Lock, Move, Rename
from taxonomy.errors import InputError
from taxonomy.formats import IDS
from taxonomy.formats.entries import Entry
from taxonomy.formats.planning import Plan, plan
from taxonomy.node import Node, NodeId
from taxonomy.product import Source
from taxonomy.service.importing import import_taxonomy
from taxonomy.tree import Tree
from tests.fakes import FakeUnitOfWork

OLD = {
    "1": "Animals",
    "2": "Animals > Live Animals",
    "3": "Animals > Pet Supplies",
    "4": "Animals > Pet Supplies > Cat Toys",
    "5": "Animals > Pet Supplies > Dog Toys",
    "6": "Arts",
    "7": "Arts > Crafts",
}


def entries(rows: dict[str, str]) -> list[Entry]:
    return [
        Entry(tuple(path.split(" > ")), external_id, line=line)
        for line, (external_id, path) in enumerate(rows.items(), 1)
    ]


def old_tree() -> Tree:
    return apply(Tree(), plan(entries(OLD), Tree()).edits, Source.IMPORT).tree


def edition(rows: dict[str, str], tree: Tree | None = None) -> Plan:
    return plan(entries(rows), tree or old_tree(), edition_of=IDS["google"])


def after(rows: dict[str, str], tree: Tree | None = None) -> Tree:
    tree = tree or old_tree()
    edits = edition(rows, tree).edits
    return apply(tree, edits, Source.IMPORT).tree if edits else tree


def node(tree: Tree, external_id: str) -> Node:
    return next(one for one in tree.nodes.values() if one.external_id == external_id)


def test_the_same_edition_changes_nothing() -> None:
    assert edition(OLD) == Plan((), ())


def test_what_is_added_moved_renamed_and_gone_is_counted() -> None:
    new = OLD | {"3": "Animals > Pets' Supplies", "4": "Animals > Pets' Supplies > Cat Toys"}
    new |= {"5": "Animals > Pets' Supplies > Dog Toys", "7": "Crafts", "8": "Books"}
    del new["2"]

    found = edition(new)

    assert dict(found.counts) == {"rename": 1, "move": 1, "create": 1, "retire": 1}
    assert found.findings == (
        "'Animals > Live Animals' is not in the file any more: retired into its parent",
    )


def test_without_edition_nothing_retires() -> None:
    new = {key: path for key, path in OLD.items() if key != "2"}

    found = plan(entries(new), old_tree())

    assert found.edits == ()
    assert "stay: 'Animals > Live Animals'" in found.findings[0]


def test_a_category_that_went_leads_to_its_namesake_elsewhere() -> None:
    new = {key: path for key, path in OLD.items() if key != "7"} | {"9": "Animals > Crafts"}
    before = old_tree()

    tree = after(new, before)

    gone = node(before, "7").id
    assert tree.label(tree.resolve(gone)) == "Animals > Crafts"


def test_a_whole_branch_that_went_leads_to_what_is_left_above() -> None:
    new = {key: path for key, path in OLD.items() if key not in ("3", "4", "5")}
    before = old_tree()

    tree = after(new, before)

    assert tree.label(tree.resolve(node(before, "4").id)) == "Animals"
    assert len(tree) == 4


@pytest.mark.parametrize(
    ("rows", "old", "path"),
    [
        ({"70": "Arts > Crafts"}, "7", "Arts > Crafts"),  # the same path
        ({"30": "Arts > Pet Supplies", "4": "Arts > Pet Supplies > Cat Toys",
          "5": "Arts > Pet Supplies > Dog Toys"}, "3", "Arts > Pet Supplies"),  # name and children
        ({"20": "Arts > Animals > Live Animals"}, "2", "Arts > Animals > Live Animals"),
    ],
)  # fmt: skip
def test_a_category_with_another_id_is_known_by_its_content(
    rows: dict[str, str], old: str, path: str
) -> None:
    before = old_tree()
    new = {key: held for key, held in OLD.items() if key != old} | rows

    tree = after(new, before)

    assert tree.label(node(before, old).id) == path
    assert tree.node(node(before, old).id).external_id in rows


def test_a_namesake_among_other_neighbours_is_another_category() -> None:
    new = {key: path for key, path in OLD.items() if key not in ("3", "4", "5")}
    new |= {"30": "Arts > Pet Supplies", "31": "Arts > Pet Supplies > Easels"}

    found = edition(new)

    assert dict(found.counts) == {"create": 2, "retire": 3}


def test_parent_and_child_may_change_places() -> None:
    new = OLD | {
        "3": "Pet Supplies",
        "1": "Pet Supplies > Animals",
        "2": "Pet Supplies > Animals > Live Animals",
    }
    new |= {"4": "Pet Supplies > Cat Toys", "5": "Pet Supplies > Dog Toys"}

    tree = after(new)

    assert {node(tree, key).id: tree.label(node(tree, key).id) for key in new} == {
        node(tree, key).id: path for key, path in new.items()
    }


def test_locked_nodes_stay_as_they_are_and_are_listed() -> None:
    before = old_tree()
    locked = apply(before, [Lock(node(before, "7").id), Lock(node(before, "4").id)]).tree
    new = {key: path for key, path in OLD.items() if key not in ("3", "4", "5")} | {"7": "Handicraft"}

    found = edition(new, locked)
    tree = apply(locked, found.edits, Source.IMPORT).tree

    assert [edit.kind for edit in found.edits] == ["retire"]  # Dog Toys alone
    assert tree.label(node(tree, "7").id) == "Arts > Crafts"
    assert tree.label(node(tree, "4").id) == "Animals > Pet Supplies > Cat Toys"
    assert "'Arts > Crafts' is locked and stays as it is; the file asks to rename, move" in found.findings


def test_nodes_of_other_sources_and_of_people_are_left_alone() -> None:
    before = old_tree()
    own = Create(Node(NodeId("own"), "Own", node(before, "2").id))
    other = Create(Node(NodeId("shopify"), "Also", external_id="ap-1"))
    mixed = apply(before, [own, other]).tree
    new = {key: path for key, path in OLD.items() if key != "2"}

    tree = after(new, mixed)

    assert tree.label(NodeId("own")) == "Animals > Own"
    assert tree.label(NodeId("shopify")) == "Also"


def test_a_file_of_another_source_is_no_edition() -> None:
    with pytest.raises(InputError, match=r"has 0 of the 7 ids .* import it without --edition"):
        edition({"900": "Elsewhere"})


def test_an_edition_may_only_be_proposed() -> None:
    with FakeUnitOfWork() as uow:
        import_taxonomy(uow, "google", entries(OLD), author="ann")
        done = import_taxonomy(
            uow, "google", entries(OLD | {"8": "Books"}), author="ann", edition_of=IDS["google"], propose=True
        )
        assert (len(uow.trees.head("google")), uow.changes.get(done.change_id).state) == (7, "proposed")
        assert dict(done.counts) == {"create": 1}


def test_what_people_renamed_is_renamed_back_only_by_the_file() -> None:
    before = old_tree()
    people = apply(
        before, [Rename(node(before, "6").id, "Art"), Move(node(before, "7").id, node(before, "1").id)]
    ).tree

    found = edition(OLD, people)

    assert [edit.kind for edit in found.edits] == ["rename", "move"]
