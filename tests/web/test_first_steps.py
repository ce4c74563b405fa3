"""The app with something missing: products, categories, the database."""

from taxonomy.edits import Create
from taxonomy.formats.entries import Entry
from taxonomy.node import Node, random_ids
from taxonomy.product import Product, ProductId, Source
from taxonomy.service import editing
from taxonomy.service.importing import import_catalog, import_taxonomy
from taxonomy.service.placing import place_by_label
from tests.fakes import FakeUnitOfWork
from tests.web.screens import TEA, act, opened, press, seen
from tests.web.shop import TAXONOMY, Shop, sample_shop
from ui.web.state import Page


def test_unplaced_products_are_counted_and_can_be_placed_by_hand(shop: Shop) -> None:
    at = opened(Page.UNPLACED, unplaced={"selection": {"rows": [0]}})
    assert "**16 products** (4% of the catalogue)" in seen(at)

    at.selectbox(key="place").set_value(shop.at("Garden & Outdoor")).run()
    press(at, "apply")

    assert "**15 products**" in seen(opened(Page.UNPLACED))


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


def test_a_tree_is_first_shown_with_the_catalogue_that_stands_in_it(shop: Shop) -> None:
    odd = Product(ProductId("odd"), "Odd kettle", category_path=("Kettles",))
    with shop.uow() as uow:
        import_catalog(uow, "a-first", [Product(ProductId("x"), "Thing")], digest="x")
        import_catalog(uow, "kettles", [odd], digest="y")
        import_taxonomy(uow, "small", [Entry(("Kettles",))], author="ann")
        place_by_label(uow, "kettles", "small")

    at = opened()
    assert at.selectbox(key="catalog").value == "sample"
    at.selectbox(key="taxonomy").set_value("small").run()
    assert at.selectbox(key="catalog").value == "kettles"
    at.selectbox(key="catalog").set_value("a-first").run()
    assert at.selectbox(key="catalog").value == "a-first"
    at.selectbox(key="taxonomy").set_value("sample").run()
    assert at.selectbox(key="catalog").value == "sample"


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
