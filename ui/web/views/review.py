"""Products that the machine asks about, one question at a time, the one worth most first."""

import streamlit as st

from taxonomy.product import Product, ProductId, join_path
from taxonomy.review import Figures, Guess, Queued, Verdict
from taxonomy.service import reviewing
from ui.web import actions, state
from ui.web.views.confirm import choose_category
from ui.web.words import many, per_cent, plain

__all__ = ["progress", "show"]

NEXT = 5  # questions to come that are named
ALIKE_SHOWN = 8  # titles of a group that are read at a glance; the rest unfolds
MOST_ALIKE = 200
DESCRIPTION_CHARS = 300
TELLING = 10  # answers from which a share of them says something
_WORDS = ((0.8, "very likely"), (0.5, "likely"), (0.2, "possible"), (0.0, "a guess"))


def progress(context: state.Context) -> Figures:
    """How far the review is, looked up every few seconds; nothing waits without a catalogue."""
    if not context.catalog:
        return Figures()
    key = (context.taxonomy, context.catalog, context.tree.version)

    def look() -> Figures:
        return reviewing.figures(context.uow, context.catalog, context.taxonomy)

    return state.kept("review", key, look, for_s=state.FRESH_S)


def show(context: state.Context) -> None:
    """The question, its suggestions, what looks alike, and what comes next."""
    title, bar = st.columns([1, 4], vertical_alignment="center")
    title.header("Review", anchor=False)
    found = progress(context)
    later: list[ProductId] = st.session_state.setdefault("review_later", [])
    waiting = _waiting(context, later) if found.n_open else []
    if not waiting:
        _nothing(context, found, later)
        return
    with bar:
        _standing(found)
    left, right = st.columns([5, 3], gap="large")
    with left:
        _question(context, waiting[0])
    with right:
        _next(waiting[1:], found)


def _waiting(context: state.Context, later: list[ProductId]) -> list[Queued]:
    """The questions to ask now: those put off come last."""
    limit = len(later) + NEXT + 1
    found = reviewing.queue(context.uow, context.catalog, context.taxonomy, limit=limit)
    return [one for one in found if one.product.id not in later][: NEXT + 1]


def _nothing(context: state.Context, found: Figures, later: list[ProductId]) -> None:
    if later and found.n_open:
        st.info(f"You put {many(len(later), 'question')} off, and nothing else waits.")
        st.button("Ask me again", type="primary", on_click=later.clear, key="ask_again")
        return
    place = f"--catalog {context.catalog or 'shop'} --taxonomy {context.taxonomy}"
    if found.n_placed:
        st.success("Nothing waits for an answer.", icon=":material/check_circle:")
        st.write(
            f"People placed {many(found.n_placed, 'product')} here. Let the machine learn from that, and "
            "take the new model if it is no worse:"
        )
        st.code(f"shelftree train {place} --out model\nshelftree promote model {place}", language="bash")
        return
    st.info(
        "Here you are asked about products that the machine is not sure of, the most useful question first. "
        "Nothing waits yet: let a trained model look at the catalogue."
    )
    st.code(f"shelftree classify {place} --model model", language="bash")


def _standing(found: Figures) -> None:
    n_done = found.n_placed + found.n_none + found.n_skipped
    said = f"{many(found.n_open, 'product')} in {many(found.n_groups, 'question')} wait"
    if n_done:
        said += f"; {n_done:,} answered"
    if found.n_placed >= TELLING:
        said += f", {per_cent(found.n_suggested / found.n_placed)} of them as suggested"
    st.progress(n_done / (n_done + found.n_open), text=said)


def _question(context: state.Context, one: Queued) -> None:
    group = [one]
    if one.n_alike > 1:
        leader = one.suggestion.leader_id
        group = reviewing.alike(context.uow, context.catalog, context.taxonomy, leader, limit=MOST_ALIKE)
    with st.container(border=True, gap="xsmall", key="question"):
        _product(one.product)
        chosen = _alike(one, group) if len(group) > 1 else group
    place = (context.catalog, context.taxonomy)
    seen = {each.product.id: each.text_hash for each in chosen}
    st.markdown(f"**Where {'do these ' + str(len(seen)) if len(seen) > 1 else 'does it'} belong?**")
    with st.container(gap="xsmall"):
        for number, guess in enumerate(one.suggestion.guesses, 1):
            _suggested(context, number, guess, seen)
    _elsewhere(context, one, seen)
    _others(one, place, seen)


def _suggested(context: state.Context, number: int, guess: Guess, seen: dict[ProductId, str]) -> None:
    above = plain(" › ".join(context.tree.path(guess.node_id)[:-1]))
    sure = next(word for least, word in _WORDS if guess.probability >= least)
    st.button(
        f"**{plain(context.name(guess.node_id))}** {above and f':gray[in {above}]'} · {sure}, "
        f"{per_cent(guess.probability)}",
        key=f"suggested_{number}",
        shortcut=str(number),
        width="stretch",
        on_click=actions.answer,
        args=((context.catalog, context.taxonomy), seen),
        kwargs={"node_id": guess.node_id},
    )


def _product(product: Product) -> None:
    st.markdown(f"#### {plain(product.title)}")
    price = "" if product.price is None else f"price {product.price:,.2f}"
    facts = [product.brand, price, *(f"{name}: {value}" for name, value in product.attributes.items())]
    if told := " · ".join(plain(fact) for fact in facts if fact):
        st.caption(told)
    if text := product.description:
        cut = text[:DESCRIPTION_CHARS].rsplit(" ", 1)[0] + "…" if len(text) > DESCRIPTION_CHARS else text
        st.markdown(plain(cut))
    if product.category_path:
        st.caption(f"The shop's file says: {plain(join_path(product.category_path))}")


def _alike(one: Queued, group: list[Queued]) -> list[Queued]:
    """What the answer is about: the whole group, unless the person wants this product alone."""
    others = [each for each in group if each.product.id != one.product.id]
    for_all = st.toggle(
        f"Answer for all {len(group)} that look alike", value=True, key=f"for_all {one.product.id}"
    )
    lines = [f"- {plain(each.product.title)}" for each in others]
    st.caption("\n".join(lines[:ALIKE_SHOWN]))
    if len(lines) > ALIKE_SHOWN:
        with st.expander(f"{len(lines) - ALIKE_SHOWN:,} more"):
            st.caption("\n".join(lines[ALIKE_SHOWN:]))
    return group if for_all else [one]


def _elsewhere(context: state.Context, one: Queued, seen: dict[ProductId, str]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        goal = choose_category("Another category", context.tree, key=f"elsewhere {one.product.id}")
        st.button(
            "Put here",
            key="elsewhere",
            disabled=goal is None,
            on_click=actions.answer,
            args=((context.catalog, context.taxonomy), seen),
            kwargs={"node_id": goal},
        )


def _others(one: Queued, place: tuple[str, str], seen: dict[ProductId, str]) -> None:
    later: list[ProductId] = st.session_state["review_later"]
    with st.container(horizontal=True):
        st.button(
            "None of these",
            key="none",
            shortcut="N",
            help="You do not know where it belongs: it is asked again when the machine has other ideas.",
            on_click=actions.answer,
            args=(place, seen),
            kwargs={"verdict": Verdict.NONE},
        )
        st.button(
            "Not a product",
            key="skip",
            shortcut="X",
            help="A test entry, a gift card, a fee: it is not asked again.",
            on_click=actions.answer,
            args=(place, seen),
            kwargs={"verdict": Verdict.SKIP},
        )
        st.button(
            "Later",
            key="later",
            type="tertiary",
            shortcut="L",
            help="Ask something else first.",
            on_click=later.append,
            args=(one.product.id,),
        )


def _next(waiting: list[Queued], found: Figures) -> None:
    st.markdown("**Next**")
    for one in waiting:
        settles = f" · settles about {one.n_alike:,}" if one.n_alike > 1 else ""
        st.markdown(f"{plain(one.product.title)}  \n:gray[{plain(one.product.brand)}{settles}]")
    if (n_more := found.n_groups - len(waiting) - 1) > 0:
        st.caption(f"and {many(n_more, 'more question')}")
    st.caption("Keys: 1 2 3 take a suggestion, N none of these, X not a product, L later, U undo.")
