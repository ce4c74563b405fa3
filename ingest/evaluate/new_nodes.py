"""Categories that a model was never taught: taken out of its training, then added back to its tree."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from ingest.classify.predict import Prediction
from ingest.train.dataset import assemble
from taxonomy.errors import InputError
from taxonomy.node import NodeId
from taxonomy.ports import Progress, Silent
from taxonomy.product import Product
from taxonomy.text import product_text
from taxonomy.tree import Tree

__all__ = [
    "MIN_PRODUCTS",
    "N_EXAMPLES",
    "Added",
    "Load",
    "NewNodes",
    "Predicting",
    "Removed",
    "measure",
    "removed",
]

MIN_PRODUCTS = 20
N_EXAMPLES = 5


class Predicting(Protocol):
    """What is asked of a loaded classifier."""

    def predict(self, products: Iterable[Product]) -> Iterable[Prediction]:
        """A prediction for each product, in order."""


Examples = Mapping[NodeId, Sequence[str]]
Load = Callable[[Path, Tree, Examples | None], Predicting]
"""A model folder on a tree, its new nodes told by examples or by name alone."""


@dataclass(frozen=True, slots=True)
class Removed:
    """Leaves that were drawn, and what is left of the catalogue without them.

    Attributes
    ----------
    leaves : tuple of NodeId
        In the order of the tree.
    tree, smaller : Tree
        With and without them.
    products : list of Product
        Labelled products of both splits that stand elsewhere: what the model is trained from.
    examples : mapping of NodeId to sequence of str
        Texts of training products of each leaf.
    """

    leaves: tuple[NodeId, ...]
    tree: Tree
    smaller: Tree
    products: list[Product]
    examples: Examples


@dataclass(frozen=True, slots=True)
class Added:
    """The leaves added back in one way; accuracies in 0..1, of the likeliest terminal.

    Attributes
    ----------
    new : float
        On the leaves' own `valid` products.
    share : float
        Of what the model that was trained with them gets there; 0 if that is nothing.
    others : float
        On all other `valid` products.
    lost : float
        Points that these lost against the same model without the leaves.
    """

    new: float
    share: float
    others: float
    lost: float


@dataclass(frozen=True, slots=True)
class NewNodes:
    """One draw of leaves.

    Attributes
    ----------
    n_leaves, n_new, n_others : int
        Leaves, their `valid` products, and all others.
    trained_new, trained_others : float
        Of the model that was trained with the leaves.
    others_before : float
        Of the model without them on its own tree.
    by_name, by_examples : Added
        Known by name alone, and by name and `N_EXAMPLES` products.
    """

    n_leaves: int
    n_new: int
    n_others: int
    trained_new: float
    trained_others: float
    others_before: float
    by_name: Added
    by_examples: Added


def removed(
    products: Iterable[Product], *, leaves: int, seed: int, min_products: int = MIN_PRODUCTS
) -> Removed:
    """Draw leaves with at least `min_products` training and one `valid` product, and take them out.

    Raises
    ------
    InputError
        There are too few such leaves, or fewer than two categories would be left.
    """
    rows = [one for one in products if one.category_path and one.part in ("train", "valid")]
    tree = assemble(rows).tree
    train: dict[NodeId, list[Product]] = defaultdict(list)
    judged: set[NodeId] = set()
    for one in rows:
        at = tree.find(one.category_path)
        if at is not None and one.part == "train":
            train[at].append(one)
        elif at is not None:
            judged.add(at)
    fit = [at for at in tree.leaves() if len(train[at]) >= min_products and at in judged]
    if len(fit) < leaves:
        raise InputError(
            f"{len(fit)} leaves have {min_products} training products and a valid one,"
            f" {leaves} were asked for"
        )
    rng = np.random.default_rng(seed)
    chosen = {fit[at] for at in rng.permutation(len(fit))[:leaves]}
    kept = [one for one in rows if tree.find(one.category_path) not in chosen]
    return Removed(
        tuple(at for at in fit if at in chosen),
        tree,
        Tree.from_paths(tree.path(at) for at in tree.descendants() if train[at] and at not in chosen),
        kept,
        {at: _drawn(train[at], rng) for at in fit if at in chosen},
    )


def measure(
    case: Removed,
    products: Iterable[Product],
    *,
    full: Path,
    without: Path,
    load: Load,
    progress: Progress | None = None,
) -> NewNodes:
    """How the model without the leaves does once they are added, beside the one trained with them.

    Parameters
    ----------
    products : iterable of Product
        The whole catalogue; its `valid` rows are judged.
    full, without : Path
        The model trained on all products, and the one trained on `case.products`.
    load : Load
        Opens a model folder on a tree.
    """
    progress = progress or Silent()
    valid = [one for one in products if one.category_path and one.part == "valid"]
    own = set(case.leaves)
    progress.start("judging four models", 4)
    truths = [case.tree.find(one.category_path) for one in valid]

    def right(folder: Path, tree: Tree, examples: Examples | None = None) -> _Right:
        found = [one.leaf_id for one in load(folder, tree, examples).predict(valid)]
        progress.advance()
        return _right(truths, found, own)

    trained, before = right(full, case.tree), right(without, case.smaller)
    name, examples = right(without, case.tree), right(without, case.tree, case.examples)
    return NewNodes(
        len(own), trained.n_new, trained.n_others, trained.new, trained.others, before.others,
        _added(name, trained, before), _added(examples, trained, before),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Right:
    """Accuracies on the products of the leaves and on the others."""

    new: float
    others: float
    n_new: int
    n_others: int


def _right(truths: Sequence[NodeId | None], found: Sequence[NodeId], own: Collection[NodeId]) -> _Right:
    pairs = list(zip(truths, found, strict=True))
    new = [at == truth for truth, at in pairs if truth in own]
    others = [at == truth for truth, at in pairs if truth not in own]
    return _Right(_share(new), _share(others), len(new), len(others))


def _added(found: _Right, trained: _Right, before: _Right) -> Added:
    share = found.new / trained.new if trained.new else 0.0
    return Added(found.new, share, found.others, 100 * (before.others - found.others))


def _drawn(products: Sequence[Product], rng: np.random.Generator) -> list[str]:
    """Texts of some products; a product of the same text counts once."""
    texts = list(dict.fromkeys(map(product_text, products)))
    return [texts[at] for at in rng.permutation(len(texts))[:N_EXAMPLES]]


def _share(right: Sequence[bool]) -> float:
    return sum(right) / len(right) if right else 0.0
