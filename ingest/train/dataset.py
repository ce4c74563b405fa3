"""Labelled products as a part to train on and a part to calibrate on."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.readers.duplicates import duplicate_groups
from ingest.readers.split import stratified_split
from ingest.train.settings import TrainSettings
from taxonomy.errors import InputError
from taxonomy.node import ROOT_ID, Node, NodeId
from taxonomy.product import Path, Product
from taxonomy.text import fold, product_text, product_title
from taxonomy.tree import Draft, Tree, path_id

__all__ = ["Dataset", "Row", "assemble", "sample", "thinned"]

_LEAST_CLASSES = 2
_SPLITS = ("", "train", "valid")
_VALID_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class Row:
    """A labelled product, reduced to what training sees: no id, no price, no split.

    `title` is what is read of it where its other fields are dropped.
    """

    text: str
    path: Path
    title: str = ""


@dataclass(frozen=True)
class Dataset:
    """The parts of a labelled catalogue on a tree.

    Attributes
    ----------
    tree : Tree
        The one given, or that of the training labels.
    terminals : tuple of NodeId
        Nodes that training products end in, and those that were asked for, in display order: the classes.
    train, calibration : tuple of Row
        Training rows all end in a terminal; the others may hold paths that training never saw.
    labels : tuple of int
        The class of each training row.
    others : tuple of tuple of int
        For each training row the other classes that the same text stands in: no errors either.
    n_unlabelled, n_foreign : int
        Products left out: without a category, or with one that is not in the tree given.
    data_hash : str
        Of all rows, their parts and the tree.
    """

    tree: Tree
    terminals: tuple[NodeId, ...]
    train: tuple[Row, ...]
    labels: tuple[int, ...]
    others: tuple[tuple[int, ...], ...]
    calibration: tuple[Row, ...]
    n_unlabelled: int
    n_foreign: int
    data_hash: str


def assemble(
    products: Iterable[Product],
    *,
    tree: Tree | None = None,
    grown_from: Tree | None = None,
    settings: TrainSettings | None = None,
    also: Callable[[Tree], Iterable[NodeId]] = lambda tree: (),
) -> Dataset:
    """Read a catalogue once and part it; of the settings, `valid_share` and `seed` matter.

    Rows say `train` or `valid` in `split`; where none says `valid`, a stratified part is held out,
    near-duplicates on one side. Held-out rows calibrate and serve for nothing else. Rows of any other named
    split, and products without a category, are left out. Nodes that `also` names are classes, with or without
    products. Without a `tree` it is `grown_from` with the labels that this lacks. Texts and labels are held
    in memory, about 200 bytes a product.

    Raises
    ------
    InputError
        Fewer than two categories to tell apart, or `valid_share` is given and rows say `valid`.
    """
    settings = settings or TrainSettings()
    rows, splits, n_unlabelled = _read(products)
    held = _held_out(rows, splits, valid_share=settings.valid_share, seed=settings.seed)
    chosen = [row for row, out in zip(rows, held, strict=True) if not out]
    tree = tree or _grown(grown_from or Tree(), (row.path for row in chosen))
    placed = [(row, at) for row in chosen if (at := tree.find(row.path)) is not None]
    ending = {at for _, at in placed} | {at for at in also(tree) if at in tree}
    terminals = tuple(at for at in tree.descendants() if at in ending)
    if len(terminals) < _LEAST_CLASSES:
        raise InputError(
            f"there is nothing to learn: {len(placed)} products with a category in the tree, in"
            f" {len(terminals)} categories; at least {_LEAST_CLASSES} categories are needed"
        )
    position = {at: index for index, at in enumerate(terminals)}
    train = tuple(row for row, _ in placed)
    labels = tuple(position[at] for _, at in placed)
    return Dataset(
        tree,
        terminals,
        train,
        labels,
        _others(train, labels),
        tuple(row for row, out in zip(rows, held, strict=True) if out),
        n_unlabelled,
        len(chosen) - len(placed),
        _hash(rows, held, tree),
    )


def _grown(tree: Tree, paths: Iterable[Path]) -> Tree:
    """The tree with these paths; names that differ in case or accents alone are one node, as for `find`."""
    draft = Draft(tree)
    known: dict[Path, NodeId] = {(): ROOT_ID}
    spelt: dict[Path, Path] = {(): ()}
    for path in dict.fromkeys(paths):
        for end in range(1, len(path) + 1):
            folded = tuple(map(fold, path[:end]))
            if folded in known:
                continue
            spelt[folded] = (*spelt[folded[:-1]], path[end - 1])
            if (at := tree.find(folded)) is None:
                at = _unused_id(tree, spelt[folded])
                draft.add(Node(at, path[end - 1], known[folded[:-1]]))
            known[folded] = at
    return draft.tree()


def _unused_id(tree: Tree, path: Path) -> NodeId:
    """That of the path, unless the node that once had this path lives or redirects under it."""
    at = path_id(path)
    return path_id(path, "grown anew") if at in tree or at in tree.redirects else at


def _read(products: Iterable[Product]) -> tuple[list[Row], list[str], int]:
    rows: list[Row] = []
    splits: list[str] = []
    n_unlabelled = 0
    for product in products:
        split = product.part
        if not product.category_path:
            n_unlabelled += 1
        elif split in _SPLITS:
            rows.append(Row(product_text(product), product.category_path, product_title(product)))
            splits.append(split)
    return rows, splits, n_unlabelled


def _held_out(
    rows: Sequence[Row], splits: Sequence[str], *, valid_share: float | None, seed: int
) -> list[bool]:
    if "valid" in splits and valid_share is None:
        return [split == "valid" for split in splits]
    if "valid" in splits:
        raise InputError(
            f"{splits.count('valid'):,} products say by their split that they are held out: either they are,"
            " or the split is not read (--map split=) and a share of all products is"
        )
    share = _VALID_SHARE if valid_share is None else valid_share
    groups = duplicate_groups([row.text for row in rows])
    aside = stratified_split([row.path for row in rows], groups, fraction=share, seed=seed)
    return [bool(out) for out in aside]


def _others(rows: Sequence[Row], labels: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """For each row the classes of rows with the same text, without its own."""
    classes: dict[str, set[int]] = {}
    for row, label in zip(rows, labels, strict=True):
        classes.setdefault(row.text, set()).add(label)
    return tuple(tuple(sorted(classes[row.text] - {label})) for row, label in zip(rows, labels, strict=True))


def _hash(rows: Sequence[Row], held: Sequence[bool], tree: Tree) -> str:
    digest = hashlib.sha256(tree.digest().encode())
    for row, out in zip(rows, held, strict=True):
        digest.update(json.dumps([row.text, row.title, row.path, bool(out)]).encode())
    return digest.hexdigest()


def thinned(labels: Sequence[int], *, n: int, seed: int) -> list[int]:
    """Ascending positions of at most `n` rows, drawn so that only the largest classes lose rows.

    >>> thinned([0, 0, 0, 0, 1, 2], n=4, seed=0)[-2:]
    [4, 5]
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    seen: dict[int, int] = {}
    rank = {}
    for at in order.tolist():
        rank[at] = seen[labels[at]] = seen.get(labels[at], 0) + 1
    return sorted(sorted(rank, key=lambda at: (rank[at], at))[:n])


def sample(texts: Sequence[str], *, n: int, seed: int) -> tuple[str, ...]:
    """Up to `n` of the texts, drawn without replacement."""
    chosen = np.random.default_rng(seed).permutation(len(texts))[:n]
    return tuple(texts[at] for at in sorted(chosen))
