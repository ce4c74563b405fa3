import csv
import gzip
import json
import random
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.readers import open_catalog, read_fields, read_table, write_table
from ingest.readers.columns import QUERY_FIELDS, find_column
from ingest.readers.parquet import MAX_PAGE_BYTES
from ingest.readers.records import MAX_FIELD_CHARS
from taxonomy.errors import FileError, InputError
from taxonomy.product import Product, ProductId


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


COLUMNS = ("id", "title", "brand", "description", "category_path", "price", "image", "split", "colour")
ROWS = (
    ("1", 'Lamp, 10" wide', "Trm", "two\nlines", "Home > Light", 5.5, "a.jpg", "train", "red"),
    ("2", "香皂", None, "", "Bath", 7.0, None, "valid", None),
)
PRODUCTS = [
    Product(
        ProductId("1"),
        'Lamp, 10" wide',
        "Trm",
        "two lines",
        ("Home", "Light"),
        5.5,
        "a.jpg",
        "train",
        {"colour": "red"},
    ),
    Product(ProductId("2"), "香皂", category_path=("Bath",), price=7.0, split="valid"),
]


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet"])
def test_what_is_written_is_read_again_in_every_format(ending: str, packed: str, tmp_path: Path) -> None:
    path = tmp_path / f"shop.{ending}{packed}"
    assert write_table(path, COLUMNS, ROWS) == 2
    assert list(open_catalog(path)) == PRODUCTS


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl.gz", "parquet"])
def test_a_table_without_rows_is_written_and_read(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"none.{ending}"
    assert write_table(path, ("query", "score"), []) == 0
    if "json" in ending:  # has no header, so nothing says that it is a table
        with pytest.raises(FileError, match="is empty"):
            read_table(path)
    else:
        assert read_table(path).columns == ("query", "score")
        assert list(read_table(path)) == []


def test_a_writing_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = written(tmp_path / "out.csv", "before")

    def rows() -> object:
        yield ("1",)
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        write_table(path, ("id",), rows())
    assert path.read_text() == "before"
    assert [file.name for file in tmp_path.iterdir()] == ["out.csv"]


def test_the_same_rows_give_the_same_gzip_bytes(tmp_path: Path) -> None:
    for name in ("a.csv.gz", "b.csv.gz"):
        write_table(tmp_path / name, COLUMNS, ROWS)
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


def test_writing_to_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be written"):
        write_table(tmp_path / "none" / "out.csv", ("id",), [])


def test_a_catalogue_can_be_read_twice(tmp_path: Path) -> None:
    write_table(tmp_path / "shop.csv", COLUMNS, ROWS)
    catalog = open_catalog(tmp_path / "shop.csv")
    assert list(catalog) == list(catalog) == PRODUCTS
    assert catalog.counts.read == 2


HEADERS = [
    ("Product Name,SKU,Vendor", {"id": "SKU", "title": "Product Name", "brand": "Vendor"}),
    ("name,title", {"title": "title"}),
    ("ITEM_NAME,category,category_path", {"title": "ITEM_NAME", "category_path": "category_path"}),
    (
        "title,categories,product_type,google_product_category",
        {"title": "title", "category_path": "product_type"},
    ),
    (
        "title,categories,product_type",
        {"title": "title", "category_path": "categories"},
    ),
    (
        "product_uid,product_title,Image Src",
        {"id": "product_uid", "title": "product_title", "image": "Image Src"},
    ),
    ("product,retail_price,price", {"title": "product", "price": "price"}),
]


@pytest.mark.parametrize(("header", "columns"), HEADERS)
def test_columns_are_recognised_by_their_names(
    header: str, columns: Mapping[str, str], tmp_path: Path
) -> None:
    assert open_catalog(written(tmp_path / "shop.csv", header + "\n")).columns == columns


def test_a_mapping_goes_before_the_names(tmp_path: Path) -> None:
    path = written(tmp_path / "shop.csv", "id,title,long title,category\n1,Soap,Soap mild,Bath\n")
    mapped = open_catalog(path, mapping={"title": "Long_Title", "category": ""})
    assert mapped.columns == {"id": "id", "title": "long title"}
    assert [product.title for product in open_catalog(path)] == ["Soap"]
    assert [product.title for product in mapped] == ["Soap mild"]
    assert [product.category_path for product in mapped] == [()]


def test_a_mapping_of_what_is_not_there_lists_what_is(tmp_path: Path) -> None:
    path = written(tmp_path / "shop.csv", "id,title\n")
    with pytest.raises(InputError, match="no column 'nam'; columns are id, title"):
        open_catalog(path, mapping={"title": "nam"})
    with pytest.raises(InputError, match="no field 'titel'; fields are id, title"):
        open_catalog(path, mapping={"titel": "title"})


SEPARATORS: list[tuple[list[str], str, list[tuple[str, ...]]]] = [
    (["Home > Light", "Bath"], " > ", [("Home", "Light"), ("Bath",)]),
    (["Home|Light > Lamps", "A|B", "A|C"], " > ", [("Home|Light", "Lamps"), ("A|B",), ("A|C",)]),
    (["Home >> Light >>  >> Lamps"], " >> ", [("Home", "Light", "Lamps")]),
    (["Home / Light", "Bread/Buns / Rye"], " / ", [("Home", "Light"), ("Bread/Buns", "Rye")]),
    (["Bread/Buns", "Tea & Coffee, Cold"], " > ", [("Bread/Buns",), ("Tea & Coffee, Cold",)]),
    (["Home|Light|", "Bath"], "|", [("Home", "Light"), ("Bath",)]),
    (['["Home", "Light"]', '["Bath"]'], "JSON list", [("Home", "Light"), ("Bath",)]),
    (['["Home >> Light"]', '["Bath"]'], " >> ", [("Home", "Light"), ("Bath",)]),
    (['["Home > Light", "Sale > Light"]'], " > ", [("Home", "Light")]),
    (["[['Home', 'Light'], ['Sale']]"], "JSON list", [("Home", "Light")]),
    (["Women&#039;s > Tops &amp; Tees", ""], " > ", [("Women's", "Tops & Tees"), ()]),
    (["ages >5 > Toys", "ages >5"], " > ", [("ages >5", "Toys"), ("ages >5",)]),
]


@pytest.mark.parametrize(("cells", "separator", "paths"), SEPARATORS)
def test_the_separator_of_paths_is_chosen_once_a_file(
    cells: list[str], separator: str, paths: list[tuple[str, ...]], tmp_path: Path
) -> None:
    rows = [(f"Soap {i}", cell) for i, cell in enumerate(cells)]
    write_table(tmp_path / "shop.csv", ("title", "category"), rows)
    catalog = open_catalog(tmp_path / "shop.csv")
    assert catalog.separator == separator
    assert [product.category_path for product in catalog] == paths


def test_titles_and_brands_are_as_a_person_reads_them(tmp_path: Path) -> None:
    rows = [("Nuts &amp;amp; Bolts, 5&#39;", "R&D", "&lt;b&gt; as sent"), ("&nbsp;", "", "")]
    write_table(tmp_path / "shop.csv", ("title", "brand", "description"), rows)
    catalog = open_catalog(tmp_path / "shop.csv")
    (product,) = catalog
    assert (product.title, product.brand) == ("Nuts & Bolts, 5'", "R&D")
    assert product.description == "&lt;b&gt; as sent"
    assert catalog.counts.rejected == 1


def test_lists_of_json_lines_and_parquet_are_paths_and_images(tmp_path: Path) -> None:
    record = {"title": "Lamp", "categories": ["Home", "Light"], "images": ["a.jpg", "b.jpg"], "id": 7.0}
    written(tmp_path / "shop.jsonl", json.dumps(record) + "\n")
    pq.write_table(pa.Table.from_pylist([record]), tmp_path / "shop.parquet")
    for name in ("shop.jsonl", "shop.parquet"):
        (product,) = open_catalog(tmp_path / name)
        assert (product.id, product.category_path, product.image) == ("7", ("Home", "Light"), "a.jpg")


ENCODED = [
    ("Crème brûlée\nÄpfel, grün – 5 €", "cp1252"),
    ("Шампунь для волос\nМыло туалетное", "cp1251"),
    ("洗发水 去屑\n香皂 沐浴露", "gb18030"),
    ("シャンプー 石鹸\n歯磨き粉 タオル", "shift_jis"),
    ("Żółta łódź\nŚwieży chleb, świeża szynka", "cp1250"),
    ("Crème\n香皂", "utf-8"),
    ("Crème\n香皂", "utf-8-sig"),
    ("Crème\n香皂", "utf-16"),
    ("Crème\n香皂", "utf-16-be"),
    ("Crème\n香皂", "utf-32"),
]


@pytest.mark.parametrize(("titles", "encoding"), ENCODED, ids=[encoding for _, encoding in ENCODED])
def test_encodings_are_found_out(titles: str, encoding: str, tmp_path: Path) -> None:
    text = "id;title\n" + "".join(f"{i};{title}\n" for i, title in enumerate(titles.split("\n")))
    path = written(tmp_path / "shop.csv", text, encoding)
    assert [product.title for product in open_catalog(path)] == titles.split("\n")


def test_an_encoding_that_shows_late_in_the_file_is_found_out(tmp_path: Path) -> None:
    text = "title\n" + "".join(f"Soap {i}\n" for i in range(30_000)) + "Crème brûlée\n"
    assert list(open_catalog(written(tmp_path / "shop.csv", text, "cp1252")))[-1].title == "Crème brûlée"


def test_records_agree_with_the_csv_module_on_any_sound_file(tmp_path: Path) -> None:
    rng = random.Random(3)
    cells = [
        "",
        "plain",
        "a,b",
        'say ""',
        '"',
        "two\nlines",
        "tab\there",
        "5;6|7",
        'end"',
        ',"',
        "'q'",
        "\\",
        "a / b",
    ]
    rows = [[str(i), f"t{i}", *(rng.choice(cells) for _ in range(4))] for i in range(500)]
    for delimiter in ",;\t|":
        path = tmp_path / f"{ord(delimiter)}.csv"
        with path.open("w", newline="") as file:
            csv.writer(file, delimiter=delimiter).writerows([["id", "title", "a", "b", "c", "d"], *rows])
        table = read_table(path)
        assert [list(row.values()) for row in table] == rows
        assert table.counts.rejected == 0


def test_a_price_is_read_through_its_signs(tmp_path: Path) -> None:
    prices = {
        "Rs. 1,299.00": 1299.0,
        "1.299,50 €": 1299.5,
        "$5": 5.0,
        "ask": None,
        "": None,
        "-5": None,
        "1,299": 1299.0,
    }
    write_table(tmp_path / "shop.csv", ("title", "price"), ((f"t{i}", cell) for i, cell in enumerate(prices)))
    assert [product.price for product in open_catalog(tmp_path / "shop.csv")] == list(prices.values())


@pytest.mark.parametrize(
    "cell", ['["http://i/1.jpg", "http://i/2.jpg"]', "http://i/1.jpg|x.jpg", "http://i/1.jpg, http://i/2.jpg"]
)
def test_the_first_image_is_kept(cell: str, tmp_path: Path) -> None:
    write_table(tmp_path / "shop.csv", ("title", "image_url"), [("Soap", cell)])
    assert [product.image for product in open_catalog(tmp_path / "shop.csv")] == ["http://i/1.jpg"]


def test_a_product_without_id_has_the_same_at_every_reading(tmp_path: Path) -> None:
    first = written(tmp_path / "a.csv", "title,brand,price\nSoap,Trm,5\nSoap,Other,5\n")
    later = written(tmp_path / "b.csv", "title,brand,price\nSoap,Other,6\nSoap,Trm,6\n")
    assert {product.id for product in open_catalog(first)} == {product.id for product in open_catalog(later)}
    assert len({product.id for product in open_catalog(first)}) == 2


def test_a_giant_value_of_parquet_is_rejected_with_its_row(tmp_path: Path) -> None:
    titles = ["Soap", "x" * (4 * MAX_FIELD_CHARS + 1), "é" * (MAX_FIELD_CHARS + 1), "Lamp"]
    for name, dictionary in (("a.parquet", True), ("b.parquet", False)):
        pq.write_table(
            pa.table({"title": titles, "n": [1, 2, 3, 4]}), tmp_path / name, use_dictionary=dictionary
        )
        catalog = open_catalog(tmp_path / name, rejects=tmp_path / "rejects.csv")
        assert [product.title for product in catalog] == ["Soap", "Lamp"]
        assert [row["line"] for row in read_table(tmp_path / "rejects.csv")] == ["2", "3"]


def test_a_parquet_page_that_would_not_fit_memory_is_refused(tmp_path: Path) -> None:
    titles = [f"Soap {i}" for i in range(50)] + ["x" * (MAX_PAGE_BYTES + 1)]
    for name, dictionary in (("a.parquet", True), ("b.parquet", False)):
        pq.write_table(
            pa.table({"id": range(51), "title": titles}), tmp_path / name, use_dictionary=dictionary
        )
        with pytest.raises(FileError, match="column 'title' has 64 MB"):
            open_catalog(tmp_path / name)


def test_large_parquet_columns_of_small_pages_are_read(tmp_path: Path) -> None:
    rng = random.Random(1)
    texts = [f"{i} " + rng.randbytes(250_000).hex() for i in range(140)]
    table = pa.table({"title": texts})
    pq.write_table(table, tmp_path / "shop.parquet", use_dictionary=False, write_batch_size=2)
    catalog = open_catalog(tmp_path / "shop.parquet")
    assert sum(len(product.title) for product in catalog) == sum(map(len, texts)) > MAX_PAGE_BYTES


def test_a_damaged_parquet_file_gives_the_rows_before_the_damage(tmp_path: Path) -> None:
    path = tmp_path / "shop.parquet"
    table = pa.table({"title": [f"Soap {i}" for i in range(20_000)]})
    pq.write_table(table, path, row_group_size=5_000, use_dictionary=False, compression="none")
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 9000] = bytes([0xFF]) * 9000
    path.write_bytes(content)
    catalog = open_catalog(path)
    with pytest.raises(FileError, match="is damaged"):
        list(catalog)
    assert 5_000 <= catalog.counts.read < 20_000


class Heard:
    """A `Progress` that remembers."""

    def __init__(self) -> None:
        self.tasks: list[str] = []
        self.n = 0

    def start(self, task: str, total: int | None = None) -> None:
        self.tasks.append(task)

    def advance(self, n: int = 1) -> None:
        self.n += n

    def note(self, message: str) -> None: ...


def test_reading_reports_every_row(tmp_path: Path) -> None:
    heard = Heard()
    path = written(tmp_path / "shop.csv", "title\nSoap\n\nLamp\n")
    list(open_catalog(path, progress=heard))
    assert (heard.tasks, heard.n) == (["reading shop.csv"], 2)
    list(read_table(path, progress=heard))
    assert heard.n == 4


def test_a_table_gives_rows_and_reports_the_broken_ones(tmp_path: Path) -> None:
    path = tmp_path / "queries.csv.gz"
    path.write_bytes(gzip.compress(b"search_term,relevance\nsoap,3\nlamp\nrug,1\n"))
    table = read_table(path, rejects=tmp_path / "rejects.csv")
    assert [row["search_term"] for row in table] == ["soap", "rug"]
    assert (table.counts.read, table.counts.rejected) == (3, 1)
    assert list(read_table(tmp_path / "rejects.csv")) == [
        {"line": "3", "reason": "too few columns", "excerpt": "lamp"}
    ]
    assert find_column(table.columns, QUERY_FIELDS["query"], path) == "search_term"
    with pytest.raises(FileError, match="no column 'score' among: search_term, relevance"):
        find_column(table.columns, QUERY_FIELDS["score"], path)


def test_columns_without_or_with_the_same_name_are_kept_apart(tmp_path: Path) -> None:
    path = written(tmp_path / "shop.csv", "title,,size,size\nSoap,a,b,c\n")
    (product,) = open_catalog(path)
    assert product.attributes == {"column 2": "a", "size": "b", "size 4": "c"}


def test_judgements_are_read_whatever_their_columns_are_called(tmp_path: Path) -> None:
    file = tmp_path / "judged.csv"
    file.write_text("search_term,product_uid,product_title,Score\nmug,7,Blue mug,0.5\n", encoding="utf-8")

    rows = list(read_fields(file, "query", "product_id", "title", optional=["score", "relevance"]))

    assert rows == [{"query": "mug", "product_id": "7", "title": "Blue mug", "score": "0.5"}]
