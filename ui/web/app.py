"""The web app: `shelftree ui`, or `streamlit run ui/web/app.py`."""

from functools import partial
from pathlib import Path

import streamlit as st

from taxonomy.changes import OPEN, ChangeSet
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
    retired,
    review,
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
        taxonomy, catalog = sidebar.pick(taxonomies, catalogs, settings, partial(_n_placed, uow))
    if not taxonomy:
        teach.empty_tree(catalog, 0)
        return
    context = Context(uow, taxonomy, catalog, _shelves(uow, taxonomy, catalog), settings.author)
    with st.sidebar:
        sidebar.show(context)
    _main(context)


def _n_placed(uow: UnitOfWork, catalog: str, taxonomy: str) -> int:
    return sum(uow.assignments.counts(catalog, taxonomy).values())


def _shelves(uow: UnitOfWork, taxonomy: str, catalog: str) -> Shelves:
    tree = uow.trees.head(taxonomy)

    def count() -> Shelves:
        return shelves(uow, taxonomy, catalog) if catalog else Shelves(tree, {}, totals(tree, {}), 0, 0)

    return state.kept("shelves", (taxonomy, catalog, tree.version), count, for_s=state.FRESH_S)


def _main(context: Context) -> None:
    left, right = st.columns([3, 1.2], vertical_alignment="center")
    with left:
        bar.search_box()
    with right:
        bar.version(context)
    waiting = _waiting(context)
    page = bar.pages(len(waiting), context.shelves.n_unplaced, review.progress(context).n_groups)
    bar.show_notice()
    match page:
        case Page.CATEGORY:
            _category(context, len(waiting))
        case Page.SEARCH:
            search.show(context)
        case Page.CHANGES:
            changes.show(context, waiting)
        case Page.REVIEW:
            review.show(context)
        case Page.UNPLACED:
            unplaced.show(context)
        case Page.HEALTH:
            health.show(context)
        case Page.HISTORY:
            history.show(context)
        case Page.RELEASES:
            releases.show(context)


def _waiting(context: Context) -> list[ChangeSet]:
    """What somebody has still to decide on."""

    def look() -> list[ChangeSet]:
        log, taxonomy = context.uow.changes.log, context.taxonomy
        return [one for open_state in OPEN for one in log(taxonomy, state=open_state)]

    key = (context.taxonomy, context.tree.version)
    return state.kept("waiting", key, look, for_s=state.FRESH_S)


def _category(context: Context, n_proposals: int) -> None:
    node_id = state.selected(context.tree)
    if not context.tree.nodes:
        teach.empty_tree(context.catalog, n_proposals)
        return
    if not context.catalog:
        teach.no_catalogue()
    if (old_id := state.retired(context.tree)) is not None:
        retired.show(context, old_id)
    elif node_id is None:
        overview.show(context)
    else:
        category.show(context, node_id)


if __name__ == "__main__":
    main()
