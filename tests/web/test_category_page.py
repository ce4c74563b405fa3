"""A category's page, and what can be done with a category."""

from streamlit.testing.v1 import AppTest

from taxonomy.edits import Assign, Create, Pin, Relabel, Rename, Retire
from taxonomy.node import Node, NodeId, random_ids
from taxonomy.service import splitting
from taxonomy.service.splitting import Group
from tests.web.screens import APP, BEANS, COFFEE, PODS, TEA, act, field, opened, press, seen
from tests.web.shop import CATALOG, TAXONOMY, Shop


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


def test_a_link_to_a_merged_category_leads_to_the_one_that_took_it(shop: Shop) -> None:
    pods, beans = shop.at(*PODS), shop.at(*BEANS)
    act_on = act(opened(node_id=pods), "Merge")
    act_on.selectbox(key=f"into {pods}").set_value(beans).run()
    press(act_on, "apply")
    at = AppTest.from_file(str(APP), default_timeout=20)
    at.query_params["category"] = pods

    assert at.run().header[0].value == "Coffee Beans"


def test_signs_in_names_are_shown_as_they_are(shop: Shop) -> None:
    tea = shop.at(*TEA)
    shop.edit(Rename(tea, "Tea *new* $5"))

    at = opened(node_id=tea)

    assert at.header[0].value == "Tea \\*new\\* \\$5"


def test_an_edit_foretells_where_a_pinned_search_will_lead(shop: Shop) -> None:
    tea, coffee = shop.at(*TEA), shop.at(*COFFEE)
    shop.edit(Pin("chai", tea))
    at = act(opened(node_id=tea), "Merge")

    field(at, "Merge it into").set_value(coffee).run()

    assert (
        "Searches for “chai”, pinned by a person, will lead to “Grocery & Drinks > Drinks > Coffee”"
        in seen(at)
    )


def test_an_old_link_to_a_split_category_shows_the_candidates_with_their_shares(shop: Shop) -> None:
    tea = shop.at(*TEA)
    with shop.uow() as uow:
        products = splitting.in_node(uow, TAXONOMY, tea, CATALOG)
        three = Group("Rare Tea", tuple(one.id for one in products[:3]))
        shop.edit(splitting.by_groups(shop.tree, tea, [three], catalog=CATALOG, products=products))
    at = AppTest.from_file(str(APP), default_timeout=20)
    at.query_params["category"] = tea
    at.run()
    assert at.header[0].value == "“Tea” was split"
    assert "**67%** of its products" in progress(at)
    assert "**33%** of its products" in progress(at)

    at = press(at, f"go_{shop.at('Grocery & Drinks', 'Drinks', 'Rare Tea')}")

    assert at.header[0].value == "Rare Tea"


def test_an_old_link_to_what_nothing_replaced_says_so(shop: Shop) -> None:
    odd = NodeId(random_ids())
    shop.edit(Create(Node(odd, "Odds")))
    shop.edit(Retire(odd))

    at = opened(node_id=odd)

    assert at.header[0].value == "“Odds” is gone"
    assert "Nothing took its place" in seen(at)


def test_names_are_shown_in_the_language_that_is_chosen(shop: Shop) -> None:
    tea = shop.at(*TEA)
    shop.edit(Relabel(tea, "de", "Tee"), Rename(shop.at(*COFFEE), "Coffee", "en"))
    at = opened(node_id=tea)
    assert sorted(at.selectbox(key="tree_language").options) == ["de", "en"]

    at.selectbox(key="tree_language").set_value("de").run()

    assert at.header[0].value == "Tee"


def progress(at: AppTest) -> str:
    return "\n".join(one.proto.text for one in at.get("progress"))


def test_what_people_placed_is_let_go_for_the_machine_to_decide(shop: Shop) -> None:
    tea, coffee = shop.at(*TEA), shop.at(*COFFEE)
    with shop.uow() as uow:
        (product, _), *_ = uow.assignments.of_node(CATALOG, TAXONOMY, [tea])
    shop.edit(Assign(CATALOG, coffee, (product.id,)))
    at = act(
        opened(node_id=coffee, **{f"products {coffee} 1 ": {"selection": {"rows": [0]}}}), "Move products"
    )

    at = next(one for one in at.toggle if "Let the machine decide" in one.label).set_value(True).run()
    press(at, "apply")

    with shop.uow() as uow:
        assert uow.assignments.placed(CATALOG, TAXONOMY, [product.id]) == {}
