"""Labelled products as parts to train on, to stop by and to calibrate on."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.readers.duplicates import duplicate_groups
from ingest.readers.split import stratified_split
from ingest.train.settings import TrainSettings
from taxonomy.errors import InputError
from taxonomy.node import NodeId
from taxonomy.product import Path, Product
from taxonomy.text import fold, product_text
from taxonomy.tree import Tree

__all__ = ["Dataset", "Row", "assemble", "sample"]

_LEAST_CLASSES = 2
_SPLITS = ("", "train", "valid")


@dataclass(frozen=True, slots=True)
class Row:
    """A labelled product, reduced to what training sees: no id, no price, no split."""

    text: str
    path: Path


@dataclass(frozen=True)
class Dataset:
    """The parts of a labelled catalogue on a tree.

    Attributes
    ----------
    tree : Tree
        The one given, or that of the training labels.
    terminals : tuple of NodeId
        Nodes that training products end in, in display order: the classes.
    train, stopping, calibration : tuple of Row
        Training rows all end in a terminal; the other two may hold paths that training never saw.
    labels : tuple of int
        The class of each training row.
    n_unlabelled, n_foreign : int
        Products left out: without a category, or with one that is not in the tree given.
    data_hash : str
        Of all rows, their parts and the tree.
    """

    tree: Tree
    terminals: tuple[NodeId, ...]
    train: tuple[Row, ...]
    labels: tuple[int, ...]
    stopping: tuple[Row, ...]
    calibration: tuple[Row, ...]
    n_unlabelled: int
    n_foreign: int
    data_hash: str

    def known(self, rows: Sequence[Row]) -> tuple[list[str], list[int]]:
        """Texts and classes of those rows that end in a terminal."""
        position = {at: index for index, at in enumerate(self.terminals)}
        pairs = [(row.text, position.get(self.tree.find(row.path) or NodeId(""))) for row in rows]
        known = [(text, label) for text, label in pairs if label is not None]
        return [text for text, _ in known], [label for _, label in known]


def assemble(
    products: Iterable[Product], *, tree: Tree | None = None, settings: TrainSettings | None = None
) -> Dataset:
    """Read a catalogue once and part it; of the settings, `valid_share`, `min_stopping` and `seed` matter.

    Rows say `train` or `valid` in `split`; where none says `valid`, a stratified part is held out,
    near-duplicates on one side. Held-out rows are halved, by a hash of their text, between stopping and
    calibration; where a half would be too small to stop by, all of them calibrate. Rows of any other named
    split, and products without a category, are left out. Texts and labels are held in memory, about 200
    bytes a product.

    Raises
    ------
    InputError
        Fewer than two categories to tell apart.
    """
    settings = settings or TrainSettings()
    rows, splits, n_unlabelled = _read(products)
    held = _held_out(rows, splits, valid_share=settings.valid_share, seed=settings.seed)
    chosen = [row for row, out in zip(rows, held, strict=True) if not out]
    tree = tree or _tree_of(row.path for row in chosen)
    placed = [(row, at) for row in chosen if (at := tree.find(row.path)) is not None]
    ending = {at for _, at in placed}
    terminals = tuple(at for at in tree.descendants() if at in ending)
    if len(terminals) < _LEAST_CLASSES:
        raise InputError(
            f"there is nothing to learn: {len(placed)} products with a category in the tree, in"
            f" {len(terminals)} categories; at least {_LEAST_CLASSES} categories are needed"
        )
    position = {at: index for index, at in enumerate(terminals)}
    held_rows = [row for row, out in zip(rows, held, strict=True) if out]
    stopping, calibration = _halves(held_rows)
    if len(stopping) < settings.min_stopping:
        stopping, calibration = (), tuple(held_rows)
    return Dataset(
        tree,
        terminals,
        tuple(row for row, _ in placed),
        tuple(position[at] for _, at in placed),
        stopping,
        calibration,
        n_unlabelled,
        len(chosen) - len(placed),
        _hash(rows, held, tree),
    )


def _tree_of(paths: Iterable[Path]) -> Tree:
    """Their tree, in which names that differ in case or accents alone are one node, as for `find`."""
    spelt: dict[Path, Path] = {(): ()}
    for path in paths:
        for end in range(1, len(path) + 1):
            folded = tuple(map(fold, path[:end]))
            spelt.setdefault(folded, (*spelt[folded[:-1]], path[end - 1]))
    return Tree.from_paths(spelt.values())


def _read(products: Iterable[Product]) -> tuple[list[Row], list[str], int]:
    rows: list[Row] = []
    splits: list[str] = []
    n_unlabelled = 0
    for product in products:
        split = product.split.strip().casefold()
        if not product.category_path:
            n_unlabelled += 1
        elif split in _SPLITS:
            rows.append(Row(product_text(product), product.category_path))
            splits.append(split)
    return rows, splits, n_unlabelled


def _held_out(rows: Sequence[Row], splits: Sequence[str], *, valid_share: float, seed: int) -> list[bool]:
    if "valid" in splits:
        return [split == "valid" for split in splits]
    groups = duplicate_groups([row.text for row in rows])
    aside = stratified_split([row.path for row in rows], groups, fraction=valid_share, seed=seed)
    return [bool(out) for out in aside]


def _halves(rows: Sequence[Row]) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """Two halves that do not depend on the order of the rows; equal texts fall on one side."""
    even = [hashlib.sha256(row.text.encode("utf-8", "surrogatepass")).digest()[0] % 2 == 0 for row in rows]
    return (
        tuple(row for row, first in zip(rows, even, strict=True) if first),
        tuple(row for row, first in zip(rows, even, strict=True) if not first),
    )


def _hash(rows: Sequence[Row], held: Sequence[bool], tree: Tree) -> str:
    digest = hashlib.sha256(tree.digest().encode())
    for row, out in zip(rows, held, strict=True):
        digest.update(json.dumps([row.text, row.path, bool(out)]).encode())
    return digest.hexdigest()


def sample(texts: Sequence[str], *, n: int, seed: int) -> tuple[str, ...]:
    """Up to `n` of the texts, drawn without replacement."""
    chosen = np.random.default_rng(seed).permutation(len(texts))[:n]
    return tuple(texts[at] for at in sorted(chosen))
