"""What people said is learnt before what the catalogue says, and counted by who said it."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingest.train.provenance import FILE, Learnt, Seen
from taxonomy.edits import Create
from taxonomy.errors import ModelError
from taxonomy.node import Node, NodeId
from taxonomy.product import Assignment, Product, ProductId, Source
from taxonomy.product import Path as CategoryPath
from taxonomy.review import Guess, Suggestion, Verdict
from taxonomy.service import reviewing
from taxonomy.service.teaching import Lesson, Origin, as_written, lessons, shown
from taxonomy.tree import Tree
from tests.contract.given import POPPY, SHELF, SPADE, WOK, at, edited, imported, planted
from tests.fakes import FakeUnitOfWork

HERE = ("shop", "home")


@pytest.fixture
def uow() -> FakeUnitOfWork:
    return FakeUnitOfWork()


@pytest.fixture
def tree(uow: FakeUnitOfWork) -> Tree:
    """The spade has the shop's own category, Garden > Tools, which is also what is suggested for all."""
    tree = planted(uow)
    imported(uow, SHELF)
    guesses = (Guess(at(tree, "Garden", "Tools"), 0.5),)
    reviewing.fill(uow, *HERE, [Suggestion(one.id, guesses, 1.0, one.id) for one in SHELF])
    return tree


def taught(uow: FakeUnitOfWork, tree: Tree) -> dict[ProductId, tuple[CategoryPath, Origin]]:
    found = lessons(uow, *HERE, tree, uow.catalogs.products("shop"))
    return {one.product.id: (one.product.category_path, one.origin) for one in found}


def test_answers_and_placements_come_before_the_catalogue(uow: FakeUnitOfWork, tree: Tree) -> None:
    assert taught(uow, tree)[SPADE.id] == (("Garden", "Tools"), Origin.CATALOG)
    seeds = at(tree, "Garden", "Seeds")
    reviewing.answer(uow, *HERE, [SPADE.id], node_id=seeds, author="ann")
    uow.assignments.place(*HERE, at(tree, "Kitchen", "Pans"), [WOK.id], author="ann")

    assert taught(uow, tree) == {
        SPADE.id: (("Garden", "Seeds"), Origin.ANSWER),
        POPPY.id: ((), Origin.NOBODY),
        WOK.id: (("Kitchen", "Pans"), Origin.PERSON),
    }


def test_what_people_placed_shows_a_node_and_what_machines_placed_does_not(
    uow: FakeUnitOfWork, tree: Tree
) -> None:
    pans, seeds = at(tree, "Kitchen", "Pans"), at(tree, "Garden", "Seeds")
    uow.assignments.place(*HERE, pans, [WOK.id], author="ann")
    uow.assignments.write(*HERE, [Assignment(POPPY.id, seeds, 0.9, Source.MODEL)])

    assert shown(uow, *HERE, [pans, seeds]) == {pans: [WOK]}
    assert shown(uow, *HERE, [seeds]) == {}


@pytest.mark.parametrize("verdict", [Verdict.NONE, Verdict.SKIP])
def test_a_category_that_people_doubt_teaches_nothing(
    uow: FakeUnitOfWork, tree: Tree, verdict: Verdict
) -> None:
    (one,) = reviewing.answer(uow, *HERE, [SPADE.id], verdict=verdict, author="ann")
    assert taught(uow, tree)[SPADE.id] == ((), Origin.WITHDRAWN)

    reviewing.take_back(uow, *HERE, [one.id], author="ann")

    assert taught(uow, tree)[SPADE.id] == (("Garden", "Tools"), Origin.CATALOG)


def test_a_category_that_was_not_refused_stays(uow: FakeUnitOfWork, tree: Tree) -> None:
    imported(uow, [replace(SPADE, category_path=("Kitchen", "Pans"))], "two")

    reviewing.answer(uow, *HERE, [SPADE.id], verdict=Verdict.NONE, author="ann")

    assert taught(uow, tree)[SPADE.id] == (("Kitchen", "Pans"), Origin.CATALOG)


def test_a_node_that_is_not_published_yet_teaches_nothing(uow: FakeUnitOfWork, tree: Tree) -> None:
    edited(uow, Create(Node(NodeId("rakes"), "Rakes")))
    reviewing.answer(uow, *HERE, [SPADE.id], node_id=NodeId("rakes"), author="ann")

    assert taught(uow, tree)[SPADE.id] == ((), Origin.WITHDRAWN)
    assert taught(uow, uow.trees.head("home"))[SPADE.id] == (("Rakes",), Origin.ANSWER)


def test_a_file_of_answers_keeps_its_origins_and_hides_them_from_models() -> None:
    told = {"colour": "red", "answer_origin": str(Origin.ANSWER), "answer_author": "ann"}
    written = [replace(SPADE, attributes=told), POPPY, replace(SPADE, attributes={"answer_origin": "?"})]

    found = list(as_written(written))

    assert [one.origin for one in found] == [Origin.ANSWER, Origin.NOBODY, Origin.CATALOG]
    assert [dict(one.product.attributes) for one in found] == [{"colour": "red"}, POPPY.attributes, {}]


def kept(folder: Path, products: Iterable[Product], revision: str = "r1") -> Seen:
    learnt = Learnt()
    assert list(learnt.hearing(Lesson(one, Origin.CATALOG) for one in products))
    learnt.save(folder, revision=revision)
    seen = Seen.load(folder, revision=revision)
    assert seen is not None
    return seen


def test_what_training_looked_at_is_known_again_by_product_and_by_text(tmp_path: Path) -> None:
    garden = ("Garden",)
    valid, test = (
        replace(WOK, id=ProductId(split), title=split, category_path=garden, split=split)
        for split in ("valid", "test")
    )
    seen = kept(tmp_path, [SPADE, POPPY, valid, test])
    shouted = replace(SPADE, title="  STEEL spade")
    other = replace(SPADE, id=ProductId("other"))

    asked = [SPADE, POPPY, valid, test, shouted, other]

    assert seen.of_products(asked).tolist() == [True, False, True, False, True, False]
    assert seen.of_texts(asked).tolist() == [True, False, True, False, True, True]
    assert seen.origins == {"the catalogue's own category": 3}  # nothing is learnt from the test


def test_what_another_model_learnt_or_a_damaged_file_is_refused(tmp_path: Path) -> None:
    kept(tmp_path, [SPADE])
    with pytest.raises(ModelError, match="another model"):
        Seen.load(tmp_path, revision="r2")
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match="damaged"):
        Seen.load(tmp_path, revision="r1")
    assert Seen.load(tmp_path / "empty", revision="r1") is None


def test_no_products_were_seen_by_nobody(tmp_path: Path) -> None:
    Learnt().save(tmp_path, revision="r1")
    seen = Seen.load(tmp_path, revision="r1")
    assert seen is not None
    assert np.array_equal(seen.of_products([SPADE]), [False])
