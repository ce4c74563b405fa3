"""`shelftree promote`: a new model takes the place of the serving one if it is no worse."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from taxonomy.errors import InputError
from taxonomy.product import Product
from taxonomy.records import Promotion
from taxonomy.service.promoting import ALPHA, LEAST, MARGIN, Comparison
from taxonomy.service.promoting import promote as put_into_service
from taxonomy.service.teaching import as_written, lessons
from ui.cli.options import AsJson, Author, CatalogName, Device
from ui.cli.output import finish
from ui.cli.progress import Bar
from ui.cli.sources import products_of
from ui.promotion import Trial, try_model
from ui.settings import Settings
from ui.wiring import App

__all__ = ["promote"]

WORST_SHOWN = 5  # branches
REFUSED = 2


def promote(
    model: Annotated[Path, typer.Argument(help="Folder that `shelftree train --out` wrote.")],
    taxonomy: Annotated[str, typer.Option("--taxonomy", help="The taxonomy whose release it joins.")],
    test: Annotated[
        Path | None, typer.Option("--test", help="Products with their categories, kept out of training.")
    ] = None,
    catalog: CatalogName = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Compare and change nothing.")] = False,
    force: Annotated[
        str, typer.Option("--force", help="Promote it against the figures, for this reason.")
    ] = "",
    alpha: Annotated[
        float, typer.Option("--alpha", min=0.0, max=1.0, help="Chance below which worse counts as worse.")
    ] = ALPHA,
    margin: Annotated[
        float, typer.Option("--margin", min=0.0, max=1.0, help="By how much a branch may fall.")
    ] = MARGIN,
    least: Annotated[int, typer.Option("--least", min=1, help="Products that a test must have.")] = LEAST,
    device: Device = "auto",
    author: Author = "merchandiser",
    as_json: AsJson = False,
) -> None:
    """Publish the tree in effect with a new model, if that is no worse than the serving one.

    Both, and the untuned encoder, are judged on the same products: those of split `test`, as people placed
    them or as the file says, none of which a training has seen. Worse is what an exact McNemar test calls
    so, on all products or in one branch. `shelftree taxonomy rollback` takes it back.

    Example: shelftree promote model --taxonomy shop --test kept-back.csv
    """
    with App(Settings(device=device)) as app, Bar(quiet=as_json) as bar:
        products = _products(app, test, catalog, taxonomy, bar)
        trial = try_model(
            app, model, taxonomy, products, alpha=alpha, margin=margin, least=least, progress=bar
        )
        kept = None
        if not dry_run:
            with app.uow() as uow:
                kept = put_into_service(
                    uow, taxonomy, trial.comparison, model_dir=str(model.resolve()), author=author,
                    reason=force, test=trial.test,
                )  # fmt: skip
    finish(_summary(trial, kept), as_json=as_json, text=_table(trial) + "\n" + _outcome(trial, kept))
    if trial.comparison.faults and not (kept and kept.release_id):
        raise typer.Exit(REFUSED)


def _products(app: App, test: Path | None, catalog: str, taxonomy: str, bar: Bar) -> Iterable[Product]:
    if test is None and not catalog:
        raise InputError("say what to test on: --test FILE, or --catalog NAME with products of split `test`")
    rows = products_of(app, test, catalog, bar)
    if not catalog:
        return (one.product for one in as_written(rows))
    held = [one for one in rows if one.part == "test"]
    if not held:
        raise InputError(
            f"catalog {catalog!r} has no products of split `test`: mark some when it is imported, or give a"
            " file with --test"
        )
    tree = app.tree(taxonomy=taxonomy)
    with app.uow() as uow:
        return [one.product for one in lessons(uow, catalog, taxonomy, tree, held)]


def _summary(trial: Trial, kept: Promotion | None) -> dict[str, object]:
    told = asdict(trial.comparison) | {"test": trial.test, "notes": trial.notes}
    told |= {"foreign": trial.n_foreign, "repeated": trial.n_repeated}
    told |= {"serves_already": trial.comparison.serving == trial.comparison.revision}
    return told | {"promoted": bool(kept and kept.release_id), "release": kept.release_id if kept else None}


def _table(trial: Trial) -> str:
    found = trial.comparison
    lines = [f"{'model':10}  accuracy   lost    won  p(worse)", f"{'new':10}  {found.accuracy:8.3f}"]
    lines += [
        f"{one.name:10}  {one.accuracy:8.3f}  {one.n_lost:5}  {one.n_won:5}  {one.p:8.3f}"
        for one in found.against
    ]
    lines.append(f"on {found.n:,} products (test {trial.test}); {trial.n_repeated} repeat a text of training")
    return "\n".join([*lines, *_worst(found), *trial.notes])


def _worst(found: Comparison) -> list[str]:
    branches = found.against[0].branches
    fallen = sorted(
        (one for one in branches if one.after < one.before), key=lambda one: one.after - one.before
    )
    return [
        f"  {one.name}: {one.before:.3f} -> {one.after:.3f} of {one.n} (p {one.p:.3f})"
        for one in fallen[:WORST_SHOWN]
    ]


def _outcome(trial: Trial, kept: Promotion | None) -> str:
    faults = "; ".join(trial.comparison.faults)
    if kept and kept.release_id:
        return f"Promoted with release {kept.release_id}." + (f" In spite of: {faults}." if faults else "")
    if faults:
        return (
            f"Refused: {faults}. Test on more products, train on more answers, or give a reason with --force."
        )
    if trial.comparison.serving == trial.comparison.revision:
        return "This model serves already: there is nothing to promote."
    return "It would be promoted: run this again without --dry-run."
