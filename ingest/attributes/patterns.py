"""Quantities, packs and worn sizes, by how they are written."""

import re
from collections.abc import Iterator

from ingest.attributes.attribute import MAX_CHARS, Attribute, Means, Name
from taxonomy.text import normalise
from taxonomy.units import QUANTITY, spell_units

__all__ = ["same_amount", "stated"]

_NUMBER = r"\d{1,9}(?:[.,]\d{1,9}){0,3}"
_START = r"(?<![^\W_])(?<![\d.,/])(?<![a-zA-Z]-)"  # not inside a code
_AMOUNT = re.compile(
    rf"{_START}((?:{_NUMBER}\s?[x×*X]\s?){{0,3}})"
    rf"(\d{{1,4}}[ -]\d{{1,4}}/\d{{1,4}}|\d{{1,4}}/\d{{1,4}}|{_NUMBER})"
    r"""(\s?-?\s?)(fl\.?\s?oz|in\.(?!\w)|[^\W\d_]{1,12}|["″]|'')(?![^\W_])""",
    re.IGNORECASE,
)
_PACK = re.compile(
    rf"{_START}(?:(?:pack|packs|set|sets|box|lot|case|bundle|combo|paquete|pacco|packung|conjunto|juego)\s?"
    r"(?:of|de|von|di|van|-|à)\s?(\d{1,4})(?![\d.,]*\d)(?!\s?[x×])|"
    r"(\d{1,4})(?:\s?-?\s?)(?:packs?|pk|pks|pcs?|pieces?|count|ct|pairs?|stück|stk|pièces?|piezas?|pezzi|"
    r"er[ -]?(?:pack|set))(?![^\W_])(?!\s(?:of|de|von)\s\d))|(\d{1,4})\s?(?:个装|件装|只装|包|个|件|片)",
    re.IGNORECASE,
)
_WORN = re.compile(
    rf"{_START}(?:sizes?|größe|groesse|gr\.|taille|talla|taglia|maat|尺码)\s?[:=-]?\s?((?:(?:uk|eu|us)\s?)?\d{{1,3}}(?:[.,]5)?"
    r"(?![\d.,]*\d)|(?:\d|x{1,4})?[sml]|xx?s)(?![^\W_])|"
    rf"{_START}(x{{1,4}}l|[2-9]xl|xx?s)(?![^\W_])",
    re.IGNORECASE,
)

_KINDS = {
    Name.SIZE: "ml cl l mcg mg g kg oz lb gal qt mm cm m inch ft yd",
    Name.POWER: "w kw",
    Name.VOLTAGE: "v",
    Name.CHARGE: "ah mah",
    Name.FREQUENCY: "hz mhz ghz",
    Name.MEMORY: "mb gb tb",
}
_NAMES = {unit: name for name, units in _KINDS.items() for unit in units.split()} | {"fl oz": Name.SIZE}
_LADDERS = (
    (("mcg", 1.0), ("mg", 1e3), ("g", 1e6), ("kg", 1e9)),
    (("ml", 1.0), ("l", 1e3)),
    (("mm", 1.0), ("cm", 10.0), ("m", 1000.0)),
    (("mah", 1.0), ("ah", 1000.0)),
    (("w", 1.0), ("kw", 1000.0)),
    (("hz", 1.0), ("mhz", 1e6), ("ghz", 1e9)),
)
_RUNGS = {unit: (ladder, worth) for ladder in _LADDERS for unit, worth in ladder}
_LITTLE = {"cl": ("ml", 10.0)}
_POURED = frozenset({"ml", "cl", "l", "fl oz", "mcg", "mg", "g", "kg", "oz", "lb"})
"""Of what is poured or weighed, "3 x 500 ml" are three; "3 x 4 m" is one carpet."""

_SURE, _LIKELY, _LOOSE = 0.95, 0.85, 0.7
"""A choice, not measured: a unit of one letter is wrong at times."""


def stated(text: str) -> Iterator[Attribute]:
    """Quantities with a unit, packs and worn sizes, in the order of the text; none overlap.

    >>> [(one.name.value, one.value) for one in stated("Size 5 juice 3 x 0.5 Litre, pack of 2")]
    [('size', '5'), ('pack', '3'), ('size', '500 ml'), ('pack', '2')]
    """
    text = text[:MAX_CHARS]
    taken = -1
    found = [one for rule in (_worn, _packs, _amounts) for one in rule(text)]
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if one.start >= taken:
            yield one
            taken = one.end


def same_amount(value: str) -> str:
    """A quantity in the unit that a shop prints; anything else stays.

    >>> [same_amount(value) for value in ("0.5 l", "1500 g", "75 cl", "100 cm", "12 inch", "2 x 3 m")]
    ['500 ml', '1.5 kg', '750 ml', '1 m', '12 inch', '2 x 3 m']
    """
    number, _, unit = value.partition(" ")
    if not re.fullmatch(r"\d+(?:\.\d+)?", number):
        return value
    amount = float(number)
    if unit in _LITTLE:
        unit, times = _LITTLE[unit]
        amount *= times
    if unit not in _RUNGS or not amount:
        return f"{_plain(amount)} {unit}"
    ladder, worth = _RUNGS[unit]
    fit = [rung for rung in ladder if rung[1] <= amount * worth * (1 + 1e-9)]  # 0.999... of a litre is one
    best, size = fit[-1] if fit else ladder[0]
    return f"{_plain(amount * worth / size)} {best}"


def _plain(number: float) -> str:
    return f"{number:.6f}".rstrip("0").rstrip(".")


def _worn(text: str) -> Iterator[Attribute]:
    for one in _WORN.finditer(text):
        said, alone = one[1], one[2]
        value = " ".join((said or alone).lower().replace(",", ".").split())
        sure = _SURE if said else _LIKELY
        yield Attribute(Name.SIZE, value, *one.span(), sure, Means.PATTERN)


def _packs(text: str) -> Iterator[Attribute]:
    for one in _PACK.finditer(text):
        count = int(one[1] or one[2] or one[3])
        if count:
            yield Attribute(Name.PACK, str(count), *one.span(), _SURE if one[1] else _LIKELY, Means.PATTERN)


def _amounts(text: str) -> Iterator[Attribute]:
    for one in _AMOUNT.finditer(text):
        factors, number, gap, word = one.groups()
        unit = _unit(word, number, gap)
        name = _NAMES.get(unit)
        if name is None:
            continue
        amount = _number(number)
        times = [_number(part) for part in re.split(r"\s?[x×*X]\s?", factors)[:-1]]
        sure = _LOOSE if len(word) == 1 and gap else _SURE
        if times and unit in _POURED:
            split = one.start() + len(factors.rstrip())
            if len(times) == 1 and times[0].isdigit():
                yield Attribute(Name.PACK, times[0], one.start(), split, _LIKELY, Means.PATTERN)
            value = same_amount(f"{amount} {unit}")
            yield Attribute(name, value, one.start(2), one.end(), sure, Means.PATTERN)
        else:
            value = " x ".join([*times, amount])
            yield Attribute(name, same_amount(f"{value} {unit}"), *one.span(), sure, Means.PATTERN)


def _unit(word: str, number: str, gap: str) -> str:
    """The unit's one spelling, or nothing; "5G" is a network and no weight."""
    if word.lower() == "in.":
        return "inch"
    last = number.rpartition("/")[2]
    spelt = spell_units(normalise(f"{last}{' ' if gap else ''}{word}"))
    return spelt.partition(" ")[2] if QUANTITY.fullmatch(spelt) else ""


def _number(number: str) -> str:
    """As `spell_units` has it: "1,5" is 1.5, "1,500" is 1500; fractions stay."""
    return spell_units(f"{number} kg").removesuffix(" kg") if "/" not in number else number
