"""Catalogues as they really arrive: what is wrong with each, and the rows that may not get lost with it."""

import csv
import gzip
from dataclasses import dataclass
from pathlib import Path

import pytest

from ingest.readers import Counts, open_catalog
from ingest.readers.records import MAX_FIELD_CHARS, MAX_LINE_CHARS
from taxonomy.errors import FileError


@dataclass(frozen=True)
class Case:
    """A file, how many rows are taken from it, and line and reason of the others."""

    what: str
    content: bytes
    accepted: int
    rejects: tuple[tuple[int, str], ...] = ()
    name: str = "shop.csv"


HEAD = b"id,title,price\n"
GOOD = b"1,Soap,5\n"
LAST = b"9,Towel,7\n"
BIG = b"x" * (MAX_FIELD_CHARS + 1)
HUGE = b"x" * (MAX_LINE_CHARS + 1)
LONG_FIELD = f"field over {MAX_FIELD_CHARS:,} characters"
LONG_LINE = f"line over {MAX_LINE_CHARS:,} characters"

CASES = [
    Case("nothing wrong", HEAD + GOOD + LAST, 2),
    Case("header only", HEAD, 0),
    Case("header only, no line end", HEAD.rstrip(), 0),
    Case("no title", HEAD + GOOD + b"2,,5\n" + LAST, 2, ((3, "no title"),)),
    Case("title of blanks", HEAD + GOOD + b"2,  \t ,5\n" + LAST, 2, ((3, "no title"),)),
    Case("only delimiters", HEAD + GOOD + b",,\n" + LAST, 2, ((3, "no title"),)),
    Case("too few columns", HEAD + GOOD + b"2,Lamp\n" + LAST, 2, ((3, "too few columns"),)),
    Case("too many columns", HEAD + GOOD + b"2,Lamp,5,6\n" + LAST, 2, ((3, "too many columns"),)),
    Case("delimiters too many, without content", HEAD + b"1,Soap,5,,\n" + LAST, 2),
    Case("duplicate id", HEAD + GOOD + b"1,Lamp,6\n" + LAST, 2, ((3, "duplicate id"),)),
    Case("duplicate id with blanks around", HEAD + GOOD + b" 1 ,Lamp,6\n" + LAST, 2, ((3, "duplicate id"),)),
    Case("same row twice, no id column", b"title,price\nSoap,5\nSoap,6\n", 1, ((3, "duplicate id"),)),
    Case("rows without id in a column of ids", HEAD + b",Soap,5\n,Lamp,6\n" + LAST, 3),
    Case("NUL in a cell", HEAD + GOOD + b"2,La\0mp,5\n" + LAST, 2, ((3, "NUL character"),)),
    Case("NUL in a quoted cell of two lines", HEAD + b'2,"La\nm\0p",5\n' + LAST, 1, ((2, "NUL character"),)),
    Case("undecodable bytes", HEAD + GOOD + b"2,La\xff\xfe\xfap,5\n" + LAST, 2, ((3, "undecodable bytes"),)),
    Case(
        "one row of other encoding in UTF-8",
        HEAD + "1,Crème brûlée,5\n".encode() + b"2,Caf\xe9,5\n" + LAST,
        2,
        ((3, "undecodable bytes"),),
    ),
    Case(
        "UTF-8 cut off within a character",
        HEAD + "1,Soäp,5\n2,".encode() + b"Lamp\xe2\x82,5",
        1,
        ((3, "undecodable bytes"),),
    ),
    Case("price that is no number", HEAD + b"1,Soap,on request\n" + LAST, 2),
    Case("blank lines between rows", HEAD + b"\n" + GOOD + b"\n   \n2,,1\n" + LAST, 2, ((6, "no title"),)),
    Case("quote never closed", HEAD + b'2,"Lamp,5\n' + GOOD + LAST, 2, ((2, "broken quoting"),)),
    Case("quote never closed in the last row", HEAD + GOOD + b'2,"Lamp,5', 1, ((3, "broken quoting"),)),
    Case(
        "quote never closed, before a quoted row",
        HEAD + b'2,"Lamp,5\n3,"Rug, red",6\n' + LAST,
        2,
        ((2, "broken quoting"),),
    ),
    Case("text after a closing quote", HEAD + GOOD + b'2,"Lamp" big,5\n' + LAST, 2, ((3, "broken quoting"),)),
    Case(
        "unescaped inch sign in a quoted cell",
        HEAD + b'2,"TV 32" wide",5\n' + LAST,
        1,
        ((2, "broken quoting"),),
    ),
    Case("inch sign in a plain cell", HEAD + b'1,TV 32",5\n2,10" pan,3\n', 2),
    Case(
        "two stray quotes that would join rows to one of too few cells",
        HEAD + b'2,"Lamp,5\n3,Rug,6\n4,Pan,10"\n' + LAST,
        3,
        ((2, "broken quoting"),),
    ),
    Case(
        "every row broken",
        HEAD + b'1,"a"b,1\n2,"a"b,1\n',
        0,
        ((2, "broken quoting"), (3, "broken quoting")),
    ),
    Case("quoted line ends", HEAD + b'1,"Soap\nin two\r\nor three lines",5\n2,,1\n', 1, ((5, "no title"),)),
    Case(
        "quote open over too many lines",
        HEAD + b'2,"Lamp\n' + b"\n" * 1200 + LAST,
        1,
        ((2, "broken quoting"),),
    ),
    Case("oversized field", HEAD + b"2," + BIG + b",5\n" + LAST, 1, ((2, LONG_FIELD),)),
    Case("oversized quoted field", HEAD + b'2,"' + BIG + b'",5\n' + LAST, 1, ((2, LONG_FIELD),)),
    Case("oversized line", HEAD + GOOD + b"2," + HUGE + b",5\n" + LAST, 2, ((3, LONG_LINE),)),
    Case("oversized last line, quote open", HEAD + GOOD + b'2,"' + HUGE, 1, ((3, LONG_LINE),)),
    Case("CRLF", b"id,title\r\n1,Soap\r\n2,\r\n3,Lamp\r\n", 2, ((3, "no title"),)),
    Case("CR alone", b"id,title\r1,Soap\r2,\r3,Lamp\r", 2, ((3, "no title"),)),
    Case("semicolons", b"id;title\n1;Soap, mild\n2\n", 1, ((3, "too few columns"),)),
    Case("pipes", b"id|title\n1|Soap\n2|a|b\n", 1, ((3, "too many columns"),)),
    Case("tabs in a .csv", b"id\ttitle\n1\tSoap, mild\n\t\n", 1, ((3, "no title"),)),
    Case("delimiter told by the first line", b"sep=;\nid;title\n1;Soap\n2;\n", 1, ((4, "no title"),)),
    Case("one column with commas in it", b"title\nSoap, mild\n  \nLamp\n", 2),
    Case("single quotes", b"'id','title'\n'1','Soap, mild'\n'2','a'b\n", 1, ((3, "broken quoting"),)),
    Case("backslash escapes", b'id,title\n1,"TV 32\\" wide"\n2,"Rug"x\n', 1, ((3, "broken quoting"),)),
    Case("blanks before quotes", b'id, title\n1, "Soap, mild"\n2, "Rug"x\n', 1, ((3, "broken quoting"),)),
    Case("UTF-8 with mark", b"\xef\xbb\xbf" + HEAD + GOOD + b"2,,5\n", 1, ((3, "no title"),)),
    Case("UTF-16 with mark", "id,title\n1,Soäp\n2,\n".encode("utf-16"), 1, ((3, "no title"),)),
    Case("UTF-16 without mark", "id,title\n1,Soap\n2,\n".encode("utf-16-le"), 1, ((3, "no title"),)),
    Case(
        "UTF-16 with half a character",
        "id,title\n1,Soap\n".encode("utf-16") + b"2",
        1,
        ((3, "undecodable bytes"),),
    ),
    Case("tabs", b"id\ttitle\n1\tSoap\n2\t\n", 1, ((3, "no title"),), "shop.tsv"),
    Case("gzip", gzip.compress(HEAD + GOOD + b"2,,5\n"), 1, ((3, "no title"),), "shop.csv.gz"),
    Case(
        "bad JSON",
        b'{"title": "Soap"}\n{"title": \n{"title": "Rug"}\n',
        2,
        ((2, "bad JSON"),),
        "shop.jsonl",
    ),
    Case(
        "JSON, no object",
        b'{"title": "Soap"}\n[1]\n7\n',
        1,
        ((2, "not a JSON object"), (3, "not a JSON object")),
        "shop.jsonl",
    ),
    Case(
        "JSON without title",
        b'{"title": "Soap"}\n{"name2": "x"}\n{"title": null}\n',
        1,
        ((2, "no title"), (3, "no title")),
        "shop.jsonl",
    ),
    Case(
        "JSON with NUL",
        b'{"title": "Soap"}\n{"title": "a\\u0000b"}\n',
        1,
        ((2, "NUL character"),),
        "shop.jsonl",
    ),
    Case(
        "JSON with half a character",
        b'{"title": "Soap"}\n{"title": "a\\ud800b"}\n',
        1,
        ((2, "undecodable bytes"),),
        "shop.jsonl",
    ),
    Case(
        "JSON undecodable",
        b'{"title": "Soap"}\n{"title": "a\xffb"}\n',
        1,
        ((2, "undecodable bytes"),),
        "shop.jsonl",
    ),
    Case(
        "JSON with oversized field",
        b'{"title": "' + BIG + b'"}\n{"title": "Soap"}\n',
        1,
        ((1, LONG_FIELD),),
        "shop.jsonl",
    ),
    Case(
        "JSON with oversized line",
        b'{"title": "Soap"}\n{"title": "' + HUGE + b'"}\n',
        1,
        ((2, LONG_LINE),),
        "shop.jsonl",
    ),
    Case(
        "JSON of a thousand brackets",
        b'{"title": "Soap"}\n' + b"[" * 200_000 + b"\n",
        1,
        ((2, "bad JSON"),),
        "shop.jsonl",
    ),
    Case(
        "JSON number of 5,000 digits",
        b'{"title": "Soap"}\n{"title": ' + b"9" * 5000 + b"}\n",
        1,
        ((2, "bad JSON"),),
        "shop.jsonl",
    ),
    Case("JSON cut off", b'{"title": "Soap"}\n{"title": "La', 1, ((2, "bad JSON"),), "shop.jsonl"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_a_bad_row_is_reported_with_line_and_reason_and_costs_no_other(case: Case, tmp_path: Path) -> None:
    path, rejects = tmp_path / case.name, tmp_path / "rejects.csv"
    path.write_bytes(case.content)

    catalog = open_catalog(path, rejects=rejects)
    n_products = sum(1 for _ in catalog)

    with rejects.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple((int(row["line"]), row["reason"]) for row in rows) == case.rejects
    assert all(len(row["excerpt"]) <= 500 for row in rows)
    assert n_products == case.accepted
    assert catalog.counts == Counts(case.accepted + len(case.rejects), case.accepted, len(case.rejects))


PACKED = gzip.compress(b"id,title\n" + b"".join(b"%d,Soap %d\n" % (i, i * i) for i in range(20_000)), mtime=0)

FAULTS = [
    ("an empty file", "shop.csv", b"", "is empty"),
    ("blank lines only", "shop.csv", b"\n  \n\n", "is empty"),
    ("an empty gzip file", "shop.csv.gz", gzip.compress(b""), "is empty"),
    ("an empty JSON lines file", "shop.jsonl", b"\n", "is empty"),
    ("an unknown ending", "shop.xlsx", b"PK", "unknown ending '.xlsx'"),
    ("a workbook named .csv", "shop.csv", b"PK\x03\x04rest", "save it as CSV"),
    ("gzip named .csv", "shop.csv", gzip.compress(HEAD), "end in .gz"),
    ("CSV named .gz", "shop.csv.gz", HEAD, "is not gzip"),
    (
        "no column of titles",
        "shop.csv",
        b"id,colour\n1,red\n",
        "among: id, colour. Say which it is: --map title=COLUMN",
    ),
    ("a header with NUL", "shop.csv", b"id,ti\0tle\n", "line 1: the header cannot be read: NUL"),
    (
        "a header with an open quote",
        "shop.csv",
        b'id,"title\n1,Soap\n',
        "line 1: the header cannot be read: broken quoting",
    ),
    ("a JSON array", "shop.json", b'[{"title": "Soap"},\n{"title": "Rug"}]', "one object a line"),
    ("text named .parquet", "shop.parquet", b"id,title\n1,Soap\n", "is not Parquet"),
    ("gzip cut off in its header", "shop.csv.gz", PACKED[:12], "cut off or damaged"),
]


@pytest.mark.parametrize(
    ("name", "content", "message"), [fault[1:] for fault in FAULTS], ids=[f[0] for f in FAULTS]
)
def test_a_file_that_cannot_be_used_says_why(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FileError) as caught:
        open_catalog(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file_and_a_folder_say_so(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such file"):
        open_catalog(tmp_path / "none.csv")
    with pytest.raises(FileError, match="is a folder"):
        open_catalog(tmp_path)


def test_a_gzip_file_cut_off_gives_its_rows_then_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "shop.csv.gz"
    path.write_bytes(PACKED[: len(PACKED) - 2000])
    catalog = open_catalog(path)
    titles: list[str] = []
    with pytest.raises(FileError, match="cut off or damaged") as caught:
        titles.extend(product.title for product in catalog)
    assert titles[:2] == ["Soap 0", "Soap 1"]
    assert len(titles) > 1000
    assert catalog.counts.read == catalog.counts.accepted == len(titles)
    assert caught.value.line == len(titles) + 1
