"""Trees at their head: what is saved is what is loaded, and nobody saves over another's work."""

from dataclasses import replace

import pytest

from taxonomy.edits import Create, Edit, Merge, Move, Part, Pin, Relabel, Rename, Reorder, Retire, Split
from taxonomy.errors import InputError, StaleEdit, UnknownId
from taxonomy.node import (
    ROOT_ID,
    Attribute,
    AttributeKind,
    Label,
    LabelKind,
    Match,
    MatchKind,
    Node,
    NodeId,
    Relation,
    RelationKind,
    Restriction,
    RestrictionKind,
)
from taxonomy.ports import UnitOfWork
from taxonomy.tree import Tree
from tests.contract.given import at, edited, planted


def test_a_new_tree_is_empty_at_version_0(uow: UnitOfWork) -> None:
    with uow:
        made = uow.trees.create("home")

        assert made == uow.trees.head("home") == Tree()


def test_taxonomies_are_listed_by_name(uow: UnitOfWork) -> None:
    with uow:
        for name in ("pets", "home", "z.9_a-b"):
            uow.trees.create(name)

        assert uow.trees.names() == ["home", "pets", "z.9_a-b"]


def test_a_name_is_one_whatever_its_case(uow: UnitOfWork) -> None:
    with uow:
        uow.trees.create("Home")

        assert uow.trees.names() == ["home"]
        assert uow.trees.head("HOME") == Tree()
        with pytest.raises(InputError, match="already"):
            uow.trees.create("home")


@pytest.mark.parametrize("name", ["", "a b", "a/b", "x" * 65, "été", "a\n"])
def test_a_name_that_is_none_is_refused(uow: UnitOfWork, name: str) -> None:
    with uow, pytest.raises(InputError, match="cannot be the name of a taxonomy"):
        uow.trees.create(name)


def test_an_unknown_taxonomy_is_answered_with_those_that_exist(uow: UnitOfWork) -> None:
    with uow:
        uow.trees.create("home")

        with pytest.raises(UnknownId, match=r"no taxonomy 'hone'.*home"):
            uow.trees.head("hone")
        with pytest.raises(UnknownId):
            uow.trees.lock("hone")
        with pytest.raises(UnknownId):
            uow.trees.save("hone", Tree(), Tree(version=1))


def test_every_field_of_a_node_survives(uow: UnitOfWork) -> None:
    garden = Node(
        NodeId("g"),
        "Gärten & Höfe 园艺",
        external_id="505",
        language="de",
        labels=(Label('Ho"f'), Label("{a,b}", LabelKind.HIDDEN, "en")),
        scope_note="no\\N",
        attributes=(Attribute("Soil", AttributeKind.CHOICE, values=("clay", "sand"), required=True),),
        relations=(Relation(RelationKind.COMPLEMENT, NodeId("t")),),
        restrictions=(Restriction(RestrictionKind.REGION, ("DE", "AT")),),
        crosswalk=(Match("google", "2962", MatchKind.BROAD), Match("shopify", "")),
    )
    tools = Node(NodeId("t"), "Tools", NodeId("g"), locked=True)
    with uow:
        planted(uow, ())
        made, _ = edited(uow, Create(garden), Create(tools))

        head = uow.trees.head("home")

    assert head == made
    assert head.nodes == {"g": garden, "t": tools}


EDITS = {
    "pin": lambda t: [Pin("spade", at(t, "Garden", "Tools"))],
    "relabel": lambda t: [Relabel(at(t, "Garden"), "de", "Garten")],
    "reorder all": lambda t: [Reorder(at(t, "Garden"), (at(t, "Garden", "Seeds"),))],
    "create": lambda t: [Create(Node(NodeId("new"), "Bulbs", at(t, "Garden")), 1)],
    "create at the top": lambda t: [Create(Node(NodeId("new"), "Pets"), 0)],
    "rename": lambda t: [Rename(at(t, "Garden"), "Outdoors")],
    "reorder": lambda t: [Move(at(t, "Garden", "Seeds"), at(t, "Garden"), 0)],
    "move a subtree": lambda t: [Move(at(t, "Garden"), at(t, "Kitchen"), 0)],
    "move to the top": lambda t: [Move(at(t, "Garden", "Tools"), ROOT_ID, 0)],
    "swap parent and child": lambda t: [
        Move(at(t, "Garden", "Tools"), ROOT_ID),
        Move(at(t, "Garden"), at(t, "Garden", "Tools")),
    ],
    "merge": lambda t: [Merge((at(t, "Garden", "Seeds"), at(t, "Kitchen")), at(t, "Garden", "Tools"))],
    "retire": lambda t: [Retire(at(t, "Garden"))],
    "split": lambda t: [
        Split(
            at(t, "Garden"),
            (Part(NodeId("a"), "Front"), Part(NodeId("b"), "Back"), Part(NodeId("c"), "Side")),
        )
    ],
    "create and retire at once": lambda t: [
        Create(Node(NodeId("new"), "Pets")),
        Retire(NodeId("new"), at(t, "Garden")),
    ],
}


@pytest.mark.parametrize("name", EDITS)
def test_a_saved_edit_and_its_undo_are_loaded_as_they_were(uow: UnitOfWork, name: str) -> None:
    with uow:
        before = planted(uow)
        edits: list[Edit] = EDITS[name](before)

        after, inverse = edited(uow, *edits)
        assert uow.trees.head("home") == after
        undone, _ = edited(uow, *inverse)

        assert uow.trees.head("home") == undone


def test_a_chain_of_redirects_is_kept(uow: UnitOfWork) -> None:
    with uow:
        tree = planted(uow)
        seeds, tools, pans = (
            at(tree, "Garden", "Seeds"),
            at(tree, "Garden", "Tools"),
            at(tree, "Kitchen", "Pans"),
        )
        edited(uow, Merge((seeds,), tools))
        edited(uow, Merge((tools,), pans))

        head = uow.trees.head("home")

    assert head.redirects[seeds].targets == (tools,)
    assert head.resolve(seeds) == pans


def test_taxonomies_do_not_mix_even_where_their_ids_agree(uow: UnitOfWork) -> None:
    tree = Tree.from_paths([("Garden",)])
    with uow:
        planted(uow)
        uow.trees.save("other", uow.trees.create("other"), replace(tree, version=1))

        assert len(uow.trees.head("home")) == 5
        assert uow.trees.head("other").nodes == tree.nodes


def test_saving_over_a_newer_head_is_refused(uow: UnitOfWork) -> None:
    with uow:
        seen = planted(uow)
        edited(uow, Rename(at(seen, "Garden"), "Outdoors"))

        with pytest.raises(StaleEdit, match="no longer at version 1"):
            uow.trees.save("home", seen, replace(seen, version=2))


def test_a_locked_head_is_the_head(uow: UnitOfWork) -> None:
    with uow:
        tree = planted(uow)

        assert uow.trees.lock("home") == uow.trees.head("home") == tree


def test_a_subtree_is_read_parents_first_and_in_order(uow: UnitOfWork) -> None:
    with uow:
        tree = planted(uow, [("Garden", "Tools", "Spades"), ("Garden", "Seeds"), ("Kitchen",)])
        edited(uow, Move(at(tree, "Garden", "Seeds"), at(tree, "Garden"), 0))

        found = uow.trees.below("home", at(tree, "Garden"))

        assert [one.name for one in found] == ["Garden", "Seeds", "Tools", "Spades"]
        assert found == [uow.trees.head("home").nodes[one.id] for one in found]
        assert uow.trees.below("home", at(tree, "Garden", "Seeds")) == [found[1]]


def test_below_the_root_is_everything(uow: UnitOfWork) -> None:
    with uow:
        planted(uow)

        names = [one.name for one in uow.trees.below("home", ROOT_ID)]

    assert names == ["Garden", "Tools", "Seeds", "Kitchen", "Pans"]


def test_below_an_id_that_is_not_live_is_nothing(uow: UnitOfWork) -> None:
    with uow:
        tree = planted(uow)
        edited(uow, Retire(at(tree, "Kitchen")))

        assert uow.trees.below("home", at(tree, "Kitchen")) == []
        assert uow.trees.below("home", NodeId("never")) == []


@pytest.mark.parametrize("limit", range(1, 6))
def test_a_limited_subtree_holds_no_node_without_its_parent(uow: UnitOfWork, limit: int) -> None:
    with uow:
        tree = planted(uow, [("Garden", "Tools", "Spades"), ("Garden", "Seeds", "Poppies")])

        found = uow.trees.below("home", at(tree, "Garden"), limit=limit)

    assert len(found) == limit
    assert all(one.parent_id in {ROOT_ID, *(other.id for other in found)} for one in found)


@pytest.mark.parametrize("sought", ["Garden Tools", "garden tols", "GÄRDEN", "tools for gardens"])
def test_a_name_is_found_whatever_its_case_accents_and_typing_errors(uow: UnitOfWork, sought: str) -> None:
    with uow:
        planted(uow, [("Garden tools",), ("Kitchen",), ("Pans",)])

        assert [one.name for one in uow.trees.named("home", sought)] == ["Garden tools"]


def test_the_likest_name_comes_first_and_a_limit_is_kept(uow: UnitOfWork) -> None:
    with uow:
        planted(uow, [("Garden chairs and tables",), ("Chairs",), ("Chair covers",)])

        assert [one.name for one in uow.trees.named("home", "chairs")][:2] == [
            "Chairs",
            "Garden chairs and tables",
        ]
        assert len(uow.trees.named("home", "chairs", limit=1)) == 1


@pytest.mark.parametrize("sought", ["garten", "园艺", "жа"])
def test_a_label_of_any_language_is_searched_until_it_goes(uow: UnitOfWork, sought: str) -> None:
    with uow:
        tree = planted(uow)
        garden = at(tree, "Garden", "Tools")
        edited(uow, Relabel(garden, "de", "Gartengeräte", ("Garten",)), Relabel(garden, "zh", "园艺工具"))
        edited(uow, Relabel(garden, "ru", "инструменты", ("жатва",)))

        assert [one.id for one in uow.trees.named("home", sought)][:1] == [garden]

        for language in ("de", "zh", "ru"):
            edited(uow, Relabel(garden, language))

        assert garden not in {one.id for one in uow.trees.named("home", sought)}


def test_a_retired_name_is_not_found(uow: UnitOfWork) -> None:
    with uow:
        tree = planted(uow)
        edited(uow, Retire(at(tree, "Garden", "Seeds")))

        assert uow.trees.named("home", "seeds") == []
        assert uow.trees.named("home", "") == []
