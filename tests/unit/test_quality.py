"""A tree is measured without labels: as a whole, and category by category."""

from collections.abc import Sequence

import numpy as np
import pytest

from ingest.cluster.quality import examine, judge
from ingest.cluster.reduce import unit
from taxonomy.edits import Create, Rename
from taxonomy.errors import InputError, UnknownId
from taxonomy.formats.tree_json import Evidence, Phrase
from taxonomy.node import Node, NodeId
from taxonomy.ports import Floats
from taxonomy.product import Product, ProductId, Source
from taxonomy.proposal import MEASURES, NodeQuality, Report, Weakness, Wording
from taxonomy.service import editing
from taxonomy.tree import Tree
from tests.fakes import FakeUnitOfWork

AXES = {"cups": 0, "mugs": 1, "rakes": 2, "things": 3}
TREE = Tree.from_paths([("kitchen", "cups"), ("kitchen", "mugs"), ("garden", "rakes")])
CUPS, MUGS, RAKES = (
    found
    for path in (("kitchen", "cups"), ("kitchen", "mugs"), ("garden", "rakes"))
    if (found := TREE.find(path))
)


def encode(texts: Sequence[str]) -> Floats:
    """A direction for each known word; a text is all of its words'."""
    rows = np.zeros((len(texts), len(AXES)), np.float32)
    for row, text in zip(rows, texts, strict=True):
        for word in text.split():
            row[AXES.get(word, 3)] += 1
    return unit(rows)


def shop(**titles: Sequence[str]) -> tuple[list[Product], dict[ProductId, NodeId | None]]:
    """Products by the name of the leaf that they stand in; `nowhere` stand in none."""
    leaves = {"cups": CUPS, "mugs": MUGS, "rakes": RAKES, "nowhere": None}
    products: list[Product] = []
    places: dict[ProductId, NodeId | None] = {}
    for leaf, said in titles.items():
        for title in said:
            product = Product(ProductId(f"p{len(products)}"), title)
            products.append(product)
            places[product.id] = leaves[leaf]
    return products, places


def measured(
    tree: Tree = TREE, evidence: dict[NodeId, Evidence] | None = None, **titles: Sequence[str]
) -> Report:
    products, places = shop(**titles)
    vectors = encode([product.title for product in products])
    return examine(tree, places, products, vectors, encode=encode, evidence=evidence)


def of(report: Report, node_id: NodeId) -> NodeQuality:
    return next(one for one in report.nodes if one.node_id == node_id)


def test_a_category_of_equal_products_is_one_and_a_mixed_one_less() -> None:
    report = measured(cups=["cups", "cups"], mugs=["mugs", "rakes"], rakes=["rakes", "rakes"])

    assert of(report, CUPS).cohesion == pytest.approx(1.0)
    assert of(report, MUGS).cohesion == pytest.approx(0.7071, abs=1e-3)
    assert report.quality.cohesion == pytest.approx((4 + 2 * 0.70711) / 6, abs=1e-3)


def test_a_name_fits_where_products_are_nearer_to_it_than_to_any_other() -> None:
    good = measured(cups=["cups", "cups"], mugs=["mugs", "mugs"], rakes=["rakes"])
    swapped = measured(cups=["mugs", "mugs"], mugs=["cups", "cups"], rakes=["rakes"])

    assert (of(good, CUPS).name_fit, good.quality.name_fit) == (1.0, 1.0)
    assert (of(swapped, CUPS).name_fit, swapped.quality.name_fit) == (0.0, 0.2)
    assert Weakness.VAGUE in of(swapped, CUPS).weaknesses


def test_other_names_tell_how_well_they_would_fit() -> None:
    known = {CUPS: Evidence((Phrase("mugs", 2.0),), ("rakes", "things"))}

    report = measured(evidence=known, cups=["cups", "things things"], mugs=["mugs"], rakes=["rakes"])

    told = of(report, CUPS)
    assert told.phrases == (Wording("mugs", 2.0),)
    assert [one.text for one in told.alternatives] == ["rakes", "things"]
    assert told.alternatives[1].score > told.alternatives[0].score


def test_the_nearest_peer_is_named_and_a_double_counts_as_redundant() -> None:
    report = measured(cups=["cups mugs", "cups"], mugs=["mugs cups", "mugs cups"], rakes=["rakes"])

    assert of(report, CUPS).nearest_id == MUGS
    assert Weakness.TWIN in of(report, CUPS).weaknesses
    assert of(report, RAKES).weaknesses == ()
    assert report.quality.redundancy == pytest.approx(2 / 3)


def test_the_weakest_leaf_is_the_one_that_is_mixed_and_misnamed() -> None:
    report = measured(cups=["cups", "cups"], mugs=["rakes cups", "things"], rakes=["rakes", "rakes"])

    weakest = max((one for one in report.nodes if one.is_shelf), key=lambda one: one.weakness)

    assert weakest.node_id == MUGS
    assert 0 <= min(one.weakness for one in report.nodes) <= weakest.weakness <= 1


def test_parents_are_measured_among_parents() -> None:
    report = measured(cups=["cups"], mugs=["mugs"], rakes=["rakes"])

    kitchen, garden = TREE.children_of(NodeId("root"))
    assert [one.node_id for one in report.nodes] == list(TREE.descendants())
    assert of(report, kitchen).n_products == 2
    assert of(report, kitchen).nearest_id == garden
    assert not of(report, kitchen).is_shelf


def test_what_stands_nowhere_is_counted_and_shown() -> None:
    report = measured(cups=["cups", "cups", "cups"], nowhere=["things"])

    assert report.quality.noise_share == 0.25
    assert report.noise_examples == ("things",)


def test_typical_products_come_first_and_no_title_twice() -> None:
    report = measured(cups=["cups mugs", "cups", "cups", "cups"], mugs=["mugs"])

    assert of(report, CUPS).examples == ("cups", "cups mugs")


def test_no_products_give_no_figures() -> None:
    report = examine(TREE, {}, [], np.zeros((0, 4), np.float32), encode=encode)

    assert report.nodes == ()
    assert report.quality == judge(np.zeros((0, 4), np.float32), np.zeros(0, np.int64))


def test_every_measure_reads_a_figure_that_there_is_and_knows_which_is_better() -> None:
    quality = measured(cups=["cups"], mugs=["mugs"]).quality

    assert all(isinstance(getattr(quality, one.field), float) for one in MEASURES)
    verdicts = {one.field: one.verdict(0.9, 0.1) for one in MEASURES}
    assert [field for field, verdict in verdicts.items() if verdict < 0] == ["redundancy", "noise_share"]
    assert MEASURES[0].verdict(0.501, 0.5) == 0


def test_a_proposal_keeps_its_report_and_takes_a_persons_edits() -> None:
    node = Node(NodeId("new"), "Cups")
    with FakeUnitOfWork() as uow:
        uow.trees.create("home")
        report = measured(cups=["cups"])
        change = editing.propose(
            uow, "home", [Create(node)], author="build", source=Source.BUILD, report=report
        )

        revised = editing.revise(uow, change.id, [Rename(node.id, "Mugs")])

        assert uow.changes.report(change.id) == report
        assert revised.edits == (Create(node), Rename(node.id, "Mugs"))
        with pytest.raises(UnknownId):
            editing.revise(uow, change.id, [Rename(NodeId("gone"), "Jugs")])
        editing.approve(uow, change.id, author="Maya")
        with pytest.raises(InputError, match="it is approved"):
            editing.revise(uow, change.id, [Rename(node.id, "Jugs")])
