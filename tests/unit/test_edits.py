"""Edits, their inverses and the rules they keep."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxonomy.changes import apply
from taxonomy.codec import edit_from_json, edit_to_json, kinds
from taxonomy.edits import (
    Assign,
    Create,
    Edit,
    Lock,
    Merge,
    Move,
    Part,
    Pin,
    Relabel,
    Relate,
    Rename,
    Renumber,
    Reorder,
    Restore,
    Restrict,
    Retire,
    SetAttributes,
    SetCrosswalk,
    Split,
    Unassign,
)
from taxonomy.errors import EditError, InputError, NodeLocked, RuleBroken, UnknownId
from taxonomy.invariants import check
from taxonomy.node import (
    ROOT_ID,
    Attribute,
    AttributeKind,
    Label,
    Node,
    NodeId,
    RelationKind,
    Restriction,
    RestrictionKind,
    seeded_ids,
)
from taxonomy.product import ProductId, Source
from taxonomy.redirects import Redirect, successors
from taxonomy.tree import Tree

TREE = Tree.from_paths(
    [("Garden", "Tools", "Spades"), ("Garden", "Tools", "Rakes"), ("Garden", "Seeds"), ("Kitchen", "Cups")]
)
FRESH = NodeId("fresh")


def at(*path: str, tree: Tree = TREE) -> NodeId:
    found = tree.find(path)
    assert found is not None, path
    return found


GARDEN, TOOLS, SPADES, SEEDS, KITCHEN, CUPS = (
    at("Garden"),
    at("Garden", "Tools"),
    at("Garden", "Tools", "Spades"),
    at("Garden", "Seeds"),
    at("Kitchen"),
    at("Kitchen", "Cups"),
)


def labels(tree: Tree) -> list[str]:
    return [tree.label(one) for one in tree.descendants()]


def test_create_puts_a_node_where_it_is_asked_for() -> None:
    tree = apply(TREE, [Create(Node(FRESH, "Pots", GARDEN), 1)]).tree

    assert [tree.nodes[one].name for one in tree.children_of(GARDEN)] == ["Tools", "Pots", "Seeds"]


def test_rename_keeps_the_id() -> None:
    tree = apply(TREE, [Rename(CUPS, "Mugs")]).tree

    assert tree.label(CUPS) == "Kitchen > Mugs"


def test_move_takes_everything_below_along() -> None:
    tree = apply(TREE, [Move(TOOLS, KITCHEN)]).tree

    assert tree.label(SPADES) == "Kitchen > Tools > Spades"


def test_merge_redirects_the_old_id_and_moves_the_children() -> None:
    tree = apply(TREE, [Merge((TOOLS,), KITCHEN)]).tree

    assert tree.resolve(TOOLS) == KITCHEN
    assert tree.label(SPADES) == "Kitchen > Spades"


def test_retire_sends_products_to_the_parent_unless_a_node_is_named() -> None:
    to_parent = apply(TREE, [Retire(CUPS)]).tree
    to_seeds = apply(TREE, [Retire(CUPS, SEEDS)]).tree

    assert [to_parent.resolve(CUPS), to_seeds.resolve(CUPS)] == [KITCHEN, SEEDS]


def test_split_replaces_the_node_in_its_place_and_redirects_to_all_parts() -> None:
    parts = (Part(NodeId("x"), "Digging"), Part(NodeId("y"), "Raking", (ProductId("1"), ProductId("2"))))

    tree = apply(TREE, [Split(TOOLS, parts, n_rest=1)]).tree

    assert [tree.nodes[one].name for one in tree.children_of(GARDEN)] == ["Digging", "Raking", "Seeds"]
    assert tree.redirects[TOOLS] == Redirect((NodeId("x"), NodeId("y")), (1 / 3, 2 / 3))
    assert tree.label(SPADES) == "Garden > Digging > Spades"


@pytest.mark.parametrize(
    "edit",
    [
        Rename(CUPS, "Mugs"),
        Move(TOOLS, KITCHEN, 0),
        Move(SEEDS, GARDEN, 0),
        Merge((TOOLS, SEEDS), KITCHEN),
        Retire(TOOLS),
        Retire(GARDEN),
        Lock(CUPS),
    ],
    ids=lambda edit: edit.kind,
)
def test_the_inverse_gives_the_same_tree_again(edit: Edit) -> None:
    done = apply(TREE, [edit])

    assert done.tree.digest() != TREE.digest()
    assert apply(done.tree, done.inverse).tree.digest() == TREE.digest()


@pytest.mark.parametrize(
    "edit",
    [Create(Node(FRESH, "Pots", GARDEN)), Split(TOOLS, (Part(FRESH, "A"), Part(NodeId("f2"), "B")))],
    ids=lambda edit: edit.kind,
)
def test_taking_back_new_nodes_gives_the_same_live_tree_and_leaves_redirects(edit: Edit) -> None:
    done = apply(TREE, [edit])

    back = apply(done.tree, done.inverse).tree

    assert labels(back) == labels(TREE)
    assert back.nodes == TREE.nodes
    assert FRESH in back.redirects


def test_a_merge_of_a_merge_resolves_to_the_last_node() -> None:
    tree = apply(TREE, [Merge((SPADES,), SEEDS), Merge((SEEDS,), CUPS)]).tree

    assert tree.resolve(SPADES) == CUPS


def test_a_node_cannot_move_below_itself() -> None:
    with pytest.raises(RuleBroken, match="stands inside"):
        apply(TREE, [Move(GARDEN, SPADES)])


def test_siblings_cannot_share_a_name_whatever_its_case() -> None:
    with pytest.raises(RuleBroken, match="two categories"):
        apply(TREE, [Rename(SEEDS, "TOOLS")])


def test_names_may_be_swapped_in_one_change_set() -> None:
    tree = apply(TREE, [Rename(SEEDS, "Tools"), Rename(TOOLS, "Seeds")]).tree

    assert (tree.label(SEEDS), tree.label(TOOLS)) == ("Garden > Tools", "Garden > Seeds")


def test_an_import_may_bring_siblings_of_one_name() -> None:
    tree = apply(TREE, [Create(Node(FRESH, "Tools", GARDEN))], Source.IMPORT).tree

    assert labels(tree).count("Garden > Tools") == 2


def test_an_id_is_never_given_out_twice() -> None:
    tree = apply(TREE, [Retire(CUPS)]).tree

    with pytest.raises(RuleBroken, match="given out before"):
        apply(tree, [Create(Node(CUPS, "Cups again", KITCHEN))])


@pytest.mark.parametrize(
    "edit",
    [Rename(CUPS, "Mugs"), Move(CUPS, GARDEN), Merge((CUPS,), SEEDS), Retire(CUPS)],
    ids=lambda e: e.kind,
)
def test_a_locked_node_stays_as_it_is(edit: Edit) -> None:
    locked = apply(TREE, [Lock(CUPS)]).tree

    with pytest.raises(NodeLocked, match="unlock it first"):
        apply(locked, [edit])


def test_a_machine_cannot_unlock() -> None:
    locked = apply(TREE, [Lock(CUPS)]).tree

    with pytest.raises(NodeLocked, match="only people"):
        apply(locked, [Lock(CUPS, False)], Source.BUILD)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "A > B", "x" * 251, " padded"])
def test_a_name_that_no_path_can_show_is_refused(name: str) -> None:
    with pytest.raises(RuleBroken, match="cannot be a category's name"):
        apply(TREE, [Rename(CUPS, name)])


def test_the_root_cannot_be_edited() -> None:
    with pytest.raises(RuleBroken, match="root"):
        apply(TREE, [Rename(ROOT_ID, "Shop")])


def test_an_edit_of_an_unknown_node_is_refused() -> None:
    with pytest.raises(UnknownId):
        apply(TREE, [Rename(NodeId("nowhere"), "X")])


def test_a_change_set_without_edits_is_refused() -> None:
    with pytest.raises(EditError, match="no edits"):
        apply(TREE, [])


def test_a_split_into_one_part_is_refused() -> None:
    with pytest.raises(EditError, match="two parts"):
        apply(TREE, [Split(TOOLS, (Part(FRESH, "All"),))])


def test_one_refused_edit_refuses_all() -> None:
    with pytest.raises(RuleBroken):
        apply(TREE, [Rename(CUPS, "Mugs"), Move(GARDEN, SPADES)])

    assert TREE.label(CUPS) == "Kitchen > Cups"


EVERY_KIND: list[Edit] = [
    Create(Node(FRESH, "Pots", GARDEN, labels=(Label("Planters"),), language="en"), 2),
    Rename(CUPS, "Mugs", "en"),
    Renumber(CUPS, "2169"),
    Relabel(CUPS, "de", "Tassen", ("Becher",), ("Tasen",), "What one drinks from"),
    SetAttributes(CUPS, (Attribute("Volume", AttributeKind.NUMBER, "ml", required=True),)),
    Relate(CUPS, RelationKind.COMPLEMENT, SEEDS),
    Restrict(CUPS, (Restriction(RestrictionKind.REGION, ("US",), "lead glaze"),)),
    SetCrosswalk(CUPS, "google", "2169"),
    SetCrosswalk(CUPS, "google", ""),
    Move(CUPS, GARDEN),
    Reorder(GARDEN, (SEEDS, TOOLS)),
    Lock(CUPS),
    Merge((CUPS,), SEEDS),
    Retire(CUPS),
    Retire(CUPS, SEEDS, (TOOLS,), (0.75, 0.25)),
    Split(TOOLS, (Part(FRESH, "A", (ProductId("1"),)), Part(NodeId("g"), "B")), "shop", 3),
    Assign("shop", CUPS, (ProductId("1"),), (0.5,)),
    Unassign("shop", (ProductId("1"),)),
    Pin("cup", CUPS),
]


@pytest.mark.parametrize("edit", EVERY_KIND, ids=lambda e: e.kind)
def test_every_edit_can_be_taken_back(edit: Edit) -> None:
    done = apply(TREE, [edit])

    if not done.inverse:  # the tree itself was not changed
        assert done.tree.digest() == TREE.digest()
        return
    back = apply(done.tree, done.inverse).tree
    assert back.nodes == TREE.nodes
    assert back.children == TREE.children
    assert back.pins == TREE.pins
    assert TREE.redirects == {at: way for at, way in back.redirects.items() if at in TREE.redirects}


@pytest.mark.parametrize("edit", EVERY_KIND, ids=lambda e: e.kind)
def test_the_digest_after_an_edit_is_that_of_the_whole_tree(edit: Edit) -> None:
    TREE.digest()  # known: from now on only what changed is hashed
    after = apply(TREE, [edit]).tree

    assert after.digest() == Tree(after.nodes, after.children, after.redirects, pins=after.pins).digest()


@pytest.mark.parametrize("edit", EVERY_KIND, ids=lambda e: e.kind)
def test_an_edit_says_everything_that_it_writes(edit: Edit) -> None:
    after = apply(TREE, [edit]).tree
    changed = {
        at for at in TREE.nodes.keys() | after.nodes.keys() if TREE.nodes.get(at) != after.nodes.get(at)
    }
    moved_on = {child for at in changed for child in TREE.children_of(at)}  # below what went

    assert changed <= {*edit.touches(), *moved_on}


def test_every_kind_of_edit_is_tried_here() -> None:
    assert {one.kind for one in EVERY_KIND} == set(kinds()) - {"restore"}


@pytest.mark.parametrize(
    "edit", [*EVERY_KIND, *apply(TREE, [Merge((TOOLS,), SEEDS)]).inverse], ids=lambda e: e.kind
)
def test_every_edit_survives_json(edit: Edit) -> None:
    assert edit_from_json(json.loads(json.dumps(edit_to_json(edit)))) == edit


@pytest.mark.parametrize("broken", [{"kind": "explode"}, {"kind": "rename"}, {"kind": "lock", "colour": 1}])
def test_a_broken_edit_in_json_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(InputError):
        edit_from_json(broken)


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, int, int, str]]:
    step = st.tuples(
        st.sampled_from(["create", "rename", "move", "merge", "retire", "split"]),
        st.integers(0, 50),
        st.integers(0, 50),
        st.sampled_from(["Ash", "Birch", "Cedar", "Elm", "Fir", "Oak"]),
    )
    return draw(st.lists(step, max_size=25))


@given(histories())
@settings(max_examples=150, deadline=None)
def test_any_history_keeps_the_rules_and_can_be_taken_back(history: list[tuple[str, int, int, str]]) -> None:
    new_id, tree, undo = seeded_ids("history"), TREE, list[tuple[Tree, tuple[Edit, ...]]]()
    for kind, first, second, name in history:
        live = [*tree.nodes, ROOT_ID]
        one, other = live[first % len(live)], live[second % len(live)]
        edits: dict[str, Edit] = {
            "create": Create(Node(new_id(), name, one)),
            "rename": Rename(one, name),
            "move": Move(one, other),
            "merge": Merge((one,), other),
            "retire": Retire(one),
            "split": Split(one, (Part(new_id(), name), Part(new_id(), name + " 2"))),
        }
        try:
            done = apply(tree, [edits[kind]])
        except (EditError, UnknownId):
            continue
        undo.append((tree, done.inverse))
        tree = done.tree
        assert check(tree) == []
        assert all(tree.resolve(old) in tree for old in tree.redirects)
    for before, inverse in reversed(undo):
        tree = apply(tree, inverse, Source.IMPORT).tree
        assert (tree.nodes, tree.children) == (before.nodes, before.children)


@pytest.mark.parametrize("edit", [Merge((TOOLS,), SEEDS), Retire(TOOLS)], ids=lambda e: e.kind)
def test_a_locked_node_does_not_move_because_its_parent_goes(edit: Edit) -> None:
    locked = apply(TREE, [Lock(SPADES)]).tree

    with pytest.raises(NodeLocked, match="Spades"):
        apply(locked, [edit])


def test_a_machine_does_not_let_go_of_what_people_placed() -> None:
    with pytest.raises(EditError, match="only people"):
        apply(TREE, [Unassign("shop", (ProductId("1"),))], Source.BUILD)


def test_probabilities_are_one_for_each_product() -> None:
    with pytest.raises(EditError, match="probability for each"):
        apply(TREE, [Assign("shop", CUPS, (ProductId("1"), ProductId("2")), (0.5,))])


@pytest.mark.parametrize("odd", ["", "a.b", "a-b", "a b", "product:1", "x" * 65])
def test_an_id_that_is_no_label_of_a_path_is_refused(odd: str) -> None:
    for edit in (Create(Node(NodeId(odd), "Pots")), Split(TOOLS, (Part(NodeId(odd), "A"), Part(FRESH, "B")))):
        with pytest.raises(RuleBroken, match="cannot be an id"):
            apply(TREE, [edit])


def test_a_node_that_comes_back_keeps_the_rules() -> None:
    gone = apply(TREE, [Retire(CUPS)])
    (back,) = gone.inverse
    assert isinstance(back, Restore)

    with pytest.raises(RuleBroken, match="cannot be a category's name"):
        apply(gone.tree, [replace(back, node=replace(back.node, name="A > B"))])


def test_a_split_of_less_than_nothing_is_refused() -> None:
    parts = (Part(FRESH, "A"), Part(NodeId("g"), "B", (ProductId("1"),)))

    with pytest.raises(RuleBroken, match="share"):
        apply(TREE, [Split(TOOLS, parts, "shop", -3)])


def test_a_machine_makes_no_locked_node() -> None:
    with pytest.raises(NodeLocked):
        apply(TREE, [Create(Node(FRESH, "Pots", locked=True))], Source.BUILD)


def test_a_build_from_nothing_keeps_the_locks_of_the_tree_that_it_was_given() -> None:
    made = apply(Tree(), [Create(Node(FRESH, "Pots", locked=True))], Source.BUILD)
    assert made.tree.nodes[FRESH].locked
    with pytest.raises(NodeLocked):
        apply(Tree(), [Create(Node(FRESH, "Pots", locked=True))], Source.MODEL)


def test_labels_are_the_same_in_whatever_order_they_came() -> None:
    labels = (Label("Pots"), Label("Jars"))
    one, other = (apply(TREE, [Create(Node(FRESH, "X", labels=way))]).tree for way in (labels, labels[::-1]))

    assert one.digest() == other.digest()


def test_shares_are_told_however_often_ways_part_and_meet_again() -> None:
    ids = [NodeId(f"n{at}") for at in range(181)]
    halves = {ids[at]: Redirect((ids[at + 1], ids[at + 2]), (0.5, 0.5)) for at in range(0, 180, 3)} | {
        ids[at + side]: Redirect((ids[at + 3],)) for at in range(0, 180, 3) for side in (1, 2)
    }

    assert successors(halves, ids[0]) == {ids[180]: 1.0}
