"""Trees that a machine proposes for the sample store, with what speaks for them."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from ingest.cluster.quality import examine
from taxonomy.changes import ChangeSet, apply
from taxonomy.edits import Assign, Create, Edit
from taxonomy.formats.tree_json import Evidence, Phrase
from taxonomy.node import Node, NodeId, seeded_ids
from taxonomy.ports import Floats
from taxonomy.product import Product, ProductId, Source
from taxonomy.proposal import Report
from taxonomy.service import editing
from taxonomy.text import fold
from tests.web.shop import CATALOG, TAXONOMY, Shop

DIM = 256


def words(texts: Sequence[str]) -> Floats:
    """Texts as the words that they have, each a direction of its own."""
    rows = np.zeros((len(texts), DIM), np.float32)
    for row, text in zip(rows, texts, strict=True):
        for word in fold(text).replace("&", " ").split():
            row[int.from_bytes(hashlib.sha256(word.rstrip("s").encode()).digest()[:2], "big") % DIM] += 1
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def build(
    shop: Shop, *, first: int = 60, spoilt: bool = False, reason: str = "built from sample"
) -> ChangeSet:
    """A proposal of new top categories over the first products, by their shop's own second level.

    Every tenth product is left out; `spoilt` gives two categories each other's products.
    """
    products = list(islice(shop.store.catalogs.products(CATALOG), 0, first))
    shelves: dict[str, list[Product]] = defaultdict(list)
    for number, product in enumerate(products):
        if product.category_path and number % 10:
            shelves[product.category_path[-1]].append(product)
    names = list(shelves)
    held = list(shelves.values())
    if spoilt:
        held[0], held[1] = held[1], held[0]
    edits = list(_edits(names, held, reason))
    report = _report(shop, products, edits)
    with shop.uow() as uow:
        return editing.propose(
            uow, TAXONOMY, edits, author="build", source=Source.BUILD, reason=reason, report=report
        )


def _edits(names: Sequence[str], held: Sequence[Sequence[Product]], reason: str) -> Iterator[Edit]:
    draw = seeded_ids(reason)
    top = Node(draw(), f"All of {reason}")
    yield Create(top)
    nodes = [Node(draw(), name, top.id) for name in names]
    yield from map(Create, nodes)
    for node, some in zip(nodes, held, strict=True):
        yield Assign(CATALOG, node.id, tuple(product.id for product in some))


def _report(shop: Shop, products: Sequence[Product], edits: Sequence[Edit]) -> Report:
    tree = apply(shop.tree, edits, Source.BUILD).tree
    places: dict[ProductId, NodeId | None] = {}
    evidence = {}
    for edit in edits:
        if isinstance(edit, Assign):
            places |= dict.fromkeys(edit.product_ids, edit.node_id)
            name = tree.nodes[edit.node_id].name
            phrases = (Phrase(name, 1.5), Phrase(f"Fine {name}", 0.7))
            evidence[edit.node_id] = Evidence(phrases, (f"Fine {name}", f"{name} *5 $*"))
    vectors = words([product.title for product in products])
    return examine(tree, places, products, vectors, encode=words, evidence=evidence)
