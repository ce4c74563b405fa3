"""Split a category on its page."""

from tests.web.screens import BEANS, TEA, act, opened, press, seen
from tests.web.shop import Shop


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


def test_a_category_is_split_by_brand(shop: Shop) -> None:
    beans = shop.at(*BEANS)
    at = act(opened(node_id=beans), "Split")
    pills = next(one for one in at.get("button_group") if one.key == "split_by")
    at = pills.set_value("Brand").run()

    at = press(at, "apply")

    assert beans in shop.tree.redirects
    assert len(shop.tree.successors(beans)) > 1


def test_a_category_is_split_by_what_the_machine_finds_alike(shop: Shop) -> None:
    beans = shop.at(*BEANS)
    at = act(opened(node_id=beans), "Split")
    pills = next(one for one in at.get("button_group") if one.key == "split_by")
    at = press(pills.set_value("What is alike").run(), "look_for_groups")

    press(at, "apply")

    names = {shop.tree.nodes[one].name for one in shop.tree.successors(beans)}
    assert names == {"One half", "The other"}
