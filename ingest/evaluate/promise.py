"""Whether a promised precision is kept on products that did not help to make the promise."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.classify.calibrate import deepest_safe
from ingest.classify.layout import Indices
from ingest.train.artifact import Artifact
from ingest.train.calibration import HeldOut
from ingest.train.dataset import Row
from taxonomy.errors import InputError
from taxonomy.metrics.calibration import expected_calibration_error
from taxonomy.ports import Encoder, Progress, Silent
from taxonomy.product import Product
from taxonomy.text import product_text

__all__ = ["N_HALVINGS", "CrossFitted", "Kept", "cross_fitted"]

N_HALVINGS = 20


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a promise, as means over the halvings.

    Attributes
    ----------
    asked, kept, worst : float
        The precision asked; that of what was given, its mean and its least.
    coverage : float
        Share of products that were given a node.
    depth_lost : float
        Levels between what was given and the full path.
    """

    asked: float
    kept: float
    worst: float
    coverage: float
    depth_lost: float


@dataclass(frozen=True, slots=True)
class CrossFitted:
    """Calibrations fitted on one half of the held-out products and judged on the other.

    Attributes
    ----------
    n_products : int
        Held out.
    ece : float
        Expected calibration error of the leaf probability, 15 bins of equal mass; mean of the halvings.
    ece_of_perfect : float
        What it would be on as many products if the same probabilities were exactly right: few products in a
        bin differ from their mean by chance.
    kept : tuple of Kept
        One for each precision asked.
    """

    n_products: int
    ece: float
    ece_of_perfect: float
    kept: tuple[Kept, ...]


def cross_fitted(
    artifact: Artifact,
    products: Iterable[Product],
    encoder: Encoder,
    *,
    precisions: Sequence[float],
    halvings: int = N_HALVINGS,
    seed: int = 0,
    progress: Progress | None = None,
) -> CrossFitted:
    """A model's promise on its own `valid` products, of which a random half calibrates anew each time.

    The model's own calibration has seen them all, and would keep its promise to them in any case. Half of
    the products vouch for less than all, so what is given here is a little less than what the model gives.
    Products of one text fall into one half.

    Raises
    ------
    InputError
        No product of split `valid` has a category.
    """
    rows = [
        Row(product_text(one), one.category_path)
        for one in products
        if one.category_path and one.part == "valid"
    ]
    if not rows:
        raise InputError("a promise is judged on labelled rows of split valid, and there is none")
    bound = artifact.on(artifact.tree, encoder)
    held = HeldOut.of(bound, artifact.guard, artifact.tree, rows, encoder, progress=progress or Silent())
    depths = np.array([len(row.path) for row in rows])
    _, text = np.unique(np.array([row.text for row in rows]), return_inverse=True)
    rng = np.random.default_rng(seed)
    eces, found = [], []
    for _ in range(halvings):
        first = rng.random(text.max() + 1)[text] < 0.5
        calibration = held.fit(np.flatnonzero(first))
        judged = np.flatnonzero(~first)
        outcome = held.outcome(calibration, judged)
        by_chance = rng.random(len(judged)) < outcome.confidence
        rights = (outcome.right, by_chance)
        eces.append([expected_calibration_error(outcome.confidence, right.tolist()) for right in rights])
        given = [deepest_safe(outcome.paths, calibration.price(precision)) for precision in precisions]
        found.append([_kept(depth, outcome.n_right, depths[judged]) for depth in given])
    ece, ece_of_perfect = map(float, np.mean(eces, axis=0))
    kept = tuple(map(_over, precisions, zip(*found, strict=True)))
    return CrossFitted(len(rows), ece, ece_of_perfect, kept)


def _kept(depth: Indices, n_right: Indices, full: Indices) -> tuple[float, float, float]:
    """Precision of what was given, the share of products that were, and the levels that they lost."""
    given = depth > 0
    if not given.any():
        return 1.0, 0.0, 0.0
    return (
        float((depth <= n_right)[given].mean()),
        float(given.mean()),
        float((full - np.minimum(depth, full))[given].mean()),
    )


def _over(asked: float, found: Sequence[tuple[float, float, float]]) -> Kept:
    kept, coverage, lost = np.array(found).T
    return Kept(asked, float(kept.mean()), float(kept.min()), float(coverage.mean()), float(lost.mean()))
