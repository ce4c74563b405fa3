"""Two trees over one catalogue are held against each other by their products."""

from collections.abc import Mapping

from taxonomy.edits import Assign, Create, Merge, Retire
from taxonomy.node import ROOT_ID, Node, NodeId
from taxonomy.product import ProductId
from taxonomy.proposal import Fate, fates
from taxonomy.tree import Tree
from taxonomy.versus import versus


def tree(*paths: tuple[str, ...], salt: str = "") -> Tree:
    """A tree whose ids are its own."""
    return Tree.from_paths([tuple(f"{name}{salt}" for name in path) for path in paths])


def at(one: Tree, *path: str) -> NodeId:
    found = one.find(path)
    assert found is not None
    return found


def places(one: Tree, **leaves: str) -> Mapping[ProductId, NodeId | None]:
    """Products, a letter each, by the name of the top category that they stand in; `none` is nowhere."""
    return {
        ProductId(letter): None if name == "none" else at(one, name)
        for name, letters in leaves.items()
        for letter in letters
    }


def test_nodes_that_share_most_products_are_a_pair_whatever_their_names() -> None:
    one, other = tree(("tea",), ("coffee",)), tree(("infusions",), ("beans",))

    found = versus(
        one, places(one, tea="abcd", coffee="xyz"), other, places(other, infusions="abc", beans="xyzd")
    )

    assert [(pair.one, pair.other) for pair in found.pairs] == [
        (at(one, "tea"), at(other, "infusions")),
        (at(one, "coffee"), at(other, "beans")),
    ]
    assert [flow.product_ids for flow in found.flows] == [("d",)]


def test_a_category_cut_in_halves_is_in_one_tree_alone_and_so_are_they() -> None:
    one, other = tree(("tea",)), tree(("green",), ("black",))

    found = versus(one, places(one, tea="abcd"), other, places(other, green="ab", black="cd"))

    assert found.pairs == ()
    assert found.only_one == (at(one, "tea"),)
    assert set(found.only_other) == {at(other, "green"), at(other, "black")}
    assert found.n_elsewhere == 4


def test_a_product_that_stands_nowhere_in_one_stands_elsewhere_in_the_other() -> None:
    one = tree(("tea",))

    found = versus(one, places(one, tea="abc", none="d"), one, places(one, tea="abcd"))

    assert [(flow.one, flow.other) for flow in found.flows] == [(None, at(one, "tea"))]


def test_parents_are_paired_with_parents() -> None:
    one, other = tree(("drinks", "tea")), tree(("beverages", "teas"))
    tea, teas = at(one, "drinks", "tea"), at(other, "beverages", "teas")
    ids = [ProductId(letter) for letter in "abc"]

    found = versus(one, dict.fromkeys(ids, tea), other, dict.fromkeys(ids, teas))

    assert [(pair.one, pair.other) for pair in found.pairs] == [
        (at(one, "drinks"), at(other, "beverages")),
        (tea, teas),
    ]
    assert found.n_elsewhere == 0


def test_products_that_one_tree_never_saw_do_not_count() -> None:
    one = tree(("tea",))

    found = versus(one, places(one, tea="ab"), one, places(one, tea="bc"))

    assert (found.n_products, found.n_elsewhere) == (1, 0)


def test_fates_are_read_from_edits() -> None:
    one = tree(("tea",), ("teas",), ("coffee",), ("pods",), ("milk",))
    tea, teas, coffee, pods, milk = (at(one, name) for name in ("tea", "teas", "coffee", "pods", "milk"))
    new = NodeId("new")
    edits = [
        Create(Node(new, "juice", ROOT_ID)),
        Assign("shop", new, (ProductId("a"),)),
        Assign("shop", coffee, (ProductId("b"),)),
        Merge((teas,), tea),
        Retire(pods),
    ]

    found = fates(one, edits)

    assert found[new] is Fate.NEW
    assert found[teas] is Fate.MERGE
    assert found[coffee] is Fate.GROW
    assert found[pods] is Fate.RETIRE
    assert found[tea] is found[milk] is Fate.KEEP
