"""Reading a tree."""

import pytest

from taxonomy.errors import UnknownId
from taxonomy.invariants import check
from taxonomy.node import ROOT_ID, Node, NodeId
from taxonomy.redirects import Redirect
from taxonomy.tree import Draft, Tree

PATHS = [("Garden", "Tools", "Spades"), ("Garden", "Seeds"), ("Kitchen",)]


@pytest.fixture
def tree() -> Tree:
    return Tree.from_paths(PATHS)


def at(tree: Tree, *path: str) -> NodeId:
    found = tree.find(path)
    assert found is not None
    return found


def test_paths_leave_the_root_out(tree: Tree) -> None:
    assert [tree.path(leaf) for leaf in tree.leaves()] == PATHS


def test_ancestors_are_made_once(tree: Tree) -> None:
    assert len(tree) == 5


def test_find_ignores_case_and_accents() -> None:
    tree = Tree.from_paths([("Café",)])

    assert tree.find(("CAFE",)) is not None


def test_find_gives_nothing_for_an_unknown_path(tree: Tree) -> None:
    assert tree.find(("Garden", "Gnomes")) is None


def test_the_lowest_common_ancestor_of_strangers_is_the_root(tree: Tree) -> None:
    assert tree.lca(at(tree, "Garden", "Seeds"), at(tree, "Kitchen")) == ROOT_ID


def test_the_lowest_common_ancestor_of_a_node_and_its_child_is_the_node(tree: Tree) -> None:
    tools = at(tree, "Garden", "Tools")

    assert tree.lca(tools, at(tree, "Garden", "Tools", "Spades")) == tools


def test_depth_counts_from_the_root(tree: Tree) -> None:
    assert [tree.depth(ROOT_ID), tree.depth(at(tree, "Garden", "Tools", "Spades"))] == [0, 3]


def test_descendants_come_parents_first_and_in_order(tree: Tree) -> None:
    names = [tree.nodes[one].name for one in tree.descendants()]

    assert names == ["Garden", "Tools", "Spades", "Seeds", "Kitchen"]


def test_an_unknown_node_is_named_in_the_error(tree: Tree) -> None:
    with pytest.raises(UnknownId, match="nowhere"):
        tree.node(NodeId("nowhere"))


def test_the_error_for_a_retired_node_names_its_successor() -> None:
    new = Node(NodeId("new"), "New")
    tree = Tree({new.id: new}, {ROOT_ID: (new.id,)}, {NodeId("old"): Redirect((new.id,))})

    with pytest.raises(UnknownId, match="taken by new"):
        tree.node(NodeId("old"))


def test_resolve_follows_a_chain_of_redirects() -> None:
    c = Node(NodeId("c"), "C")
    ways = {NodeId("a"): Redirect((NodeId("b"),)), NodeId("b"): Redirect((c.id,))}

    assert Tree({c.id: c}, {ROOT_ID: (c.id,)}, ways).resolve(NodeId("a")) == c.id


def test_equal_paths_give_equal_digests_and_another_order_another(tree: Tree) -> None:
    assert tree.digest() == Tree.from_paths(PATHS).digest() != Tree.from_paths(PATHS[::-1]).digest()


def test_the_graph_has_an_edge_from_each_parent(tree: Tree) -> None:
    graph = tree.graph()

    assert (graph.number_of_nodes(), graph.number_of_edges()) == (6, 5)


def test_a_draft_does_not_change_the_tree_it_came_from(tree: Tree) -> None:
    draft = Draft(tree)
    draft.remove(at(tree, "Kitchen"))

    assert (len(tree), len(draft.tree())) == (5, 4)


@pytest.mark.parametrize(
    ("nodes", "children", "fault"),
    [
        ({"a": Node(NodeId("a"), "A", NodeId("a"))}, {"a": ("a",)}, "cannot be reached"),
        ({"a": Node(NodeId("a"), "")}, {ROOT_ID: ("a",)}, "empty"),
        ({"a": Node(NodeId("a"), "A", NodeId("x"))}, {ROOT_ID: ("a",)}, "another parent"),
        (
            {"a": Node(NodeId("a"), "Tea"), "b": Node(NodeId("b"), "TEA")},
            {ROOT_ID: ("a", "b")},
            "same name",
        ),
        ({"a": Node(NodeId("a"), "A")}, {ROOT_ID: ("a", "a")}, "two places"),
    ],
)
def test_check_names_each_broken_rule(
    nodes: dict[NodeId, Node], children: dict[NodeId, tuple[NodeId, ...]], fault: str
) -> None:
    assert any(fault in sentence for sentence in check(Tree(nodes, children)))


def test_check_finds_nothing_in_a_sound_tree(tree: Tree) -> None:
    assert check(tree) == []
