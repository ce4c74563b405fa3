"""`shelftree build --place`: new products into a tree that was built, and what is said of noise."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path

from ingest.readers import write_table
from taxonomy.errors import InputError
from taxonomy.formats import tree_json
from taxonomy.product import Product, ProductId
from ui.cli.progress import Bar
from ui.wiring import App

__all__ = ["NoiseWay", "place_in", "told"]

_EXAMPLES = 5


class NoiseWay(StrEnum):
    """What becomes of products that fit nowhere."""

    KEEP = "keep"
    PROPOSE = "propose"
    ATTACH = "attach"


def told(products: Sequence[Product], noise: Sequence[ProductId]) -> dict[str, object]:
    """Count, share and titles of products that stand nowhere, evenly from the whole of them."""
    some = set(noise[:: max(len(noise) // _EXAMPLES, 1)][:_EXAMPLES])
    examples = [one.title for one in products if one.id in some]
    return {"n": len(noise), "share": round(len(noise) / max(len(products), 1), 4), "examples": examples}


def place_in(
    app: App,
    products: Sequence[Product],
    path: Path,
    *,
    out: Path,
    tree: Path | None,
    way: NoiseWay,
    bar: Bar,
) -> dict[str, object]:
    """Write where the products stand in the tree of a file, and give the summary.

    Raises
    ------
    InputError
        The tree's centroids are of another encoder, or `way` needs a build.
    """
    from ingest.cluster.arrivals import place

    if way is NoiseWay.PROPOSE:
        raise InputError("--noise propose needs a build: leave out --place, or keep or attach")
    file, revision = tree_json.read(path), app.encoder.revision
    if file.model_revision and file.model_revision != revision:
        raise InputError(f"{path} is of encoder {file.model_revision}, this is {revision}: build again")
    found = place(products, app.vectors(products, progress=bar), file, inner=way is NoiseWay.ATTACH)
    rows = (
        (product, file.tree.label(at.node_id) if at.node_id else "", at.share)
        for product, at in found.memberships.items()
    )
    write_table(out, ("product_id", "category_path", "membership"), rows)
    if tree:
        tree_json.write(tree, replace(file, members={**file.members, **found.memberships}))
    return {
        "n_products": len(products),
        "noise": told(products, found.noise),
        "drift": asdict(found.drift),
        "out": out,
        **({"tree": tree} if tree else {}),
    }
