"""Put a new model into service, if it is no worse than the one that serves."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from taxonomy.errors import InputError, StaleEdit
from taxonomy.ports import UnitOfWork
from taxonomy.records import Promotion
from taxonomy.service.releasing import published

__all__ = [
    "ALPHA",
    "LEAST",
    "MARGIN",
    "SERVING",
    "Against",
    "Branch",
    "Comparison",
    "Judged",
    "compare",
    "p_worse",
    "promote",
]

ALPHA = 0.05
"""How unlikely chance must be as the reason before a model counts as worse."""

MARGIN = 0.02
"""Share of a branch's products by which it may fall and not be looked at: less is no matter of one branch."""

LEAST = 100
"""Products in a test: on fewer, even a model that is ten points worse would mostly pass."""

SERVING = "serving"
"""The name of the model that people have now; others are compared on all products only."""

Right = NDArray[np.bool_]


@dataclass(frozen=True)
class Judged:
    """A model on the test: its name for people, its revision, and (n,) which products it placed rightly."""

    name: str
    revision: str
    right: Right


@dataclass(frozen=True, slots=True)
class Branch:
    """A top category: products in the test, shares placed rightly by both models, and `p_worse`."""

    name: str
    n: int
    before: float
    after: float
    p: float


@dataclass(frozen=True, slots=True)
class Against:
    """The new model beside another: `n_lost` products only the other, `n_won` only the new one has right."""

    name: str
    revision: str
    accuracy: float
    n_lost: int
    n_won: int
    p: float
    branches: tuple[Branch, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """A new model on a test, beside others; `faults` say why it should not be promoted, if so."""

    revision: str
    n: int
    accuracy: float
    against: tuple[Against, ...]
    faults: tuple[str, ...]

    @property
    def serving(self) -> str:
        """The revision of the model that serves; empty if none does."""
        return next((one.revision for one in self.against if one.name == SERVING), "")


def p_worse(n_lost: int, n_won: int) -> float:
    """How likely at least so many losses would be, were both models equally good; 1 if they never differ.

    McNemar's test, exact and one-sided: of the products that one model alone has right, each is as likely to
    be won as lost. McNemar, *Note on the sampling error of the difference between correlated proportions*
    (Psychometrika 12, 1947); for classifiers on one test set, Dietterich, *Approximate Statistical Tests for
    Comparing Supervised Classification Learning Algorithms* (Neural Computation 10, 1998).

    >>> p_worse(5, 0), p_worse(0, 5), p_worse(0, 0)
    (0.03125, 1.0, 1.0)
    """
    n = n_lost + n_won
    ways, term = 0, comb(n, n_lost)
    for k in range(n_lost, n + 1):
        ways += term
        term = term * (n - k) // (k + 1)  # the next of Pascal's row
    return float(ways / (1 << n))


def compare(
    new: Judged,
    others: Sequence[Judged],
    branches: Sequence[str],
    *,
    alpha: float = ALPHA,
    margin: float = MARGIN,
    least: int = LEAST,
) -> Comparison:
    """A new model beside others, all judged on the same products.

    It is at fault where it is worse than another one on all products, or than the serving one on those of a
    branch by more than `margin`, and chance would explain that with a probability below `alpha` (`p_worse`)
    only.

    Parameters
    ----------
    new, others : Judged
        Of n products each, in one order.
    branches : sequence of n str
        The top category that each product belongs into.
    alpha : float
        Higher: refuses more.
    margin : float
        Of a branch's accuracy, in 0..1; higher: refuses less.
    least : int
        A test of fewer products is a fault in itself.
    """
    beside = tuple(_against(new, other, branches) for other in others)
    faults = (
        [] if len(new.right) >= least else [f"the test has {len(new.right)} products, fewer than {least}"]
    )
    for one in beside:
        fall = one.accuracy - _share(new.right)
        if fall > 0 and one.p < alpha:
            faults.append(f"worse than the {one.name} model by {fall:.1%} (p {one.p:.3f})")
        faults += [
            f"worse than the {one.name} model in {branch.name!r} by {branch.before - branch.after:.1%} of"
            f" {branch.n} products (p {branch.p:.3f})"
            for branch in one.branches
            if one.name == SERVING and branch.before - branch.after > margin and branch.p < alpha
        ]
    return Comparison(new.revision, len(new.right), _share(new.right), beside, tuple(faults))


def promote(
    uow: UnitOfWork,
    taxonomy: str,
    comparison: Comparison,
    *,
    model_dir: str,
    author: str,
    reason: str = "",
    test: str = "",
) -> Promotion:
    """Publish the tree in effect with the new model if the comparison has no fault, record it, and commit.

    A refusal is recorded, too. Rolling the release back takes the promotion back.

    Parameters
    ----------
    comparison : Comparison
        With the model of the release in effect, if it has one.
    model_dir : str
        The new model's folder.
    reason : str, optional
        Why it is promoted in spite of faults; without one, a model at fault is refused.
    test : str, optional
        What it was judged on: kept with the figures.

    Raises
    ------
    InputError
        Nothing was published yet.
    StaleEdit
        Another model serves by now than was compared.
    """
    uow.trees.lock(taxonomy)
    current, tree = published(uow, taxonomy)
    if current.model_revision == comparison.revision:
        raise InputError("this model serves already: there is nothing to promote")
    if current.model_revision != comparison.serving:
        raise StaleEdit("another model serves by now than this one was compared with: compare again")
    release_id = None
    if reason or not comparison.faults:
        release_id = uow.releases.publish(
            taxonomy, tree, model_revision=comparison.revision, model_dir=model_dir, author=author
        ).id
    kept = uow.promotions.add(
        Promotion(
            taxonomy,
            comparison.revision,
            model_dir,
            comparison.serving,
            author,
            {**asdict(comparison), "test": test},
            release_id,
            reason if comparison.faults else "",
        )
    )
    uow.commit()
    return kept


def _against(new: Judged, other: Judged, branches: Sequence[str]) -> Against:
    lost, won = other.right & ~new.right, new.right & ~other.right
    of = np.array(branches)
    parts = [(name, of == name) for name in dict.fromkeys(branches)]
    n_lost, n_won = int(lost.sum()), int(won.sum())
    return Against(
        other.name,
        other.revision,
        _share(other.right),
        n_lost,
        n_won,
        p_worse(n_lost, n_won),
        tuple(
            Branch(
                name,
                int(part.sum()),
                _share(other.right[part]),
                _share(new.right[part]),
                p_worse(int(lost[part].sum()), int(won[part].sum())),
            )
            for name, part in parts
        ),
    )


def _share(right: Right) -> float:
    return float(right.mean()) if len(right) else 0.0
