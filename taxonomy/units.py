"""Quantities in one spelling: '500ML', '500 millilitre' and '500-ml' are all '500 ml'."""

import re

__all__ = ["QUANTITY", "spell_units"]

UNITS = {
    "ml": "ml mls millilitre millilitres milliliter milliliters",
    "cl": "cl centilitre centilitres centiliter centiliters",
    "l": "l lt ltr ltrs litre litres liter liters",
    "mg": "mg mgs milligram milligrams",
    "mcg": "mcg microgram micrograms",
    "g": "g gm gms gr grm grms gram grams gramme grammes",
    "kg": "kg kgs kilo kilos kilogram kilograms",
    "oz": "oz ozs ounce ounces",
    "fl oz": "floz fl.oz",
    "lb": "lb lbs pound pounds",
    "gal": "gal gallon gallons",
    "qt": "qt quart quarts",
    "mm": "mm millimetre millimetres millimeter millimeters",
    "cm": "cm cms centimetre centimetres centimeter centimeters",
    "m": "m mtr mtrs metre metres meter meters",
    "inch": "inch inches",
    "ft": "ft foot feet",
    "yd": "yd yds yard yards",
    "w": "w watt watts",
    "kw": "kw kilowatt kilowatts",
    "v": "v volt volts",
    "ah": "ah",
    "mah": "mah",
    "hz": "hz hertz",
    "ghz": "ghz",
    "mhz": "mhz",
    "mb": "mb megabyte megabytes",
    "gb": "gb gigabyte gigabytes",
    "tb": "tb terabyte terabytes",
    "pcs": "pc pcs piece pieces",
    "pack": "pk pks pack packs",
}
"""Spelling to be used, and the spellings met in catalogues. Extend it freely; bare words of a language
('in', 'a', 'no', 'count') do not belong here."""

_SPELLING = {word: unit for unit, words in UNITS.items() for word in words.split()}
_NUMBER = r"\d+(?:[.,]\d+)*"
_START = r"(?<![\da-zà-ɏ_.,])(?<![a-zà-ɏ]-)"  # not inside a code such as hx-220g; Chinese may stand around
_END = r"(?![\da-zà-ɏ])"
_WORDS = "|".join(re.escape(word) for word in sorted(_SPELLING, key=len, reverse=True))
_UNIT = re.compile(rf"{_START}({_NUMBER})([\s-]?)(fl\.? ?oz|{_WORDS}){_END}")
_TIMES = re.compile(rf"{_START}({_NUMBER})(?: ?x ?)(?=\d)")
_INCHES = re.compile(r"(?<=\d)(?:in\.?(?![\w.])(?!\s*\d)|'')")
_DIGIT = re.compile(r"\d")
_GENERATION = re.compile(r"[2-6]g")

QUANTITY = re.compile(rf"{_START}(?:{_NUMBER} ?x )*{_NUMBER} (?:{'|'.join(UNITS)}){_END}")
"""A quantity in text that has been through `spell_units`."""


def spell_units(text: str) -> str:
    """Lower-case text with its quantities in one spelling; every digit stays.

    >>> spell_units('1,5 litre 3x500ml 10" pan, 5g phone, hx-220g, 3 in 1')
    '1.5 l 3 x 500 ml 10 inch pan, 5g phone, hx-220g, 3 in 1'
    """
    if not _DIGIT.search(text):
        return text
    if '"' in text:
        text = _spell_quotes(text)
    text = _INCHES.sub(" inch", text)
    text = _TIMES.sub(r"\1 x ", text)
    return _UNIT.sub(_spelled, text)


def _spelled(quantity: re.Match[str]) -> str:
    number, gap, word = quantity.groups()
    if not gap and _GENERATION.fullmatch(number + word):
        return quantity[0]  # 5g is a network more often than a weight
    return f"{_decimal(number)} {_SPELLING.get(word, 'fl oz')}"


def _decimal(number: str) -> str:
    """A number before a unit: '1,5' is 1.5, '1,500' is 1500; anything less clear stays.

    >>> _decimal("1,5"), _decimal("1,500"), _decimal("1,2,3")
    ('1.5', '1500', '1,2,3')
    """
    if re.fullmatch(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?", number):
        return number.replace(",", "")
    return number.replace(",", ".") if re.fullmatch(r"\d+,\d{1,2}", number) else number


def _spell_quotes(text: str) -> str:
    """Inch signs as words: a quote after a digit, unless it closes what another quote opened."""
    parts: list[str] = []
    is_open = False
    before, *others = text.split('"')
    parts.append(before)
    for after in others:
        if parts[-1][-1:].isdigit() and not is_open:
            parts.append(" inch" + (" " if after[:1].isalnum() else "") + after)
        else:
            is_open = not is_open
            parts.append('"' + after)
    return "".join(parts)
