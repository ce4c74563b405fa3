"""What one browser tab remembers, and the way to everything else."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import streamlit as st

from taxonomy.errors import UnknownId
from taxonomy.node import ROOT_ID, NodeId
from taxonomy.ports import UnitOfWork
from taxonomy.service.browsing import Shelves
from taxonomy.tree import Tree
from ui.web.words import plain

if TYPE_CHECKING:
    from ui.wiring import App

__all__ = ["Context", "Notice", "Page", "app", "find", "forget_notice", "go_to", "notify", "selected"]


class Page(StrEnum):
    """What the right-hand side shows."""

    CATEGORY = "Category"
    SEARCH = "Search"
    CHANGES = "Changes"
    UNPLACED = "Unplaced"
    HEALTH = "Health"
    HISTORY = "History"
    RELEASES = "Releases"


@dataclass(frozen=True, slots=True)
class Notice:
    """The outcome of what the person just did; `change_id` is what an undo takes back."""

    text: str
    change_id: str = ""
    is_error: bool = False

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
    wanted = st.session_state.get("selected", st.query_params.get("category"))
    if not wanted:
        return None
    try:
        node_id = tree.resolve(NodeId(wanted))
    except UnknownId:
        return None
    return None if node_id == ROOT_ID else node_id


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
