"""Where a shopper's search leads."""

from tests.web.screens import BEANS, TEA, opened, press, seen
from tests.web.shop import Shop
from ui.web.state import Page


def test_a_search_tells_where_it_leads_and_why(shop: Shop) -> None:
    at = opened()

    at.text_input(key="query_box").set_value("coffee beans").run()

    assert "“coffee beans” means one category." in seen(at)
    assert "its name has 100% of the words" in seen(at)
    assert "its title has coffee and beans" in seen(at)
    press(at, f"go_{shop.at(*BEANS)}")
    assert at.header[0].value == "Coffee Beans"


def test_a_search_is_pinned_to_a_category_and_let_go_again(shop: Shop) -> None:
    tea = shop.at(*TEA)
    at = opened(Page.SEARCH, query="something warm")
    at.selectbox(key="lead something warm").set_value(tea).run()

    at = press(at, "pin something warm")
    assert shop.tree.pinned("something warm") == tea
    assert "Always leads to **Grocery & Drinks > Drinks > Tea**" in seen(at)
    assert "Searches that always lead here: “something warm”" in seen(opened(node_id=tea))

    press(at, "unpin something warm")
    assert shop.tree.pinned("something warm") is None


def test_the_likeliest_category_is_offered_first_for_a_pin(shop: Shop) -> None:
    at = opened(Page.SEARCH, query="coffee beans")

    assert at.selectbox(key="lead coffee beans").value == shop.at(*BEANS)
