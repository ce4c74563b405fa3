"""What a taxonomy file holds, whatever its format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from taxonomy.node import Node, NodeId
from taxonomy.product import Path
from taxonomy.redirects import Redirect
from taxonomy.tree import Tree

__all__ = ["Contents", "Entry"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One category of a file: where it stands and, where the file says so, its id and its parent's id.

    `said` is all that a rich format tells of it beside; its id, and those that it refers to, are ids of the
    file: of a tree of ours, or empty.
    """

    path: Path
    external_id: str = ""
    parent_external_id: str = ""
    line: int = 0
    said: Node | None = None


@dataclass(frozen=True)
class Contents:
    """The categories of a file, in its order, and what else it says.

    `redirects` and `pins` are those of a tree of ours; `findings` are sentences about what was mended.
    """

    entries: Sequence[Entry] = ()
    redirects: Mapping[NodeId, Redirect] = field(default_factory=dict)
    pins: Mapping[str, NodeId] = field(default_factory=dict)
    findings: tuple[str, ...] = ()

    @classmethod
    def of(cls, tree: Tree) -> "Contents":
        """Everything that a tree holds, parents first."""
        nodes = [(tree.path(at), tree.nodes[at]) for at in tree.descendants()]
        entries = [
            Entry(path, node.external_id, line=n, said=node) for n, (path, node) in enumerate(nodes, 1)
        ]
        return cls(entries, tree.redirects, tree.pins)
