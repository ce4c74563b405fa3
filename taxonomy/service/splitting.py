"""Split a category: by chosen products, by what an attribute says of them, or by groups that somebody found.

Each gives a `Split` to be proposed or applied, and changes nothing. A split concerns the products that stand
in the node itself; what stands below it goes with the children, to the first part.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from taxonomy.edits import Part, Split
from taxonomy.errors import InputError
from taxonomy.node import NodeId, NodeIds, random_ids
from taxonomy.ports import UnitOfWork
from taxonomy.product import SEPARATOR, Product, ProductId
from taxonomy.text import fold
from taxonomy.tree import Tree

__all__ = ["MOST_PARTS", "Group", "by_attribute", "by_groups", "in_node"]

MOST_PARTS = 5
"""More parts than this at once are more than a person can name and check; the rest stays together."""

LEAST = 2  # one product is no category
_ALL = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Group:
    """Products that are to stand together, and what to call them."""

    name: str
    product_ids: tuple[ProductId, ...]


def in_node(uow: UnitOfWork, taxonomy: str, node_id: NodeId, catalog: str) -> list[Product]:
    """The live products of a catalogue that stand in a node itself; these are all in memory then.

    Raises
    ------
    UnknownId
        There is no such taxonomy, catalogue or live node.
    """
    uow.trees.head(taxonomy).node(node_id)
    return [one for one, _ in uow.assignments.of_node(catalog, taxonomy, [node_id], limit=_ALL)]


def by_groups(
    tree: Tree,
    node_id: NodeId,
    groups: Sequence[Group],
    *,
    catalog: str,
    products: Iterable[Product],
    ids: NodeIds = random_ids,
) -> Split:
    """A part for each group; what no group names keeps the node's name and comes first.

    Where no product and no child is left over, the first group is the first part.

    Parameters
    ----------
    products : iterable of Product
        All that stand in the node itself, as `in_node` gives them.

    Raises
    ------
    InputError
        A group is empty, names a product that does not stand in the node or that another group has, or there
        is one part only.
    """
    free = {one.id for one in products}
    name = tree.node(node_id).name
    for group in groups:
        if not group.product_ids:
            raise InputError(f"the part {group.name!r} has no products: leave it out")
        if odd := [at for at in group.product_ids if at not in free]:
            raise InputError(
                f"product {odd[0]!r} of {group.name!r} is in another part, too, or does not stand in {name!r}"
            )
        free.difference_update(group.product_ids)
    parts = [Part(ids(), group.name, tuple(dict.fromkeys(group.product_ids))) for group in groups]
    if free or tree.children_of(node_id):
        parts.insert(0, Part(ids(), name))
    if len(parts) < 2:
        raise InputError(f"{name!r} would stay whole: name a part of its products, or rename it")
    return Split(node_id, tuple(parts), catalog, n_rest=len(free))


def by_attribute(
    tree: Tree,
    node_id: NodeId,
    attribute: str,
    *,
    catalog: str,
    products: Sequence[Product],
    most: int = MOST_PARTS,
    ids: NodeIds = random_ids,
) -> Split:
    """A part for each of the attribute's commonest values, named after value and node.

    Parameters
    ----------
    attribute : str
        `brand`, or a column of the catalogue; compared without case and accents, as the values are.
    products : sequence of Product
        All that stand in the node itself, as `in_node` gives them.
    most : int
        Parts at most beside the rest, from 1.

    Raises
    ------
    InputError
        No two products share a value; the message names the attributes that there are.
    """
    name = tree.node(node_id).name
    held: dict[str, list[ProductId]] = {}
    written: dict[str, Counter[str]] = {}
    for product in products:
        if value := _value(product, attribute):
            held.setdefault(fold(value), []).append(product.id)
            written.setdefault(fold(value), Counter())[value] += 1
    common = sorted((key for key in held if len(held[key]) >= LEAST), key=lambda key: (-len(held[key]), key))
    if not common:
        known = sorted({"brand", *(key for product in products for key in product.attributes)})
        raise InputError(f"no two products in {name!r} share a {attribute!r}; there are {', '.join(known)}")
    groups = [
        Group(f"{written[key].most_common(1)[0][0]} {name}", tuple(sorted(held[key])))
        for key in common[:most]
    ]
    return by_groups(tree, node_id, groups, catalog=catalog, products=products, ids=ids)


def _value(product: Product, attribute: str) -> str:
    """What the attribute says of a product, as part of a name; empty for nothing."""
    wanted = fold(attribute)
    if wanted == "brand":
        found = product.brand
    else:
        found = next((value for key, value in product.attributes.items() if fold(key) == wanted), "")
    return " ".join(found.replace(SEPARATOR.strip(), " ").split())
