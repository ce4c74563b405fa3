"""What any way of building a tree comes to: groups, coarser layers, and a hierarchy with products."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ingest.cluster.build import Built
from ingest.cluster.density import NOISE
from ingest.cluster.leftovers import centroids
from ingest.cluster.linkage import Indices, Merges, average_linkage
from ingest.cluster.reduce import unit
from taxonomy.node import ROOT_ID, Node, NodeId
from taxonomy.ports import Floats
from taxonomy.tree import Draft, Tree

__all__ = [
    "Arrangement",
    "attached",
    "cut",
    "from_built",
    "from_merges",
    "nearest_group",
    "tree_of",
    "two_by_two",
]

_BLOCK_ROWS = 4096


@dataclass(frozen=True)
class Arrangement:
    """Groups of products, in one form for all ways, so that all are judged by the same code.

    Attributes
    ----------
    leaves : (n,) int64
        The finest group of each product from 0, or `NOISE`.
    layers : tuple of (n,) int64
        Coarser groupings that it offers beside them.
    parents : (n_nodes,) int64
        The node above each node, -1 below the root. Parents come before their children.
    at : (n,) int64
        The node at which each product stands, -1 for the root alone.
    node_of : (n_groups,) int64
        The node of each finest group.
    wordings : tuple of tuple of str
        Names of all nodes, one tuple for each way to word them; none where nodes have no names.
    """

    leaves: Indices
    layers: tuple[Indices, ...]
    parents: Indices
    at: Indices
    node_of: Indices
    wordings: tuple[tuple[str, ...], ...] = ()

    @property
    def noise_share(self) -> float:
        """Part of the products that no finest group holds; 0 for no products."""
        return float((self.leaves == NOISE).mean()) if len(self.leaves) else 0.0


def from_built(built: Built) -> Arrangement:
    """Our tree: its leaves, each of its levels, and the tree itself."""
    nodes = list(built.tree.descendants())
    at_of = {node_id: at for at, node_id in enumerate(nodes)}
    parents = np.array([at_of.get(built.tree.nodes[one].parent_id, -1) for one in nodes], np.int64)
    placed = (one.node_id for one in built.memberships.values())
    at = np.array([NOISE if one is None else at_of[one] for one in placed], np.int64)
    depth = np.array([built.tree.depth(one) for one in nodes], np.int64)
    layers = tuple(_lifted(parents, depth, level)[at] for level in range(1, int(depth.max(initial=1))))
    held, leaves = np.unique(at[at != NOISE]), np.full(len(at), NOISE, np.int64)
    leaves[at != NOISE] = np.searchsorted(held, at[at != NOISE])
    names = tuple(built.tree.nodes[one].name for one in nodes)
    return Arrangement(leaves, layers, parents, at, held, (names,))


def from_merges(leaves: Indices, merges: Merges, counts: Sequence[int]) -> Arrangement:
    """Flat groups with a dendrogram over them, also cut to each of these numbers of groups.

    Parameters
    ----------
    leaves : (n,) int64
        Groups from 0, or `NOISE`.
    merges : (n_groups - 1, at least 2) float64
        As SciPy writes them, the loosest last.
    """
    n_groups = len(merges) + 1
    top = n_groups + len(merges) - 1
    parents = np.full(top + 1, -1, np.int64)
    for row, (a, b) in enumerate(np.asarray(merges)[:, :2].astype(int)):
        # Numbered from the loosest join down, so that opening nodes in order undoes the last joins first.
        parents[top - a] = parents[top - b] = top - (n_groups + row)
    node_of = top - np.arange(n_groups)
    at = np.append(node_of, NOISE)[leaves]
    return Arrangement(leaves, tuple(cut(parents, at, n) for n in counts), parents, at, node_of)


def cut(parents: Indices, at: Indices, n_groups: int) -> Indices:
    """The group of each product when nodes are opened in their order until there are so many groups.

    Parameters
    ----------
    parents : (n_nodes,) int64
        Parents before children, the loosest nodes first.
    at : (n,) int64
        Where products stand; one that stands at an opened node is in no group.
    """
    children = np.bincount(parents[parents >= 0], minlength=len(parents))
    n_open, opened = int((parents < 0).sum()), np.zeros(len(parents), bool)
    for node in np.flatnonzero(children).tolist():
        if n_open >= n_groups:
            break
        opened[node] = True
        n_open += int(children[node]) - 1
    group = np.full(len(parents), NOISE, np.int64)
    for node, above in enumerate(parents.tolist()):
        if not opened[node]:
            group[node] = node if above < 0 or opened[above] else group[above]
    return np.append(group, NOISE)[at]


def attached(arrangement: Arrangement, vectors: Floats) -> Arrangement:
    """The same, with each product that is noise put into the group whose centre is nearest.

    Parameters
    ----------
    vectors : (n, dim) float32
        What "near" is measured on, for every way alike.
    """
    leaves = nearest_group(vectors, arrangement.leaves)
    moved = (arrangement.leaves == NOISE) & (leaves != NOISE)
    at = arrangement.at.copy()
    at[moved] = arrangement.node_of[leaves[moved]]
    layers = tuple(nearest_group(vectors, layer) for layer in arrangement.layers)
    return replace(arrangement, leaves=leaves, layers=layers, at=at)


def nearest_group(vectors: Floats, groups: Indices) -> Indices:
    """The groups with noise given to the nearest centre by cosine; all noise where there is no group."""
    names, compact = np.unique(groups[groups != NOISE], return_inverse=True)
    lost = np.flatnonzero(groups == NOISE)
    if not len(names) or not len(lost):
        return groups
    numbered = np.full(len(groups), NOISE, np.int64)
    numbered[groups != NOISE] = compact
    middle, full = centroids(unit(vectors), numbered), groups.copy()
    for start in range(0, len(lost), _BLOCK_ROWS):
        rows = lost[start : start + _BLOCK_ROWS]
        full[rows] = names[(vectors[rows] @ middle.T).argmax(axis=1)]
    return full


def two_by_two(arrangement: Arrangement, vectors: Floats) -> Arrangement:
    """The same hierarchy with the children of each node joined in pairs, the nearest first.

    A binary tree knows more pairs apart than a shelf of ten; dendrograms should be compared with dendrograms.
    """
    n_nodes = len(arrangement.parents)
    sums = np.zeros((n_nodes, vectors.shape[1]), np.float64)
    held = arrangement.at >= 0
    np.add.at(sums, arrangement.at[held], unit(vectors)[held])
    families: dict[int, list[int]] = {}
    for node in range(n_nodes - 1, -1, -1):
        above = int(arrangement.parents[node])
        families.setdefault(above, []).append(node)
        if above >= 0:
            sums[above] += sums[node]
    middle, above_of = unit(sums), dict(enumerate(map(int, arrangement.parents)))
    for above, children in families.items():
        _join(children, above, middle, above_of)
    return _renumbered(arrangement, above_of)


def tree_of(arrangement: Arrangement, wording: int | None = None) -> tuple[Tree, list[NodeId | None]]:
    """The hierarchy as a tree, and where each product stands in it; nodes without a wording have numbers."""
    names = arrangement.wordings[wording] if wording is not None else None
    draft = Draft(Tree())
    for at, above in enumerate(arrangement.parents):
        parent = NodeId(str(above)) if above >= 0 else ROOT_ID
        draft.add(Node(NodeId(str(at)), (names and names[at]) or str(at), parent))
    return draft.tree(), [NodeId(str(at)) if at >= 0 else None for at in arrangement.at]


def _lifted(parents: Indices, depth: Indices, level: int) -> Indices:
    """For each node the one above it at this level (itself where it is higher); the last entry is noise."""
    lifted = np.arange(len(parents))
    for node in range(len(parents)):
        if depth[node] > level:
            lifted[node] = lifted[parents[node]]
    return np.append(lifted, NOISE)


def _join(children: Sequence[int], above: int, middle: Floats, above_of: dict[int, int]) -> None:
    """Put nodes between one and its children until each has two; changes `above_of`."""
    merges = average_linkage(middle[list(children)], np.ones(len(children), np.int64))
    first = len(above_of)
    for row, (a, b) in enumerate(merges[:-1, :2].astype(int)):
        for part in (a, b):
            above_of[_part(children, part, first)] = first + row
        above_of[first + row] = above


def _part(children: Sequence[int], part: int, first: int) -> int:
    return children[part] if part < len(children) else first + part - len(children)


def _renumbered(arrangement: Arrangement, above_of: Mapping[int, int]) -> Arrangement:
    below: dict[int, list[int]] = {}
    for node, above in above_of.items():
        below.setdefault(above, []).append(node)
    order, stack = list[int](), list(below.get(-1, ()))
    while stack:
        order.append(stack.pop())
        stack.extend(below.get(order[-1], ()))
    place = {node: at for at, node in enumerate(order)} | {-1: -1}
    lookup = np.array([place[node] for node in range(len(order))] + [-1], np.int64)
    parents = np.array([place[above_of[node]] for node in order], np.int64)
    return replace(
        arrangement,
        parents=parents,
        at=lookup[arrangement.at],
        node_of=lookup[arrangement.node_of],
        wordings=(),
    )
