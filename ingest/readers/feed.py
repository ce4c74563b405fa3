"""Google's product feeds in XML: the items of an RSS 2.0 channel, or the entries of an Atom feed.

The elements of an item become cells by their names without `g:`, so that a feed is a table like any other.
Prefixes are taken as they are written: a feed that never declares `xmlns:g` is read, and means what it says.
"""

import re
from collections.abc import Iterator
from itertools import chain
from xml.sax import SAXParseException

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from ingest.readers.decoding import text_chunks
from ingest.readers.feed_items import FeedItems
from ingest.readers.records import MAX_LINE_CHARS, Reject, Row
from ingest.readers.source import Source, beginning
from taxonomy.errors import FileError

__all__ = ["FeedFile"]

_DECLARED = re.compile(rb"""\s*<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]+)""")
_ENTITIES = "it declares entities, by which a small file can fill the memory: write out what they stand for"
_HINTS = {
    "no element found": "the file ends before its last tag is closed; get it again",
    "unclosed": "the file ends within a tag; get it again",
    "mismatched tag": "the tag that ends here is not the one that was opened last",
    "undefined entity": "XML knows &amp; &lt; &gt; &quot; &apos;, and for a hard blank &#160;",
    "invalid token": "a plain & is written &amp;, a plain < is written &lt;",
    "junk after": "there must be one <rss> or <feed>, and nothing after it",
    "not at start": "remove what stands before <?xml",
}


class FeedFile:
    """The items of a feed; `line` is where the item begins.

    Attributes
    ----------
    columns : tuple of str
        All names in the first items; later ones may have others.

    Raises
    ------
    FileError
        It is no feed, has no item, is broken XML, or declares entities; items before that have been given.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        sample = beginning(self, lambda row: row.text if isinstance(row, Row) else row.raw)
        if not sample:
            raise FileError(source.path, "is a feed without products: there is no <item> and no <entry>")
        names = (name for row in sample if isinstance(row, Row) for name in row.cells)
        self.columns = tuple(dict.fromkeys(names))

    def __iter__(self) -> Iterator[Row | Reject]:
        parser = DefusedExpatParser()
        items = FeedItems(self._source.path, parser)
        parser.setContentHandler(items)
        for text in chain(self._texts(), [None]):
            fault = self._fed(parser, items, text)
            yield from items.take()
            if fault:
                raise fault

    def _texts(self) -> Iterator[str]:
        chunks = self._source.chunks()
        first = next(chunks, b"")
        return text_chunks(chain([first], chunks), declared=_declared(first))

    def _fed(self, parser: DefusedExpatParser, items: FeedItems, text: str | None) -> FileError | None:
        """What is wrong with the next piece of text (None: the end), after the items in it were taken."""
        try:
            if text is None:
                parser.close()
            else:
                items.expect(text)
                parser.feed(items.fit(text))
        except SAXParseException as error:
            message = error.getMessage()
            hint = next((_HINTS[sign] for sign in _HINTS if sign in message), "mend it, or get it again")
            reason = f"is broken XML ({message}): {hint}"
            return FileError(self._source.path, reason, line=error.getLineNumber())
        except DefusedXmlException:
            return FileError(self._source.path, _ENTITIES, line=parser.getLineNumber())
        except FileError as error:
            return error
        if items.silence > MAX_LINE_CHARS:
            hint = f"holds a tag or comment of over {MAX_LINE_CHARS:,} characters; get the file again"
            return FileError(self._source.path, hint, line=parser.getLineNumber())
        return None


def _declared(head: bytes) -> str:
    """The encoding that the first line names; '' where that is UTF-8 or unknown, for then the bytes tell."""
    match = _DECLARED.match(head)
    name = match[1].decode("ascii").lower() if match else ""
    try:
        b"".decode(name)
    except (LookupError, UnicodeError):
        return ""
    return "" if name.startswith("utf") else name
