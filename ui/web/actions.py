"""What a click does: call one use case, remember what to say about it. All of them are callbacks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import streamlit as st

from taxonomy.changes import ChangeSet, State
from taxonomy.edits import Edit, Move, Relabel, Rename
from taxonomy.errors import DatabaseUnavailable, TaxonomyError
from taxonomy.node import NodeId
from taxonomy.ports import UnitOfWork
from taxonomy.product import ProductId
from taxonomy.review import Verdict
from taxonomy.service import editing, releasing, reviewing
from ui.web import state
from ui.web.components.tree import TreeEvent
from ui.web.words import Names, describe, many, quoted, story, when

__all__ = ["accept", "answer", "handle", "perform", "publish", "reject", "take_back", "undo"]


def perform(
    taxonomy: str, version: int, build: Callable[[], Sequence[Edit]], *, then: NodeId | None = None
) -> None:
    """Apply what `build` gives to the version that was shown; then look at another node, if one is named."""

    def run(uow: UnitOfWork) -> state.Notice:
        edits = build()
        names = Names(uow.trees.head(taxonomy), tuple(edits))
        said = "; ".join(describe(edit, names) for edit in edits)
        change = editing.edit(uow, taxonomy, edits, author=_author(), reason=said, base_version=version)
        st.session_state["action"] = None
        if then is not None:
            state.go_to(then)
        return state.Notice(said, change.id)

    _guarded(run)


def handle(taxonomy: str, event: TreeEvent) -> None:
    """Do what a person did in the tree."""
    st.session_state["heard"] = event.seq
    if event.kind == "select":
        state.go_to(event.node_id)
        return
    perform(taxonomy, event.version, lambda: [_edit(taxonomy, event)], then=event.node_id)


def _edit(taxonomy: str, event: TreeEvent) -> Edit:
    """A name is changed in the language that it was shown in."""
    if event.kind == "move":
        return Move(event.node_id, event.parent_id, event.position)
    with state.app().uow() as uow:
        node = uow.trees.head(taxonomy).nodes.get(event.node_id)
    language = state.language()
    if node is None or language in ("", node.language):
        return Rename(event.node_id, event.name)
    return replace(Relabel.of(node, language), preferred=event.name)


def keep(taxonomy: str, build: Callable[[], Sequence[Edit]]) -> None:
    """Add edits to the person's draft, made if there is none; nothing happens to the tree."""

    def run(uow: UnitOfWork) -> state.Notice:
        edits, author = list(build()), _author()
        drafts = (one for one in uow.changes.log(taxonomy, state=State.DRAFT) if one.author == author)
        if (mine := next(drafts, None)) is None:
            editing.draft(uow, taxonomy, edits, author=author)
        else:
            editing.amend(uow, mine.id, [*mine.edits, *edits])
        return state.Notice("Kept in your draft; nothing has happened yet. It waits under “Changes”.")

    _guarded(run)


def undo(change_id: str) -> None:
    """Take an applied change back."""

    def run(uow: UnitOfWork) -> state.Notice:
        change = uow.changes.get(change_id)
        said = story(change, uow.trees.head(change.taxonomy))
        editing.revert(uow, change_id, author=_author())
        return state.Notice(f"Took back: {said}")

    _guarded(run)


def accept(change_id: str) -> None:
    """Apply a proposal."""
    _guarded(lambda uow: _accepted(uow, editing.accept(uow, change_id, author=_author())))


def reject(change_id: str) -> None:
    """Put an open change set away."""
    _guarded(lambda uow: _decided(uow, editing.reject(uow, change_id, author=_author()), "Rejected"))


def submit(change_id: str) -> None:
    """Propose a draft, or what did not fit a newer tree, on the tree of today."""
    _guarded(lambda uow: _submitted(uow, editing.submit(uow, change_id)))


def approve(change_id: str) -> None:
    """Say that a proposal may be applied."""
    _guarded(lambda uow: _decided(uow, editing.approve(uow, change_id, author=_author()), "Approved"))


def mend(change_id: str, edit: Edit) -> None:
    """Change what a machine proposes; nothing happens to the tree."""

    def run(uow: UnitOfWork) -> state.Notice:
        change = editing.revise(uow, change_id, [edit])
        said = describe(edit, Names(uow.trees.head(change.taxonomy), change.edits))
        return state.Notice(f"{said} in the proposal; nothing has happened to the tree yet")

    _guarded(run)


def refuse(change_id: str, node_id: NodeId, name: str) -> None:
    """Take out of a proposal what becomes of one category; nothing happens to the tree."""

    def run(uow: UnitOfWork) -> state.Notice:
        _, out = editing.refuse(uow, change_id, node_id, author=_author())
        said = story(out, uow.trees.head(out.taxonomy))
        return state.Notice(f"Refused for {quoted(name)}: {said}. The rest of the proposal waits as it is")

    _guarded(run)


def comment(change_id: str, key: str) -> None:
    """Say what stands in the field of this key about a change set."""

    def run(uow: UnitOfWork) -> state.Notice:
        editing.comment(uow, change_id, author=_author(), text=st.session_state[key] or "")
        st.session_state[key] = ""
        return state.Notice("Your comment was added")

    _guarded(run)


def publish(taxonomy: str, at: datetime | None = None) -> None:
    """Make the shown tree the release, at once or later, with the model of the release in effect."""

    def run(uow: UnitOfWork) -> state.Notice:
        before = uow.releases.in_effect(taxonomy)
        release = releasing.publish(
            uow,
            taxonomy,
            author=_author(),
            model_revision=before.model_revision if before else "",
            model_dir=before.model_dir if before else "",
            takes_effect_at=at,
        )
        since = "now on" if at is None else when(release.takes_effect_at)
        return state.Notice(
            f"Published version {release.tree_version}: search and tagging use it from {since}"
        )

    _guarded(run)


def roll_back(taxonomy: str, release_id: int) -> None:
    """Publish an earlier release again."""

    def run(uow: UnitOfWork) -> state.Notice:
        release = releasing.roll_back(uow, taxonomy, author=_author(), to=release_id)
        return state.Notice(f"Search and tagging are back at version {release.tree_version}")

    _guarded(run)


def unschedule(release_id: int) -> None:
    """Cancel a release that has not taken effect."""

    def run(uow: UnitOfWork) -> state.Notice:
        return state.Notice(f"Release {releasing.unschedule(uow, release_id).id} will not take effect")

    _guarded(run)


def answer(
    place: tuple[str, str],
    seen: Mapping[ProductId, str],
    *,
    node_id: NodeId | None = None,
    verdict: Verdict = Verdict.PLACE,
) -> None:
    """Say this of products in review: of a catalogue and taxonomy, each with the hash of the text shown."""

    def run(uow: UnitOfWork) -> state.Notice:
        made = reviewing.answer(
            uow, *place, list(seen), author=_author(), node_id=node_id, verdict=verdict, seen=seen
        )
        n, ids = many(len(made), "product"), tuple(one.id for one in made)
        if verdict is not Verdict.PLACE:
            said = "Marked as no product" if verdict is Verdict.SKIP else "None of the suggestions fits"
            return state.Notice(f"{said}: {n}", answers=ids, place=place)
        tree, goal = uow.trees.head(place[1]), made[0].node_id
        n_late = sum(not one.is_placed for one in made)
        said = (
            f"Put {many(len(made) - n_late, 'product')} into {quoted(tree.nodes[goal].name if goal else '')}"
        )
        if n_late:
            said += f"; somebody was first with {many(n_late, 'product')}, which stayed there"
        return state.Notice(said, answers=ids, place=place)

    _guarded(run)


def take_back(place: tuple[str, str], answer_ids: Sequence[int]) -> None:
    """Take answers back: their products wait again."""

    def run(uow: UnitOfWork) -> state.Notice:
        made = reviewing.take_back(uow, *place, answer_ids, author=_author())
        return state.Notice(f"Took back: {many(len(made), 'answer')}")

    _guarded(run)


def _accepted(uow: UnitOfWork, outcome: editing.Outcome) -> state.Notice:
    if outcome.applied is None:
        return state.Notice(
            "Nothing went in: the tree has changed. The reasons are with the proposal.", is_error=True
        )
    notice = _decided(uow, outcome.applied, "Accepted")
    if outcome.rest is None:
        return notice
    n_left = len(outcome.rest.edits)
    waits = "waits as a change of its own" if n_left == 1 else "wait as a change of their own"
    left = f"{many(n_left, 'edit')} did not go in and {waits}, each with the reason."
    return replace(notice, text=f"{notice.text}. {left}")


def _submitted(uow: UnitOfWork, change: ChangeSet) -> state.Notice:
    if change.state is not State.CONFLICTED:
        return _decided(uow, change, "Proposed")
    said = "Not proposed yet: somebody was first. See below who, and try again if you mean it."
    return state.Notice(said, is_error=True)


def _decided(uow: UnitOfWork, change: ChangeSet, verb: str) -> state.Notice:
    said = f"{verb}: {story(change, uow.trees.head(change.taxonomy))}"
    return state.Notice(said, change.id if change.applied_version else "")


def _author() -> str:
    return state.app().settings.author


def _guarded(run: Callable[[UnitOfWork], state.Notice]) -> None:
    """Run one use case; a refusal becomes what the person reads, never a traceback."""
    try:
        with state.app().uow() as uow:
            notice = run(uow)
    except TaxonomyError as error:
        notice = state.Notice(_sentence(error), is_error=True)
    state.look_again()
    state.notify(notice)


def _sentence(error: TaxonomyError) -> str:
    if isinstance(error, DatabaseUnavailable):
        return "Nothing was changed: the database cannot be reached."
    text = str(error).strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
