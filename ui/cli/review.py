"""`shelftree review`: what people are asked about products, and what they say."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ingest.readers import write_table
from ingest.readers.writing import Cell
from taxonomy.errors import InputError
from taxonomy.ports import UnitOfWork
from taxonomy.product import Product, ProductId, join_path
from taxonomy.review import Answer, Queued, Verdict
from taxonomy.service import reviewing
from taxonomy.service.teaching import PROVENANCE, Origin
from taxonomy.tree import Tree
from ui.cli.nodes import node_of
from ui.cli.options import AsJson, Author
from ui.cli.output import finish
from ui.wiring import App

__all__ = ["review"]

review = typer.Typer(
    no_args_is_help=True,
    help="What people are asked about products, most worth an answer first, and what they say.",
)

Catalog = Annotated[str, typer.Option("--catalog", help="A catalogue in the store.")]
Taxonomy = Annotated[str, typer.Option("--taxonomy", help="A taxonomy in the store.")]
Key = Annotated[str, typer.Option("--key", help="Repeated with the same key, the command has one effect.")]
COLUMNS = ("product_id", "title", "brand", "description", "category_path", "price", "image", "split")
TITLE_CHARS = 160  # of a title in a list: some shops put a description there
MOST_ALIKE = 1000  # of a group, which `taxonomy.worth` keeps far smaller


@review.command("list")
def list_(
    catalog: Catalog,
    taxonomy: Taxonomy,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many to list.")] = 20,
    offset: Annotated[int, typer.Option("--offset", min=0, help="How many to pass over.")] = 0,
    alike: Annotated[str, typer.Option("--alike", help="List the group of this product instead.")] = "",
    as_json: AsJson = False,
) -> None:
    """List the products that wait for an answer, one of each group that looks alike, worth most first.

    Example: shelftree review list --catalog shop --taxonomy shop
    """
    with App.open() as app, app.uow() as uow:
        tree = uow.trees.head(taxonomy)
        if alike:
            found = reviewing.alike(uow, catalog, taxonomy, ProductId(alike), limit=limit + offset)[offset:]
        else:
            found = reviewing.queue(uow, catalog, taxonomy, limit=limit, offset=offset)
    finish(
        {"waiting": [_row(tree, one) for one in found]},
        as_json=as_json,
        text="\n".join(_line(tree, one) for one in found) or _nothing(catalog, taxonomy),
    )


@review.command()
def answer(
    products: Annotated[list[str], typer.Argument(help="Ids of products.")],
    catalog: Catalog,
    taxonomy: Taxonomy,
    to: Annotated[str, typer.Option("--to", help="The category: its id or its path.")] = "",
    none: Annotated[bool, typer.Option("--none", help="It belongs into none of those suggested.")] = False,
    skip: Annotated[bool, typer.Option("--skip", help="It is no product: ask no more.")] = False,
    alike: Annotated[bool, typer.Option("--alike", help="Say the same of all that look alike.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Also where another person was first.")] = False,
    key: Key = "",
    author: Author = "merchandiser",
    as_json: AsJson = False,
) -> None:
    """Say where products belong: they are placed there, and the next training learns it.

    Example: shelftree review answer 1017 --to "Garden > Tools" --catalog shop --taxonomy shop
    """
    if bool(to) + none + skip != 1:
        raise InputError("say one of --to CATEGORY, --none and --skip")
    verdict = Verdict.PLACE if to else Verdict.NONE if none else Verdict.SKIP
    with App.open() as app, app.uow() as uow:
        node_id = node_of(uow.trees.head(taxonomy), to) if to else None
        ids = [ProductId(one) for one in products]
        if alike:
            ids = [at for one in ids for at in (one, *_group(uow, catalog, taxonomy, one))]
        made = reviewing.answer(
            uow, catalog, taxonomy, ids, author=author, node_id=node_id, verdict=verdict,
            replace_others=replace, key=key,
        )  # fmt: skip
    late = [one.product_id for one in made if to and not one.is_placed]
    told = {"answers": [one.id for one in made], "placed": sum(one.is_placed for one in made), "late": late}
    text = f"Kept {len(made)} answers, {told['placed']} products placed."
    if late:
        text += f" Somebody was first with {', '.join(late)}: --replace takes yours instead."
    finish(told, as_json=as_json, text=text)


@review.command()
def undo(
    answers: Annotated[list[int], typer.Argument(help="Ids of answers, as `answer` and `log` give them.")],
    catalog: Catalog,
    taxonomy: Taxonomy,
    key: Key = "",
    author: Author = "merchandiser",
    as_json: AsJson = False,
) -> None:
    """Take answers back: their products stand where they stood before, and wait again.

    Example: shelftree review undo 12 --catalog shop --taxonomy shop
    """
    with App.open() as app, app.uow() as uow:
        made = reviewing.take_back(uow, catalog, taxonomy, answers, author=author, key=key)
    finish({"taken_back": [one.undoes for one in made]}, as_json=as_json)


@review.command()
def log(
    catalog: Catalog,
    taxonomy: Taxonomy,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many to list.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the latest answers, each with its id."""
    with App.open() as app, app.uow() as uow:
        tree, found = uow.trees.head(taxonomy), uow.reviews.log(catalog, taxonomy, limit=limit)
    rows = [_said(tree, one) for one in found]
    text = "\n".join(_told(tree, one) for one in found) or "Nobody answered yet."
    finish({"answers": rows}, as_json=as_json, text=text)


@review.command()
def stats(catalog: Catalog, taxonomy: Taxonomy, as_json: AsJson = False) -> None:
    """Say how far the review is, and how often the model would have been right."""
    with App.open() as app, app.uow() as uow:
        found = reviewing.figures(uow, catalog, taxonomy)
    finish(asdict(found), as_json=as_json)


@review.command()
def export(
    out: Annotated[Path, typer.Argument(help="Where to write; the ending says the format.")],
    catalog: Catalog,
    taxonomy: Taxonomy,
    as_json: AsJson = False,
) -> None:
    """Write the answers as a catalogue that `shelftree train` reads, each with who gave it and when.

    Example: shelftree review export answers.csv --catalog shop --taxonomy shop
    """
    with App.open() as app, app.uow() as uow:
        tree = uow.trees.head(taxonomy)
        found = reviewing.answered(uow, catalog, taxonomy)
        names = sorted({name for product, _ in found for name in product.attributes})
        names = [name for name in names if name not in (*COLUMNS, *PROVENANCE)]
        rows = reviewing.answered(uow, catalog, taxonomy)
        n = write_table(out, (*COLUMNS, *names, *PROVENANCE), _exported(tree, rows, names))
    finish({"answers": n, "out": out}, as_json=as_json)


def _group(uow: UnitOfWork, catalog: str, taxonomy: str, product_id: ProductId) -> list[ProductId]:
    """All that wait and follow the same leader as the product."""
    asked = uow.reviews.suggested(catalog, taxonomy, [product_id])
    leader = asked[product_id].leader_id if product_id in asked else product_id
    group = reviewing.alike(uow, catalog, taxonomy, leader, limit=MOST_ALIKE)
    return [one.product.id for one in group]


def _exported(
    tree: Tree, rows: Iterator[tuple[Product, Answer]], names: Sequence[str]
) -> Iterator[Sequence[Cell]]:
    for product, one in rows:
        path = "" if one.node_id is None else tree.label(one.node_id)
        best = one.guesses[0] if one.guesses else None
        origin = Origin.ANSWER if path else Origin.WITHDRAWN
        yield (
            product.id, product.title, product.brand, product.description, path,
            product.price, product.image, product.split,
            *(product.attributes.get(name, "") for name in names),
            str(origin), one.author, one.at.isoformat() if one.at else "", str(one.verdict),
            one.model_revision, tree.label(best.node_id) if best else "",
            round(best.probability, 6) if best else None,
        )  # fmt: skip


def _row(tree: Tree, one: Queued) -> dict[str, object]:
    guesses = [
        {"node_id": guess.node_id, "category_path": tree.label(guess.node_id),
         "probability": round(guess.probability, 6)}
        for guess in one.suggestion.guesses
    ]  # fmt: skip
    product = one.product
    return {
        "product_id": product.id, "title": product.title, "brand": product.brand,
        "worth": round(one.suggestion.worth, 3), "alike": one.n_alike, "suggested": guesses,
        "shop_category": join_path(product.category_path), "text_hash": one.text_hash,
    }  # fmt: skip


def _line(tree: Tree, one: Queued) -> str:
    settles = f" (settles about {one.n_alike} products)" if one.n_alike > 1 else ""
    guesses = (f"    {g.probability:4.0%}  {tree.label(g.node_id)}" for g in one.suggestion.guesses)
    title = one.product.title
    shown = title if len(title) <= TITLE_CHARS else title[: TITLE_CHARS - 1] + "…"
    return "\n".join([f"{one.product.id}  {shown}{settles}", *guesses])


def _said(tree: Tree, one: Answer) -> dict[str, object]:
    known = one.node_id is not None and one.node_id in tree
    path = tree.label(one.node_id) if known and one.node_id else one.node_id or ""
    return {
        "id": one.id, "at": one.at, "author": one.author, "product_id": one.product_id,
        "verdict": str(one.verdict), "category_path": path, "placed": one.is_placed,
        "undone": one.undone_by is not None,
    }  # fmt: skip


def _told(tree: Tree, one: Answer) -> str:
    said = _said(tree, one)
    what = {
        Verdict.PLACE: f"to {said['category_path']}",
        Verdict.NONE: "none of those suggested",
        Verdict.SKIP: "no product",
        Verdict.UNDO: f"takes {one.undoes} back",
    }[one.verdict]
    if one.verdict is Verdict.PLACE and not one.is_placed:
        what += ", but somebody was first"
    if said["undone"]:
        what += ", taken back"
    when = f"{one.at:%Y-%m-%d %H:%M}" if one.at else ""
    return "  ".join((str(one.id), when, one.author, one.product_id, what))


def _nothing(catalog: str, taxonomy: str) -> str:
    command = f"shelftree classify --catalog {catalog} --taxonomy {taxonomy} --model DIR"
    return f"Nothing waits for an answer. `{command}` puts here what it is not sure of."
