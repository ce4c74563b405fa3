"""Built trees are measured from their files, alone and beside each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from ingest.cluster.quality import examine
from taxonomy.errors import FileError
from taxonomy.formats import tree_json
from taxonomy.formats.tree_json import Membership, TreeFile
from taxonomy.ports import Silent
from taxonomy.product import Product, ProductId
from taxonomy.proposal import Report
from taxonomy.tree import Tree
from tests.web.built import words
from ui.cli.evaluate_build import evaluate_trees
from ui.wiring import App

TITLES = ("green tea", "black tea", "tea leaves", "coffee beans", "ground coffee", "coffee pods")
PRODUCTS = [Product(ProductId(f"p{at}"), title) for at, title in enumerate(TITLES)]


@dataclass
class Reader:
    """What of `App` reads and measures, with words for an encoder."""

    def examine(self, products: Sequence[Product], tree: Tree, places: Any, **said: Any) -> Report:
        vectors = words([one.title for one in products])
        return examine(tree, places, products, vectors, encode=words, evidence=said["evidence"])


APP = cast(App, Reader())


def written(path: Path, *, tea: int, coffee: str = "Coffee") -> Path:
    """A tree in which the first products are tea, the next coffee, and the last one is left out."""
    tree = Tree.from_paths([("Tea",), (coffee,)])
    leaves = list(tree.leaves())
    places = [leaves[0]] * tea + [leaves[1]] * (5 - tea) + [None]
    members = {one.id: Membership(at, 1.0) for one, at in zip(PRODUCTS, places, strict=True)}
    tree_json.write(path, TreeFile(tree, members))
    return path


def test_a_tree_alone_gets_its_figures_and_every_category(tmp_path: Path) -> None:
    one = written(tmp_path / "one.json", tea=3)

    summary, details = evaluate_trees(APP, PRODUCTS, one, None, Silent())

    assert summary["n_leaves"] == 2
    assert summary["noise_share"] == pytest.approx(1 / 6)
    assert "better" not in summary
    assert {node["path"] for node in cast(Any, details)["tree"]["nodes"]} == {"Tea", "Coffee"}


def test_two_trees_are_judged_figure_by_figure_and_product_by_product(tmp_path: Path) -> None:
    good, bad = written(tmp_path / "one.json", tea=3), written(tmp_path / "two.json", tea=4, coffee="Beans")

    summary, details = evaluate_trees(APP, PRODUCTS, good, bad, Silent())

    better = cast(dict[str, str], summary["better"])
    assert (better["cohesion"], better["name_fit"], better["noise_share"]) == ("tree", "tree", "same")
    assert summary["n_elsewhere"] == 2
    assert cast(Any, details)["versus"]["only_tree"] == ["Coffee"]


def test_a_tree_of_other_products_is_refused(tmp_path: Path) -> None:
    one = written(tmp_path / "one.json", tea=3)

    with pytest.raises(FileError, match="none of the products is in it"):
        evaluate_trees(APP, [Product(ProductId("x"), "milk")], one, None, Silent())
