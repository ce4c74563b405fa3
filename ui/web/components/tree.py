"""The tree in the browser: Wunderbaum in a Streamlit component, and its events as values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import streamlit as st

from taxonomy.node import ROOT_ID, NodeId
from taxonomy.service.browsing import Shelves

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

__all__ = ["TreeEvent", "read_event", "rows", "tree_view"]

HERE = Path(__file__).parent
KEY = "tree"
Row = tuple[str, int, str, int, int]


@dataclass(frozen=True, slots=True)
class TreeEvent:
    """What a person did in the tree.

    `version` is the version of the tree they saw; `name` belongs to a rename, `parent_id` and `position`
    (among the other children, None: last) to a move. `seq` counts the events of one browser tab.
    """

    kind: Literal["select", "rename", "move"]
    node_id: NodeId
    version: int
    seq: int = 0
    name: str = ""
    parent_id: NodeId = ROOT_ID
    position: int | None = None


def read_event(message: Mapping[str, object]) -> TreeEvent:
    """The event that the browser's message stands for.

    >>> read_event({"seq": 1, "kind": "select", "version": 3, "id": "a"}).node_id
    'a'
    """
    position = message.get("position")
    return TreeEvent(
        kind=cast(Literal["select", "rename", "move"], message["kind"]),
        node_id=NodeId(str(message["id"])),
        version=int(str(message["version"])),
        seq=int(str(message["seq"])),
        name=str(message.get("name") or ""),
        parent_id=NodeId(str(message.get("parent") or ROOT_ID)),
        position=None if position is None else int(str(position)),
    )


def rows(shelves: Shelves, language: str = "") -> list[Row]:
    """One row for each node, parents first: id, index of the parent's row (-1: none), name, count, locked.

    Names are in the language where a node has one in it. Positions instead of nested objects keep 10,000
    nodes at about half a megabyte.
    """
    at: dict[NodeId, int] = {ROOT_ID: -1}
    found: list[Row] = []
    for node_id in shelves.tree.descendants():
        node = shelves.tree.nodes[node_id]
        at[node_id] = len(found)
        found.append(
            (
                node_id,
                at[node.parent_id],
                node.name_in(language) if language else node.name,
                shelves.total.get(node_id, 0),
                int(node.locked),
            )
        )
    return found


def tree_view(
    version: int,
    nodes: Sequence[Row],
    *,
    selected: NodeId | None,
    heard: int,
    on_event: Callable[[TreeEvent], None],
) -> None:
    """Show the tree and call `on_event` for what a person does in it, before the next run of the page.

    Parameters
    ----------
    version : int
        The tree's.
    nodes : sequence of Row
        Its nodes, as `rows` gives them.
    selected : NodeId or None
        The node to mark.
    heard : int
        `seq` of the last event that was handled: the browser keeps its own selection until then.
    on_event : callable
        Gets each event once.
    """

    def pass_on() -> None:
        message = st.session_state[KEY].get("event")
        if message is not None:
            on_event(read_event(message))

    data = {"version": version, "selected": selected, "heard": heard, "nodes": nodes}
    _component()(key=KEY, data=data, on_event_change=pass_on)


@cache
def _component() -> "ComponentRenderer":
    library = HERE / "wunderbaum"
    parts = {
        "html": [HERE / "tree.html"],
        "css": [library / "wunderbaum.css", HERE / "tree.css"],
        "js": [library / "wunderbaum.umd.min.js", HERE / "tree.js"],
    }
    texts = {kind: "\n".join(path.read_text("utf-8") for path in paths) for kind, paths in parts.items()}
    # Not isolated: in a shadow root the tree loses the focus of the input in which a name is edited.
    return st.components.v2.component("shelftree_tree", isolate_styles=False, **texts)
