"""`shelftree evaluate --task build`: built trees measured without labels, alone or two beside each other."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from taxonomy.errors import FileError
from taxonomy.formats import tree_json
from taxonomy.formats.tree_json import TreeFile
from taxonomy.node import NodeId
from taxonomy.ports import Progress
from taxonomy.product import Product
from taxonomy.proposal import MEASURES, Report
from taxonomy.tree import Tree
from taxonomy.values import to_json
from taxonomy.versus import Places, Versus, versus
from ui.wiring import App

__all__ = ["evaluate_trees"]

_WORDS = {1: "tree", 0: "same", -1: "against"}


def evaluate_trees(
    app: App, products: Sequence[Product], tree: Path, against: Path | None, progress: Progress
) -> tuple[dict[str, object], dict[str, object]]:
    """The figures of a tree's file, beside another's if one is given; and all that is known, for a report.

    Raises
    ------
    FileError
        A file is no tree that `build --tree` wrote, or none of the products stands in it.
    """
    one = _read(tree, products)
    report = _measured(app, products, one, progress)
    summary: dict[str, object] = {
        **asdict(report.quality),
        "n_weak": sum(bool(n.weaknesses) for n in report.nodes),
    }
    details: dict[str, object] = {"tree": _told(one.tree, report)}
    if against is None:
        return summary, details
    other = _read(against, products)
    rival = _measured(app, products, other, progress)
    found = versus(one.tree, _places(one), other.tree, _places(other))
    details |= {"against": _told(other.tree, rival), "versus": _differences(found, one.tree, other.tree)}
    better = {
        measure.field: _WORDS[
            measure.verdict(getattr(report.quality, measure.field), getattr(rival.quality, measure.field))
        ]
        for measure in MEASURES
    }
    summary |= {
        "against": asdict(rival.quality),
        "better": better,
        "n_only_tree": len(found.only_one),
        "n_only_against": len(found.only_other),
        "n_elsewhere": found.n_elsewhere,
    }
    return summary, details


def _read(path: Path, products: Sequence[Product]) -> TreeFile:
    found = tree_json.read(path)
    if not any(product.id in found.members for product in products):
        raise FileError(path, "none of the products is in it: give the file that the tree was built from")
    return found


def _places(file: TreeFile) -> Places:
    return {product_id: at.node_id for product_id, at in file.members.items()}


def _measured(app: App, products: Sequence[Product], file: TreeFile, progress: Progress) -> Report:
    return app.examine(products, file.tree, _places(file), evidence=file.evidence, progress=progress)


def _told(tree: Tree, report: Report) -> dict[str, object]:
    """The whole report; categories by path, the weakest first."""
    nodes = sorted(report.nodes, key=lambda one: (-len(one.weaknesses), -one.weakness))
    told = [
        {
            "path": tree.label(one.node_id),
            "weaknesses": [str(kind) for kind in one.weaknesses],
            **asdict(one),
            "nearest": tree.label(one.nearest_id) if one.nearest_id else None,
        }
        for one in nodes
    ]
    return {**asdict(report.quality), "nodes": told, "noise_examples": report.noise_examples}


def _differences(found: Versus, one: Tree, other: Tree) -> dict[str, object]:
    def label(tree: Tree, node_id: NodeId | None) -> str:
        return tree.label(node_id) if node_id else ""

    return {
        "n_products": found.n_products,
        "pairs": [
            {
                "tree": one.label(pair.one),
                "against": other.label(pair.other),
                "overlap": round(pair.overlap, 4),
            }
            for pair in found.pairs
        ],
        "only_tree": [one.label(at) for at in found.only_one],
        "only_against": [other.label(at) for at in found.only_other],
        "elsewhere": [
            {
                "tree": label(one, flow.one),
                "against": label(other, flow.other),
                "product_ids": to_json(flow.product_ids),
            }
            for flow in found.flows
        ],
    }
