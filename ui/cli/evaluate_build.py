"""`shelftree evaluate --task build`: built trees measured without labels, alone or two beside each other."""

from collections.abc import Sequence
from pathlib import Path

from ingest.evaluate.report.trees import Rival, Side, TreesReport
from taxonomy.errors import FileError
from taxonomy.formats import tree_json
from taxonomy.formats.tree_json import TreeFile
from taxonomy.ports import Progress
from taxonomy.product import Product
from taxonomy.versus import versus
from ui.wiring import App

__all__ = ["evaluate_trees"]


def evaluate_trees(
    app: App,
    products: Sequence[Product],
    tree: Path,
    against: Path | None,
    progress: Progress,
    *,
    source: str = "",
) -> TreesReport:
    """All that is known of a tree's file, beside another if one is given; `source` names the catalogue.

    Raises
    ------
    FileError
        A file is no tree that `build --tree` wrote, or none of the products stands in it.
    """
    titles = {product.id: product.title for product in products}
    paths = [tree, against] if against else [tree]
    files = [_read(path, products) for path in paths]
    vectors = app.vectors(products, progress=progress)
    reports = (
        app.examine(products, vectors, file.tree, file.places, evidence=file.evidence, progress=progress)
        for file in files
    )
    names = [str(path) if len({one.name for one in paths}) < len(paths) else path.name for path in paths]
    sides = [Side(name, file.tree, report) for name, file, report in zip(names, files, reports, strict=True)]
    if against is None:
        return TreesReport(source, titles, sides[0])
    one, other = files
    found = versus(one.tree, one.places, other.tree, other.places)
    return TreesReport(source, titles, sides[0], Rival(sides[1], found))


def _read(path: Path, products: Sequence[Product]) -> TreeFile:
    found = tree_json.read(path)
    if not any(product.id in found.members for product in products):
        raise FileError(path, "none of the products is in it: give the file that the tree was built from")
    return found
