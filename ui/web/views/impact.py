"""What a change set would do to products, links and pinned searches."""

from collections.abc import Iterator

import streamlit as st

from taxonomy.changes import ChangeSet, State
from taxonomy.errors import InputError
from taxonomy.impact import Impact, Target, Way
from taxonomy.product import Path, join_path
from taxonomy.service.previewing import impact_of_change
from ui.web import state
from ui.web.words import many, per_cent, plain, quoted

__all__ = ["show"]

LISTED = 20  # links and searches; more are counted


def show(context: state.Context, change: ChangeSet) -> None:
    """The sums at once, the links and searches on request."""
    found = _of(context, change)
    if found is None:
        return
    if change.state is not State.CONFLICTED:  # there, what stood against it is told with it
        for conflict in found.conflicts:
            st.markdown(f":material/error: Would not go in: {plain(conflict.message)}")
    st.markdown(f":material/bolt: {plain(', '.join(_sums(found)) or 'No product moves')}")
    lines = [*(_link(way) for way in found.redirects), *_searches(found)]
    if lines:
        n_links, n_searches = len(found.redirects), len(found.rerouted)
        with st.expander(f"{many(n_links, 'link')} and {many(n_searches, 'pinned search')}"):
            st.markdown("\n".join(lines[:LISTED]))
            if len(lines) > LISTED:
                st.caption(f"… and {len(lines) - LISTED:,} more")


def _of(context: state.Context, change: ChangeSet) -> Impact | None:
    """Counted once for each state of change set, tree and catalogue; None for what cannot be applied."""

    def ask() -> Impact | None:
        try:
            return impact_of_change(
                context.uow, change.id, catalogs=[context.catalog] if context.catalog else []
            )
        except InputError:
            return None  # the outline above says why

    key = (hash(change.edits), change.base_version, context.tree.version, context.catalog)
    return state.kept(f"impact {change.id}", key, ask)


def _sums(found: Impact) -> Iterator[str]:
    counts = {
        "{} will stand elsewhere": found.n_moved - found.n_unplaced,
        "{} will stand nowhere": found.n_unplaced,
        "{} keep their category, under another path": found.n_repathed,
        "{} will be looked at again by the machine": found.n_retag,
    }
    for words, n in counts.items():
        if n:
            yield words.format(many(n, "product"))


def _link(way: Way) -> str:
    return f"- Links to {_path(way.path)} lead to {_ends(way.targets)}"


def _searches(found: Impact) -> Iterator[str]:
    for one in found.rerouted:
        goal = _path(one.path_after) if one.after else "wherever the machine says"
        unsure = f" (or {_ends(one.candidates)}: say which)" if len(one.candidates) > 1 else ""
        yield f"- Searches for {plain(quoted(one.query))} lead to {goal}{unsure}"


def _ends(targets: tuple[Target, ...]) -> str:
    if not targets:
        return "nothing"
    if len(targets) == 1:
        return _path(targets[0].path)
    return ", ".join(f"{_path(one.path)} ({per_cent(one.share)})" for one in targets)


def _path(path: Path) -> str:
    return plain(quoted(join_path(path))) if path else "nothing"
