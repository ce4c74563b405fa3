"""What differs between two trees is told whole, and equal trees differ in nothing."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxonomy.changes import apply
from taxonomy.compare import Kind, aligned, compare
from taxonomy.edits import (
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
    Reorder,
    Restrict,
    Retire,
    SetAttributes,
    SetCrosswalk,
    Split,
)
from taxonomy.node import (
    ROOT_ID,
    Attribute,
    AttributeKind,
    Node,
    NodeId,
    RelationKind,
    Restriction,
    RestrictionKind,
)
from taxonomy.product import Source
from taxonomy.tree import Tree
from tests.unit.test_history import HISTORIES, Step, lived

A, B, C, D, X, Y = map(NodeId, "abcdxy")
TREE = apply(
    Tree(),
    [Create(one) for one in (Node(A, "Garden"), Node(B, "Tools", A), Node(C, "Seeds", A), Node(D, "Cups"))],
).tree
PARTS = (Part(X, "Spades"), Part(Y, "Rakes"))


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (Create(Node(X, "Pots", A)), [(Kind.ADDED, "'Garden > Pots' is new")]),
        (Rename(B, "Gear"), [(Kind.RENAMED, "'Garden > Tools' is now called 'Gear'")]),
        (Move(B, D), [(Kind.MOVED, "'Garden > Tools' moved to 'Cups'")]),
        (Move(B, ROOT_ID), [(Kind.MOVED, "'Garden > Tools' moved to the top")]),
        (Reorder(A, (C, B)), [(Kind.REORDERED, "the order below 'Garden' changed")]),
        (Reorder(ROOT_ID, (D, A)), [(Kind.REORDERED, "the order below the top changed")]),
        (
            Merge((B,), C),
            [(Kind.RETIRED, "'Garden > Tools' was retired: its products go to 'Garden > Seeds'")],
        ),
        (Retire(D), [(Kind.RETIRED, "'Cups' was retired: its products go to the top")]),
        (
            Retire(B, C, (D,), (0.75, 0.25)),
            [
                (
                    Kind.RETIRED,
                    "'Garden > Tools' was retired: "
                    "its products go to 'Garden > Seeds' (75%) and 'Cups' (25%)",
                )
            ],
        ),
        (Lock(B), [(Kind.LOCKED, "'Garden > Tools' was locked")]),
        (
            Relabel(B, "de", "Werkzeug", ("Gerät",), ("Werkzeuk",), "For the soil"),
            [
                (
                    Kind.RELABELLED,
                    "'Garden > Tools': with scope note 'For the soil', label 'Gerät' (de), "
                    "name 'Werkzeug' (de), hidden label 'Werkzeuk' (de)",
                )
            ],
        ),
        (
            SetAttributes(B, (Attribute("Size", AttributeKind.NUMBER, "cm", required=True),)),
            [(Kind.ATTRIBUTES, "'Garden > Tools': attributes: with 'Size' (number in cm, required)")],
        ),
        (
            Relate(B, RelationKind.COMPLEMENT, D),
            [(Kind.RELATIONS, "'Garden > Tools': relations: with complement 'Cups'")],
        ),
        (
            Restrict(B, (Restriction(RestrictionKind.REGION, ("DE", "AT"), "blades"),)),
            [(Kind.RESTRICTIONS, "'Garden > Tools': restrictions: with region DE, AT (blades)")],
        ),
        (
            SetCrosswalk(B, "google", "985"),
            [(Kind.CROSSWALK, "'Garden > Tools': crosswalk: with google 985 (exact)")],
        ),
        (
            SetCrosswalk(B, "google", ""),
            [(Kind.CROSSWALK, "'Garden > Tools': crosswalk: with google has none")],
        ),
        (Pin("spade", B), [(Kind.PINNED, "the query 'spade' goes to 'Garden > Tools'")]),
        (
            Rename(B, "Tools", "en"),
            [(Kind.RELABELLED, "'Garden > Tools': with the name is in en")],
        ),
    ],
    ids=lambda one: one.kind if isinstance(one, Edit) else "",
)
def test_every_edit_is_told_in_a_sentence(edit: Edit, told: list[tuple[Kind, str]]) -> None:
    found = compare(TREE, apply(TREE, [edit]).tree)

    assert [(one.kind, one.sentence) for one in found.changes] == told


def test_a_split_tells_its_parts_and_the_shares() -> None:
    found = compare(TREE, apply(TREE, [Split(B, PARTS, "shop", n_rest=1)]).tree)

    assert found.counts() == {Kind.ADDED: 2, Kind.RETIRED: 1}
    assert [(one.path, one.share) for one in found.changes[-1].leads] == [
        (("Garden", "Spades"), 1.0),
        (("Garden", "Rakes"), 0.0),
    ]


def test_backwards_it_is_told_as_well() -> None:
    after = apply(TREE, [Merge((B,), C), Pin("spade", C), Lock(D)]).tree

    assert compare(after, TREE).sentences() == (
        "'Garden > Tools' is back",
        "'Cups' was unlocked",
        "the query 'spade' is decided by the machine again",
    )


def test_a_change_carries_what_was_and_what_is() -> None:
    after = apply(TREE, [Rename(A, "Yard"), Move(B, D)]).tree

    renamed, moved = compare(TREE, after).changes

    assert (renamed.key, renamed.path, renamed.before, renamed.after) == (A, ("Yard",), "Garden", "Yard")
    assert (moved.key, moved.path, moved.before, moved.after) == (
        B,
        ("Cups", "Tools"),
        ("Garden",),
        ("Cups",),
    )


def test_children_that_came_or_went_are_no_new_order() -> None:
    edits = [Create(Node(X, "Pots", A), 0), Move(C, D)]

    assert Kind.REORDERED not in compare(TREE, apply(TREE, edits).tree).counts()


def test_the_json_holds_every_difference() -> None:
    found = compare(TREE, apply(TREE, [Split(B, PARTS), Relabel(C, "", "", ("Corn",))]).tree)

    told = json.loads(json.dumps(found.to_json()))

    assert (told["before_version"], told["after_version"]) == (1, 2)
    assert told["counts"] == {"added": 2, "retired": 1, "relabelled": 1}
    assert told["changes"][2]["leads"][0] == {"node_id": "x", "path": ["Garden", "Spades"], "share": 1.0}
    assert told["changes"][3]["after"] == [{"text": "Corn"}]


@given(HISTORIES, st.integers(0, 100), st.integers(0, 100))
@settings(max_examples=60, deadline=None)
def test_trees_differ_in_nothing_exactly_when_their_digests_agree(
    plan: list[list[Step] | str], first: int, second: int
) -> None:
    _, versions = lived(plan)
    before, after = versions[first % len(versions)], versions[second % len(versions)]

    found = compare(before, after)

    assert (not found.changes) == (before.digest() == after.digest())
    assert {one.key for one in found.changes if one.kind in (Kind.ADDED, Kind.RESTORED)} == (
        after.nodes.keys() - before.nodes.keys()
    )
    assert {
        one.key for one in found.changes if one.kind is Kind.RETIRED
    } == before.nodes.keys() - after.nodes.keys()
    json.dumps(found.to_json())


def test_a_tree_from_a_file_takes_the_ids_of_the_other_by_outside_id_then_by_path() -> None:
    outside = replace(TREE, nodes={**TREE.nodes, B: replace(TREE.nodes[B], external_id="7")})
    file = Tree.from_paths([("Garden", "Gear"), ("Garden", "Seeds"), ("Pets",)])
    gear = file.find(("Garden", "Gear"))
    assert gear is not None
    file = replace(file, nodes={**file.nodes, gear: replace(file.nodes[gear], external_id="7")})

    found = compare(outside, aligned(file, outside))

    assert found.sentences() == (
        "'Pets' is new",
        "'Cups' was retired",
        "'Garden > Tools' is now called 'Gear'",
    )


def test_what_a_file_does_not_tell_is_taken_over() -> None:
    tree = apply(TREE, [Merge((B,), C), Pin("spade", C)], Source.IMPORT).tree
    file = Tree.from_paths([("Garden", "Seeds"), ("Cups",)])

    assert compare(tree, aligned(file, tree)).changes == ()
