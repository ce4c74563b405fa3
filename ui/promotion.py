"""A new model beside the serving one and the untuned encoder, on products that no training has seen."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from taxonomy.errors import InputError, ModelError
from taxonomy.node import NodeId
from taxonomy.ports import Encoder, Progress
from taxonomy.product import Product
from taxonomy.records import Release
from taxonomy.service.promoting import ALPHA, LEAST, MARGIN, SERVING, Comparison, Judged, compare
from taxonomy.service.releasing import published
from taxonomy.text import fold, product_text
from taxonomy.tree import Tree
from ui.wiring import App

__all__ = ["Trial", "try_model"]

CHUNK = 2048  # posteriors in memory at a time
TEST_SPLIT = "test"


@dataclass(frozen=True)
class Trial:
    """A comparison, and what it was made on.

    Attributes
    ----------
    comparison : Comparison
        Of the new model with the serving one and the untuned encoder.
    test : str
        A hash of the products and their categories: the same test has the same.
    n_foreign, n_repeated : int
        Products left out: of a category that the published tree does not have, or with the very text of one
        that a training has seen.
    notes : tuple of str
        What else is to be known of it.
    """

    comparison: Comparison
    test: str
    n_foreign: int
    n_repeated: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Test:
    """Products with where each belongs, and with all places where one of its title and brand does."""

    tree: Tree
    products: tuple[Product, ...]
    truth: tuple[NodeId, ...]
    places: tuple[frozenset[NodeId], ...]

    def only(self, kept: NDArray[np.bool_]) -> "_Test":
        at = np.flatnonzero(kept).tolist()
        return replace(
            self,
            products=tuple(self.products[i] for i in at),
            truth=tuple(self.truth[i] for i in at),
            places=tuple(self.places[i] for i in at),
        )

    @property
    def digest(self) -> str:
        told = "\x1e".join(sorted(f"{p.id}\x1f{t}" for p, t in zip(self.products, self.truth, strict=True)))
        return hashlib.sha256(told.encode()).hexdigest()[:16]


def try_model(
    app: App,
    model: Path,
    taxonomy: str,
    products: Iterable[Product],
    *,
    alpha: float = ALPHA,
    margin: float = MARGIN,
    least: int = LEAST,
    progress: Progress,
) -> Trial:
    """Judge a new model, the serving one and the untuned encoder on the same products.

    Parameters
    ----------
    products : iterable of Product
        With their true categories; if some are of split `test`, these alone serve. One that is there under
        several paths is right under any.
    alpha, margin, least
        As for `compare`.

    Raises
    ------
    InputError
        Nothing was published yet, no product serves, or a training has seen one of them.
    ModelError
        A model is damaged or of another tree, or the new one does not say what it learnt from.
    """
    with app.uow() as uow:
        current, tree = published(uow, taxonomy)
    revision = app.model_revision(model, tree)
    test, n_foreign = _test(tree, products)
    fresh = _unseen(model, revision, test, name="new")
    if fresh is None:
        raise ModelError(f"{model} does not say what it learnt from: train it again with this version")
    serving = Path(current.model_dir) if current.model_dir else None
    notes: list[str] = []
    if serving and serving.is_dir():
        known = _unseen(serving, current.model_revision, test, name="serving")
        if known is None:
            notes.append("the serving model does not say what it learnt from: it may have seen the test")
        else:
            fresh &= known
    fair = test.only(fresh)
    progress.start("comparing models", 3 * len(fair.products))
    new = Judged("new", revision, _judge(app, model, fair, progress))
    others = [Judged("untuned", app.encoder.revision, _judge_untuned(app.encoder, fair, progress))]
    if current.model_revision:
        others.insert(0, _serving(app, current, serving, fair, progress, notes))
    branches = [tree.path(at)[0] for at in fair.truth]
    found = compare(new, others, branches, alpha=alpha, margin=margin, least=least)
    if current.model_revision and not (serving and serving.is_dir()):
        found = replace(found, faults=(*found.faults, "the serving model could not be compared"))
    return Trial(found, fair.digest, n_foreign, int((~fresh).sum()), tuple(notes))


def _test(tree: Tree, products: Iterable[Product]) -> tuple[_Test, int]:
    labelled = [one for one in products if one.category_path]
    kept = [one for one in labelled if one.part == TEST_SPLIT] or labelled
    found = [(one, at) for one in kept if (at := tree.find(one.category_path)) is not None]
    if not found:
        raise InputError(
            "there is nothing to test on: give products with a category of the published tree, kept out of"
            " training by `test` in their column `split`"
        )
    places: dict[tuple[str, str], set[NodeId]] = defaultdict(set)
    for one in labelled:
        if (at := tree.find(one.category_path)) is not None:
            places[_name(one)].add(at)
    every = tuple(frozenset(places[_name(one)]) for one, _ in found)
    test = _Test(tree, tuple(p for p, _ in found), tuple(at for _, at in found), every)
    return test, len(kept) - len(found)


def _name(product: Product) -> tuple[str, str]:
    return fold(product.title), fold(product.brand)


def _unseen(folder: Path, revision: str, test: _Test, *, name: str) -> NDArray[np.bool_] | None:
    """Which texts of the test the model has not seen in training; None if it does not say what it saw."""
    from ingest.train.provenance import Seen

    if (seen := Seen.load(folder, revision=revision)) is None:
        return None
    known = seen.of_products(test.products)
    if known.any():
        raise InputError(
            f"{int(known.sum())} of {len(known)} products of the test were in the training of the {name}"
            f" model (the first is {test.products[int(known.argmax())].id!r}): test on others"
        )
    return ~seen.of_texts(test.products)


def _serving(
    app: App, current: Release, folder: Path | None, test: _Test, progress: Progress, notes: list[str]
) -> Judged:
    if folder and folder.is_dir():
        return Judged(SERVING, current.model_revision, _judge(app, folder, test, progress))
    notes.append(f"the serving model's folder {current.model_dir} is not on this machine")
    return Judged(SERVING, current.model_revision, np.zeros(len(test.products), dtype=bool))


def _judge(app: App, folder: Path, test: _Test, progress: Progress) -> NDArray[np.bool_]:
    classifier = app.classifier(folder, test.tree)
    return _right(
        test, classifier.terminals, lambda texts: classifier.posteriors(texts).argmax(axis=1), progress
    )


def _judge_untuned(encoder: Encoder, test: _Test, progress: Progress) -> NDArray[np.bool_]:
    """What the encoder would do by the names of the categories alone."""
    from ingest.classify.bind import node_text

    terminals = tuple(dict.fromkeys([*test.tree.leaves(), *test.truth]))
    rows = encoder.encode([node_text(test.tree, at) for at in terminals])
    return _right(test, terminals, lambda texts: (encoder.encode(texts) @ rows.T).argmax(axis=1), progress)


def _right(
    test: _Test,
    terminals: Sequence[NodeId],
    best: Callable[[list[str]], NDArray[np.int64]],
    progress: Progress,
) -> NDArray[np.bool_]:
    """(n,) bool: whose likeliest terminal is one of the places where the product stands."""
    found: list[bool] = []
    for start in range(0, len(test.products), CHUNK):
        part = slice(start, start + CHUNK)
        said = best([product_text(one) for one in test.products[part]])
        found += [terminals[at] in places for at, places in zip(said, test.places[part], strict=True)]
        progress.advance(len(said))
    return np.array(found, dtype=bool)
