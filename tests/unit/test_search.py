from collections.abc import Sequence

import numpy as np
import pytest

from ingest.search.retrieval import Searcher, open_searcher
from ingest.search.routing import open_router
from taxonomy.ports import Floats, Progress
from taxonomy.product import Product, ProductId
from taxonomy.tree import Tree

TREE = Tree.from_paths([("Pets", "Dog Food"), ("Pets", "Bowls")])
TITLES = {
    "kibble": "Chicken dinner 10 kg",
    "bowl": "Steel bowl for dog food",
    "litter": "Cat litter",
    "chow": "Chow",
}
PRODUCTS = [Product(ProductId(name), title, brand="Woofa") for name, title in TITLES.items()]


class Dogs:
    """An encoder for which chow is canine."""

    revision, dim = "dogs", 2

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Floats:
        dogs = [any(word in text.lower() for word in ("chow", "canine")) for text in texts]
        return np.array([[dog, not dog] for dog in dogs], dtype=np.float32).reshape(-1, 2)


def searcher(**evidence: object) -> Searcher:
    return open_searcher([(product, None) for product in PRODUCTS], **evidence)  # type: ignore[arg-type]


def found(searching: Searcher, query: str, *, top: int = 10) -> list[str]:
    return [str(item.product_id) for item in searching.search(query, top=top)]


def test_products_are_found_by_their_words() -> None:
    assert found(searcher(), "steel bowls") == ["bowl"]
    assert found(searcher(), "litr cat") == ["litter"]


def test_the_brand_is_part_of_the_text() -> None:
    assert len(found(searcher(), "woofa")) == 4


def test_products_are_found_by_meaning() -> None:
    assert found(searcher(), "canine") == []
    assert found(searcher(encoder=Dogs()), "canine") == ["chow"]


def test_the_category_lifts_its_products() -> None:
    food = TREE.find(("Pets", "Dog Food"))
    stock = [(product, food if product.id == "kibble" else None) for product in PRODUCTS]
    stock = [(product, node or TREE.find(("Pets", "Bowls"))) for product, node in stock]
    plain, routed = (open_searcher(stock, router=router) for router in (None, open_router(TREE)))
    score = [{item.product_id: item.score for item in s.search("woofa dog food")} for s in (plain, routed)]
    assert score[1][ProductId("kibble")] > score[0][ProductId("kibble")]


def test_top_limits_the_products() -> None:
    assert len(found(searcher(), "woofa", top=2)) == 2


@pytest.mark.parametrize("query", ["", "  ", "zzzzz", "电视"])
def test_a_query_that_says_nothing_finds_nothing(query: str) -> None:
    assert found(searcher(), query) == []


def test_a_collection_of_nothing_finds_nothing() -> None:
    assert open_searcher([], encoder=Dogs()).search("dog") == []


def test_queries_together_are_answered_as_alone() -> None:
    queries = ["steel bowl", "", "woofa"]
    assert searcher().search_many(queries) == [searcher().search(query) for query in queries]
