"""How many of the categories that a seed leaves out are found again as proposed nodes."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ingest.cluster.build import Built, build
from ingest.cluster.linkage import Indices
from ingest.cluster.meaning import Encode
from ingest.cluster.seeds import build_seeded, labelled_by_path
from taxonomy.node import NodeId
from taxonomy.ports import Floats, Progress, Silent
from taxonomy.product import Path, Product
from taxonomy.tree import Tree

__all__ = ["FOUND", "Gaps", "Recovery", "found_paths", "groups_of", "halves", "refind"]

FOUND = 0.5
"""Jaccard from which on a proposed node is the category that was left out."""

ENOUGH = 10
"""Products from which on a category counts as a larger one; smaller ones are below the size of a leaf."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """Shares of the categories left out that one way found, of all and of those of `ENOUGH` products."""

    found: float
    found_large: float
    n_proposed: int


@dataclass(frozen=True, slots=True)
class Gaps:
    """Of the same categories: a build on a seed, one without it, and k-means told how many there are."""

    n_left_out: int
    n_large: int
    seeded: Recovery
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
    share: float = 0.5,
    seed: int = 0,
    progress: Progress | None = None,
) -> Gaps:
    """Show some of the categories with their products, and look for the others in what is proposed.

    Parameters
    ----------
    products : sequence of Product
        With their paths, which the builds are only shown for the categories that are seeds.
    vectors : (n, dim) float32
    share : float
        Of the categories, drawn at random, that are shown.
    """
    from sklearn.cluster import KMeans

    progress = progress or Silent()
    truth = [one.category_path for one in products]
    shown, left_out = halves(truth, share=share, seed=seed)
    tree = Tree.from_paths(shown)
    examples = labelled_by_path(tree, [one for one in products if one.category_path in set(shown)])
    hidden = [replace(one, category_path=()) for one in products]
    seeded = build_seeded(
        hidden, vectors, tree=tree, encode=encode, labelled=examples, seed=seed, progress=progress
    ).built
    free = build(hidden, vectors, seed=seed, encode=encode, progress=progress)
    progress.start("k-means")
    near = KMeans(len(set(truth)), random_state=seed, n_init=1).fit(vectors).labels_
    sizes = Counter(truth)
    counts = {path: sizes[path] for path in left_out}
    return Gaps(
        len(left_out),
        sum(n >= ENOUGH for n in counts.values()),
        _recovery(counts, truth, groups_of(seeded, skip=frozenset(tree.nodes))),
        _recovery(counts, truth, groups_of(free)),
        _recovery(counts, truth, [np.flatnonzero(near == one) for one in range(int(near.max()) + 1)]),
    )


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
    large = {path for path, n in counts.items() if n >= ENOUGH}
    return Recovery(len(found) / max(len(counts), 1), len(found & large) / max(len(large), 1), len(groups))
