"""`shelftree attributes`: brand, size, colour and more, read from what products say of themselves."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.readers import open_catalog, write_table
from taxonomy.errors import InputError
from taxonomy.product import Product
from ui.cli.models import MaybeFile
from ui.cli.options import AsJson, CatalogName, Map, OutFile, parse_map
from ui.cli.output import finish
from ui.cli.progress import Bar
from ui.cli.sources import products_of
from ui.settings import Settings
from ui.wiring import App

if TYPE_CHECKING:
    from ingest.attributes import Extractor

__all__ = ["attributes"]

COLUMNS = ("product_id", "attribute", "value", "start", "end", "confidence", "source")


def attributes(
    file: MaybeFile = None,
    out: OutFile = Path("attributes.csv"),
    catalog: CatalogName = "",
    learn_from: Annotated[
        Path | None,
        typer.Option("--learn-from", help="A catalogue to learn from; else the very one that is read."),
    ] = None,
    model: Annotated[
        Path | None, typer.Option("--model", help="Folder that --save wrote; nothing is learnt then.")
    ] = None,
    save: Annotated[Path | None, typer.Option("--save", help="Folder to keep what was learnt.")] = None,
    min_confidence: Annotated[
        float, typer.Option("--min-confidence", min=0.0, max=1.0, help="Give what is at least so sure.")
    ] = 0.5,
    map_: Map = None,
    as_json: AsJson = False,
) -> None:
    """Extract brand, size, pack, colour, material and more, one row a value.

    Brands are learnt from the brand column, or from how titles open where there is none; start and end are
    characters of the text, which is the title and, on a new line, the description.

    Example: shelftree attributes products.csv --out attributes.csv
    """
    if model and learn_from:
        raise InputError("give --model, which has learnt, or --learn-from, and not both")
    tally = Counter[str]()
    with App(Settings()) as app, Bar(quiet=as_json) as bar:
        products = products_of(app, file, catalog, bar, map_=map_)
        source = open_catalog(learn_from, mapping=parse_map(map_)) if learn_from else products
        extractor = _extractor(model, source, bar)
        if save:
            extractor.save(save)
        bar.start("extracting")
        write_table(out, COLUMNS, _rows(extractor, products, min_confidence, tally, bar))
    n_products = tally.pop("")
    finish({"products": n_products, "values": tally.total(), **tally, "out": out}, as_json=as_json)


def _extractor(model: Path | None, products: Iterable[Product], bar: Bar) -> "Extractor":
    from ingest.attributes import Extractor, learn

    return Extractor.load(model) if model else learn(products, progress=bar)


def _rows(
    extractor: "Extractor", products: Iterable[Product], least: float, tally: Counter[str], bar: Bar
) -> Iterator[tuple[str | int | float, ...]]:
    tally[""] = 0
    for product in products:
        tally[""] += 1
        bar.advance()
        for one in extractor.extract(product, min_confidence=least):
            tally[one.name] += 1
            yield product.id, one.name.value, one.value, one.start, one.end, one.confidence, one.source.value
