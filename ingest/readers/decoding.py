"""Bytes to lines of text, in an encoding found on the way, never holding more than one bounded line.

Bytes that cannot be decoded become lone surrogates, so that only the rows they stand in are lost.
"""

import codecs
import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from charset_normalizer import from_bytes

from ingest.readers.records import EXCERPT_CHARS, MAX_LINE_CHARS

__all__ = ["Line", "Lines", "encoding_of", "lines", "text_chunks"]

_BOMS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
_LEGACY = [
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "gb18030",
    "big5",
    "cp932",
    "euc_jp",
    "euc_kr",
]
_GUESS_BYTES = 1 << 16
_MIN_TELLING = 8
# What Western European shop text has beyond ASCII; 'ÿþ' and the like come of bytes that are no text at all.
_WESTERN = frozenset(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜŒßàáâãäåæçèéêëìíîïñòóôõöøùúûüœ€£¢¥§©®™°²³´µ·º½¼¾×–—‘’“”„•…«»¡¿\xa0"
)
_INSIDE_WORD = re.compile("(?<=[a-zà-ÿ])[£¢¥§²³¼½¾×¡¿«»„](?=[a-zà-ÿ])")


class Line(NamedTuple):
    """A line without its end; `cut`: it was longer than `MAX_LINE_CHARS` and only its beginning is here.

    Empty lines in a row are one `Line`, whose text is the line ends between them: a file may hold millions.
    """

    number: int
    text: str
    cut: bool


class Lines:
    """An iterator of lines that takes lines back."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines, self._returned = iter(lines), deque[Line]()

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        return self._returned.popleft() if self._returned else next(self._lines)

    def put_back(self, lines: Iterable[Line]) -> None:
        """Give these lines again, before all others."""
        self._returned.extendleft(reversed(list(lines)))


def encoding_of(sample: bytes, *, declared: str = "") -> str:
    """The encoding of text that begins with a sample: by its byte order mark, else UTF-8 if credible.

    Else it is what the file declares, where it does; else it is guessed.

    A few bytes that break UTF-8 do not make a file Latin-1; they make rows that are rejected.

    >>> encoding_of("Crème".encode()), encoding_of("Crème".encode("cp1252"))
    ('utf-8', 'cp1252')
    """
    for mark, name in _BOMS:
        if sample.startswith(mark):
            return name
    if unmarked := _unmarked_utf16(sample[:64]):
        return unmarked
    decoded = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode(sample)
    n_bad = sum("\ud800" <= c <= "\udfff" for c in decoded)
    n_good = sum(c > "\x7f" for c in decoded) - n_bad
    return "utf-8" if n_bad <= (0 if declared else n_good) else declared or _legacy(sample) or "utf-8"


def _unmarked_utf16(head: bytes) -> str | None:
    even, odd = head[::2], head[1::2]
    if len(odd) < 4:
        return None
    if odd.count(0) > 0.9 * len(odd) and not even.count(0):
        return "utf-16-le"
    return "utf-16-be" if even.count(0) > 0.9 * len(even) and not odd.count(0) else None


def _legacy(sample: bytes) -> str | None:
    telling = b"\n".join(line for line in sample.splitlines() if not line.isascii())[:_GUESS_BYTES]
    if _western(telling):
        return "cp1252"
    # Where few bytes are not ASCII, statistics find a language in rubbish; an alphabet of its own has many.
    n_telling = sum(byte > 0x7F for byte in telling)
    if n_telling < max(_MIN_TELLING, 0.1 * len(telling)):
        return None
    guess = from_bytes(telling, cp_isolation=_LEGACY).best()
    return guess.encoding if guess else None


def _western(telling: bytes) -> bool:
    text = telling.decode("cp1252", "surrogateescape")
    beyond = [c for c in text if c > "\x7f"]
    credible = sum(c in _WESTERN for c in beyond) >= 0.95 * len(beyond) and not _INSIDE_WORD.search(text)
    words = "".join(word for word in re.findall(r"\w+", text) if not word.isascii())
    return credible and sum(c > "\x7f" for c in words) <= 0.5 * len(words)  # Cyrillic words look all accents


def text_chunks(chunks: Iterable[bytes], *, declared: str = "") -> Iterator[str]:
    """The bytes as text. The encoding is settled at the first chunk that is not plain ASCII."""
    decoder: codecs.IncrementalDecoder | None = None
    for chunk in chunks:
        if decoder is None and chunk.isascii() and b"\0" not in chunk:
            yield chunk.decode("ascii")
            continue
        if decoder is None:
            encoding = encoding_of(chunk, declared=declared)
            errors = "surrogatepass" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"
            decoder = codecs.getincrementaldecoder(encoding)(errors)
        yield _decoded(decoder, chunk)
    if decoder is not None:
        yield _decoded(decoder, b"", final=True)


def _decoded(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> str:
    try:
        return decoder.decode(chunk, final)
    except UnicodeDecodeError:  # half a character of two or four bytes, which no error handler takes
        decoder.reset()
        return "\udcff"


def lines(chunks: Iterable[bytes]) -> Iterator[Line]:
    """The lines, numbered from 1; they end in LF or CRLF, or in CR where the file begins without any LF."""
    number, tail, cut, end, n_empty = 1, "", False, "", 0
    for chunk in text_chunks(chunks):
        end = end or ("\r" if "\r" in chunk and "\n" not in chunk else "\n")
        *pieces, rest = chunk.split(end)
        for piece in pieces:
            if not tail and piece in ("", "\r"):
                n_empty += 1
                continue
            if n_empty:
                yield Line(number, "\n" * (n_empty - 1), False)
                number, n_empty = number + n_empty, 0
            text, cut = _bounded(tail + piece, cut)
            yield Line(number, text.removesuffix("\r"), cut)
            number, tail, cut = number + 1, "", False
        if n_empty:
            yield Line(number, "\n" * (n_empty - 1), False)
            number, n_empty = number + n_empty, 0
        tail, cut = _bounded(tail + rest, cut)
    if tail:
        yield Line(number, tail.removesuffix("\r"), cut)


def _bounded(text: str, cut: bool) -> tuple[str, bool]:
    return (text[:EXCERPT_CHARS], True) if cut or len(text) > MAX_LINE_CHARS else (text, False)
