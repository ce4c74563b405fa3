"""Changes that wait for somebody."""

from taxonomy.changes import State
from taxonomy.edits import Merge, Pin, Rename
from taxonomy.product import Source
from taxonomy.service import editing
from tests.web.screens import COFFEE, TEA, act, opened, press, seen
from tests.web.shop import TAXONOMY, Shop
from ui.web.state import Page


def test_an_accepted_proposal_changes_the_tree_and_can_be_undone(shop: Shop, proposal: str) -> None:
    at = opened(Page.CHANGES)
    assert "Add “Matcha” under “Tea”" in seen(at)
    assert "4 products alike" in seen(at)

    press(at, f"accept_{proposal}")
    assert shop.at(*TEA, "Matcha")

    press(at, "undo")
    assert shop.tree.find((*TEA, "Matcha")) is None


def test_a_rejected_proposal_leaves_the_tree_alone(shop: Shop, proposal: str) -> None:
    before = shop.tree

    at = press(opened(Page.CHANGES), f"reject_{proposal}")

    assert shop.tree is before
    assert "Rejected: Add “Matcha” under “Tea”" in seen(at)
    assert "Nothing waits here" in seen(at)


def test_what_is_kept_for_later_waits_in_one_draft_and_is_applied_from_there(shop: Shop) -> None:
    tea, coffee = shop.at(*TEA), shop.at(*COFFEE)
    for node_id, name in ((tea, "Teas"), (coffee, "Coffees")):
        at = act(opened(node_id=node_id), "Rename")
        at.text_input(key=f"name {node_id}").set_value(name).run()
        press(at, "keep")
    assert shop.tree.nodes[tea].name == "Tea"
    (draft,) = shop.store.changes.log(TAXONOMY, state=State.DRAFT)

    at = press(opened(Page.CHANGES), f"propose_{draft.id}")
    press(at, f"accept_{draft.id}")

    assert (shop.tree.nodes[tea].name, shop.tree.nodes[coffee].name) == ("Teas", "Coffees")


def test_a_proposal_is_approved_by_one_and_applied_by_another(shop: Shop, proposal: str) -> None:
    at = press(opened(Page.CHANGES), f"approve_{proposal}")
    assert "approved by Maya" in seen(at)
    n_before = len(shop.tree)

    press(at, f"apply_{proposal}")

    assert len(shop.tree) > n_before


def test_what_a_newer_tree_did_not_take_says_who_was_first(shop: Shop) -> None:
    tea, coffee = shop.at(*TEA), shop.at(*COFFEE)
    with shop.uow() as uow:
        edits = [Rename(tea, "Teas"), Rename(coffee, "Coffees")]
        change = editing.propose(uow, TAXONOMY, edits, author="Ida", source=Source.PERSON)
    shop.edit(Rename(tea, "Infusions"), author="Noor")

    at = press(opened(Page.CHANGES), f"accept_{change.id}")

    assert shop.tree.nodes[coffee].name == "Coffees"
    assert "1 edit did not go in" in seen(at)
    assert "Noor changed 'Grocery & Drinks > Drinks > Infusions'" in seen(at)


def test_comments_stand_with_their_change(shop: Shop, proposal: str) -> None:
    at = opened(Page.CHANGES)
    at.text_input(key=f"comment {proposal}").set_value("Why three?").run()

    at = press(at, f"say_{proposal}")

    assert "Why three?" in seen(at)
    assert [one.author for one in shop.store.changes.comments(proposal)] == ["Maya"]


def test_lines_of_a_comment_stay_lines_and_many_are_folded(shop: Shop, proposal: str) -> None:
    for text, is_open in (("one\ntwo", True), ("\n".join(map(str, range(20))), False)):
        with shop.uow() as uow:
            editing.comment(uow, proposal, author="Noor", text=text)

        at = opened(Page.CHANGES)

        assert "one  \ntwo" in seen(at)
        said = next(one for one in at.expander if "comment" in one.label)
        assert said.proto.expanded is is_open


def test_a_waiting_change_tells_what_it_does_to_products_links_and_searches(shop: Shop) -> None:
    tea, coffee = shop.at(*TEA), shop.at(*COFFEE)
    shop.edit(Pin("chai", tea))
    with shop.uow() as uow:
        editing.propose(uow, TAXONOMY, [Merge((tea,), coffee)], author="Ida", source=Source.PERSON)

    told = seen(opened(Page.CHANGES))

    assert "9 products will stand elsewhere" in told
    assert "Links to “Grocery & Drinks > Drinks > Tea” lead to “Grocery & Drinks > Drinks > Coffee”" in told
    assert "Searches for “chai” lead to" in told


def test_a_proposal_says_who_made_it_and_what_is_to_be_done(shop: Shop) -> None:
    tea, coffee = shop.at(*TEA), shop.at(*COFFEE)
    with shop.uow() as uow:
        edits = [Rename(tea, "Teas"), Rename(coffee, "Coffees")]
        editing.propose(uow, TAXONOMY, edits, author="Ida", source=Source.PERSON)

    told = seen(opened(Page.CHANGES))

    assert "By Ida" in told
    assert "2 renames" in told
    assert "- Rename “Tea” to “Teas”" in told


def test_a_proposal_says_beforehand_which_edit_would_not_go_in(shop: Shop) -> None:
    tea = shop.at(*TEA)
    with shop.uow() as uow:
        editing.propose(uow, TAXONOMY, [Rename(tea, "Teas")], author="Ida", source=Source.PERSON)
    assert "Would not go in" not in seen(opened(Page.CHANGES))

    shop.edit(Rename(tea, "Infusions"), author="Noor")

    assert "Would not go in: Noor changed" in seen(opened(Page.CHANGES))


def test_a_draft_that_somebody_overtook_is_not_proposed_unseen(shop: Shop) -> None:
    tea = shop.at(*TEA)
    with shop.uow() as uow:
        draft = editing.draft(uow, TAXONOMY, [Rename(tea, "Teas")], author="Maya")
    shop.edit(Rename(tea, "Infusions"), author="Noor")

    at = press(opened(Page.CHANGES), f"propose_{draft.id}")

    assert "somebody was first" in seen(at)
    assert "Noor" in seen(at)
