"""What `shelftree train` gives to the training: categories as they stand, and what people said."""

from pathlib import Path

import pytest

from ingest.train.finetune import TrainReport
from taxonomy.edits import Create
from taxonomy.node import Node, NodeId
from taxonomy.product import Product, ProductId
from taxonomy.service import editing, releasing
from taxonomy.tree import Tree
from tests.command import run
from tests.contract.given import SHELF, SPADE, at, imported, planted
from tests.fakes import FakeUnitOfWork
from ui.wiring import App


@pytest.fixture
def uow() -> FakeUnitOfWork:
    """A published tree, and since then a node in which a person placed the spade."""
    uow = FakeUnitOfWork()
    with uow:
        tree = planted(uow)
        imported(uow, SHELF)
        releasing.publish(uow, "home", author="ann")
        spades = Node(NodeId("spades"), "Spades", at(tree, "Garden", "Tools"))
        editing.edit(uow, "home", [Create(spades)], author="ann")
        uow.assignments.place("shop", "home", spades.id, [SPADE.id], author="ann")
        uow.commit()
    return uow


def test_an_answer_for_a_node_that_is_not_published_is_learnt(
    uow: FakeUnitOfWork,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    learnt: dict[ProductId, Product] = {}
    trees: list[Tree] = []

    def finetune(products: list[Product], *, tree: Tree, **_: object) -> TrainReport:
        learnt.update({one.id: one for one in products})
        trees.append(tree)
        return TrainReport("r", 3, 0, 2, 0, 0, 1.0, None, 1.0, 1.0)

    monkeypatch.setattr("ingest.train.finetune.finetune", finetune)
    monkeypatch.setattr(App, "uow", lambda app: uow)

    done = run(
        capsys, monkeypatch, "train", "--catalog", "shop", "--taxonomy", "home", "--out", tmp_path / "model",
        "--json",
    )  # fmt: skip

    assert done.code == 0, done.err
    assert learnt[SPADE.id].category_path == ("Garden", "Tools", "Spades")
    assert trees[0].find(("Garden", "Tools", "Spades")) == "spades"
