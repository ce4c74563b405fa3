"""Three-way apply: what a newer tree takes of edits made on an older one."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxonomy.changes import Merged, Written, apply, merge
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
    Unassign,
    clash,
)
from taxonomy.errors import InputError, NodeLocked, RuleBroken
from taxonomy.node import ROOT_ID, Attribute, Node, NodeId, RelationKind, Restriction, RestrictionKind
from taxonomy.product import ProductId, Source
from taxonomy.tree import Tree

TREE = Tree.from_paths(
    [("Garden", "Tools", "Spades"), ("Garden", "Tools", "Rakes"), ("Garden", "Seeds"), ("Kitchen", "Cups")]
)
GARDEN, TOOLS, SPADES, RAKES, SEEDS, KITCHEN, CUPS = TREE.descendants()
FRESH, P1 = NodeId("fresh"), ProductId("p1")


def wrote(*edits: Edit) -> list[Written]:
    """What these edits wrote, as version 7 by Ann."""
    return [
        Written(key, aspect, 7, "Ann", one.kind, "c7", "spring", at)
        for at, one in enumerate(edits)
        for key, aspect in one.writes()
    ]


def after(edits: Sequence[Edit], theirs: Sequence[Edit]) -> Merged:
    """The edits on a tree to which somebody else's were applied since."""
    return merge(apply(TREE, theirs).tree, edits, wrote(*theirs))


def kinds(edits: Sequence[Edit]) -> list[str]:
    return [one.kind for one in edits]


def test_disjoint_edits_go_in() -> None:
    found = after([Rename(TOOLS, "Gear"), Move(SEEDS, KITCHEN)], [Rename(SEEDS, "Seed"), Lock(CUPS)])

    assert (kinds(found.edits), found.rest, found.conflicts) == (["rename", "move"], (), ())


def test_the_same_aspect_conflicts_and_is_named_with_who_what_and_when() -> None:
    (conflict,) = after([Rename(TOOLS, "Gear")], [Rename(TOOLS, "Kit")]).conflicts

    assert (conflict.ordinal, conflict.keys, conflict.version) == (1, (TOOLS,), 7)
    assert (conflict.author, conflict.change_set_id) == ("Ann", "c7")
    for word in ("Ann changed 'Garden > Kit'", "rename", "version 7", "spring"):
        assert word in conflict.message


def test_the_latest_of_several_writers_is_named() -> None:
    since = [Written(TOOLS, "name", 7, "Ann", "rename"), Written(TOOLS, "name", 9, "Bob", "rename")]

    assert merge(TREE, [Rename(TOOLS, "Gear")], since).conflicts[0].author == "Bob"


def test_edits_that_rest_on_a_lost_one_are_lost_too() -> None:
    mine = [
        Create(Node(FRESH, "Pots", CUPS)),
        Rename(FRESH, "Jars"),
        Assign("shop", FRESH, (P1,)),
        Move(SPADES, FRESH),
        Rename(RAKES, "Rake"),
    ]

    found = after(mine, [Retire(CUPS)])

    assert kinds(found.edits) == ["rename"]
    assert [one.ordinal for one in found.conflicts] == [1, 2, 3, 4]
    assert all("rests on edit 1" in one.message for one in found.conflicts[1:])


def test_an_edit_that_breaks_a_rule_is_a_conflict_without_an_author() -> None:
    found = after([Move(GARDEN, KITCHEN), Rename(CUPS, "Mugs")], [Move(KITCHEN, TOOLS)])

    assert kinds(found.edits) == ["rename"]
    assert (found.conflicts[0].author, found.conflicts[0].version) == ("", None)
    assert "stands inside it" in found.conflicts[0].message


def test_names_may_be_swapped_beside_an_edit_that_is_not_taken() -> None:
    swap = [Rename(TOOLS, "Seeds"), Rename(SEEDS, "Tools")]

    found = after([*swap, Rename(CUPS, "Mugs")], [Lock(CUPS)])

    assert found.edits == tuple(swap)
    assert [one.ordinal for one in found.conflicts] == [3]


def test_of_two_that_would_have_one_name_the_last_is_not_taken() -> None:
    found = after([Rename(RAKES, "Hoes"), Rename(TOOLS, "Pots"), Rename(SEEDS, "Pots")], [Lock(CUPS)])

    assert [one.ordinal for one in found.conflicts] == [3]
    assert "two categories 'Pots'" in found.conflicts[0].message


def test_a_name_that_somebody_took_in_the_meantime_is_a_conflict() -> None:
    found = after([Rename(TOOLS, "Pots"), Rename(CUPS, "Mugs")], [Create(Node(FRESH, "Pots", GARDEN))])

    assert (kinds(found.edits), [one.ordinal for one in found.conflicts]) == (["rename"], [1])


def test_nothing_written_since_takes_everything() -> None:
    assert merge(TREE, [Rename(TOOLS, "Gear")], []).conflicts == ()


def test_siblings_of_one_name_from_an_import_do_not_bar_other_edits_among_them() -> None:
    twins = [Create(Node(NodeId(at), "Pots", GARDEN)) for at in ("t1", "t2", "t3")]
    tree = apply(TREE, twins, Source.IMPORT).tree

    once = apply(tree, [Rename(NodeId("t1"), "Jars")]).tree
    beside = apply(once, [Rename(SEEDS, "Seed")]).tree

    assert [beside.nodes[at].name for at in beside.children_of(GARDEN)].count("Pots") == 2
    with pytest.raises(RuleBroken, match="two categories 'Pots'"):
        apply(beside, [Rename(SEEDS, "Pots")])


def test_what_an_earlier_tree_had_may_come_back() -> None:
    earlier = apply(TREE, [Create(Node(FRESH, "Tools", GARDEN))], Source.IMPORT).tree
    tree = apply(earlier, [Rename(FRESH, "Kit")]).tree

    with pytest.raises(RuleBroken):
        apply(tree, [Rename(FRESH, "Tools")])
    back = apply(tree, [Rename(FRESH, "Tools")], earlier=earlier).tree
    assert back.digest() == earlier.digest()


def test_a_machine_neither_locks_nor_unlocks() -> None:
    with pytest.raises(NodeLocked, match="only people"):
        apply(TREE, [Lock(CUPS)], Source.AUDIT)


def test_a_node_cannot_share_its_products_with_itself() -> None:
    with pytest.raises(RuleBroken, match="cannot take its own products"):
        apply(TREE, [Retire(TOOLS, SEEDS, (TOOLS,), (0.5, 0.5))])


def test_an_undone_merge_can_be_redone_after_its_target_was_merged_on() -> None:
    first = apply(TREE, [Merge((SPADES,), RAKES)])
    second = apply(first.tree, [Merge((RAKES,), SEEDS)])
    undone = apply(second.tree, first.inverse)

    redone = apply(undone.tree, undone.inverse)

    assert redone.tree.resolve(SPADES) == SEEDS


def test_a_relation_to_a_node_that_retired_can_be_given_back() -> None:
    related = apply(TREE, [Relate(CUPS, RelationKind.RELATED, SEEDS), Retire(SEEDS)]).tree
    without = apply(related, [Relate(CUPS, RelationKind.RELATED, SEEDS, related=False)])

    assert apply(without.tree, without.inverse).tree.digest() == related.digest()


def test_a_catalogue_is_one_whatever_its_case() -> None:
    assert clash(Assign("Shop", CUPS, (P1,)), Unassign("shop", (P1,)).writes()) == ["product:shop/p1"]


def every_kind(fresh: str) -> list[Edit]:
    """Two or more of every kind, on few nodes, so that many of them meet."""
    one, two = NodeId(f"{fresh}1"), NodeId(f"{fresh}2")
    return [
        Create(Node(one, "Pots", GARDEN)),
        Create(Node(one, "Pots", TOOLS)),
        Rename(TOOLS, "Kit"),
        Rename(SEEDS, "Kit"),
        Rename(SPADES, f"Name {fresh}"),
        Relabel(TOOLS, "de", fresh),
        Relabel(TOOLS, "fr", fresh, scope_note=fresh),
        SetAttributes(TOOLS, (Attribute(fresh),)),
        Relate(TOOLS, RelationKind.RELATED, SEEDS),
        Relate(TOOLS, RelationKind.RELATED, SEEDS, related=False),
        Restrict(TOOLS, (Restriction(RestrictionKind.ADULT, note=fresh),)),
        SetCrosswalk(TOOLS, "google", fresh),
        SetCrosswalk(TOOLS, "shopify", fresh),
        Move(TOOLS, KITCHEN),
        Move(SPADES, SEEDS),
        Move(SEEDS, TOOLS),
        Move(KITCHEN, SEEDS),
        Reorder(GARDEN, (SEEDS, TOOLS)),
        Reorder(TOOLS, (RAKES, SPADES)),
        Lock(TOOLS),
        Lock(SPADES),
        Merge((TOOLS,), SEEDS),
        Merge((SEEDS,), TOOLS),
        Merge((SPADES, RAKES), CUPS),
        Retire(TOOLS),
        Retire(SPADES),
        Retire(GARDEN),
        Retire(TOOLS, KITCHEN, (SEEDS,), (0.75, 0.25)),
        Split(TOOLS, (Part(one, f"A {fresh}"), Part(two, f"B {fresh}", (P1,))), "shop"),
        *apply(apply(TREE, [Retire(CUPS)]).tree, [Rename(SEEDS, "Seed")]).inverse,
        Assign("shop", SPADES, (P1,)),
        Assign("shop", SEEDS, (P1,)),
        Unassign("shop", (P1,)),
        Pin("tea", SPADES),
        Pin("Tea", SEEDS),
        Pin("tea", None),
    ]


def in_order(first: Edit, second: Edit) -> Tree | None:
    """The tree after both; None if a rule refuses one."""
    try:
        return apply(apply(TREE, [first]).tree, [second]).tree
    except InputError:
        return None


def meaning(tree: Tree, edits: Sequence[Edit]) -> object:
    """A tree but for the order of siblings and the steps of redirects: what both orders must agree on."""
    ends = {at: tree.resolve(at) for at in tree.redirects}
    return tree.nodes, ends, {query: tree.resolve(at) for query, at in tree.pins.items()}


def product_of(edits: Sequence[Edit]) -> NodeId | None:
    """Where the product is put by the last edit that says."""
    found = None
    for one in edits:
        match one:
            case Assign(_, node_id, _):
                found = node_id
            case Unassign():
                found = None
            case Split(_, (_, part)):
                found = part.node_id
    return found


PAIRS = [(one, other) for one in every_kind("x") for other in every_kind("y")]


@pytest.mark.parametrize("first", every_kind("x"), ids=lambda one: one.kind)
def test_two_edits_that_do_not_clash_give_one_tree_in_either_order(first: Edit) -> None:
    for second in every_kind("y"):
        if clash(first, second.writes()) or clash(second, first.writes()):
            continue
        one, other = in_order(first, second), in_order(second, first)
        if one is None or other is None:  # a rule keeps them apart
            continue
        pair = (first, second)
        assert meaning(one, pair) == meaning(other, pair), pair
        assert product_of(pair) == product_of(pair[::-1]), pair


def test_the_table_of_clashes_has_both_answers() -> None:
    found = [bool(clash(one, other.writes())) for one, other in PAIRS]

    assert 200 < sum(found) < len(found) - 200


@given(st.lists(st.sampled_from(every_kind("x")), min_size=1, max_size=4), st.sampled_from(every_kind("y")))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_what_is_taken_can_be_applied_and_nothing_is_dropped(mine: list[Edit], theirs: Edit) -> None:
    try:
        head = apply(TREE, [theirs]).tree
    except InputError:
        return

    found = merge(head, mine, wrote(theirs))

    assert len(found.edits) + len(found.rest) == len(mine)
    assert tuple(mine[one.ordinal - 1] for one in found.conflicts) == found.rest
    if found.edits:
        apply(head, found.edits)
    again = merge(head, found.edits, wrote(theirs))
    assert again.conflicts == ()
    assert ROOT_ID not in {at for one in found.conflicts for at in one.keys if one.version}


def test_what_people_placed_does_not_bar_a_machine() -> None:
    edit = Assign("shop", CUPS, (ProductId("1"), ProductId("2")))
    since = [Written("product:shop/1", "place", 1, "ann", "assign")]

    assert merge(TREE, [edit], since, Source.BUILD).edits == (edit,)
    assert merge(TREE, [edit], since, Source.PERSON).edits == ()


def test_every_clash_of_names_is_found_among_many_edits() -> None:
    wide = Tree.from_paths([("Top", f"Leaf {at}") for at in range(300)])
    leaves = list(wide.leaves())
    edits = [Rename(at, f"Leaf {(n + 1) % 300}" if n % 3 == 0 else f"New {n}") for n, at in enumerate(leaves)]
    since = [Written("elsewhere", "name", 1)]

    found = merge(wide, edits, since)

    assert apply(wide, found.edits).tree
    assert len(found.edits) + len(found.rest) == 300
