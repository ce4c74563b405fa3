"""The bundled sample store is what the documentation says it is."""

import csv
import html
import io
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from importlib.resources import files

import pytest

SAMPLE = files("ui.demo") / "sample"
SEPARATOR = " > "
MAX_TITLES_PER_TEMPLATE = 3

COLOURS = (
    "amber anthracite anthrazit aqua beige black blue bronze brown burgundy camel charcoal copper coral "
    "cream ecru emerald fuchsia gold golden graphite gray green grey indigo ivory khaki lavender lilac "
    "lime magenta maroon mauve mint multicolour mustard natural navy nude ochre olive orange peach pink "
    "plum purple red rose rust sage sand scarlet silber silver tan taupe teal terracotta turquoise violet "
    "white yellow"
)
SIZES = (
    "xxs xs s m l xl xxl xxxl 2xl 3xl mini small sml medium med large lrg big giant jumbo short long "
    "single double dbl twin queen king superking pair one two three four six dozen"
)
UNITS = (
    "mm cm m km in inch inches ft feet yd mg mcg g gr gram grams kg kilo lb lbs oz fl qt gal ml cl l lt "
    "ltr litre litres liter liters pc pcs piece pieces pk pks pkt pack packs packet ct count set sets box "
    "tray case x w watt v volt ah mah wh hz hr hrs hour hours gb tb mb mp yr yrs year years pr pairs tc "
    "gsm iu of"
)


@dataclass(frozen=True)
class Product:
    product_id: str
    title: str
    brand: str
    description: str
    price: str
    image: str
    category_path: str


def _words(alternatives: str) -> str:
    return rf"\b(?:{'|'.join(alternatives.split())})\b"


NUMBER = r"[a-z]{0,4}\d+(?:[.,/x-]\d+)*(?:[a-z]+\b)?"
SIZE = re.compile(rf"{NUMBER}|{_words(SIZES)}|{_words(UNITS)}")
COLOUR = re.compile(_words(COLOURS))


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", html.unescape(text)).casefold()


def title_template(title: str, brand: str) -> str:
    """What is left of a title without its brand, numbers, sizes, units, colours, case and punctuation."""
    text = _fold(title)
    if brand:
        text = text.replace(_fold(brand), " ")
    text = COLOUR.sub(" ", SIZE.sub(" ", text))
    return " ".join(re.findall(r"\w+", text))


def _rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((SAMPLE / name).read_text(encoding="utf-8"))))


@pytest.fixture(scope="module")
def products() -> list[Product]:
    return [Product(**row) for row in _rows("products.csv")]


@pytest.fixture(scope="module")
def queries() -> list[tuple[str, str]]:
    return [(row["query"], row["category_path"]) for row in _rows("queries.csv")]


@pytest.fixture(scope="module")
def judgements() -> list[tuple[str, str, int]]:
    return [(row["query"], row["product_id"], int(row["grade"])) for row in _rows("judgements.csv")]


def _nodes(products: list[Product]) -> set[str]:
    """Every path that some product lies at or under."""
    steps = [product.category_path.split(SEPARATOR) for product in products if product.category_path]
    return {SEPARATOR.join(path[:depth]) for path in steps for depth in range(1, len(path) + 1)}


def _leaves(products: list[Product]) -> set[str]:
    nodes = _nodes(products)
    return nodes - {node.rpartition(SEPARATOR)[0] for node in nodes}


def test_there_are_400_products_and_each_has_its_own_id_and_a_title(products: list[Product]) -> None:
    assert len(products) == 400
    assert len({product.product_id for product in products}) == 400
    assert all(product.product_id and product.title.strip() for product in products)


def test_60_leaves_lie_at_depths_two_three_and_four(products: list[Product]) -> None:
    leaves = _leaves(products)

    assert len(leaves) == 60
    assert {leaf.count(SEPARATOR) + 1 for leaf in leaves} == {2, 3, 4}


def test_there_are_six_departments(products: list[Product]) -> None:
    assert len({node for node in _nodes(products) if SEPARATOR not in node}) == 6


def test_some_products_stay_at_an_inner_node(products: list[Product]) -> None:
    labelled = {product.category_path for product in products if product.category_path}

    assert labelled - _leaves(products)


def test_half_of_the_products_have_a_description(products: list[Product]) -> None:
    assert sum(bool(product.description.strip()) for product in products) == 200


def test_a_few_products_have_no_category(products: list[Product]) -> None:
    assert 8 <= sum(not product.category_path for product in products) <= 30


def test_no_title_template_occurs_more_than_three_times(products: list[Product]) -> None:
    templates = Counter(title_template(product.title, product.brand) for product in products)

    assert {text: n for text, n in templates.items() if n > MAX_TITLES_PER_TEMPLATE} == {}


def test_titles_that_differ_only_in_brand_size_and_colour_share_a_template() -> None:
    one = title_template("Ottermoor Saucepan, RED - 16cm (pk of 2)", "Ottermoor")
    other = title_template("1.5 litre saucepan &ndash; navy KETTLUND", "Kettlund")

    assert one == other == "saucepan"


def test_titles_that_differ_in_what_they_sell_have_different_templates() -> None:
    assert title_template("Red saucepan 16cm", "") != title_template("Red stockpot 16cm", "")


def test_every_judgement_is_about_a_known_query_and_product(
    products: list[Product], queries: list[tuple[str, str]], judgements: list[tuple[str, str, int]]
) -> None:
    assert {query for query, _, _ in judgements} <= {query for query, _ in queries}
    assert {product_id for _, product_id, _ in judgements} <= {product.product_id for product in products}


def test_no_product_is_judged_twice_for_a_query(judgements: list[tuple[str, str, int]]) -> None:
    pairs = [(query, product_id) for query, product_id, _ in judgements]

    assert len(set(pairs)) == len(pairs)


def test_grades_are_0_to_3_and_all_occur(judgements: list[tuple[str, str, int]]) -> None:
    assert {grade for _, _, grade in judgements} == {0, 1, 2, 3}


def test_every_query_leads_to_a_category_that_holds_products(
    products: list[Product], queries: list[tuple[str, str]]
) -> None:
    assert {path for _, path in queries} <= _nodes(products)


def test_each_of_60_queries_has_five_judgements_or_more(
    queries: list[tuple[str, str]], judgements: list[tuple[str, str, int]]
) -> None:
    judged = Counter(query for query, _, _ in judgements)

    assert len({query for query, _ in queries}) == 60
    assert [query for query, _ in queries if judged[query] < 5] == []
