"""One normaliser for products and queries, and the text of a product that models read."""

import html
import re
import unicodedata
from functools import cache

import ftfy

from taxonomy.product import Product
from taxonomy.units import spell_units

__all__ = [
    "ATTRIBUTES",
    "DESCRIPTION_CHARS",
    "fold",
    "normalise",
    "product_text",
    "product_title",
    "title_of",
    "unescape",
]

DESCRIPTION_CHARS = 400
"""Of a description, about 100 word pieces: what an encoder of 128 has room for beside title and brand."""

ATTRIBUTES = ("color", "colour", "material", "pattern", "size", "gender", "age group")
"""Attributes that models read, by the names that product feeds give them; an underscore counts as a blank."""

_ROUNDS = 8
"""Text that was escaped twice ("&amp;amp;") takes two rounds; more than three have never been met."""

_MENDING = ftfy.TextFixerConfig(
    unescape_html=False,  # done here, and only where a semicolon closes the entity
    remove_terminal_escapes=False,  # would drop digits
    remove_control_chars=False,
    fix_line_breaks=False,
    fix_character_width=False,
    normalization="NFC",
    explain=False,
)

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});")
_TAGS = (
    "a|abbr|article|b|big|blockquote|body|br|button|center|code|dd|div|dl|dt|em|figure|font|footer|form|h[1-6]|head|"
    "header|hr|html|i|iframe|img|input|label|li|link|main|meta|nav|ol|p|pre|s|section|small|span|strong|sub|sup|table|"
    "tbody|td|tfoot|th|thead|title|tr|u|ul|video"
)
_ATTRIBUTE = r"""\s+[\w:-]+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]+)"""
_MARKUP = re.compile(
    rf"<!--.*?-->|<(script|style)\b[^>]*>.*?</\1\s*>|</?(?:{_TAGS})(?:{_ATTRIBUTE})*\s*/?>",
    re.IGNORECASE | re.DOTALL,
)
"""Tags of known names with proper attributes: "size <5", "a <b and c> d" are no markup."""

_UNPRINTED = re.compile("[\u00ad\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
"""Soft hyphens and marks of direction; not the joiners U+200C/D, by which Persian and Hindi spell."""
_BLANK = re.compile("[\\x00-\\x20\\x7f-\\xa0\u200b\u2028\u2029\ufff9-\ufffd\ud800-\udfff™®©℠]+")
_SIGNS = str.maketrans(
    dict.fromkeys("‐‑‒–—―−﹣－", "-")
    | dict.fromkeys("‘’‚‛′´`ʼ＇", "'")
    | dict.fromkeys("“”„‟″〃＂", '"')
    | {"×": " x ", "✕": " x ", "⁄": "/", "İ": "i", "ẞ": "ß", "…": "..."}
)
_COMPAT_KINDS = ("<wide>", "<narrow>", "<square>", "<font>", "<noBreak>", "<sub>")
_ARABIC_FORMS = ("<isolated>", "<initial>", "<medial>", "<final>")
_RAISED = re.compile(r"(?<=[^\W\d_])[²³]")
_MARKED = re.compile("([A-Za-z\u00aa-\u024f\u0370-\u03ff\u0400-\u052f\u1e00-\u1fff])[\u0300-\u036f]+")


def fold(text: str) -> str:
    """The text without case, accents and extra blanks: what two names must differ in to be two names.

    Only Latin, Greek and Cyrillic letters lose their marks; those of Hindi, Arabic or Japanese are letters.

    >>> fold("  Crème  BRÛLÉE ")
    'creme brulee'
    """
    if text.isascii():  # ten times as fast, and most text is
        return " ".join(text.lower().split())
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text.casefold()).casefold())
    return " ".join(unicodedata.normalize("NFC", _MARKED.sub(r"\1", decomposed)).split())


def unescape(text: str) -> str:
    """The text with its HTML entities as the signs that they stand for, also where they were escaped twice.

    Only what a semicolon closes is an entity: a brand may be called "R&D" or "B&B".

    >>> unescape("Nuts &amp;amp; Bolts &#8211; R&D"), unescape("Q&A &copy")
    ('Nuts & Bolts – R&D', 'Q&A &copy')
    """
    for _ in range(_ROUNDS):
        before, text = text, _unescaped(text)
        if text == before:
            break
    return text


def normalise(text: str) -> str:
    """The text mended and in one spelling: encoding slips, HTML, compatibility forms, units, blanks and case.

    No digit, code or negation is lost, but for digits of a tag or of an entity. Applied again, it changes
    nothing. Words are left to the tokenizer of the model.

    >>> normalise("CAFÃ‰ <b>CRÈME</b> 500ML &amp; Non-Stick HX-220B")
    'café crème 500 ml & non-stick hx-220b'
    """
    for _ in range(_ROUNDS):
        before, text = text, _once(text)
        if text == before:
            break
    return text


def _unescaped(text: str) -> str:
    return _ENTITY.sub(lambda entity: html.unescape(entity[0]), text) if "&" in text else text


def _once(text: str) -> str:
    text = _unescaped(text)
    if not text.isascii():
        text = _unicode(text)
    if "<" in text:
        text = _MARKUP.sub(" ", text)
    return spell_units(" ".join(_BLANK.sub(" ", text).lower().split()))


def _unicode(text: str) -> str:
    text = ftfy.fix_text(text, _MENDING)  # first: in text decoded wrongly, a © may be half of an é
    text = _UNPRINTED.sub("", _BLANK.sub(" ", text)).translate(_SIGNS)
    text = _RAISED.sub(lambda sign: "2" if sign[0] == "²" else "3", text)
    if not text.isascii():
        text = "".join(c if c.isascii() else _plain(c) for c in text)
    return unicodedata.normalize("NFC", text)


@cache
def _plain(character: str) -> str:
    """A character that is another one in disguise, as that one: 'ﬁ' is 'fi', '２' is '2', '½' is ' 1/2'."""
    kind, *code_points = unicodedata.decomposition(character).split() or [""]
    if kind == "<fraction>":
        return " " + unicodedata.normalize("NFKC", character).replace("⁄", "/")
    compat = unicodedata.normalize("NFKC", character)
    if (
        kind in _COMPAT_KINDS
        or kind in _ARABIC_FORMS
        or (kind == "<compat>" and len(code_points) > 1 and compat.isalpha())
    ):
        return compat
    return character


def product_text(product: Product) -> str:
    """What models read of a product, each field with its mark: title, brand, attributes, description.

    A brand that the title names is not said twice; of attributes, those in `ATTRIBUTES` are read; of a
    description, the beginning. Never its id, price, image or split, nor columns of unknown meaning, one of
    which may well hold the category: from these nothing should be learnt.

    >>> from taxonomy.product import ProductId
    >>> said = {"Colour": "Red", "shelf": "A 7"}
    >>> product_text(Product(ProductId("1"), "Brass LAMP", "Trm", "For <i>all</i>", attributes=said))
    'brass lamp . by trm . colour red . for all'
    """
    title, brand = normalise(product.title), normalise(product.brand)
    marked = f"by {brand}" if brand and f" {brand} " not in f" {title} " else ""
    parts = (title, marked, *_attributes(product), _beginning(product.description))
    return " . ".join(part for part in parts if part)


def product_title(product: Product) -> str:
    """What models read where they are to do with the title alone; all of the text if there is no title."""
    return normalise(product.title) or product_text(product)


def title_of(text: str) -> str:
    """Title and brand out of what `product_text` gave.

    >>> title_of("brass lamp . by trm . colour red . for all")
    'brass lamp by trm'
    """
    title, _, rest = text.partition(" . ")
    brand = rest.partition(" . ")[0]
    return f"{title} {brand}" if brand.startswith("by ") else title


def _attributes(product: Product) -> list[str]:
    known = {fold(name).replace("_", " "): value for name, value in product.attributes.items()}
    said = ((name, normalise(known.get(name, ""))) for name in ATTRIBUTES)
    return [f"{name} {value}" for name, value in said if value]


def _beginning(description: str) -> str:
    # Cut twice: the first cut spares work on giant texts, the second is at a word's end.
    text = normalise(description[: 4 * DESCRIPTION_CHARS])
    if len(text) <= DESCRIPTION_CHARS:
        return text
    return text[: DESCRIPTION_CHARS + 1].rpartition(" ")[0] or text[:DESCRIPTION_CHARS]
