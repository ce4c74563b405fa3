"""The screens over the sample store in memory."""

import re
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from taxonomy.audit import Finding, Kind
from taxonomy.changes import State
from taxonomy.edits import (
    Create,
    Lock,
    Merge,
    Pin,
    Relabel,
    Relate,
    Rename,
    Restrict,
    SetAttributes,
    SetCrosswalk,
)
from taxonomy.node import (
    Attribute,
    AttributeKind,
    Label,
    LabelKind,
    Match,
    Node,
    NodeId,
    Relation,
    RelationKind,
    Restriction,
    RestrictionKind,
    random_ids,
)
from taxonomy.product import Source
from taxonomy.service import editing, releasing
from taxonomy.service.browsing import shelves
from tests.fakes import FakeUnitOfWork
from tests.web.shop import CATALOG, TAXONOMY, Shop, sample_shop
from ui.web import actions, state
from ui.web.components.tree import read_event
from ui.web.state import Page
from ui.web.views import health
from ui.web.views.details import Detail
from ui.web.views.edit import Action

APP = Path(actions.__file__).parent / "app.py"
TEA = ("Grocery & Drinks", "Drinks", "Tea")
COFFEE = ("Grocery & Drinks", "Drinks", "Coffee")
PODS = (*COFFEE, "Capsules & Pods")
BEANS = (*COFFEE, "Coffee Beans")


@pytest.fixture(autouse=True)
def no_search_for_components(monkeypatch: pytest.MonkeyPatch) -> None:
    # Each AppTest reads the metadata of all installed packages: four fifths of the time of this file.
    monkeypatch.setattr("streamlit.components.v2.manifest_scanner.scan_component_manifests", list)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    one = sample_shop()
    monkeypatch.setattr(state, "app", lambda: one)
    return one


def opened(page: Page = Page.CATEGORY, node_id: NodeId | None = None, **remembered: object) -> AppTest:
    """The app as a person finds it on this page."""
    at = AppTest.from_file(str(APP), default_timeout=20)
    at.session_state["page"] = page
    if node_id:
        at.session_state["selected"] = node_id
    for key, value in remembered.items():
        at.session_state[key] = value
    return at.run()


def seen(at: AppTest) -> str:
    """All text on the page, as Markdown without the signs that keep names as they are."""
    assert not at.exception
    kinds = (
        at.header,
        at.subheader,
        at.markdown,
        at.caption,
        at.info,
        at.warning,
        at.error,
        at.success,
        at.code,
    )
    return re.sub(r"\\(.)", r"\1", "\n".join(str(one.value) for kind in kinds for one in kind))


def press(at: AppTest, key: str) -> AppTest:
    return at.button(key=key).click().run()


def act(at: AppTest, action: str) -> AppTest:
    pills = next(one for one in at.get("button_group") if one.key == "action")
    return pills.set_value(Action(action)).run()


def test_a_category_shows_its_path_counts_and_products(shop: Shop) -> None:
    at = opened(node_id=shop.at(*BEANS))

    assert [one.label for one in at.button if str(one.key).startswith("crumb_")] == [
        "All",
        "Grocery & Drinks",
        "Drinks",
        "Coffee",
    ]
    n_beans = len(at.dataframe[0].value)
    assert f"{n_beans} products" in seen(at)
    assert set(at.dataframe[0].value["Placed by"]) == {"the tree builder"}


def test_without_a_selection_the_whole_tree_is_summed_up(shop: Shop) -> None:
    at = opened()

    assert [one.value for one in at.metric] == ["92", "400", "96%"]


def test_rename_previews_applies_and_can_be_undone(shop: Shop) -> None:
    tea = shop.at(*TEA)
    at = act(opened(node_id=tea), "Rename")
    assert at.button(key="apply").disabled

    at.text_input(key=f"name {tea}").set_value("Tea & Infusions").run()
    assert "will be called “Tea & Infusions”" in seen(at)
    assert shop.tree.nodes[tea].name == "Tea"

    press(at, "apply")
    assert shop.tree.nodes[tea].name == "Tea & Infusions"
    assert "Renamed “Tea” to “Tea & Infusions”" in seen(at)

    press(at, "undo")
    assert shop.tree.nodes[tea].name == "Tea"
    assert "Took back: Renamed “Tea” to “Tea & Infusions”" in seen(at)


def test_a_refused_rename_says_why_before_it_is_tried(shop: Shop) -> None:
    tea = shop.at(*TEA)
    at = act(opened(node_id=tea), "Rename")

    at.text_input(key=f"name {tea}").set_value("Coffee").run()

    assert "There would be two categories 'Coffee'" in seen(at)
    assert at.button(key="apply").disabled


def test_move_goes_under_the_chosen_category(shop: Shop) -> None:
    tea, garden = shop.at(*TEA), shop.at("Garden & Outdoor")
    at = act(opened(node_id=tea), "Move")

    at.selectbox(key=f"goal {tea}").set_value(garden).run()
    assert "“Tea” goes from “Drinks” to “Garden & Outdoor”" in seen(at)
    press(at, "apply")

    assert shop.tree.nodes[tea].parent_id == garden


def test_merge_moves_the_products_and_shows_the_category_that_took_them(shop: Shop) -> None:
    pods, beans = shop.at(*PODS), shop.at(*BEANS)
    counts = shop.store.assignments.counts(CATALOG, TAXONOMY)
    at = act(opened(node_id=pods), "Merge")

    at.selectbox(key=f"into {pods}").set_value(beans).run()
    assert "“Capsules & Pods” goes away." in seen(at)
    press(at, "apply")

    assert shop.tree.resolve(pods) == beans
    assert at.header[0].value == "Coffee Beans"
    assert f"{counts[pods] + counts[beans]} products" in seen(at)


def test_removing_a_category_shows_its_parent(shop: Shop) -> None:
    pods = shop.at(*PODS)
    at = act(opened(node_id=pods), "Remove")

    press(at, "apply")

    assert pods not in shop.tree
    assert at.header[0].value == "Coffee"


def test_removing_a_top_category_warns_that_its_products_stand_nowhere(shop: Shop) -> None:
    top = NodeId(random_ids())
    shop.edit(Create(Node(top, "Odds")))
    tea = shop.at(*TEA)
    at = act(opened(node_id=tea, **{f"products {tea} 1 ": {"selection": {"rows": [0, 1]}}}), "Move products")
    at.selectbox(key=f"put {tea}").set_value(top).run()
    press(at, "apply")

    at = act(opened(node_id=top), "Remove")

    assert "Its own 2 products will stand in no category." in seen(at)


def test_a_new_subcategory_is_added(shop: Shop) -> None:
    tea = shop.at(*TEA)
    at = act(opened(node_id=tea), "Add subcategory")

    at.text_input(key=f"child {tea}").set_value("Green Tea").run()
    press(at, "apply")

    assert shop.tree.node(shop.at(*TEA, "Green Tea")).parent_id == tea


def test_ticked_products_get_a_category_of_their_own(shop: Shop) -> None:
    tea = shop.at(*TEA)
    at = opened(node_id=tea)
    titles = list(at.dataframe[0].value["Product"][:2])
    at = act(opened(node_id=tea, **{f"products {tea} 1 ": {"selection": {"rows": [0, 1]}}}), "Split")

    at.text_input(key=f"part {tea}").set_value("Rare Tea").run()
    assert "“Rare Tea” gets 2 products, placed by you." in seen(at)
    press(at, "apply")

    at = opened(node_id=shop.at("Grocery & Drinks", "Drinks", "Rare Tea"))
    assert sorted(at.dataframe[0].value["Product"]) == sorted(titles)
    assert set(at.dataframe[0].value["Placed by"]) == {"a person"}


def test_filtered_products_can_be_moved_without_ticking_them(shop: Shop) -> None:
    tea, coffee = shop.at(*TEA), shop.at(*BEANS)
    at = act(opened(node_id=tea), "Move products")
    at.text_input(key=f"filter {tea}").set_value("loose").run()
    found = list(at.dataframe[0].value["Product"])
    assert found
    assert all("loose" in title.lower() for title in found)

    at.selectbox(key=f"put {tea}").set_value(coffee).run()
    press(at, "apply")

    assert set(found) <= set(opened(node_id=coffee).dataframe[0].value["Product"])


def test_a_locked_category_is_not_renamed_until_it_is_unlocked(shop: Shop) -> None:
    tea = shop.at(*TEA)
    press(act(opened(node_id=tea), "Lock"), "apply")
    assert shop.tree.nodes[tea].locked

    at = act(opened(node_id=tea), "Rename")
    at.text_input(key=f"name {tea}").set_value("Infusions").run()
    assert "'Tea' is locked: unlock it first" in seen(at)

    press(act(at, "Lock"), "apply")
    assert not shop.tree.nodes[tea].locked


def test_an_edit_of_what_somebody_changed_meanwhile_is_refused_with_the_name(shop: Shop) -> None:
    tea = shop.at(*TEA)
    at = act(opened(node_id=tea), "Rename")
    at.text_input(key=f"name {tea}").set_value("Infusions").run()
    shop.edit(Rename(tea, "Teas"), author="Noor")

    press(at, "apply")

    assert "Noor changed 'Grocery & Drinks > Drinks > Teas' in the meantime" in seen(at)
    assert shop.tree.nodes[tea].name == "Teas"
    assert at.header[0].value == "Teas"


def test_more_products_than_a_page_are_paged(shop: Shop) -> None:
    top = shop.at("Grocery & Drinks")
    at = opened(node_id=top)
    first = set(at.dataframe[0].value["Product"])

    at.pagination[0].set_value(2).run()

    second = set(at.dataframe[0].value["Product"])
    assert len(first) == 50
    assert second
    assert not first & second


# The tree itself runs in a browser only; these are the messages that it sends.


def test_the_trees_rename_and_move_are_applied_and_shown(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    said, remembered = _remembering(monkeypatch)
    tea, garden = shop.at(*TEA), shop.at("Garden & Outdoor")
    message = {"seq": 1, "kind": "rename", "version": shop.tree.version, "id": tea, "name": "Infusions"}
    actions.handle(TAXONOMY, read_event(message))
    message = {
        "seq": 2,
        "kind": "move",
        "version": shop.tree.version,
        "id": tea,
        "parent": garden,
        "position": 0,
    }
    actions.handle(TAXONOMY, read_event(message))

    assert shop.tree.nodes[tea].name == "Infusions"
    assert shop.tree.children_of(garden)[0] == tea
    assert [one.text for one in said] == [
        "Renamed “Tea” to “Infusions”",
        "Moved “Infusions” under “Garden & Outdoor”",
    ]
    assert remembered["heard"] == 2


def test_a_move_into_its_own_subcategory_is_refused_in_words(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, _ = _remembering(monkeypatch)
    coffee, beans = shop.at(*COFFEE), shop.at(*BEANS)
    message = {"seq": 1, "kind": "move", "version": shop.tree.version, "id": coffee, "parent": beans}
    before = shop.tree

    actions.handle(TAXONOMY, read_event(message))

    assert shop.tree == before
    assert said[0].is_error
    assert "stands inside it" in said[0].text


def _remembering(monkeypatch: pytest.MonkeyPatch) -> tuple[list[state.Notice], dict[str, object]]:
    """What is said and what a tab remembers, outside of a running page."""
    said: list[state.Notice] = []
    remembered: dict[str, object] = {}
    monkeypatch.setattr(state, "notify", said.append)
    monkeypatch.setattr("streamlit.session_state", remembered)
    monkeypatch.setattr("streamlit.query_params", {})
    return said, remembered


def test_history_tells_changes_in_words_and_takes_them_back(shop: Shop) -> None:
    tea = shop.at(*TEA)
    change = shop.edit(Rename(tea, "Infusions"))
    at = opened(Page.HISTORY)
    assert "Renamed “Tea” to “Infusions”" in seen(at)
    assert "92 new categories, 384 products placed" in seen(at)

    press(at, f"undo_{change.id}")

    assert shop.tree.nodes[tea].name == "Tea"
    assert "~~Renamed “Tea” to “Infusions”~~" in seen(at)


def test_history_says_which_later_change_is_in_the_way(shop: Shop) -> None:
    tea = shop.at(*TEA)
    change = shop.edit(Rename(tea, "Infusions"))
    shop.edit(Rename(tea, "Herbals"), author="Sam")

    at = press(opened(Page.HISTORY), f"undo_{change.id}")

    assert "Sam changed" in seen(at)
    assert shop.tree.nodes[tea].name == "Herbals"


@pytest.fixture
def proposal(shop: Shop) -> str:
    node = Node(random_ids(), "Matcha", shop.at(*TEA))
    with shop.uow() as uow:
        change = editing.propose(
            uow, TAXONOMY, [Create(node)], author="shelftree", source=Source.BUILD, reason="4 products alike"
        )
    return change.id


def test_an_accepted_proposal_changes_the_tree_and_can_be_undone(shop: Shop, proposal: str) -> None:
    at = opened(Page.CHANGES)
    assert "1 new category" in seen(at)
    assert "4 products alike" in seen(at)

    press(at, f"accept_{proposal}")
    assert shop.at(*TEA, "Matcha")

    press(at, "undo")
    assert shop.tree.find((*TEA, "Matcha")) is None


def test_a_rejected_proposal_leaves_the_tree_alone(shop: Shop, proposal: str) -> None:
    before = shop.tree

    at = press(opened(Page.CHANGES), f"reject_{proposal}")

    assert shop.tree is before
    assert "Rejected: Added “Matcha” under “Tea”" in seen(at)
    assert "Nothing waits here" in seen(at)


def test_unplaced_products_are_counted_and_can_be_placed_by_hand(shop: Shop) -> None:
    at = opened(Page.UNPLACED, unplaced={"selection": {"rows": [0]}})
    assert "**16 products** (4% of the catalogue)" in seen(at)

    at.selectbox(key="place").set_value(shop.at("Garden & Outdoor")).run()
    press(at, "apply")

    assert "**15 products**" in seen(opened(Page.UNPLACED))


def test_a_search_tells_where_it_leads_and_why(shop: Shop) -> None:
    at = opened()

    at.text_input(key="query_box").set_value("coffee beans").run()

    assert "“coffee beans” means one category." in seen(at)
    assert "its name has 100% of the words" in seen(at)
    assert "its title has coffee and beans" in seen(at)
    press(at, f"go_{shop.at(*BEANS)}")
    assert at.header[0].value == "Coffee Beans"


def test_publishing_makes_the_shown_version_the_release(shop: Shop) -> None:
    at = opened()
    at.button(key="publish").click().run()
    shop.edit(Lock(shop.at(*TEA)))

    assert shop.store.releases.log(TAXONOMY)[0].tree_version == 1
    assert "Search and tagging use version 1, 1 change ago." in seen(at.run())


def test_a_link_to_a_merged_category_leads_to_the_one_that_took_it(shop: Shop) -> None:
    pods, beans = shop.at(*PODS), shop.at(*BEANS)
    act_on = act(opened(node_id=pods), "Merge")
    act_on.selectbox(key=f"into {pods}").set_value(beans).run()
    press(act_on, "apply")
    at = AppTest.from_file(str(APP), default_timeout=20)
    at.query_params["category"] = pods

    assert at.run().header[0].value == "Coffee Beans"


def test_an_empty_store_teaches_the_first_commands(shop: Shop) -> None:
    shop.store = FakeUnitOfWork()

    text = seen(opened())

    assert "shelftree demo" in text
    assert "shelftree catalog import" in text


def test_a_tree_without_categories_points_to_the_proposal_that_waits(shop: Shop) -> None:
    shop.store = sample_shop(with_categories=False).store
    assert "shelftree build --catalog sample" in seen(opened())

    with shop.uow() as uow:
        node = Node(random_ids(), "Tea")
        editing.propose(uow, TAXONOMY, [Create(node)], author="shelftree", source=Source.BUILD)

    assert "The machine has proposed some" in seen(opened())


def test_a_tree_without_a_catalogue_is_shown_with_a_hint(shop: Shop) -> None:
    shop.store = sample_shop(with_products=False).store

    at = opened()

    assert "There is no catalogue yet" in seen(at)
    assert at.metric[0].value == "92"


def test_the_page_says_that_the_database_is_away_and_goes_on_when_it_is_back(shop: Shop) -> None:
    shop.away = True
    at = opened()
    assert "the database does not answer" in seen(at)
    assert "shelftree db up" in seen(at)

    shop.away = False
    at.button[0].click().run()

    assert at.header[0].value == "All categories"


def test_an_edit_while_the_database_is_away_is_refused_without_a_traceback(shop: Shop) -> None:
    tea = shop.at(*TEA)
    at = act(opened(node_id=tea), "Lock")
    shop.away = True

    press(at, "apply")

    assert "The database is away" in seen(at)
    shop.away = False
    assert not shop.tree.nodes[tea].locked


def test_signs_in_names_are_shown_as_they_are(shop: Shop) -> None:
    tea = shop.at(*TEA)
    shop.edit(Rename(tea, "Tea *new* $5"))

    at = opened(node_id=tea)

    assert at.header[0].value == "Tea \\*new\\* \\$5"


def detail(at: AppTest, name: str) -> AppTest:
    pills = next(one for one in at.get("button_group") if one.key == "detail")
    return pills.set_value(Detail(name)).run()


def field(at: AppTest, label: str) -> Any:
    kinds = (at.text_input, at.text_area, at.selectbox, at.checkbox, at.radio)
    return next(one for kind in kinds for one in kind if one.label == label)


def test_labels_are_kept_per_language_with_the_scope_note(shop: Shop) -> None:
    tea = shop.at(*TEA)
    at = act(opened(node_id=tea), "Details")
    field(at, "Language").set_value("de").run()
    field(at, "Name in this language").set_value("Tee").run()
    field(at, "Other names, one a line").set_value("Tees\nTeesorten").run()
    field(at, "Misspellings that search should know, one a line").set_value("The").run()
    field(at, "Says what belongs in it").set_value("Leaves to be brewed").run()

    press(at, "apply")

    node = shop.tree.nodes[tea]
    assert node.name == "Tea"
    assert node.name_in("de") == "Tee"
    assert node.alt_labels == ("Tees", "Teesorten")
    assert Label("The", LabelKind.HIDDEN, "de") in node.labels
    assert node.scope_note == "Leaves to be brewed"


def test_a_category_is_related_to_another_and_no_longer(shop: Shop) -> None:
    tea, coffee = shop.at(*TEA), shop.at(*COFFEE)
    at = detail(act(opened(node_id=tea), "Details"), "Relations")
    field(at, "How").set_value(RelationKind.SUBSTITUTE).run()
    field(at, "Which category").set_value(coffee).run()
    at = press(at, "apply")

    assert shop.tree.nodes[tea].relations == (Relation(RelationKind.SUBSTITUTE, coffee),)

    at = detail(act(at, "Details"), "Relations")
    field(at, "Relation").select_index(1).run()
    press(at, "apply")

    assert shop.tree.nodes[tea].relations == ()


def test_a_category_is_restricted_to_regions(shop: Shop) -> None:
    tea = shop.at(*TEA)
    at = detail(act(opened(node_id=tea), "Details"), "Restrictions")
    pills = next(one for one in at.get("button_group") if str(one.key).startswith("limits"))
    pills.set_value([RestrictionKind.REGION]).run()
    field(at, "Sold in (codes, parted by commas)").set_value("de, at").run()

    press(at, "apply")

    assert shop.tree.restrictions(tea) == (Restriction(RestrictionKind.REGION, ("DE", "AT")),)


def test_that_a_category_has_no_match_elsewhere_can_be_said(shop: Shop) -> None:
    tea = shop.at(*TEA)
    at = detail(act(opened(node_id=tea), "Details"), "Elsewhere")
    field(at, "It has none there").check().run()

    press(at, "apply")

    assert shop.tree.nodes[tea].crosswalk == (Match("google", ""),)


def test_subcategories_are_put_in_the_order_of_their_size(shop: Shop) -> None:
    drinks = shop.at("Grocery & Drinks", "Drinks")
    at = detail(act(opened(node_id=drinks), "Details"), "Order")
    field(at, "Order of the subcategories").set_value("Largest first").run()

    press(at, "apply")

    with shop.uow() as uow:
        totals = shelves(uow, TAXONOMY, CATALOG).total
    sizes = [totals[at] for at in shop.tree.children_of(drinks)]
    assert sizes == sorted(sizes, reverse=True)


def test_attributes_from_above_are_told_with_the_own_ones(shop: Shop) -> None:
    drinks, tea = shop.at("Grocery & Drinks", "Drinks"), shop.at(*TEA)
    shop.edit(SetAttributes(drinks, (Attribute("Volume", AttributeKind.NUMBER, "l"),)))

    at = detail(act(opened(node_id=tea), "Details"), "Attributes")

    assert "From above: Volume" in seen(at)


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


def test_a_category_tells_what_is_said_of_it(shop: Shop) -> None:
    tea, coffee = shop.at(*TEA), shop.at(*COFFEE)
    shop.edit(
        Relabel(tea, "de", "Tee", scope_note="Leaves to be brewed"),
        Relate(tea, RelationKind.SUBSTITUTE, coffee),
        Restrict(tea, (Restriction(RestrictionKind.REGION, ("DE",)),)),
        SetCrosswalk(tea, "google", "2073"),
    )

    told = seen(opened(node_id=tea))

    for part in ("Leaves to be brewed", "Tee (de)", "Coffee", "only in DE", "google: 2073"):
        assert part in told


def test_health_lists_findings_and_mends_one(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    tea = shop.at(*TEA)
    finding = Finding(Kind.LABEL, (tea,), 0.9, "it is odd", edits=(Rename(tea, "Teas"),))
    monkeypatch.setattr(shop, "audit", lambda taxonomy, catalog: [finding])
    at = press(opened(Page.HEALTH), "look")
    assert "it is odd" in seen(at)

    at = press(at, "mend_label_0")

    assert shop.tree.nodes[tea].name == "Teas"
    assert "The tree has changed since it was looked at" in seen(opened(Page.HEALTH, findings=(0, [])))


def test_a_finding_is_kept_for_later(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    tea = shop.at(*TEA)
    finding = Finding(Kind.LABEL, (tea,), 0.9, "it is odd", edits=(Rename(tea, "Teas"),))
    monkeypatch.setattr(shop, "audit", lambda taxonomy, catalog: [finding])

    press(press(opened(Page.HEALTH), "look"), "keep_label_0")

    (draft,) = shop.store.changes.log(TAXONOMY, state=State.DRAFT)
    assert draft.edits == finding.edits


def test_every_kind_of_finding_has_words() -> None:
    assert set(health._TITLES) == set(Kind)


def test_a_release_is_rolled_back_to_the_one_before(shop: Shop) -> None:
    tea = shop.at(*TEA)
    with shop.uow() as uow:
        first = releasing.publish(uow, TAXONOMY, author="Noor")
    shop.edit(Rename(tea, "Teas"))
    with shop.uow() as uow:
        releasing.publish(uow, TAXONOMY, author="Noor")

    at = press(opened(Page.RELEASES), f"back_{first.id}")

    current = shop.store.releases.in_effect(TAXONOMY)
    assert current is not None
    assert (current.restores, current.tree_version) == (first.id, 1)
    assert "back at version 1" in seen(at)


def test_a_release_is_scheduled_and_cancelled(shop: Shop) -> None:
    at = press(opened(Page.RELEASES), "schedule")
    assert "scheduled" in badges(at)
    assert shop.store.releases.in_effect(TAXONOMY) is None

    press(at, f"cancel_{shop.store.releases.log(TAXONOMY)[0].id}")

    assert shop.store.releases.log(TAXONOMY)[0].cancelled_at


def test_what_changed_since_the_release_is_told(shop: Shop) -> None:
    with shop.uow() as uow:
        releasing.publish(uow, TAXONOMY, author="Noor")
    shop.edit(Rename(shop.at(*TEA), "Teas"))

    told = seen(opened(Page.RELEASES))

    assert "Renamed" in told
    assert "Teas" in told


def badges(at: AppTest) -> str:
    return " ".join(one.value for one in at.markdown if "-badge[" in one.value)


def test_a_waiting_change_tells_what_it_does_to_products_links_and_searches(shop: Shop) -> None:
    tea, coffee = shop.at(*TEA), shop.at(*COFFEE)
    shop.edit(Pin("chai", tea))
    with shop.uow() as uow:
        editing.propose(uow, TAXONOMY, [Merge((tea,), coffee)], author="Ida", source=Source.PERSON)

    told = seen(opened(Page.CHANGES))

    assert "9 products will stand elsewhere" in told
    assert "Links to “Grocery & Drinks > Drinks > Tea” lead to “Grocery & Drinks > Drinks > Coffee”" in told
    assert "Searches for “chai” lead to" in told


def test_an_edit_foretells_where_a_pinned_search_will_lead(shop: Shop) -> None:
    tea, coffee = shop.at(*TEA), shop.at(*COFFEE)
    shop.edit(Pin("chai", tea))
    at = act(opened(node_id=tea), "Merge")

    field(at, "Merge it into").set_value(coffee).run()

    assert (
        "Searches for “chai”, pinned by a person, will lead to “Grocery & Drinks > Drinks > Coffee”"
        in seen(at)
    )


def test_the_tree_as_it_was_stands_beside_what_changed_since(shop: Shop) -> None:
    shop.edit(Rename(shop.at(*TEA), "Teas"))

    told = seen(opened(Page.HISTORY, as_it_was=True))

    assert "**Version 1**" in told
    assert "- Tea\n" in told
    assert "Renamed" in told


def test_a_category_is_split_by_brand(shop: Shop) -> None:
    beans = shop.at(*BEANS)
    at = act(opened(node_id=beans), "Split")
    pills = next(one for one in at.get("button_group") if one.key == "split_by")
    at = pills.set_value("Brand").run()

    at = press(at, "apply")

    assert beans in shop.tree.redirects
    assert len(shop.tree.successors(beans)) > 1
