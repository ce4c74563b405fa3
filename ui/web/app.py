"""The web app: `shelftree ui`, or `streamlit run ui/web/app.py`."""

from pathlib import Path

import streamlit as st

from taxonomy.changes import OPEN
from taxonomy.errors import TaxonomyError
from taxonomy.ports import UnitOfWork
from taxonomy.service.browsing import Shelves, shelves, totals
from ui.web import state
from ui.web.state import Context, Page
from ui.web.views import (
    bar,
    category,
    changes,
    health,
    history,
    overview,
    releases,
    search,
    sidebar,
    teach,
    unplaced,
)

__all__ = ["main"]


def main() -> None:
    """Draw the page once; Streamlit calls it again after every click."""
    st.set_page_config(page_title="Shelftree", layout="wide", initial_sidebar_state=370)
    st.html(Path(__file__).parent / "style.css")
    try:
        with state.app().uow() as uow:
            _draw(uow)
    except TaxonomyError as error:
        teach.trouble(error)


def _draw(uow: UnitOfWork) -> None:
    taxonomies, catalogs = uow.trees.names(), uow.catalogs.names()
    if not taxonomies and not catalogs:
        teach.start()
        return
    settings = state.app().settings
    with st.sidebar:
        taxonomy, catalog = sidebar.pick(taxonomies, catalogs, settings)
    if not taxonomy:
        teach.empty_tree(catalog, 0)
        return
    context = Context(uow, taxonomy, catalog, _shelves(uow, taxonomy, catalog), settings.author)
    with st.sidebar:
        sidebar.show(context)
    _main(context)


def _shelves(uow: UnitOfWork, taxonomy: str, catalog: str) -> Shelves:
    if catalog:
        return shelves(uow, taxonomy, catalog)
    tree = uow.trees.head(taxonomy)
    return Shelves(tree, {}, totals(tree, {}), 0, 0)


def _main(context: Context) -> None:
    left, right = st.columns([3, 1.2], vertical_alignment="center")
    with left:
        bar.search_box()
    with right:
        bar.version(context)
    waiting = [one for state_ in OPEN for one in context.uow.changes.log(context.taxonomy, state=state_)]
    page = bar.pages(len(waiting), context.shelves.n_unplaced)
    bar.show_notice()
    match page:
        case Page.CATEGORY:
            _category(context, len(waiting))
        case Page.SEARCH:
            search.show(context)
        case Page.CHANGES:
            changes.show(context, waiting)
        case Page.UNPLACED:
            unplaced.show(context)
        case Page.HEALTH:
            health.show(context)
        case Page.HISTORY:
            history.show(context)
        case Page.RELEASES:
            releases.show(context)


def _category(context: Context, n_proposals: int) -> None:
    node_id = state.selected(context.tree)
    if not context.tree.nodes:
        teach.empty_tree(context.catalog, n_proposals)
        return
    if not context.catalog:
        teach.no_catalogue()
    if node_id is None:
        overview.show(context)
    else:
        category.show(context, node_id)


if __name__ == "__main__":
    main()
