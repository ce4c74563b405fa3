"""What you would take instead to make a tree of a catalogue, on the same vectors and in its defaults."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from ingest.cluster.density import NOISE
from ingest.cluster.linkage import Indices, Merges
from ingest.evaluate.build_arrangement import Arrangement, cut, from_merges
from taxonomy.ports import Floats

if TYPE_CHECKING:
    from hdbscan import HDBSCAN

__all__ = ["Case", "Peer", "run_peer"]

PCA_DIMS = 30  # what tutorials take before HDBSCAN
UMAP_DIMS, UMAP_NEIGHBOURS = 5, 15  # BERTopic's own, which most people copy
WORDS = (1, 2, 4)  # BERTopic prints four words of a topic; one or two of them make a shorter name
_NOTHING_JOINED: Merges = np.empty((0, 4))


class Peer(StrEnum):
    """A way to cluster embeddings that people use today."""

    BERTOPIC = "bertopic"
    EVOC = "evoc"
    UMAP = "umap"
    PCA = "pca"
    K_MEANS = "k-means"


@dataclass(frozen=True)
class Case:
    """What every peer is given.

    Attributes
    ----------
    titles : tuple of str, length n
    vectors : (n, dim) float32
    counts : tuple of int
        How many categories the shop's tree has at each level, the leaves last. Nobody knows them in practice;
        k-means has to be told, and dendrograms are cut to them.
    """

    titles: tuple[str, ...]
    vectors: Floats
    counts: tuple[int, ...]


def run_peer(peer: Peer, case: Case, *, seed: int | None = 0) -> Arrangement:
    """Groups and hierarchy of one peer.

    Parameters
    ----------
    seed : int or None
        None lets UMAP use all cores, at which it is faster and never the same.
    """
    match peer:
        case Peer.BERTOPIC:
            return _bertopic(case, seed)
        case Peer.EVOC:
            return _evoc(case, seed)
        case Peer.K_MEANS:
            return _k_means(case, seed)
        case Peer.PCA:
            return _dense(_pca(case.vectors, seed), case.counts)
        case Peer.UMAP:
            return _dense(_umap(seed).fit_transform(case.vectors), case.counts)


def _umap(seed: int | None) -> "_Reducer":
    import umap

    made: _Reducer = umap.UMAP(
        n_neighbors=UMAP_NEIGHBOURS,
        n_components=UMAP_DIMS,
        min_dist=0.0,
        metric="cosine",
        random_state=seed,
        n_jobs=-1 if seed is None else 1,
    )
    return made


class _Reducer:
    """The part of UMAP that is used, for the type checker; never made."""

    def fit_transform(self, vectors: Floats) -> Floats:
        """Fewer dimensions."""
        raise NotImplementedError


def _pca(vectors: Floats, seed: int | None) -> Floats:
    from sklearn.decomposition import PCA

    points: Floats = PCA(min(PCA_DIMS, *vectors.shape), random_state=seed).fit_transform(vectors)
    return points


def _dense(points: Floats, counts: Sequence[int]) -> Arrangement:
    """HDBSCAN in its defaults, its leaf clusters as a layer, and its condensed tree as hierarchy."""
    from hdbscan import HDBSCAN

    fitted = HDBSCAN().fit(points)
    leaves = np.asarray(fitted.labels_, np.int64)
    small = np.asarray(HDBSCAN(cluster_selection_method="leaf").fit(points).labels_, np.int64)
    parents, at = _condensed(fitted, len(points))
    groups = range(leaves.max(initial=NOISE) + 1)
    node_of = np.array([_meet(parents, at[leaves == one]) for one in groups], np.int64)
    layers = (small, *(cut(parents, at, n) for n in counts))
    return Arrangement(leaves, layers, parents, at, node_of)


def _condensed(fitted: "HDBSCAN", n: int) -> tuple[Indices, Indices]:
    """Parents, the first to split first, and the node that each product left last."""
    rows = fitted.condensed_tree_.to_numpy()
    splits = rows[rows["child_size"] > 1]
    opens = {int(row["parent"]): float(row["lambda_val"]) for row in splits}
    clusters = sorted({n} | {int(row["child"]) for row in splits})
    order = sorted(clusters, key=lambda one: (one not in opens, opens.get(one, 0.0), one))
    place = {one: at for at, one in enumerate(order)}
    parents, at = np.full(len(order), -1, np.int64), np.full(n, -1, np.int64)
    for row in splits:
        parents[place[int(row["child"])]] = place[int(row["parent"])]
    for row in rows[rows["child_size"] == 1]:
        at[int(row["child"])] = place[int(row["parent"])]
    return parents, at


def _meet(parents: Indices, nodes: Indices) -> int:
    """The lowest node at or above all of these."""
    waiting = set(nodes.tolist())
    while len(waiting) > 1:
        lowest = max(waiting)  # parents come before their children
        waiting.discard(lowest)
        waiting.add(int(parents[lowest]))
    return int(waiting.pop())


def _k_means(case: Case, seed: int | None) -> Arrangement:
    """k-means given the true number of leaves, and Ward's tree over its centres."""
    from scipy.cluster.hierarchy import linkage
    from sklearn.cluster import KMeans

    fitted = KMeans(min(case.counts[-1], len(case.vectors)), random_state=seed, n_init=1).fit(case.vectors)
    used, leaves = np.unique(fitted.labels_, return_inverse=True)
    centres = fitted.cluster_centers_[used]
    merges = linkage(centres, "ward") if len(used) > 1 else _NOTHING_JOINED
    return from_merges(leaves.astype(np.int64), merges, case.counts)


def _bertopic(case: Case, seed: int | None) -> Arrangement:
    """Its topics, its `hierarchical_topics`, and its words for each topic."""
    from bertopic import BERTopic

    model = BERTopic(umap_model=_umap(seed))  # its own default, but for the seed
    topics, _ = model.fit_transform(list(case.titles), case.vectors)
    leaves = np.asarray(topics, np.int64)
    n_topics = int(leaves.max(initial=NOISE)) + 1
    found = from_merges(leaves, _topic_merges(model, case, n_topics), case.counts)
    words = [[word for word, _ in model.get_topic(topic)] for topic in range(n_topics)]
    wordings = (_worded(found, [" ".join(own[:n]) for own in words]) for n in WORDS)
    return replace(found, wordings=tuple(wordings))


def _topic_merges(model: object, case: Case, n_topics: int) -> Merges:
    if n_topics < 2:
        return _NOTHING_JOINED
    table = model.hierarchical_topics(list(case.titles))  # type: ignore[attr-defined]
    rows = sorted(
        (int(up), int(left), int(right))
        for up, left, right in zip(
            table["Parent_ID"], table["Child_Left_ID"], table["Child_Right_ID"], strict=True
        )
    )
    return np.array([[left, right] for _, left, right in rows], np.float64)


def _worded(arrangement: Arrangement, names: Sequence[str]) -> tuple[str, ...]:
    """Names of the finest groups at their nodes; no name at the others."""
    of = {int(node): name for node, name in zip(arrangement.node_of, names, strict=True)}
    return tuple(of.get(node, "") for node in range(len(arrangement.parents)))


def _evoc(case: Case, seed: int | None) -> Arrangement:
    """All its layers, and the tree that it makes of them."""
    from evoc import EVoC

    model = EVoC(random_state=seed)
    model.fit(np.ascontiguousarray(case.vectors, np.float32))
    layers = [np.asarray(layer, np.int64) for layer in model.cluster_layers_]
    return _layered(layers, model.cluster_tree_)


Spot = tuple[int, int]


def _layered(layers: Sequence[Indices], tree: dict[Spot, list[Spot]]) -> Arrangement:
    """Layers, the finest first, joined by evoc's own tree of (layer, cluster)."""
    above = {(int(a), int(b)): (int(up), int(to)) for (up, to), parts in tree.items() for a, b in parts}
    sizes = [int(layer.max(initial=NOISE)) + 1 for layer in layers]
    spots = [(at, group) for at in reversed(range(len(layers))) for group in range(sizes[at])]
    place = {spot: node for node, spot in enumerate(spots)}
    parents = np.array([place.get(above.get(spot, (-1, -1)), -1) for spot in spots], np.int64)
    at = np.full(len(layers[0]), -1, np.int64)
    for up in reversed(range(len(layers))):  # a finer layer that holds a product has the last word
        held = layers[up] != NOISE
        at[held] = [place[up, int(group)] for group in layers[up][held]]
    node_of = np.array([place[0, group] for group in range(sizes[0])], np.int64)
    return Arrangement(layers[0], tuple(layers[1:]), parents, at, node_of)
