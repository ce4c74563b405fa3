"""How much of what a catalogue's columns say is found in its texts, and how often a finding is right."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ingest.attributes import AttributeSettings, Extractor, Name, learn, text_of
from ingest.attributes.patterns import stated
from ingest.attributes.tokens import joined, key_of
from taxonomy.errors import InputError
from taxonomy.ports import Progress, Silent
from taxonomy.product import Product
from taxonomy.text import fold

__all__ = ["AttributeScore", "evaluate_attributes", "score_attributes"]

_COLUMNS: Mapping[str, Name] = {
    **{name.value: name for name in Name},
    "color": Name.COLOUR, "couleur": Name.COLOUR, "farbe": Name.COLOUR, "weight": Name.SIZE,
    "volume": Name.SIZE, "length": Name.SIZE, "quantity": Name.SIZE,
    "pack size": Name.PACK, "pack count": Name.PACK,
}  # fmt: skip
"""Columns, without case and accents, that say the truth about an attribute."""

_SILENT: Progress = Silent()


@dataclass(frozen=True, slots=True)
class AttributeScore:
    """Findings of one attribute beside its column; rows without a value in it say nothing and are left out.

    Attributes
    ----------
    n_products : int
        With a value in the column.
    n_stated : int
        Of these, whose text holds the value.
    n_found : int
        With a finding.
    precision : float
        0..1, of the findings.
    recall, f1 : float
        0..1, over the products whose text holds the value; precision is that of all.
    recall_of_all, f1_of_all : float
        0..1, over all with a value, also where the text does not say it.
    """

    n_products: int
    n_stated: int
    n_found: int
    precision: float
    recall: float
    f1: float
    recall_of_all: float
    f1_of_all: float


def evaluate_attributes(
    products: Iterable[Product],
    *,
    extractor: Extractor | None = None,
    settings: AttributeSettings | None = None,
    progress: Progress = _SILENT,
) -> dict[str, AttributeScore]:
    """By attribute that has a column, how well it is found in the texts of held-out products.

    Parameters
    ----------
    products : iterable of Product
        Read twice. Held out are the rows that are not of the split `train`.
    extractor : Extractor, optional
        Without one, it is learnt from the rows of the split `train`.

    Raises
    ------
    InputError
        No row is left to learn from or to judge by.
    """
    if extractor is None:
        if not any(one.split == "train" for one in products):
            raise InputError("no rows of the split `train` to learn from: add them, or give --model")
        extractor = learn(
            (one for one in products if one.split == "train"), settings=settings, progress=progress
        )
    progress.start("reading the others")
    scores = score_attributes(extractor, (one for one in products if one.split != "train"), progress=progress)
    if not scores:
        raise InputError(
            "no row beside the split `train` names a brand, colour, size, ...: nothing to judge by"
        )
    return scores


def score_attributes(
    extractor: Extractor, products: Iterable[Product], *, progress: Progress = _SILENT
) -> dict[str, AttributeScore]:
    """The scores of an extractor on products whose columns, hidden from it, say the truth."""
    rows: dict[Name, list[tuple[bool, bool, bool]]] = {}
    for product in products:
        progress.advance()
        found = extractor.extract(replace(product, brand="", attributes={}))
        for name, truth in _truths(product):
            given = [_plain(one.value) for one in found if one.name is name]
            stated_here = _is_stated(truth, text_of(product))
            rows.setdefault(name, []).append((stated_here, bool(given), bool(truth.intersection(given))))
    return {name.value: _score(rows[name]) for name in Name if name in rows}


def _truths(product: Product) -> Iterator[tuple[Name, frozenset[str]]]:
    cells = {"brand": product.brand, **product.attributes}
    for column, cell in cells.items():
        name = _COLUMNS.get(fold(column))
        if name and cell.strip():
            yield name, _spellings(name, cell)


def _spellings(name: Name, cell: str) -> frozenset[str]:
    """A cell's value as an extractor would give it, and as it stands."""
    values = [one.value for one in stated(cell) if one.name is name]
    return frozenset(map(_plain, values or [cell]))


def _plain(value: str) -> str:
    """Without case, accents, signs and blanks: "Good Knight" is "Goodknight"."""
    return joined(key_of(value)) or fold(value)


def _is_stated(truth: frozenset[str], text: str) -> bool:
    """Whether the words of a text hold the value, or state the same amount."""
    words = key_of(text)
    longest = max(map(len, truth))
    for first in range(len(words)):
        joined = ""
        for word in words[first:]:
            joined += word
            if joined in truth:
                return True
            if len(joined) > longest:
                break
    return any(_plain(one.value) in truth for one in stated(text))


def _score(rows: Sequence[tuple[bool, bool, bool]]) -> AttributeScore:
    n_stated, n_found = sum(row[0] for row in rows), sum(row[1] for row in rows)
    hits, hits_stated = sum(row[2] for row in rows), sum(row[2] and row[0] for row in rows)
    precision, recall = hits / max(n_found, 1), hits_stated / max(n_stated, 1)
    of_all = hits / len(rows)
    f1, f1_of_all = _f1(precision, recall), _f1(precision, of_all)
    return AttributeScore(len(rows), n_stated, n_found, precision, recall, f1, of_all, f1_of_all)


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
