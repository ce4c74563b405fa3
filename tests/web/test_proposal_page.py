"""A proposed tree, looked at closely."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from taxonomy.changes import ChangeSet
from taxonomy.edits import Create, Merge, Rename
from taxonomy.node import Node, NodeId
from taxonomy.product import Source
from taxonomy.proposal import MEASURES, Fate, Outcome, Weakness
from taxonomy.service import editing
from tests.web.built import build
from tests.web.screens import COFFEE, TEA, opened, press, seen
from tests.web.shop import TAXONOMY, Shop
from ui.web.state import Page
from ui.web.views.proposed import ADVICE, FATES


@pytest.fixture
def grown(shop: Shop) -> ChangeSet:
    return build(shop)


def closer(change: ChangeSet, **remembered: object) -> AppTest:
    return opened(Page.CHANGES, proposal=change.id, **remembered)


def change_now(shop: Shop, change: ChangeSet) -> ChangeSet:
    return shop.store.changes.get(change.id)


def node(change: ChangeSet, at: int = 1) -> NodeId:
    """One of the leaves that are proposed."""
    return NodeId(change.edits[at].touches()[0])


def test_a_built_proposal_is_looked_at_closely_and_left_again(shop: Shop, grown: ChangeSet) -> None:
    at = press(opened(Page.CHANGES), f"closer_{grown.id}")
    assert at.header[0].value == "Proposed tree"
    assert {one.label for one in at.metric} == {"Categories", "Products placed", "Left out"}
    figures = at.dataframe[0].value
    assert list(figures["Figure"]) == [one.name for one in MEASURES]

    at = press(at, "back")

    assert at.header[0].value == "Changes"


def test_a_proposal_of_which_nothing_is_known_cannot_be_looked_at_closely(shop: Shop, proposal: str) -> None:
    at = opened(Page.CHANGES)

    assert not [one for one in at.button if one.key.startswith("closer")]


def test_the_weakest_come_first_each_with_what_is_wrong(shop: Shop) -> None:
    spoilt = build(shop, spoilt=True)

    told = seen(closer(spoilt))

    assert "Categories with something to mend, the weakest first" in told
    assert ADVICE[Weakness.VAGUE] in told
    assert "For example:" in told


def test_another_name_is_taken_into_the_proposal_and_the_tree_stays(shop: Shop, grown: ChangeSet) -> None:
    before = shop.tree
    at = closer(grown, part=str(Fate.NEW))

    at = press(at, f"call_0_{node(grown)}")

    assert isinstance(change_now(shop, grown).edits[-1], Rename)
    assert shop.tree is before
    assert "in the proposal; nothing has happened to the tree yet" in seen(at)


def test_a_weak_category_is_merged_into_the_nearest_and_leaves_the_list(shop: Shop) -> None:
    spoilt = build(shop, spoilt=True)
    at = closer(spoilt)
    key = next(one.key for one in at.button if one.key.startswith("merge_"))

    at = press(at, key)

    last = change_now(shop, spoilt).edits[-1]
    assert isinstance(last, Merge)
    assert key == f"merge_{last.node_ids[0]}"
    assert key not in [one.key for one in at.button]
    told = seen(closer(spoilt, part=str(Fate.MERGE)))
    assert "Its products go to" in told
    assert "people changed 1 category" in told


def test_one_category_is_refused_and_the_rest_waits(shop: Shop, grown: ChangeSet) -> None:
    one, key = node(grown), f"refuse_{node(grown)}"

    at = press(closer(grown, part=str(Fate.NEW)), key)

    left = change_now(shop, grown).edits
    assert left and not any(one in edit.touches() for edit in left)
    assert key not in [one.key for one in at.button]
    assert "Refused for" in seen(at) and "The rest of the proposal waits" in seen(at)


def test_a_refused_merge_is_shown_as_a_category_that_stays(shop: Shop, grown: ChangeSet) -> None:
    tea, coffee = shop.at(*TEA), shop.at(*COFFEE)
    told = [
        Outcome(tea, Fate.MERGE, "Drinks > Tea", "one kind", into=(coffee,)),
        Outcome(coffee, Fate.GROW, "Drinks > Coffee", "9 products came to it"),
    ]
    edits = [Merge((tea,), coffee), Create(Node(NodeId("lamps"), "Lamps"))]
    with shop.uow() as uow:
        measured = uow.changes.report(grown.id)
        assert measured
        report = replace(measured, nodes=(), outcomes=tuple(told))
        change = editing.propose(uow, TAXONOMY, edits, author="build", source=Source.BUILD, report=report)
    before = closer(change, part=str(Fate.MERGE))
    assert "one kind" in seen(before)

    at = press(before, f"refuse_{tea}")

    labels = next(one for one in at.get("button_group") if one.key == "part").options
    assert not [one for one in labels if one.startswith((FATES[Fate.MERGE][0], FATES[Fate.GROW][0]))]
    assert "one kind" not in seen(closer(change, part=str(Fate.KEEP)))


def test_names_are_shown_as_they_are(shop: Shop, grown: ChangeSet) -> None:
    labels = [one.label for one in closer(grown, part=str(Fate.NEW)).button]

    assert any("\\*5 \\$\\*" in label for label in labels)


def test_what_is_left_out_is_said_with_examples(shop: Shop, grown: ChangeSet) -> None:
    report = shop.store.changes.report(grown.id)
    assert report is not None

    told = seen(closer(grown, part="Left out"))

    assert report.noise_examples[0] in told


def test_two_proposals_are_compared_by_figures_and_products(shop: Shop, grown: ChangeSet) -> None:
    spoilt = build(shop, spoilt=True, reason="another try")

    at = closer(grown, against=spoilt.id)
    figures = at.dataframe[0].value.set_index("Figure")
    assert figures.loc["Names that fit", "Better"] == "this one"
    assert figures.loc["Even sizes", "Better"] == "about equal"

    at = closer(grown, against=spoilt.id, part="Compared")
    assert "stand in the same category in both" in seen(at)


def test_products_that_one_proposal_leaves_alone_stand_where_they_are(shop: Shop, grown: ChangeSet) -> None:
    more = build(shop, first=80, reason="another try")

    at = closer(grown, against=more.id, part="Compared")

    flows = at.dataframe[1].value
    assert not all(path.startswith("All of built") for path in flows["In this one"])
    assert all(path.startswith("All of another try") for path in flows["In the other"])


def test_an_approved_proposal_is_mended_no_more(shop: Shop, grown: ChangeSet) -> None:
    with shop.uow() as uow:
        editing.approve(uow, grown.id, author="Ida")

    at = closer(grown, part=str(Fate.NEW))

    assert not [one for one in at.button if one.key.startswith(("call_", "merge_"))]


def test_a_proposal_that_does_not_fit_any_more_says_so(shop: Shop, grown: ChangeSet) -> None:
    top = grown.edits[0]
    shop.edit(type(top)(top.node))  # somebody was quicker with the same

    assert "does not fit the tree of today" in seen(closer(grown))


def test_an_accepted_proposal_is_closed(shop: Shop, grown: ChangeSet) -> None:
    n_before = len(shop.tree)

    at = press(closer(grown), f"accept_{grown.id}")

    assert len(shop.tree) > n_before
    assert at.header[0].value == "Changes"
    assert shop.at(*TEA)


def test_every_fate_and_weakness_has_words() -> None:
    assert set(FATES) == set(Fate)
    assert set(ADVICE) == set(Weakness)
