"""How many of the categories that a seed leaves out are found again as proposed nodes."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ingest.cluster.build import Built, build
from ingest.cluster.linkage import Indices
from ingest.cluster.meaning import Encode
from ingest.cluster.seeds import build_seeded, labelled_by_path
from ingest.cluster.shape import SMALLEST
from taxonomy.node import NodeId
from taxonomy.ports import Floats, Progress, Silent
from taxonomy.product import Path, Product, ProductId
from taxonomy.tree import Tree

__all__ = [
    "ENOUGH",
    "FOUND",
    "Filled",
    "Gaps",
    "Recovery",
    "Teach",
    "found_paths",
    "groups_of",
    "halves",
    "refind",
]

Teach = Callable[[Sequence[Product]], Floats]
"""Labelled products to the vectors of all, (n, dim) float32, by an encoder that was trained on these."""

FOUND = 0.5
"""Jaccard from which on a proposed node is the category that was left out."""

ENOUGH = 10
"""Products from which on a category counts as a larger one."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """Shares of the categories left out that one way found: of all, from `SMALLEST`, and from `ENOUGH` on."""

    found: float
    found_leaves: float
    found_large: float
    n_proposed: int


@dataclass(frozen=True, slots=True)
class Filled:
    """Where products of shown categories stand that were no examples, as shares of them; 0 without any.

    Attributes
    ----------
    own, other : float
        In their own category, in another known one.
    proposed, nowhere : float
        In a new node; called noise.
    """

    own: float
    other: float
    proposed: float
    nowhere: float


@dataclass(frozen=True, slots=True)
class Gaps:
    """Of the same categories: builds on a seed, one without it, and k-means told how many there are.

    Attributes
    ----------
    n_left_out, n_small, n_large : int
        Categories that are looked for; those of them below the size of a leaf, `SMALLEST`, and from `ENOUGH`.
    seeded : Recovery
        All products of the categories shown were examples.
    taught : Recovery or None
        All were, and an encoder had been trained on them.
    partly : Recovery
        Only some of them were.
    filled : Filled
        What became of the others then.
    unseeded, k_means : Recovery
    """

    n_left_out: int
    n_small: int
    n_large: int
    seeded: Recovery
    taught: Recovery | None
    partly: Recovery
    filled: Filled
    unseeded: Recovery
    k_means: Recovery


def halves(truth: Sequence[Path], *, share: float = 0.5, seed: int = 0) -> tuple[list[Path], list[Path]]:
    """The categories that are shown and those left out, drawn at random."""
    paths = sorted(set(truth) - {()})
    order = np.random.default_rng(seed).permutation(len(paths))
    n_shown = round(share * len(paths))
    return [paths[at] for at in sorted(order[:n_shown])], [paths[at] for at in sorted(order[n_shown:])]


def refind(
    products: Sequence[Product],
    vectors: Floats,
    *,
    encode: Encode,
    teach: Teach | None = None,
    share: float = 0.5,
    examples: float = 0.5,
    seed: int = 0,
    progress: Progress | None = None,
) -> Gaps:
    """Show some of the categories with their products, and look for the others in what is proposed.

    Parameters
    ----------
    products : sequence of Product
        With their paths, which the builds are only shown for the categories that are seeds.
    vectors : (n, dim) float32
    teach : callable, optional
        Makes of the products of the categories that are shown what a build is told beside `vectors`.
    share : float
        Of the categories, drawn at random, that are shown.
    examples : float
        Of the products of these, drawn at random, that are shown to the build which is to fill in the others.
    """
    from sklearn.cluster import KMeans

    progress = progress or Silent()
    truth = [one.category_path for one in products]
    shown, left_out = halves(truth, share=share, seed=seed)
    tree = Tree.from_paths(shown)
    labelled = [one for one in products if one.category_path in set(shown)]
    places = labelled_by_path(tree, labelled)
    drawn = np.random.default_rng(seed).random(len(places)) < examples
    some = {product_id: at for (product_id, at), is_one in zip(places.items(), drawn, strict=True) if is_one}
    hidden = [replace(one, category_path=()) for one in products]
    grow = partial(build_seeded, hidden, vectors, tree=tree, encode=encode, seed=seed, progress=progress)
    seeded, partly = (grow(labelled=labels).built for labels in (places, some))
    taught = grow(labelled=places, taught=teach(labelled)).built if teach else None
    free = build(hidden, vectors, seed=seed, encode=encode, progress=progress)
    progress.start("k-means")
    near = KMeans(len(set(truth)), random_state=seed, n_init=1).fit(vectors).labels_
    sizes = Counter(truth)
    counts = {path: sizes[path] for path in left_out}
    known = frozenset(tree.nodes)
    return Gaps(
        len(left_out),
        sum(n < SMALLEST for n in counts.values()),
        sum(n >= ENOUGH for n in counts.values()),
        _recovery(counts, truth, groups_of(seeded, skip=known)),
        _recovery(counts, truth, groups_of(taught, skip=known)) if taught else None,
        _recovery(counts, truth, groups_of(partly, skip=known)),
        _filled(partly, known, {one: at for one, at in places.items() if one not in some}),
        _recovery(counts, truth, groups_of(free)),
        _recovery(counts, truth, [np.flatnonzero(near == one) for one in range(int(near.max()) + 1)]),
    )


def _filled(built: Built, known: frozenset[NodeId], places: Mapping[ProductId, NodeId]) -> Filled:
    found = [(built.memberships[one].node_id, at) for one, at in places.items()]
    n = max(len(found), 1)
    own, nowhere = sum(is_at == at for is_at, at in found), sum(is_at is None for is_at, _ in found)
    other = sum(is_at in known and is_at != at for is_at, at in found)
    return Filled(own / n, other / n, (len(found) - own - other - nowhere) / n, nowhere / n)


def groups_of(built: Built, *, skip: frozenset[NodeId] = frozenset()) -> list[Indices]:
    """The positions of the products at or below each node, but for nodes to skip."""
    below: dict[NodeId, list[int]] = {}
    for at, member in enumerate(built.memberships.values()):
        for node_id in built.tree.lineage(member.node_id) if member.node_id is not None else ():
            below.setdefault(node_id, []).append(at)
    return [np.array(own, np.int64) for node_id, own in below.items() if node_id not in skip]


def found_paths(
    counts: Mapping[Path, int], truth: Sequence[Path], groups: Iterable[Indices]
) -> frozenset[Path]:
    """Those categories of which a group has its majority, with a Jaccard of `FOUND` or more.

    Parameters
    ----------
    counts : mapping of Path to int
        The categories that are looked for, and how many products each has.
    """
    found = set()
    for own in groups:
        inside = Counter(truth[at] for at in own)
        path, n = min(inside.items(), key=lambda pair: (-pair[1], pair[0]))
        if path in counts and 2 * n > len(own) and n / (len(own) + counts[path] - n) >= FOUND:
            found.add(path)
    return frozenset(found)


def _recovery(counts: Mapping[Path, int], truth: Sequence[Path], groups: Sequence[Indices]) -> Recovery:
    found = found_paths(counts, truth, groups)
    every, leaves, large = (
        len(found & some) / max(len(some), 1)
        for some in ({path for path, n in counts.items() if n >= least} for least in (1, SMALLEST, ENOUGH))
    )
    return Recovery(every, leaves, large, len(groups))
