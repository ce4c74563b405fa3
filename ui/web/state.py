"""What one browser tab remembers, and the way to everything else."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar, cast

import streamlit as st

from taxonomy.errors import UnknownId
from taxonomy.node import ROOT_ID, NodeId
from taxonomy.ports import UnitOfWork
from taxonomy.service.browsing import Shelves
from taxonomy.tree import Tree
from ui.web.words import plain

if TYPE_CHECKING:
    from ui.wiring import App

__all__ = [
    "FRESH_S",
    "Context",
    "Notice",
    "Page",
    "app",
    "find",
    "forget_notice",
    "go_to",
    "kept",
    "language",
    "look_again",
    "notify",
    "retired",
    "selected",
]

FRESH_S = 5.0
"""So much later a tab sees what others did without a new version of the tree; its own clicks show at once."""

T = TypeVar("T")


class Page(StrEnum):
    """What the right-hand side shows."""

    CATEGORY = "Category"
    SEARCH = "Search"
    CHANGES = "Changes"
    REVIEW = "Review"
    UNPLACED = "Unplaced"
    HEALTH = "Health"
    HISTORY = "History"
    RELEASES = "Releases"


@dataclass(frozen=True, slots=True)
class Notice:
    """The outcome of what the person just did.

    `change_id` is the change, `answers` the answers of a catalogue and taxonomy, that an undo takes back.
    """

    text: str
    change_id: str = ""
    is_error: bool = False
    answers: tuple[int, ...] = ()
    place: tuple[str, str] = ("", "")

    @property
    def shown(self) -> str:
        """The text, safe to be printed as Markdown."""
        return plain(self.text)


@dataclass(frozen=True, slots=True)
class Context:
    """What a view may look at: an open unit of work, the names in use, and the tree with counts."""

    uow: UnitOfWork
    taxonomy: str
    catalog: str
    shelves: Shelves
    author: str

    @property
    def tree(self) -> Tree:
        """The tree that is shown."""
        return self.shelves.tree

    def name(self, node_id: NodeId) -> str:
        """What a live node is called in the language that was chosen."""
        return self.tree.nodes[node_id].name_in(language())


@st.cache_resource(show_spinner="Opening the store…")
def _opened() -> "App":
    from ui.wiring import App  # here, because it pulls in the database's libraries

    return App.open()


def app() -> "App":
    """Settings, database and models, shared by all tabs. Tests put another function here."""
    return _opened()


def selected(tree: Tree) -> NodeId | None:
    """The live node that this tab looks at, redirects followed; None if there is none.

    The address of the page carries it too, so that a link to a category can be sent to somebody.
    """
    try:
        node_id = tree.resolve(_wanted())
    except UnknownId:
        return None
    return None if node_id == ROOT_ID else node_id


def retired(tree: Tree) -> NodeId | None:
    """The id that this tab looks at if it is retired and leads to nothing or to several categories."""
    wanted = _wanted()
    if wanted not in tree.redirects:
        return None
    leads = tree.successors(wanted).keys() - {ROOT_ID}
    return None if len(leads) == 1 else wanted


def _wanted() -> NodeId:
    return NodeId(st.session_state.get("selected", st.query_params.get("category")) or ROOT_ID)


def language() -> str:
    """The language that names are shown in; empty: each in its own."""
    return str(st.session_state.get("tree_language") or "")


@dataclass(frozen=True, slots=True)
class _Kept:
    key: object
    at: float
    for_s: float
    value: object


def kept(name: str, key: object, make: Callable[[], T], *, for_s: float = math.inf) -> T:
    """What `make` gives, for this tab: made again when the key is another, or after so many seconds."""
    held: dict[str, _Kept] = st.session_state.setdefault("kept", {})
    one, now = held.get(name), time.monotonic()
    if one is None or one.key != key or now - one.at > for_s:
        one = held[name] = _Kept(key, now, for_s, make())
    return cast(T, one.value)


def look_again() -> None:
    """Keep nothing any longer that only time makes old: the person has just changed something."""
    held: dict[str, _Kept] = st.session_state.get("kept", {})
    for name in [name for name, one in held.items() if one.for_s < math.inf]:
        del held[name]


def go_to(node_id: NodeId | None) -> None:
    """Look at a node (None: at the whole tree)."""
    forget_notice()
    st.session_state["selected"] = node_id or ""
    st.session_state["page"] = Page.CATEGORY
    if node_id:
        st.query_params["category"] = node_id
    else:
        st.query_params.pop("category", None)


def find(query: str) -> None:
    """Show where a query goes."""
    forget_notice()
    st.session_state["query"] = query
    st.session_state["page"] = Page.SEARCH


def notify(notice: Notice) -> None:
    """Say this until the person goes elsewhere."""
    st.session_state["notice"] = notice


def forget_notice() -> None:
    """Say no more."""
    st.session_state.pop("notice", None)
