"""How many of a built tree's names a shop's own names accept, and which rules of naming they break."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.cluster.meaning import Encode
from ingest.cluster.phrases import stem
from ingest.cluster.words import COLOURS, SIZES
from taxonomy.node import NodeId
from taxonomy.product import Path, Product, ProductId
from taxonomy.text import fold, normalise
from taxonomy.tree import Tree

__all__ = ["ACCEPTED_COSINE", "NameReport", "NodeName", "acceptance", "name_accepted", "score_names"]

ACCEPTED_COSINE = 0.6
"""Of the embeddings of two labels, by the default encoder: from here on they name one thing."""


@dataclass(frozen=True, slots=True)
class NodeName:
    """A node's name beside that of the shop's category that it is nearest to."""

    node_id: NodeId
    name: str
    wanted: str
    accepted: bool
    n_products: int


@dataclass(frozen=True, slots=True)
class NameReport:
    """Names against a shop's.

    Attributes
    ----------
    leaves : tuple of NodeName
        Leaves with a labelled product; wanted is the name of the category that most of them have.
    parents : tuple of NodeName
        Inner nodes; wanted is the category at any level whose products are most nearly theirs (F1).
    duplicates : tuple of str
        Names that two siblings share.
    improper : tuple of str
        Names that are a brand of the catalogue, or hold a size or a colour.
    """

    leaves: tuple[NodeName, ...]
    parents: tuple[NodeName, ...]
    duplicates: tuple[str, ...]
    improper: tuple[str, ...]

    @property
    def leaf_acceptance(self) -> float:
        """Share of leaves whose name is accepted, 0..1; 0 where there is none."""
        return _share(self.leaves)

    @property
    def parent_acceptance(self) -> float:
        """The same of inner nodes."""
        return _share(self.parents)


def name_accepted(name: str, wanted: str, encode: Encode) -> bool:
    """Whether two names are equal but for case, accents and plural, or near in meaning."""
    return acceptance([name], [wanted], encode)[0]


def acceptance(names: Sequence[str], wanted: Sequence[str], encode: Encode) -> list[bool]:
    """For each name whether it is as good as the wanted one.

    Parameters
    ----------
    names, wanted : sequence of str, of one length
    encode : Encode
        To unit rows; called once, not at all for no names.
    """
    texts = sorted({normalise(text) for text in (*names, *wanted)})
    if not texts:
        return []
    rows, at = encode(texts), {text: i for i, text in enumerate(texts)}
    cosines = np.sum(
        rows[[at[normalise(name)] for name in names]] * rows[[at[normalise(name)] for name in wanted]], axis=1
    )
    return [
        _plain(name) == _plain(want) or bool(cosine >= ACCEPTED_COSINE)
        for name, want, cosine in zip(names, wanted, cosines, strict=True)
    ]


def score_names(
    tree: Tree, places: Mapping[ProductId, NodeId | None], products: Sequence[Product], encode: Encode
) -> NameReport:
    """Judge the names of a tree by labels that its build did not see.

    Parameters
    ----------
    places : mapping of ProductId to NodeId or None
        Where products stand; those that stand nowhere, or have no path, say nothing.
    encode : Encode
        Of the default encoder, whatever made the tree.
    """
    below: dict[NodeId, list[Path]] = defaultdict(list)
    for product in products:
        if (at := places.get(product.id)) is not None and product.category_path:
            for node_id in tree.lineage(at):
                below[node_id].append(product.category_path)
    total = Counter(path[:n] for p in products for path in [p.category_path] for n in range(1, len(path) + 1))
    leaves = set(tree.leaves())
    wanted = {
        node_id: _commonest(paths)[-1] if node_id in leaves else _nearest(paths, total)
        for node_id, paths in below.items()
    }
    names = [tree.nodes[node_id].name for node_id in wanted]
    accepted = acceptance(names, list(wanted.values()), encode)
    judged = [
        NodeName(node_id, name, want, is_fit, len(below[node_id]))
        for (node_id, want), name, is_fit in zip(wanted.items(), names, accepted, strict=True)
    ]
    return NameReport(
        tuple(one for one in judged if one.node_id in leaves),
        tuple(one for one in judged if one.node_id not in leaves),
        _duplicates(tree),
        tuple(filter(_improper(products), (node.name for node in tree.nodes.values()))),
    )


def _share(judged: Sequence[NodeName]) -> float:
    return sum(one.accepted for one in judged) / max(len(judged), 1)


def _plain(name: str) -> list[str]:
    return [stem(word) for word in fold(name).split()]


def _commonest(paths: Sequence[Path]) -> Path:
    counts = Counter(paths)
    return min(counts, key=lambda path: (-counts[path], path))


def _nearest(paths: Sequence[Path], total: Mapping[Path, int]) -> str:
    inside = Counter(path[:n] for path in paths for n in range(1, len(path) + 1))
    f1 = {path: 2 * n / (len(paths) + total[path]) for path, n in inside.items()}
    return min(f1, key=lambda path: (-f1[path], path))[-1]


def _duplicates(tree: Tree) -> tuple[str, ...]:
    used = Counter((node.parent_id, fold(node.name)) for node in tree.nodes.values())
    return tuple(sorted(name for (_, name), n in used.items() if n > 1))


def _improper(products: Sequence[Product]) -> Callable[[str], bool]:
    brands = {fold(product.brand) for product in products} - {""}
    return lambda name: fold(name) in brands or not (COLOURS | SIZES).isdisjoint(fold(name).split())
