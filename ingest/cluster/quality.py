"""How good a tree is by itself, without knowing the right one: as a whole, and category by category."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from ingest.cluster.density import NOISE
from ingest.cluster.leftovers import centroids, means
from ingest.cluster.linkage import Indices
from ingest.cluster.meaning import Encode
from ingest.cluster.reduce import unit
from taxonomy.formats.tree_json import Evidence
from taxonomy.node import NodeId
from taxonomy.ports import Floats
from taxonomy.product import Product
from taxonomy.proposal import TWIN_SIM, NodeQuality, Quality, Report, Wording
from taxonomy.tree import Tree
from taxonomy.versus import Places

__all__ = ["examine", "judge"]

_EXAMPLES = 5  # typical products of a node
_NOISE_EXAMPLES = 30  # enough to see whether they have something in common
_PHRASES = 6
_BLOCK_ROWS = 4096

Reals = NDArray[np.float64]


def judge(vectors: Floats, leaves: Indices) -> Quality:
    """Quality of a partition into leaves; names are not looked at.

    Parameters
    ----------
    vectors : (n, dim) float32, unit rows
    leaves : (n,) int64
        A leaf from 0, none of them empty, or `NOISE`. No products give zeros.
    """
    held = leaves != NOISE
    if not held.any():
        return Quality(len(vectors), 0, 0.0, 0.0, 0.0, float(len(vectors) > 0))
    mean = means(vectors, leaves)
    middle = unit(mean)
    _, sims = _nearest(middle)
    shares = np.bincount(leaves[held]) / held.sum()
    entropy = float(-(shares * np.log(shares)).sum())
    return Quality(
        len(vectors),
        len(middle),
        cohesion=float(np.linalg.norm(mean, axis=1) @ shares),  # mean cosine to the centre
        separation=float((1 - sims).mean()),
        balance=entropy / float(np.log(len(middle))) if len(middle) > 1 else 1.0,
        noise_share=float(1 - held.mean()),
        redundancy=float((sims >= TWIN_SIM).mean()),
    )


def examine(
    tree: Tree,
    places: Places,
    products: Sequence[Product],
    vectors: Floats,
    *,
    encode: Encode,
    evidence: Mapping[NodeId, Evidence] | None = None,
) -> Report:
    """A tree, measured by the products that stand in it, with titles to judge it by.

    Nodes without products are left out.

    Parameters
    ----------
    tree : Tree
    places : mapping of ProductId to NodeId or None
        Where products stand; a product that is not named stands nowhere.
    products : sequence of Product
        No products give zeros.
    vectors : (n, dim) float32
        One per product, of any encoder.
    encode : Encode
        Of the same encoder; reads the names.
    evidence : mapping of NodeId to Evidence, optional
        The phrases and other names of nodes.
    """
    lineages = [() if (at := places.get(one.id)) is None else tree.lineage(at) for one in products]
    order = {node_id: number for number, node_id in enumerate(tree.descendants())}
    titles = [product.title for product in products]
    measuring = _Measuring(tree, titles, unit(vectors), encode, evidence or {})
    shelf_of = [lineage[-1:] for lineage in lineages]
    nodes = [*measuring.measure(_Peers.of(shelf_of, order), is_shelf=True)]
    shelves = {one.node_id for one in nodes}
    for level in range(max(map(len, lineages), default=0)):
        above = [lineage[level : level + 1] for lineage in lineages]
        inner = [() if shelves.issuperset(at) else at for at in above]
        nodes += measuring.measure(_Peers.of(inner, order), is_shelf=False)
    own = _Peers.of(shelf_of, order).labels
    fitting = sum(one.name_fit * n for one, n in zip(nodes, np.bincount(own[own != NOISE]), strict=False))
    nowhere = [title for title, lineage in zip(titles, lineages, strict=True) if not lineage]
    return Report(
        replace(judge(measuring.rows, own), name_fit=float(fitting) / max(int((own != NOISE).sum()), 1)),
        tuple(sorted(nodes, key=lambda one: order[one.node_id])),
        tuple(nowhere[:: max(1, len(nowhere) // _NOISE_EXAMPLES)][:_NOISE_EXAMPLES]),
    )


@dataclass(frozen=True)
class _Peers:
    """Nodes that are compared with each other, and to which of them each product belongs, or `NOISE`."""

    ids: tuple[NodeId, ...]
    labels: Indices

    @classmethod
    def of(cls, at: Sequence[Sequence[NodeId]], order: Mapping[NodeId, int]) -> Self:
        """Peers of which each product belongs to one or none."""
        ids = tuple(sorted({node_id for one in at for node_id in one}, key=order.__getitem__))
        number = {node_id: i for i, node_id in enumerate(ids)}
        return cls(ids, np.array([number[one[0]] if one else NOISE for one in at], np.int64))

    def members(self) -> list[Indices]:
        """The products of each."""
        ordered = np.argsort(self.labels, kind="stable")
        bounds = np.searchsorted(self.labels[ordered], np.arange(len(self.ids) + 1))
        return [ordered[a:b] for a, b in pairwise(bounds)]


@dataclass(frozen=True)
class _Measuring:
    """Products by their titles and vectors, and what reads names."""

    tree: Tree
    titles: Sequence[str]
    rows: Floats
    encode: Encode
    evidence: Mapping[NodeId, Evidence]

    def measure(self, peers: _Peers, *, is_shelf: bool) -> Iterator[NodeQuality]:
        """Each of the peers, in their order."""
        if not peers.ids:
            return
        middle, members = centroids(self.rows, peers.labels), peers.members()
        nearest, sims = _nearest(middle)
        own_sims = [self.rows[held] @ middle[i] for i, held in enumerate(members)]
        cohesion = [float(sims_of.mean()) for sims_of in own_sims]
        names = _Names(self.rows, self.encode, [self.tree.nodes[one].name for one in peers.ids])
        own, best_other = names.sims(self.rows, peers.labels)
        fits = [float((own[held] > best_other[held]).mean()) for held in members]
        weakness = _weakness(cohesion, fits, sims)
        for i, (node_id, held) in enumerate(zip(peers.ids, members, strict=True)):
            known = self.evidence.get(node_id, Evidence())
            others = names.fits(known.alternatives, self.rows[held], best_other[held])
            yield NodeQuality(
                node_id,
                self.tree.nodes[node_id].name,
                len(held),
                is_shelf,
                cohesion=round(cohesion[i], 4),
                nearest_id=peers.ids[nearest[i]] if len(peers.ids) > 1 else None,
                nearest_sim=round(float(sims[i]), 4) if len(peers.ids) > 1 else 0.0,
                name_fit=round(fits[i], 4),
                weakness=round(float(weakness[i]), 4),
                phrases=tuple(Wording(one.text, one.score) for one in known.phrases[:_PHRASES]),
                alternatives=tuple(Wording(*one) for one in zip(known.alternatives, others, strict=True)),
                examples=self._typical(held[np.argsort(-own_sims[i], kind="stable")]),
            )

    def _typical(self, held: Indices) -> tuple[str, ...]:
        """Different titles, those nearest to the centre first."""
        return tuple(islice(dict.fromkeys(self.titles[product] for product in held), _EXAMPLES))


class _Names:
    """Names in the space of products, each side centred, so that what all have in common says nothing."""

    def __init__(self, rows: Floats, encode: Encode, names: Sequence[str]) -> None:
        self._encode, self._mean = encode, rows.mean(axis=0)
        raw = self._read(names)
        self._name_mean = raw.mean(axis=0)
        self._rows = unit(raw - self._name_mean)

    def _read(self, names: Sequence[str]) -> Floats:
        return self._encode([name.casefold() for name in names])

    def sims(self, rows: Floats, labels: Indices) -> tuple[Floats, Floats]:
        """Of each product the cosine to its own node's name, and to the best of the others."""
        own, best = np.zeros(len(rows), np.float32), np.full(len(rows), -np.inf, np.float32)
        for start in range(0, len(rows), _BLOCK_ROWS):
            block = slice(start, start + _BLOCK_ROWS)
            sims = unit(rows[block] - self._mean) @ self._rows.T
            at = labels[block, None]  # NOISE takes the last name: nobody reads it
            own[block] = np.take_along_axis(sims, at, axis=1)[:, 0]
            np.put_along_axis(sims, at, -np.inf, axis=1)
            best[block] = sims.max(axis=1)
        return own, best

    def fits(self, names: Sequence[str], rows: Floats, best_other: Floats) -> list[float]:
        """The part of the products that would be nearer to each of these names than to any peer's."""
        if not names:
            return []
        sims = unit(rows - self._mean) @ unit(self._read(names) - self._name_mean).T
        return [round(float(fit), 4) for fit in (sims > best_other[:, None]).mean(axis=0)]


def _nearest(middle: Floats) -> tuple[Indices, Floats]:
    """The nearest other centre of each, and the cosine to it; itself and 0 for one that is alone."""
    if len(middle) < 2:
        return np.zeros(len(middle), np.int64), np.zeros(len(middle), np.float32)
    sims = middle @ middle.T
    np.fill_diagonal(sims, -np.inf)
    return sims.argmax(axis=1), sims.max(axis=1)


def _weakness(cohesion: Sequence[float], fits: Sequence[float], sims: Floats) -> Reals:
    """The mean of three ranks, 0 for the strongest of all and 1 for the weakest."""
    ranks = sum(rankdata(figure) - 1 for figure in (-np.array(cohesion), -np.array(fits), sims))
    weakness: Reals = np.asarray(ranks / 3 / max(len(fits) - 1, 1), np.float64)
    return weakness
