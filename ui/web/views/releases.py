"""What search and tagging use, used and will use; and what is different between two of them."""

import json
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st

from taxonomy.compare import Comparison, Kind, compare
from taxonomy.formats.spreadsheet import write_rows
from taxonomy.product import join_path
from taxonomy.service import history, releasing
from taxonomy.service.releasing import Standing
from ui.web import actions, state
from ui.web.words import plain, when

__all__ = ["show"]

LISTED = 100  # differences of one kind; more are counted
HEAD = 0  # among the ids of releases: the tree of today

_COLOURS = {"current": "green", "scheduled": "blue", "cancelled": "gray", "past": "gray"}


def show(context: state.Context) -> None:
    """Publish, compare, and the list."""
    st.header("Releases", anchor=False)
    found = releasing.releases(context.uow, context.taxonomy)
    if not found:
        st.info(
            "Nothing was published yet. A release is what search and tagging use: publish the tree when it "
            "is ready, and everything that you change afterwards waits for the next release."
        )
    if context.tree.nodes:
        _publish(context, found)
    if found:
        title = "What is different between two of them"
        box = st.expander(title, on_change="rerun", key="compare")
        if box.open:  # comparing costs a second at 10,000 categories
            with box:
                _compare(context, found)
    for one in found:
        _row(one)


def _publish(context: state.Context, found: Sequence[Standing]) -> None:
    head = context.tree.version
    is_in_use = any(one.state == "current" and one.release.tree_version == head for one in found)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(
            f"Publish version {head} now",
            key="publish_now",
            type="primary",
            disabled=is_in_use,
            help="Search and tagging use exactly this version already." if is_in_use else None,
            on_click=actions.publish,
            args=(context.taxonomy,),
        )
        tomorrow = date.today() + timedelta(days=1)
        day = st.date_input("or on", value=tomorrow, key="publish_day", width=170)
        hour = st.time_input("at", value=time(6, 0), key="publish_hour", width=110)
        at = datetime.combine(day or tomorrow, hour or time(6, 0)).astimezone()
        st.button("Schedule", key="schedule", on_click=actions.publish, args=(context.taxonomy, at))


def _compare(context: state.Context, found: Sequence[Standing]) -> None:
    names = {HEAD: f"Version {context.tree.version}, as it is now"}
    names |= {one.release.id: _name(one) for one in found}
    ids = [HEAD, *(one.release.id for one in found)]
    left, right = st.columns(2)
    current = next((one.release.id for one in found if one.state == "current"), ids[-1])
    before = left.selectbox("From", ids, index=ids.index(current), format_func=names.__getitem__, key="from")
    after = right.selectbox("To", ids, index=0, format_func=names.__getitem__, key="to")

    def look() -> Comparison:
        trees = (
            context.tree if one == HEAD else context.uow.releases.get(context.taxonomy, one)[1]
            for one in (before, after)
        )
        return compare(*trees)

    shown = state.kept("compared", (context.taxonomy, context.tree.version, before, after), look)
    _downloads(context, shown)
    differences(shown)


def _downloads(context: state.Context, shown: Comparison) -> None:
    """The same for those who must react: as JSON, and old paths with the new ones."""
    name = f"{context.taxonomy}-{shown.before_version}-{shown.after_version}"
    since = min(shown.before_version, shown.after_version)
    with st.container(horizontal=True):
        st.download_button(
            "Differences (JSON)",
            data=lambda: json.dumps(shown.to_json(), ensure_ascii=False, indent=1),
            file_name=f"{name}.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
            key="differences",
        )
        st.download_button(
            "Redirects (CSV)",
            data=lambda: redirects_sheet(context.taxonomy, since),
            file_name=f"{context.taxonomy}-redirects-since-{since}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="redirects",
            help=f"Every path of version {since} that is gone, and where it leads today",
        )


def redirects_sheet(taxonomy: str, since: int) -> bytes:
    """Old path, new path and share of the products as a CSV that is safe to open in a spreadsheet."""
    with state.app().uow() as uow:  # the page's own is closed when the file is asked for
        found = history.redirects(uow, taxonomy, since=since)
    rows = [(join_path(one.old_path), join_path(one.new_path), f"{one.share:.3f}") for one in found]
    with TemporaryDirectory() as folder:
        file = Path(folder) / "redirects.csv"
        write_rows(file, ("old_path", "new_path", "share"), rows, mark=True)
        return file.read_bytes()


def differences(found: Comparison) -> None:
    """What differs, a list a kind."""
    if not found.changes:
        st.caption("Nothing is different.")
    for kind, n in found.counts().items():
        st.markdown(f"**{kind.value.capitalize()}** :gray[{n:,}]")
        st.markdown("\n".join(_sentences(found, kind)))


def _sentences(found: Comparison, kind: Kind) -> list[str]:
    told = [f"- {plain(one.sentence)}" for one in found.changes if one.kind is kind]
    more = [f"- … and {len(told) - LISTED:,} more"] if len(told) > LISTED else []
    return [*told[:LISTED], *more]


def _row(one: Standing) -> None:
    release = one.release
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"release_{release.id}"):
        st.badge(one.state, color=_COLOURS[one.state])  # type: ignore[arg-type]
        back = f", again what release {release.restores} had" if release.restores else ""
        model = ", with a model" if release.model_revision else ", without a model"
        st.markdown(
            f"**Release {release.id}**: version {release.tree_version}{model}{back}  \n"
            f":gray[{plain(release.author)} · in effect from {when(release.takes_effect_at)}]"
        )
        if one.state == "scheduled":
            st.button("Cancel", key=f"cancel_{release.id}", on_click=actions.unschedule, args=(release.id,))
        if one.state == "past":
            st.button(
                "Go back to it",
                key=f"back_{release.id}",
                icon=":material/undo:",
                on_click=actions.roll_back,
                args=(release.taxonomy, release.id),
            )


def _name(one: Standing) -> str:
    return f"Release {one.release.id}, version {one.release.tree_version} ({one.state})"
