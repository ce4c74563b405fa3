"""Built trees are measured from their files, alone and beside each other."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest

from ingest.cluster.quality import examine
from ingest.evaluate.report.trees import TreesReport
from ingest.evaluate.report.trees_page import TreesLimits, render_trees
from taxonomy.errors import FileError
from taxonomy.formats import tree_json
from taxonomy.formats.tree_json import Membership, TreeFile
from taxonomy.ports import Floats, Silent
from taxonomy.product import Product, ProductId
from taxonomy.proposal import MEASURES, Report
from taxonomy.tree import Tree
from tests.web.built import words
from ui.cli.evaluate_build import evaluate_trees
from ui.wiring import App

TITLES = ("green tea", "black tea", "tea leaves", "coffee beans", "ground coffee", "coffee pods")
PRODUCTS = [Product(ProductId(f"p{at}"), title) for at, title in enumerate(TITLES)]


@dataclass
class Reader:
    """What of `App` reads and measures, with words for an encoder."""

    n_read: int = 0

    def vectors(self, products: Sequence[Product], **_: Any) -> Floats:
        self.n_read += len(products)
        return words([one.title for one in products])

    def examine(
        self, products: Sequence[Product], vectors: Floats, tree: Tree, places: Any, **said: Any
    ) -> Report:
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


def test_titles_are_read_once_for_two_trees(tmp_path: Path) -> None:
    reader, one, two = Reader(), written(tmp_path / "1.json", tea=3), written(tmp_path / "2.json", tea=2)

    evaluate_trees(cast(App, reader), PRODUCTS, one, two, Silent())

    assert reader.n_read == len(PRODUCTS)


def test_a_tree_alone_gets_its_figures_and_every_category(tmp_path: Path) -> None:
    one = written(tmp_path / "one.json", tea=3)

    found = evaluate_trees(APP, PRODUCTS, one, None, Silent())
    summary, details = found.summary(), json.loads(found.to_json())

    assert summary["n_leaves"] == 2
    assert summary["noise_share"] == pytest.approx(1 / 6)
    assert "better" not in summary
    assert {node["path"] for node in details["tree"]["nodes"]} == {"Tea", "Coffee"}


def test_two_trees_are_judged_figure_by_figure_and_product_by_product(tmp_path: Path) -> None:
    good, bad = written(tmp_path / "one.json", tea=3), written(tmp_path / "two.json", tea=4, coffee="Beans")

    found = evaluate_trees(APP, PRODUCTS, good, bad, Silent())
    summary, details = found.summary(), json.loads(found.to_json())

    better = cast(dict[str, str], summary["better"])
    assert (better["cohesion"], better["name_fit"], better["noise_share"]) == ("tree", "tree", "same")
    assert summary["n_elsewhere"] == 2
    assert details["better"] == better
    assert "coffee beans" in [title for way in details["versus"]["elsewhere"] for title in way["examples"]]
    assert details["versus"]["only_tree"] == ["Coffee"]


def test_a_tree_of_other_products_is_refused(tmp_path: Path) -> None:
    one = written(tmp_path / "one.json", tea=3)

    with pytest.raises(FileError, match="none of the products is in it"):
        evaluate_trees(APP, [Product(ProductId("x"), "milk")], one, None, Silent())


HOSTILE = "</title><script>alert(1)</script><img src=x onerror=alert(2)> {{ 7 * 7 }}"


def percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def two_trees(folder: Path) -> TreesReport:
    """One tree beside another, all categories of the first in need of a look."""
    good, bad = written(folder / "one.json", tea=3), written(folder / "two.json", tea=4, coffee="Beans")
    found = evaluate_trees(APP, PRODUCTS, good, bad, Silent())
    report = found.tree.report
    weak = replace(report, nodes=tuple(replace(one, name_fit=0.0) for one in report.nodes))
    return replace(found, tree=replace(found.tree, report=weak))


def test_the_page_has_the_figures_of_the_json(tmp_path: Path) -> None:
    found = replace(two_trees(tmp_path), against=None)

    page, told = render_trees(found), json.loads(found.to_json())["tree"]

    for measure in MEASURES:
        assert re.search(rf"<b>{measure.name}</b></td><td class=\"n\">{percent(told[measure.field])} ", page)
    for node in told["nodes"]:
        assert node["path"] in page
        assert "vague" in node["weaknesses"]
    assert page.count(">vague</span> </td>") == len(told["nodes"])
    assert told["noise_examples"][0] in page
    assert "In one tree only" not in page


def test_the_page_of_two_trees_shows_both_and_which_is_better(tmp_path: Path) -> None:
    found = two_trees(tmp_path)

    page, told = render_trees(found), json.loads(found.to_json())

    shown = " ".join(page.split())
    one, other = (percent(told[side]["cohesion"]) for side in ("tree", "against"))
    assert re.search(rf"<b>Alike inside</b>.{{,40}}{one}.{{,120}}{other}.*?>one.json</span>", shown)
    only = page.partition('id="only"')[2].partition('id="both"')[0]
    assert "Coffee" in only.partition("In two.json only")[0]
    assert "Beans" in only.partition("In two.json only")[2]
    assert "coffee beans" in page.partition('id="elsewhere"')[2].partition('id="weak"')[0]


def test_trees_whose_files_are_called_alike_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    one, two = written(tmp_path / "tree.json", tea=3), written(tmp_path / "old" / "tree.json", tea=4)

    found = evaluate_trees(APP, PRODUCTS, one, two, Silent())

    assert found.against
    assert {found.tree.name, found.against.side.name} == {str(one), str(two)}


def test_names_and_titles_cannot_break_the_page(tmp_path: Path) -> None:
    products = [replace(one, title=f"{one.title} {HOSTILE}") for one in PRODUCTS]
    one = written(tmp_path / "one.json", tea=3, coffee=HOSTILE)
    two = written(tmp_path / "two.json", tea=4, coffee=f"2 {HOSTILE}")

    page = render_trees(evaluate_trees(APP, products, one, two, Silent(), source=HOSTILE))

    assert not re.search(r"<script|<img|<link|<iframe|@import|url\(|https?://", page)
    assert "&lt;script&gt;alert(1)" in page
    assert "{{ 7 * 7 }}" in page


@pytest.mark.parametrize("table", ["largest", "alone", "pairs", "flows", "weak"])
def test_each_limit_cuts_its_table_and_says_so(tmp_path: Path, table: str) -> None:
    found = two_trees(tmp_path)

    short = render_trees(found, limits=replace(TreesLimits(), **{table: 0}))

    assert short.count("build.json beside this page") > render_trees(found).count("build.json beside")


def test_places_beyond_the_limit_are_counted(tmp_path: Path) -> None:
    page = render_trees(two_trees(tmp_path), limits=TreesLimits(places=1))

    assert "and 1 more place</span>" in page
