"""A promise judged on products that did not help to make it."""

from collections.abc import Sequence

import numpy as np
import pytest

from ingest.classify.bind import bind
from ingest.classify.calibrate import Calibration
from ingest.classify.head import Head
from ingest.evaluate.promise import CrossFitted, cross_fitted
from ingest.train.artifact import Artifact
from taxonomy.errors import InputError
from taxonomy.ports import Floats, Progress
from taxonomy.product import Product, ProductId
from taxonomy.text import product_text
from taxonomy.tree import Tree

TREE = Tree.from_paths([("Home", name) for name in "abcd"] + [("Garden", name) for name in "efgh"])
LEAVES = tuple(TREE.leaves())


class Noted:
    """Each text has a vector of its own, seen once and for all."""

    revision, dim = "noted", 8

    def __init__(self, vectors: dict[str, Floats]) -> None:
        self.vectors = vectors

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Floats:
        found: Floats = np.array([self.vectors[text] for text in texts], dtype=np.float32).reshape(-1, 8)
        return found


def shop(n: int = 1500) -> tuple[list[Product], Noted]:
    """Products whose vectors say their leaf, some loudly and some hardly."""
    rng = np.random.default_rng(0)
    truth = rng.integers(8, size=n)
    vectors = np.eye(8)[truth] * rng.uniform(0.2, 3, n)[:, None] + rng.normal(scale=0.5, size=(n, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    products = [
        Product(ProductId(str(at)), f"thing {at}", category_path=TREE.path(LEAVES[leaf]), split="valid")
        for at, leaf in enumerate(truth)
    ]
    return products, Noted({product_text(one): vectors[at] for at, one in enumerate(products)})


def judged(precisions: Sequence[float], *, halvings: int = 10) -> CrossFitted:
    products, encoder = shop()
    head = Head(LEAVES, 6 * np.eye(8, dtype=np.float32), np.zeros(8, dtype=np.float32))
    assert len(bind(head, TREE, encoder).layout.terminals) == 8
    artifact = Artifact(head, TREE, Calibration(), (), {}, "none")
    return cross_fitted(artifact, products, encoder, precisions=precisions, halvings=halvings)


def test_what_is_kept_is_near_what_was_asked_and_more_asks_for_less() -> None:
    found = judged((0.9, 0.95, 0.98))
    for one in found.kept:
        assert one.kept == pytest.approx(one.asked, abs=0.02)
        assert one.worst <= one.kept
    coverage = [one.coverage for one in found.kept]
    assert coverage == sorted(coverage, reverse=True)
    assert found.ece < 0.05
    assert found.n_products == 1500


def test_an_error_that_chance_explains_is_told_from_one_that_it_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = judged((0.95,))
    assert found.ece == pytest.approx(found.ece_of_perfect, abs=0.01)
    monkeypatch.setattr(Calibration, "sure", lambda self, posteriors: posteriors**3)
    wrong = judged((0.95,))
    assert wrong.ece > 2 * wrong.ece_of_perfect


def test_a_calibration_of_no_products_says_nothing_and_breaks_the_promise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Calibration, "price", lambda self, precision: 0.25)
    assert judged((0.95,)).kept[0].kept < 0.9


def test_a_catalogue_without_valid_rows_is_refused() -> None:
    products, encoder = shop(3)
    artifact = Artifact(
        Head(LEAVES, np.eye(8, dtype="f4"), np.zeros(8, "f4")), TREE, Calibration(), (), {}, ""
    )
    trained_on = [
        Product(one.id, one.title, category_path=one.category_path, split="train") for one in products
    ]
    with pytest.raises(InputError, match="split valid"):
        cross_fitted(artifact, trained_on, encoder, precisions=(0.95,))
