"""Google's product feeds as catalogues: RSS, Atom and the text form."""

import gzip
from pathlib import Path

import pytest

from ingest.readers import Counts, open_catalog, read_table, write_table
from ingest.readers.decoding import encoding_of
from taxonomy.errors import FileError
from taxonomy.product import Product, ProductId

HEAD = '<?xml version="1.0"?>\n<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0">\n<channel>\n'
TAIL = "</channel>\n</rss>\n"
ITEM = """<item>
<g:id>A-1</g:id>
<title>Olive soap &amp; dish</title>
<description><![CDATA[Made <b>by hand</b>]]></description>
<g:brand>Trm</g:brand>
<g:price>12.50 USD</g:price>
<g:image_link>http://i/1.jpg</g:image_link>
<g:product_type>Bath &gt; Soap</g:product_type>
<g:google_product_category>474</g:google_product_category>
<g:gtin>0012345678905</g:gtin>
<g:custom_label_0>hot</g:custom_label_0>
</item>
"""
SOAP = Product(
    ProductId("A-1"),
    "Olive soap & dish",
    "Trm",
    "Made <b>by hand</b>",
    ("Bath", "Soap"),
    12.5,
    "http://i/1.jpg",
    attributes={"google_product_category": "474", "gtin": "0012345678905", "custom_label_0": "hot"},
)


def feed(folder: Path, body: str, *, head: str = HEAD, tail: str = TAIL, name: str = "feed.xml") -> Path:
    path = folder / name
    content = (head + body + tail).encode()
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def item(inside: str) -> str:
    return f"<item><g:id>1</g:id><g:title>Soap</g:title>{inside}</item>\n"


@pytest.mark.parametrize("name", ["feed.xml", "feed.xml.gz", "feed.rss"])
def test_an_rss_feed_is_a_catalogue(name: str, tmp_path: Path) -> None:
    assert list(open_catalog(feed(tmp_path, ITEM, name=name))) == [SOAP]


def test_an_atom_feed_is_a_catalogue(tmp_path: Path) -> None:
    head = '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0"><title>Shop</title>\n'
    body = (
        '<entry><id>tag:shop,1</id><g:id>A-1</g:id><title>Soap</title><link href="http://shop/1"/>'
        "<summary>Mild</summary><g:price>5 EUR</g:price></entry>"
    )

    (product,) = open_catalog(feed(tmp_path, body, head=head, tail="</feed>"))

    assert product == Product(
        ProductId("A-1"), "Soap", description="Mild", price=5.0, attributes={"link": "http://shop/1"}
    )


@pytest.mark.parametrize(
    "header", ["product type\timage link\tid\ttitle\tprice", "PRODUCT_TYPE\timage_link\tId\tTitle\tprice"]
)
def test_the_text_form_is_a_catalogue_too(header: str, tmp_path: Path) -> None:
    path = tmp_path / "feed.tsv"
    path.write_text(
        f'{header}\tgoogle product category\n"Bath > Soap"\thttp://i/1.jpg\tA-1\tSoap\t12.50 USD\t474\n'
    )

    (product,) = open_catalog(path)

    assert (product.id, product.category_path, product.price) == ("A-1", ("Bath", "Soap"), 12.5)
    assert product.image == "http://i/1.jpg"


def test_a_feed_is_read_as_a_table_as_well(tmp_path: Path) -> None:
    table = read_table(feed(tmp_path, ITEM))

    assert table.columns[:3] == ("title", "description", "id")
    assert next(iter(table))["price"] == "12.50 USD"


def test_repeated_elements_are_joined_and_a_second_category_is_kept_apart(tmp_path: Path) -> None:
    many = "".join(f"<g:additional_image_link>{n}.jpg</g:additional_image_link>" for n in "ab")
    types = "<g:product_type>Bath > Soap</g:product_type><g:product_type>Sale</g:product_type>"

    (product,) = open_catalog(feed(tmp_path, item(many + types)))

    assert product.category_path == ("Bath", "Soap")
    assert product.attributes == {"additional_image_link": "a.jpg, b.jpg", "product_type 2": "Sale"}


def test_the_price_of_the_shipping_is_not_the_products(tmp_path: Path) -> None:
    shipping = "<g:shipping><g:country>US</g:country><g:price>6.49 USD</g:price></g:shipping>"

    (product,) = open_catalog(feed(tmp_path, item(shipping + "<g:price>5 USD</g:price>")))

    assert product.price == 5.0
    assert product.attributes == {"shipping": "US:6.49 USD"}


def test_googles_own_element_goes_before_one_of_the_same_name(tmp_path: Path) -> None:
    (product,) = open_catalog(feed(tmp_path, item("<title>Buy soap now!!</title>")))

    assert product.title == "Soap"


def test_googles_namespace_counts_whatever_its_prefix(tmp_path: Path) -> None:
    body = "<item><x:id>7</x:id><title>Soap</title><y:size>9</y:size></item>"

    (product,) = open_catalog(feed(tmp_path, body, head=HEAD.replace("xmlns:g", "xmlns:x")))

    assert (product.id, product.attributes) == ("7", {"y:size": "9"})


def test_an_item_without_id_is_rejected_with_its_line(tmp_path: Path) -> None:
    body = ITEM + "<item><title>Lamp</title></item>\n" + item("")

    catalog = open_catalog(feed(tmp_path, body), rejects=tmp_path / "rejects.csv")

    assert [product.id for product in catalog] == ["A-1", "1"]
    assert catalog.counts == Counts(3, 2, 1)
    assert [(row["line"], row["reason"]) for row in read_table(tmp_path / "rejects.csv")] == [("16", "no id")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252", "gb18030", "shift_jis"])
def test_a_feed_is_read_in_the_encoding_it_declares(encoding: str, tmp_path: Path) -> None:
    title = "Crème brûlée" if encoding in ("utf-8", "utf-16", "cp1252") else "石鹸"
    path = tmp_path / "feed.xml"
    text = HEAD.replace('"1.0"?', f'"1.0" encoding="{encoding}"?') + item("").replace("Soap", title) + TAIL
    path.write_bytes(text.encode(encoding))

    assert [product.title for product in open_catalog(path)] == [title]


def test_what_a_file_declares_counts_only_where_it_is_not_utf_8() -> None:
    assert encoding_of("香皂".encode("gb18030"), declared="gb18030") == "gb18030"
    assert encoding_of("香皂".encode(), declared="gb18030") == "utf-8"


def test_a_feed_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"end in \.csv"):
        write_table(tmp_path / "out.xml", ("id",), [])
