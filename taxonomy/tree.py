"""A category tree: an immutable `Tree` to read, and a mutable `Draft` that edits are applied to."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import networkx as nx

from taxonomy import digest
from taxonomy.digest import Touched
from taxonomy.errors import UnknownId
from taxonomy.node import ROOT_ID, Attribute, Node, NodeId, Restriction
from taxonomy.product import Path, join_path
from taxonomy.redirects import Redirect, resolve, successors
from taxonomy.text import fold

__all__ = ["Draft", "Tree", "path_id"]

_NOTHING = object()

Children = dict[NodeId, tuple[NodeId, ...]]


@dataclass(frozen=True, slots=True)
class _Origin:
    """Which tree another was drafted from, and what was touched on the way."""

    mark: object
    touched: Touched


@dataclass(frozen=True)
class Tree:
    """One version of a tree.

    Attributes
    ----------
    nodes : mapping of NodeId to Node
        All live nodes but the hidden root.
    children : mapping of NodeId to tuple of NodeId
        Ordered children; nodes without any may be missing. The root's are the top categories.
    redirects : mapping of NodeId to Redirect
        Where each retired id leads.
    pins : mapping of str to NodeId
        Queries, folded, that a person sent to a node whatever the machine says; the node may have retired
        since and is to be resolved.
    version : int
        Counts applied change sets; 0 is the empty tree.

    Examples
    --------
    >>> tree = Tree.from_paths([("Garden", "Tools"), ("Garden", "Seeds")])
    >>> [tree.path(leaf) for leaf in tree.leaves()]
    [('Garden', 'Tools'), ('Garden', 'Seeds')]
    """

    nodes: Mapping[NodeId, Node] = field(default_factory=dict)
    children: Mapping[NodeId, tuple[NodeId, ...]] = field(default_factory=dict)
    redirects: Mapping[NodeId, Redirect] = field(default_factory=dict)
    version: int = 0
    pins: Mapping[str, NodeId] = field(default_factory=dict)

    @classmethod
    def from_paths(cls, paths: Iterable[Path]) -> "Tree":
        """The tree of these paths, ancestors included, in order of appearance.

        Ids follow from the paths alone, so that two files with the same paths agree on them. For trees that
        live in files only; a stored tree gets ids that outlive its paths.
        """
        draft = Draft(cls())
        known: dict[Path, NodeId] = {(): ROOT_ID}
        for path in paths:
            for end in range(1, len(path) + 1):
                if path[:end] in known:
                    continue
                known[path[:end]] = path_id(path[:end])
                draft.add(Node(known[path[:end]], path[end - 1], known[path[: end - 1]]))
        return draft.tree()

    def __contains__(self, node_id: object) -> bool:
        return node_id in self.nodes or node_id == ROOT_ID

    def __len__(self) -> int:
        return len(self.nodes)

    def node(self, node_id: NodeId) -> Node:
        """The live node of this id.

        Raises
        ------
        UnknownId
            There is none; the message names the redirect if the id is retired.
        """
        try:
            return self.nodes[node_id]
        except KeyError:
            raise UnknownId("node", node_id, self._hint(node_id)) from None

    def children_of(self, node_id: NodeId) -> tuple[NodeId, ...]:
        """Ordered ids of the children; none for a leaf."""
        return self.children.get(node_id, ())

    def is_leaf(self, node_id: NodeId) -> bool:
        """Whether nothing stands below the node."""
        return not self.children.get(node_id)

    def ancestors(self, node_id: NodeId) -> tuple[NodeId, ...]:
        """From the top category down to the node's parent; empty for a top category."""
        chain: list[NodeId] = []
        at = self.node(node_id).parent_id
        while at != ROOT_ID:
            chain.append(at)
            at = self.nodes[at].parent_id
        return tuple(reversed(chain))

    def lineage(self, node_id: NodeId) -> tuple[NodeId, ...]:
        """The ancestors and then the node itself; empty for the root."""
        return () if node_id == ROOT_ID else (*self.ancestors(node_id), node_id)

    def depth(self, node_id: NodeId) -> int:
        """0 for the root, 1 for a top category."""
        return len(self.lineage(node_id))

    def path(self, node_id: NodeId) -> Path:
        """Names from the top category to the node."""
        return tuple(self.nodes[at].name for at in self.lineage(node_id))

    def label(self, node_id: NodeId) -> str:
        """The path as one line."""
        return join_path(self.path(node_id))

    def find(self, path: Path) -> NodeId | None:
        """The node at this path, names compared without case and accents; None if there is none."""
        return self._by_path.get(tuple(map(fold, path)))

    def descendants(self, node_id: NodeId = ROOT_ID) -> Iterator[NodeId]:
        """Everything below the node, parents before children, in display order."""
        stack = list(reversed(self.children_of(node_id)))
        while stack:
            at = stack.pop()
            yield at
            stack.extend(reversed(self.children_of(at)))

    def leaves(self, node_id: NodeId = ROOT_ID) -> Iterator[NodeId]:
        """The leaves below the node, in display order."""
        return (at for at in self.descendants(node_id) if self.is_leaf(at))

    def lca(self, one: NodeId, other: NodeId) -> NodeId:
        """The deepest node above (or at) both; the root if they share nothing."""
        shared = ROOT_ID
        for a, b in zip(self.lineage(one), self.lineage(other), strict=False):
            if a != b:
                break
            shared = a
        return shared

    def resolve(self, node_id: NodeId) -> NodeId:
        """The live node that an id, live or retired, stands for now.

        Raises
        ------
        UnknownId
            The id was never given out.
        """
        if node_id in self:
            return node_id
        return resolve(self.redirects, node_id)

    def successors(self, node_id: NodeId) -> dict[NodeId, float]:
        """Every live node that an id stands for now, with its share of the products, the largest first.

        Raises
        ------
        UnknownId
            The id was never given out.
        """
        if node_id not in self and node_id not in self.redirects:
            raise UnknownId("node", node_id, "it was never part of this tree")
        return successors(self.redirects, node_id)

    def attributes(self, node_id: NodeId) -> tuple[Attribute, ...]:
        """What the shop asks of the node's products: its own attributes and those it inherits.

        A node's own definition of a name hides one from above.
        """
        found: dict[str, Attribute] = {}
        for at in self.lineage(node_id):
            found |= {fold(one.name): one for one in self.nodes[at].attributes}
        return tuple(found.values())

    def restrictions(self, node_id: NodeId) -> tuple[Restriction, ...]:
        """The node's own restrictions and those of everything above it."""
        return tuple(
            dict.fromkeys(one for at in self.lineage(node_id) for one in self.nodes[at].restrictions)
        )

    def pinned(self, query: str) -> NodeId | None:
        """The live node that a person sent this query to; None if nobody did, or the node went for good."""
        held = self.pins.get(fold(query))
        if held is None or (at := self.resolve(held)) == ROOT_ID:
            return None
        return at

    def graph(self) -> "nx.DiGraph[NodeId]":
        """The tree as a networkx view for analysis, edges from parent to child, the root included."""
        graph = nx.DiGraph()
        graph.add_node(ROOT_ID)
        graph.add_edges_from((node.parent_id, node.id) for node in self.nodes.values())
        return graph

    def digest(self) -> str:
        """A hash of nodes, order, redirects and pins; equal trees of any version have equal digests."""
        return f"{self._digest:064x}"

    @property
    def known_digest(self) -> str | None:
        """The digest where it costs nothing: somebody asked for it, or it followed from an edit."""
        return self.digest() if "_digest" in self.__dict__ else None

    def touched_since(self, before: "Tree") -> Touched | None:
        """What may differ from the tree that this one was drafted from; None if it was not `before`."""
        origin: _Origin | None = self.__dict__.get("_origin")
        return origin.touched if origin and origin.mark is before._mark else None

    @cached_property
    def _mark(self) -> object:
        """Tells this object from all others, without keeping it alive as a reference would."""
        return object()

    @cached_property
    def _digest(self) -> int:
        return digest.whole(self.nodes, self.children, self.redirects, self.pins)

    @cached_property
    def _by_path(self) -> dict[Path, NodeId]:
        index: dict[Path, NodeId] = {}
        folded: dict[NodeId, Path] = {ROOT_ID: ()}
        for at in self.descendants():
            node = self.nodes[at]
            folded[at] = (*folded[node.parent_id], fold(node.name))
            index.setdefault(folded[at], at)
        return index

    def _hint(self, node_id: NodeId) -> str:
        if node_id not in self.redirects:
            return "list the tree to see the ids that exist"
        return f"it was retired; its place is taken by {self.resolve(node_id)}"


def path_id(path: Path, *salt: str) -> NodeId:
    """The id of a node in a tree that lives in files only: the same path gives the same id everywhere.

    >>> path_id(("Garden",)) == path_id(("Garden",)) != path_id(("Garden",), "a second one")
    True
    """
    return NodeId("p" + hashlib.sha256("\0".join((*path, *salt)).encode()).hexdigest()[:24])


class Draft:
    """A tree being changed. Copying costs one shallow copy a change set, not one an edit.

    Its methods keep `nodes` and `children` in step and remember what they touched, so that everything that
    follows from a change costs as much as changed; they check nothing: the rules are in
    `taxonomy.invariants`, what an edit means is in `taxonomy.edits`.
    """

    def __init__(self, tree: Tree) -> None:
        self.base = tree
        self.nodes: dict[NodeId, Node] = dict(tree.nodes)
        self.children: Children = dict(tree.children)
        self.redirects: dict[NodeId, Redirect] = dict(tree.redirects)
        self.pins: dict[str, NodeId] = dict(tree.pins)
        self._touched = digest.Touched()
        self._journal: list[tuple[dict[Any, Any], str, object]] | None = None  # what `whole` may put back

    def tree(self, *, version: int | None = None) -> Tree:
        """What the draft is now, as an immutable tree (by default of the version it came from)."""
        made = Tree(
            dict(self.nodes),
            {parent: ids for parent, ids in self.children.items() if ids},
            dict(self.redirects),
            self.base.version if version is None else version,
            dict(self.pins),
        )
        made.__dict__["_origin"] = _Origin(self.base._mark, self._touched.copy())
        if "_digest" in self.base.__dict__:  # known: take out what was, put in what is
            before, after = self.base, made
            step = digest.part(after.nodes, after.children, after.redirects, after.pins, self._touched)
            step -= digest.part(before.nodes, before.children, before.redirects, before.pins, self._touched)
            made.__dict__["_digest"] = (self.base._digest + step) % digest.MODULUS
        return made

    def copy(self) -> "Draft":
        """The same state, to try something on."""
        twin = Draft(self.base)
        twin.nodes, twin.children = dict(self.nodes), dict(self.children)
        twin.redirects, twin.pins = dict(self.redirects), dict(self.pins)
        twin._touched = self._touched.copy()
        return twin

    @contextmanager
    def whole(self) -> Iterator[None]:
        """What is done inside is done whole: if it raises, the draft is as it was before."""
        journal: list[tuple[dict[Any, Any], str, object]] = []
        self._journal = journal
        try:
            yield
        except BaseException:
            for table, key, was in reversed(journal):
                if was is _NOTHING:
                    table.pop(key, None)
                else:
                    table[key] = was
            raise
        finally:
            self._journal = None

    def __contains__(self, node_id: object) -> bool:
        return node_id in self.nodes or node_id == ROOT_ID

    def children_of(self, node_id: NodeId) -> tuple[NodeId, ...]:
        """Ordered ids of the children."""
        return self.children.get(node_id, ())

    def position(self, node_id: NodeId) -> int:
        """The node's place among its siblings, from 0."""
        return self.children_of(self.nodes[node_id].parent_id).index(node_id)

    def is_below(self, node_id: NodeId, ancestor_id: NodeId) -> bool:
        """Whether `node_id` is `ancestor_id` or stands under it."""
        at = node_id
        while at != ROOT_ID:
            if at == ancestor_id:
                return True
            at = self.nodes[at].parent_id
        return ancestor_id == ROOT_ID

    def changed_families(self) -> list[NodeId]:
        """The live nodes whose children, or whose children's fields, may not be those of the base."""
        parents = {self.nodes[at].parent_id for at in self._touched.nodes if at in self.nodes}
        return sorted(at for at in parents | self._touched.families if at in self)

    def changed_nodes(self) -> set[NodeId]:
        """The ids, live or not, of nodes whose fields may not be those of the base."""
        return set(self._touched.nodes)

    def add(self, node: Node, position: int | None = None) -> None:
        """Put a node under its parent, last unless a position is given."""
        siblings = self.children_of(node.parent_id)
        at = len(siblings) if position is None else position
        self.replace(node)
        self.arrange(node.parent_id, (*siblings[:at], node.id, *siblings[at:]))

    def remove(self, node_id: NodeId) -> Node:
        """Take a node out; its children stay behind under its id for the caller to move."""
        self._note(self.nodes, node_id)
        node = self.nodes.pop(node_id)
        self._touched.nodes.add(node_id)
        siblings = self.children_of(node.parent_id)
        self.arrange(node.parent_id, tuple(at for at in siblings if at != node_id))
        return node

    def replace(self, node: Node) -> None:
        """Change a node's fields in place; its parent stays."""
        self._note(self.nodes, node.id)
        self.nodes[node.id] = node
        self._touched.nodes.add(node.id)

    def arrange(self, parent_id: NodeId, child_ids: tuple[NodeId, ...]) -> None:
        """Set a node's children and their order; the nodes themselves are not looked at."""
        self._note(self.children, parent_id)
        self.children[parent_id] = child_ids
        self._touched.families.add(parent_id)

    def redirect(self, node_id: NodeId, way: Redirect | None) -> None:
        """Lead a retired id somewhere; None: the id leads nowhere, since it is live again."""
        self._note(self.redirects, node_id)
        if way is None:
            del self.redirects[node_id]
        else:
            self.redirects[node_id] = way
        self._touched.redirects.add(node_id)

    def pin(self, query: str, node_id: NodeId | None) -> None:
        """Send a folded query to a node, or no longer."""
        self._note(self.pins, query)
        if node_id is None:
            self.pins.pop(query, None)
        else:
            self.pins[query] = node_id
        self._touched.pins.add(query)

    def _note(self, table: dict[Any, Any], key: str) -> None:
        if self._journal is not None:
            self._journal.append((table, key, table.get(key, _NOTHING)))
