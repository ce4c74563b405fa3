"""`shelftree taxonomy split`: by chosen products, by an attribute, or by what is alike."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ingest.readers import read_fields
from taxonomy.edits import Split
from taxonomy.errors import InputError
from taxonomy.node import NodeId
from taxonomy.product import Product, ProductId
from taxonomy.service import splitting
from taxonomy.service.handing_in import hand_in
from taxonomy.service.splitting import MOST_PARTS, Group
from taxonomy.text import fold
from taxonomy.tree import Tree
from ui.cli.nodes import Apply, Name, Propose, node_of, stage, summary
from ui.cli.options import AsJson, Author, Device
from ui.cli.output import finish
from ui.cli.progress import Bar
from ui.settings import Settings
from ui.wiring import App

__all__ = ["split"]

_HOW = "products:FILE, attribute:NAME or cluster[:PARTS]"


def split(
    node: Annotated[str, typer.Argument(help="The category: its id or its path.")],
    by: Annotated[str, typer.Option("--by", help=f"{_HOW}.")],
    name: Name,
    catalog: Annotated[str, typer.Option("--catalog", help="Whose products.")],
    parts: Annotated[int, typer.Option("--parts", help="New parts at most.", min=1)] = MOST_PARTS,
    propose: Propose = False,
    apply: Apply = False,
    author: Author = "merchandiser",
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Split a category; what no part takes keeps its name.

    By products: FILE has columns `product_id` and, for several parts, `part` (else the part is called as the
    file is). By attribute: a part for each of the commonest values of `brand` or of a column; without such a
    column, of the brand, size, pack, colour or material that the texts state. By cluster: products with
    similar titles, named after what they share.

    Example: shelftree taxonomy split "Garden > Pots" --by attribute:brand --name shop --catalog shop --apply
    """
    how, _, what = by.partition(":")
    state = stage(propose=propose, apply=apply)
    with App(Settings(device=device)) as app, Bar(quiet=as_json) as bar:
        with app.uow() as uow:
            tree = uow.trees.head(name)
            node_id = node_of(tree, node)
            products = splitting.in_node(uow, name, node_id, catalog)
        if how == "cluster":
            groups = app.groups(products, _count(what, parts), progress=bar)
            edit = splitting.by_groups(tree, node_id, groups, catalog=catalog, products=products)
        else:
            if how == "attribute":
                products = _described(app, products, what, catalog)
            edit = _said(how, what, tree, node_id, catalog, products, parts)
        with app.uow() as uow:
            reason = f"split of {tree.label(node_id)} by {by}"
            change = hand_in(
                uow, name, [edit], state=state, author=author, reason=reason, base_version=tree.version
            )
    finish({**summary(change), "parts": _sizes(edit)}, as_json=as_json)


def _described(app: App, products: list[Product], attribute: str, catalog: str) -> list[Product]:
    """The products with what their texts state, as the whole catalogue teaches to read them.

    As they are where a column says it, or where texts are not read for such an attribute.
    """
    from ingest.attributes import AttributeSettings, Name, described, learn

    wanted = fold(attribute)
    columns = {fold(name) for product in products for name in product.attributes}
    has_column = wanted in columns or (wanted == Name.BRAND and any(one.brand for one in products))
    if has_column or wanted not in list(Name):
        return products
    with app.uow() as uow:
        extractor = learn(uow.catalogs.products(catalog), settings=AttributeSettings(head=False))
    return described(products, extractor)


def _said(
    how: str, what: str, tree: Tree, node_id: NodeId, catalog: str, products: Sequence[Product], most: int
) -> Split:
    if how == "attribute" and what:
        return splitting.by_attribute(tree, node_id, what, catalog=catalog, products=products, most=most)
    if how == "products" and what:
        return splitting.by_groups(tree, node_id, _chosen(Path(what)), catalog=catalog, products=products)
    raise InputError(f"--by {how}{':' + what if what else ''}: write it as {_HOW}")


def _chosen(file: Path) -> list[Group]:
    held: dict[str, list[ProductId]] = {}
    for row in read_fields(file, "product_id", optional=["part"]):
        held.setdefault(row.get("part") or file.stem, []).append(ProductId(row["product_id"]))
    return [Group(name, tuple(ids)) for name, ids in held.items()]


def _count(what: str, otherwise: int) -> int:
    if not what:
        return otherwise
    if not what.isdecimal() or int(what) < 1:
        raise InputError(f"--by cluster:{what}: give the number of parts, as in cluster:4")
    return int(what)


def _sizes(edit: Split) -> dict[str, int]:
    first, *others = edit.parts
    sizes = {first.name: len(first.product_ids) + edit.n_rest}
    return sizes | {part.name: len(part.product_ids) for part in others}
