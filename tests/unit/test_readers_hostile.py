"""Files that were broken on the way or made to do harm: one clear error each, or the row that is lost."""

import csv
import gzip
import io
import os
import socket
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.readers import Counts, open_catalog, read_table
from ingest.readers.records import MAX_FIELD_CHARS, MAX_LINE_CHARS
from ingest.readers.source import BOMB_BYTES, MAX_RATIO
from taxonomy.errors import FileError

Maker = Callable[[Path], None]

RSS = b'<?xml version="1.0"?>\n<rss xmlns:g="http://base.google.com/ns/1.0"><channel>\n'
SOAP = b"<item><g:id>1</g:id><title>Soap</title></item>\n"
LAMP = b"<item><g:id>2</g:id><title>Lamp</title></item>\n"
END = b"</channel></rss>\n"
LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))


def with_title(title: bytes) -> bytes:
    return RSS + b"<item><g:id>1</g:id><title>" + title + b"</title></item>\n" + END


def zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("shop.csv", content)
    return packed.getvalue()


def parquet(**columns: list[object]) -> bytes:
    content = io.BytesIO()
    table = pa.table(columns or {"id": ["1", "2"], "title": ["Soap", "Lamp"]})
    pq.write_table(table, content, compression="none", use_dictionary=False)
    return content.getvalue()


def with_footer(content: bytes, size: int, footer: bytes | None = None) -> bytes:
    """The file with another footer, or with another size of it in its last bytes."""
    length = struct.unpack("<I", content[-8:-4])[0]
    kept = content[: -8 - length] + (footer if footer is not None else content[-8 - length : -8])
    return kept + struct.pack("<I", size) + b"PAR1"


PARQUET = parquet()

REFUSED: list[tuple[str, str, bytes, str]] = [
    ("a zip archive", "shop.zip", zipped(b"id,title\n1,Soap\n"), "unknown ending '.zip'; unpack it first"),
    ("a tar archive", "shop.tar.gz", gzip.compress(b"x"), "unknown ending '.tar'; unpack it first"),
    (
        "a zip bomb named .csv",
        "shop.csv",
        zipped(bytes(1 << 20)),
        "zip archive: save it as CSV, or unpack it",
    ),
    ("an empty zip named .csv", "shop.csv", zipped(b"")[-22:], "is an empty zip archive"),
    (
        "a zip inside gzip",
        "shop.csv.gz",
        gzip.compress(zipped(b"id,title\n")),
        "is a spreadsheet or zip archive",
    ),
    ("gzip packed twice", "shop.csv.gz", gzip.compress(gzip.compress(b"id,title\n")), "packed twice"),
    ("bzip2 named .csv", "shop.csv", b"BZh91AY&SY", "is an archive: unpack it first"),
    ("xz named .tsv", "shop.tsv", b"\xfd7zXZ\0", "is an archive: unpack it first"),
    ("a PDF named .csv", "shop.csv", b"%PDF-1.7\n", "is a PDF"),
    ("an old workbook named .csv", "shop.csv", b"\xd0\xcf\x11\xe0\xa1\xb1", "is an old Excel workbook"),
    ("Parquet named .csv", "shop.csv", PARQUET, "let its name end in .parquet"),
    ("gzip with a damaged header", "shop.csv.gz", b"\x1f\x8b\x63" + bytes(20), "cut off or damaged"),
    ("a wrong ending", "shop.doc", b"id,title\n", "unknown ending '.doc'; use one of .csv, .txt"),
    ("no ending", "shop", b"id,title\n", "unknown ending ''"),
    (
        "a feed with billion laughs",
        "f.xml",
        b'<!DOCTYPE l [<!ENTITY l0 "ha">' + LAUGHS + b"]>\n<rss>&l9;</rss>",
        "line 1: it declares entities",
    ),
    (
        "a feed with one huge entity",
        "f.xml",
        b"<!DOCTYPE q [\n<!ENTITY q '" + b"x" * 50_000 + b"'>]>\n<rss>" + b"&q;" * 50_000,
        "it declares entities",
    ),
    (
        "a feed with an external entity",
        "f.xml",
        b'<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]><rss>&e;</rss>',
        "it declares entities",
    ),
    (
        "a feed with a parameter entity",
        "f.xml",
        b'<!DOCTYPE r [<!ENTITY % e SYSTEM "http://127.0.0.1/e">%e;]><rss/>',
        "it declares entities",
    ),
    (
        "a web page instead of a feed",
        "f.xml",
        b"<!DOCTYPE html>\n<html><body>Log in</body></html>",
        "line 2: is a web page, and no product feed",
    ),
    ("XML of another kind", "f.xml", b"<orders><order/></orders>", "XML of another kind, <orders>"),
    ("text instead of XML", "f.xml", b"id,title\n1,Soap\n", "line 1: is broken XML (syntax error)"),
    ("a feed without items", "f.xml", RSS + END, "a feed without products"),
    ("an empty feed file", "f.xml", b"", "is empty"),
    ("a feed of blanks", "f.xml", b"\n \n", "line 3: is broken XML (no element found)"),
    (
        "a feed whose first item is never closed",
        "f.xml",
        RSS + SOAP[:-8],
        "the file ends before its last tag is closed",
    ),
    (
        "a feed with text before its first line",
        "f.xml",
        b"\n" + RSS + SOAP + END,
        "remove what stands before <?xml",
    ),
    ("a feed nested a million deep", "f.xml", RSS + b"<a>" * 1_000_000, "has tags 100 deep"),
    (
        "a feed with a comment of 5 MB",
        "f.xml",
        RSS + b"<!--" + b"x" * (5 << 20) + b"-->",
        "holds a tag or comment of over",
    ),
    (
        "a feed with an attribute of 5 MB",
        "f.xml",
        b'<rss a="' + b"x" * (5 << 20),
        "holds a tag or comment of over",
    ),
    (
        "a feed whose items have no title",
        "f.xml",
        RSS + b"<item><g:id>1</g:id></item>" + END,
        "no column of titles among: id",
    ),
    ("Parquet cut off", "s.parquet", PARQUET[:-20], "is not Parquet, or cut off"),
    (
        "Parquet whose footer claims to be larger than the file",
        "s.parquet",
        with_footer(PARQUET, 1 << 30),
        "is not Parquet, or cut off",
    ),
    (
        "Parquet whose footer claims to be empty",
        "s.parquet",
        with_footer(PARQUET, 0),
        "is not Parquet, or cut off",
    ),
    (
        "Parquet whose footer is noise",
        "s.parquet",
        with_footer(PARQUET, 64, b"\xf7" * 64),
        "is not Parquet, or cut off",
    ),
    ("Parquet with an encrypted footer", "s.parquet", PARQUET[:-4] + b"PARE", "is not Parquet, or cut off"),
    (
        "Parquet whose column is called by no text",
        "s.parquet",
        PARQUET.replace(b"title", b"tit\xffe"),
        "is not Parquet, or cut off",
    ),
    ("Parquet without titles", "s.parquet", parquet(id=["1"], colour=["red"]), "among: id, colour"),
    ("a NUL for every byte", "shop.csv", bytes(1000), "line 1: the header cannot be read: NUL character"),
    (
        "a header of one giant line",
        "shop.csv",
        b"id," * 2_000_000,
        "line 1: the header cannot be read: line over",
    ),
    ("JSON in a .csv", "shop.csv", b'{"id": 1, "title": "Soap"}\n', "is JSON inside"),
    ("CSV in a .jsonl", "shop.jsonl", b"id,title\n1,Soap\n", "no column of titles among"),
    (
        "one JSON object over many lines",
        "shop.json",
        b'{\n"products": [\n{"id": 1}\n]\n}\n',
        "no column of titles among",
    ),
    ("a web page named .csv", "shop.csv", b"<!DOCTYPE html>\n<html></html>\n", "is a web page or XML"),
]


@pytest.mark.parametrize(
    ("name", "content", "says"), [case[1:] for case in REFUSED], ids=[c[0] for c in REFUSED]
)
def test_it_is_refused_in_one_sentence(name: str, content: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(FileError) as caught:
        sum(1 for _ in open_catalog(path))

    assert says in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


KEPT: list[tuple[str, str, bytes, int, list[tuple[int, str]]]] = [
    ("an id twice in a feed", "f.xml", RSS + SOAP + SOAP + LAMP + END, 2, [(4, "duplicate id")]),
    (
        "a product with two ids",
        "f.xml",
        RSS + SOAP.replace(b"</item>", b"<g:id>1b</g:id></item>") + END,
        1,
        [],
    ),
    ("an empty item", "f.xml", RSS + b"<item/>\n" + SOAP + END, 1, [(3, "no title")]),
    ("a prefix that is never declared", "f.xml", b"<rss><channel>" + SOAP + END, 1, []),
    ("NUL in a feed", "f.xml", RSS + SOAP.replace(b"oa", b"\0") + LAMP + END, 1, [(3, "NUL character")]),
    (
        "a stray byte in a UTF-8 feed",
        "f.xml",
        RSS + LAMP.replace(b"amp", "ämpchen ä".encode()) + SOAP.replace(b"oa", b"\xff") + END,
        1,
        [(4, "undecodable bytes")],
    ),
    ("a control character in a feed", "f.xml", with_title(b"So\x0bap"), 1, []),
    (
        "an encoding declared that does not exist",
        "f.xml",
        with_title("Sämpel ä".encode()).replace(b'"1.0"', b'"1.0" encoding="owl"'),
        1,
        [],
    ),
    (
        "UTF-8 declared, Latin-1 written",
        "f.xml",
        with_title(b"Cr\xe8me br\xfbl\xe9e").replace(b'"1.0"', b'"1.0" encoding="utf-8"'),
        1,
        [],
    ),
    (
        "UTF-16 declared, UTF-8 written",
        "f.xml",
        with_title("Crème".encode()).replace(b'"1.0"', b'"1.0" encoding="utf-16"'),
        1,
        [],
    ),
    (
        "a giant title in a feed",
        "f.xml",
        with_title(b"x" * (MAX_FIELD_CHARS + 1)).replace(END, LAMP + END),
        1,
        [(3, f"field over {MAX_FIELD_CHARS:,} characters")],
    ),
    (
        "a giant item in a feed",
        "f.xml",
        RSS + SOAP + with_title(b"x" * (MAX_LINE_CHARS + 1))[len(RSS) :],
        1,
        [(4, f"line over {MAX_LINE_CHARS:,} characters")],
    ),
    (
        "a million cells in an item",
        "f.xml",
        RSS + b"<item>" + b"<a>1</a>" * 100_000 + b"</item>" + LAMP + END,
        1,
        [(3, f"line over {MAX_LINE_CHARS:,} characters")],
    ),
    (
        "10,000 columns",
        "s.csv",
        b"id,title,"
        + b",".join(b"c%d" % n for n in range(10_000))
        + b"\n1,Soap"
        + b",x" * 10_000
        + b"\n2,Lamp\n",
        1,
        [(3, "too few columns")],
    ),
    (
        "a header with one name twice",
        "s.csv",
        b"id,title,title\n1,Soap,x\n1,Lamp,y\n",
        1,
        [(3, "duplicate id")],
    ),
    (
        "a header whose names collide once they are told apart",
        "s.csv",
        b"id,title,title 4,title\n1,Soap,x,y\n",
        1,
        [],
    ),
    ("LF and CRLF in one file", "s.csv", b"id,title\r\n1,Soap\n2,Lamp\r\n3,\n", 2, [(4, "no title")]),
    (
        "empty lines by the thousand",
        "s.csv",
        b"id,title\n" + b"\n" * 5000 + b"1,Soap\r\n\r\n\r\n2\n",
        1,
        [(5005, "too few columns")],
    ),
    ("empty lines within quotes", "s.csv", b'id,title\n1,"Soap\n\n\n\nmild"\n2,\n', 1, [(7, "no title")]),
    (
        "UTF-16 without mark, big end first",
        "s.csv",
        "id,title\n1,Soap\n2,\n".encode("utf-16-be"),
        1,
        [(3, "no title")],
    ),
    (
        "UTF-16 without mark, tabs",
        "s.tsv",
        "id\ttitle\n1\tSoap\n2\t\n".encode("utf-16-le"),
        1,
        [(3, "no title")],
    ),
    ("UTF-32", "s.csv", "id,title\n1,Soap\n2,\n".encode("utf-32"), 1, [(3, "no title")]),
    (
        "a spreadsheet's header of a feed",
        "s.tsv",
        b'\xef\xbb\xbfid\ttitle\tproduct type\r\n1\t"Soap ""mild"""\tBath\r\n\t\t\r\n',
        1,
        [(3, "no title")],
    ),
    (
        "Parquet with text that is no UTF-8",
        "s.parquet",
        PARQUET.replace(b"Soap", b"S\xffap"),
        1,
        [(1, "undecodable bytes")],
    ),
    ("Parquet with NUL", "s.parquet", parquet(title=["So\0ap", "Lamp"]), 1, [(1, "NUL character")]),
    ("Parquet without rows", "s.parquet", parquet(id=[], title=[]), 0, []),
    (
        "Parquet of lists and records",
        "s.parquet",
        parquet(title=["Soap", None], tags=[["a"], []], size=[{"w": 1}, None]),
        1,
        [(2, "no title")],
    ),
]


@pytest.mark.parametrize(
    ("name", "content", "accepted", "rejects"), [case[1:] for case in KEPT], ids=[c[0] for c in KEPT]
)
def test_only_the_broken_rows_are_lost(
    name: str, content: bytes, accepted: int, rejects: list[tuple[int, str]], tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    catalog = open_catalog(path, rejects=tmp_path / "rejects.csv")
    n_products = sum(1 for _ in catalog)

    with (tmp_path / "rejects.csv").open(encoding="utf-8", newline="") as file:
        assert [(int(row["line"]), row["reason"]) for row in csv.DictReader(file)] == rejects
    assert n_products == accepted
    assert catalog.counts == Counts(accepted + len(rejects), accepted, len(rejects))


BROKEN_LATE: list[tuple[str, str, bytes, str]] = [
    (
        "an item is never closed",
        "f.xml",
        RSS + SOAP + LAMP[:-8] + END,
        "line 4: is broken XML (mismatched tag)",
    ),
    (
        "a bare ampersand",
        "f.xml",
        RSS + SOAP + LAMP.replace(b"Lamp", b"Lamp & co") + END,
        "line 4: is broken XML (not well-formed (invalid token)): a plain & is written &amp;",
    ),
    (
        "HTML's names of signs",
        "f.xml",
        RSS + SOAP + LAMP.replace(b"Lamp", b"Lamp&nbsp;") + END,
        "line 4: is broken XML (undefined entity): XML knows &amp;",
    ),
    (
        "a sign of number 0",
        "f.xml",
        RSS + SOAP + LAMP.replace(b"Lamp", b"&#0;") + END,
        "line 4: is broken XML",
    ),
    ("the feed is cut off", "f.xml", RSS + SOAP + LAMP[:20], "the file ends"),
    ("two feeds in one file", "f.xml", RSS + SOAP + END + RSS + LAMP + END, "nothing after it"),
    (
        "the gzip stream is cut off",
        "f.xml.gz",
        gzip.compress(RSS + SOAP + os.urandom(400_000).hex().encode())[:-9000],
        "cut off or damaged",
    ),
    (
        "gzip is followed by noise",
        "s.csv.gz",
        gzip.compress(b"id,title\n1,Soap\n") + b"noise",
        "cut off or damaged",
    ),
    (
        "the checksum is wrong",
        "s.csv.gz",
        gzip.compress(b"id,title\n1,Soap\n")[:-8] + bytes(8),
        "cut off or damaged",
    ),
]


@pytest.mark.parametrize(
    ("name", "content", "says"), [case[1:] for case in BROKEN_LATE], ids=[c[0] for c in BROKEN_LATE]
)
def test_what_stands_before_the_damage_is_given_first(
    name: str, content: bytes, says: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    titles: list[str] = []

    with pytest.raises(FileError) as caught:
        titles.extend(product.title for product in open_catalog(path))

    assert titles == ["Soap"]
    assert says in str(caught.value)
    assert "rows up to here were read" in str(caught.value)


def pipe(path: Path) -> None:
    os.mkfifo(path)


def plug(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def dangling_link(path: Path) -> None:
    path.symlink_to("nowhere.csv")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (pipe, "is a pipe or device"),
        (plug, "is a pipe or device"),
        (dangling_link, "there is no such file"),
        (Path.mkdir, "is a folder"),
    ],
    ids=["a named pipe", "a socket", "a link to nothing", "a folder named like a table"],
)
def test_what_is_no_file_is_not_waited_for(make: Maker, says: str, tmp_path: Path) -> None:
    make(tmp_path / "s.csv")

    with pytest.raises(FileError, match=says):
        open_catalog(tmp_path / "s.csv")


@pytest.mark.parametrize("name", ["s.csv.gz", "s.jsonl.gz", "f.xml.gz", "s.parquet.gz"])
def test_a_gzip_bomb_is_refused_when_it_outgrows_any_catalogue(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    start = {"s.csv.gz": b"id,title\n1,Soap\n", "s.jsonl.gz": b'{"id": 1, "title": "Soap"}\n'}.get(
        name, RSS + SOAP
    )
    with gzip.open(path, "wb") as file:
        file.write(start)
        for _ in range((BOMB_BYTES >> 20) + 1):
            file.write(b" " * (1 << 20))

    with pytest.raises(FileError, match=f"unpacks to over {MAX_RATIO} times its size"):
        sum(1 for _ in open_catalog(path))


def test_a_small_file_may_repeat_itself(tmp_path: Path) -> None:
    path = tmp_path / "s.csv.gz"
    path.write_bytes(gzip.compress(b"id,title\n" + b"1,Soap\n" * 100_000))

    assert sum(1 for _ in read_table(path)) == 100_000
