"""Which nodes' products a change makes stale."""

from collections.abc import Sequence

import pytest

from taxonomy.changes import apply
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
    Node,
    NodeId,
    RelationKind,
    Restriction,
    RestrictionKind,
)
from taxonomy.product import ProductId
from taxonomy.staleness import stale_nodes
from taxonomy.tree import Tree

TREE = Tree.from_paths(
    [("Garden", "Tools", "Spades"), ("Garden", "Tools", "Rakes"), ("Garden", "Seeds"), ("Kitchen", "Cups")]
)
FRESH, OTHER = NodeId("fresh"), NodeId("other")


def at(*path: str) -> NodeId:
    found = TREE.find(path)
    assert found is not None, path
    return found


GARDEN, TOOLS, SPADES = at("Garden"), at("Garden", "Tools"), at("Garden", "Tools", "Spades")
SEEDS, KITCHEN = at("Garden", "Seeds"), at("Kitchen")


def stale(*edits: Edit) -> set[str]:
    after = apply(TREE, edits).tree
    return {after.label(one) for one in stale_nodes(edits, TREE, after)}


def test_a_new_node_may_take_products_from_its_siblings_and_from_above() -> None:
    assert stale(Create(Node(FRESH, "Hoes", TOOLS))) == {
        "Garden",
        "Garden > Tools",
        "Garden > Tools > Spades",
        "Garden > Tools > Rakes",
        "Garden > Tools > Hoes",
    }


def test_a_new_top_category_may_take_products_from_everywhere() -> None:
    assert len(stale(Create(Node(FRESH, "Toys")))) == len(TREE) + 1


WORDS: Sequence[Edit] = (
    Rename(TOOLS, "Implements"),
    Relabel(TOOLS, "de", "Werkzeug"),
    SetAttributes(TOOLS, (Attribute("length"),)),
)


@pytest.mark.parametrize("edit", WORDS, ids=lambda edit: edit.kind)
def test_other_words_for_a_node_concern_what_is_below_it(edit: Edit) -> None:
    after = apply(TREE, [edit]).tree

    assert stale_nodes([edit], TREE, after) == {TOOLS, *TREE.descendants(TOOLS)}


def test_a_split_concerns_its_parts() -> None:
    assert stale(Split(SEEDS, (Part(FRESH, "Poppies"), Part(OTHER, "Herbs")))) == {
        "Garden > Poppies",
        "Garden > Herbs",
    }


def test_a_move_concerns_what_moves_and_the_new_parent_and_the_old_one() -> None:
    assert stale(Move(TOOLS, KITCHEN)) == {
        "Kitchen",
        "Kitchen > Cups",
        "Kitchen > Tools",
        "Kitchen > Tools > Spades",
        "Kitchen > Tools > Rakes",
        "Garden",
    }


def test_a_move_to_the_top_leaves_the_other_top_categories_alone() -> None:
    assert stale(Move(SPADES, ROOT_ID)) == {"Spades", "Garden > Tools"}


def test_a_merge_and_a_retirement_concern_where_the_products_went() -> None:
    assert stale(Merge((SPADES,), SEEDS)) == {"Garden > Seeds"}
    assert stale(Retire(SPADES)) == {"Garden > Tools"}


def test_a_node_that_goes_later_in_the_same_change_counts_as_its_successor() -> None:
    assert stale(Rename(SPADES, "Shovels"), Merge((SPADES,), SEEDS)) == {"Garden > Seeds"}


def test_a_node_that_comes_back_concerns_its_neighbours_and_where_its_products_were() -> None:
    merged = apply(TREE, [Merge((SPADES,), KITCHEN)])
    back = apply(merged.tree, merged.inverse).tree

    found = stale_nodes(merged.inverse, merged.tree, back)

    assert found == {GARDEN, TOOLS, *TREE.descendants(TOOLS), KITCHEN}


NOTHING: Sequence[Edit] = (
    Lock(TOOLS),
    Reorder(GARDEN, (SEEDS, TOOLS)),
    Move(TOOLS, GARDEN, 1),
    Pin("rake", TOOLS),
    SetCrosswalk(TOOLS, "google", "1"),
    Relate(TOOLS, RelationKind.RELATED, SEEDS),
    Restrict(TOOLS, (Restriction(RestrictionKind.ADULT),)),
    Assign("shop", TOOLS, (ProductId("p1"),)),
)


@pytest.mark.parametrize("edit", NOTHING, ids=lambda edit: edit.kind)
def test_what_says_nothing_about_belonging_makes_nothing_stale(edit: Edit) -> None:
    assert stale(edit) == set()
