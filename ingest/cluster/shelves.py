"""A flat list of categories, from products that say where they stand."""

from collections.abc import Iterable

from taxonomy.errors import InputError
from taxonomy.node import NodeId
from taxonomy.product import Product, join_path
from taxonomy.text import fold
from taxonomy.tree import Tree, path_id

__all__ = ["Shelves", "flat_list", "from_paths", "up_to"]

Shelves = dict[NodeId, list[Product]]
"""Products by the category they stand in."""


def flat_list(products: Iterable[Product], *, flatten: bool = False) -> tuple[Tree, Shelves]:
    """The categories of the products, side by side, and what stands in each; no path, no place.

    Names that differ in case or accents alone are one category.

    Parameters
    ----------
    flatten : bool
        Of a deeper path take the last name, and forget what it stands under.

    Raises
    ------
    InputError
        A path has several levels and `flatten` is not set, or there is no path at all.
    """
    spelt: dict[str, str] = {}
    held: dict[str, list[Product]] = {}
    for one in products:
        if len(one.category_path) > 1 and not flatten:
            raise InputError(
                f"product {one.id} stands in {join_path(one.category_path)!r}, which has several levels: "
                "give --flatten to keep its last name alone, or --below NODE to arrange what is below a node"
            )
        if one.category_path:
            name = one.category_path[-1]
            spelt.setdefault(fold(name), name)
            held.setdefault(fold(name), []).append(one)
    _require(held)
    tree = Tree.from_paths((name,) for name in spelt.values())
    return tree, {path_id((name,)): held[folded] for folded, name in spelt.items()}


def from_paths(products: Iterable[Product]) -> tuple[Tree, Shelves]:
    """The tree of the products' paths, and what stands in each node; errors as for `flat_list`."""
    held: Shelves = {}
    paths = {}
    for one in products:
        if one.category_path:
            at = path_id(one.category_path)
            paths[at] = one.category_path
            held.setdefault(at, []).append(one)
    _require(held)
    return Tree.from_paths(paths.values()), held


def up_to(tree: Tree, shelves: Shelves, below: NodeId) -> Shelves:
    """The products at or below each child of a node."""
    return {
        child: [one for at in (child, *tree.descendants(child)) for one in shelves.get(at, ())]
        for child in tree.children_of(below)
    }


def _require(held: object) -> None:
    if not held:
        raise InputError("no product says a category: a column category_path is needed, see --map")
