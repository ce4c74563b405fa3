"""Whether new products still look like those that the model was calibrated on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from ingest.classify.layout import Indices
from ingest.classify.two_samples import Scores, exponential, mix_p_value, psi, rank_z, uniform, upper_p_value
from taxonomy.errors import ModelError, UnknownId
from taxonomy.node import NodeId
from taxonomy.ports import Floats
from taxonomy.product import ProductId
from taxonomy.tree import Tree

__all__ = ["ALARM", "Drift", "Looked", "Reference", "Shift", "Watch"]

ALARM = 0.005
"""Chance that products of the same kind raise any alarm at all; half of what is promised, for tests that are
exact only for large samples."""

_KEPT = 2_000  # calibration products in the reference: their noise is then small beside that of a batch
_SEEN = 5_000  # products of a batch that are looked at; more would make every trifle significant
_LEAST = 50  # products on either side, below which nothing can be said
_EXTREME = 0.05  # share of calibration products that count as extreme when figures are told
_LEAST_RISE = 1.5  # times as many extreme products as there were; fewer are of no consequence
_LEAST_LENGTH = 0.2  # of the mean number of words
_LEAST_PSI = 0.1  # a class mix that moved less is said not to have moved (Siddiqi 2006)
_EXAMPLES = 5
_TESTS = 4  # of which any may alarm (Bonferroni)
_NOWHERE = NodeId("")

Kind = Literal["unsure", "foreign", "form", "mix"]


class Looked(Protocol):
    """What is known of a product once it was classified; `Prediction` is one."""

    @property
    def product_id(self) -> ProductId:
        """The product."""

    @property
    def leaf_id(self) -> NodeId:
        """The likeliest terminal."""

    @property
    def leaf_probability(self) -> float:
        """Of that terminal."""

    @property
    def foreign(self) -> float:
        """`Foreign.scores` of its text."""

    @property
    def n_words(self) -> int:
        """Of its text."""


@dataclass(frozen=True, slots=True)
class Shift:
    """One way in which products have changed.

    Attributes
    ----------
    kind : {"unsure", "foreign", "form", "mix"}
        The model is less sure; texts are made of what training never saw; texts are shorter or longer; other
        categories than before, which alone puts no promise in doubt.
    expected, seen : float
        Share of products that were extreme in calibration and are now; for `form` the mean number of words;
        for `mix` the share of the category that changed most.
    p_value : float
        The chance of so large a change where nothing has changed, corrected for the number of tests.
    examples : tuple of ProductId
        Up to five products that show it.
    sentence : str
        For people.
    """

    kind: Kind
    expected: float
    seen: float
    p_value: float
    examples: tuple[ProductId, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class Drift:
    """What has changed, gravest first; nothing where all is as it was.

    Attributes
    ----------
    n_products : int
        That were looked at.
    shifts : tuple of Shift
        What changed.
    is_known : bool
        Whether anything can be said: not with fewer than 50 products on either side.
    """

    n_products: int
    shifts: tuple[Shift, ...] = ()
    is_known: bool = True

    @property
    def alarming(self) -> bool:
        """Whether the promised precision is in doubt: anything but another mix of the known categories."""
        return any(shift.kind != "mix" for shift in self.shifts)


@dataclass(frozen=True, eq=False)
class Reference:
    """What the model made of its calibration products, up to 2,000 of them.

    Attributes
    ----------
    leaf_ids : tuple of NodeId
        The likeliest terminal of each.
    leaf_probability, foreign, n_words : (n,) float32
        Of each, as in `Looked`.
    """

    leaf_ids: tuple[NodeId, ...]
    leaf_probability: Floats
    foreign: Floats
    n_words: Floats

    @classmethod
    def of(cls, looked: Sequence[Looked], *, limit: int | None = _KEPT, seed: int = 0) -> "Reference":
        """These products, or a sample of `limit`; none give a reference by which nothing can be said."""
        chosen = np.sort(np.random.default_rng(seed).permutation(len(looked))[:limit])
        rows = [looked[at] for at in chosen]
        numbers = [(one.leaf_probability, one.foreign, one.n_words) for one in rows]
        columns = np.array(numbers, dtype=np.float32).reshape(-1, 3).T
        return cls(tuple(one.leaf_id for one in rows), columns[0], columns[1], columns[2])

    def to_json(self) -> dict[str, Any]:
        """JSON values, read by `from_json`."""
        columns = {name: getattr(self, name).round(4).astype(float).tolist() for name in _COLUMNS}
        return {"leaf_ids": list(self.leaf_ids), **columns}

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> "Reference":
        """What `to_json` gave.

        Raises
        ------
        ModelError
            It is damaged.
        """
        try:
            ids = tuple(NodeId(str(at)) for at in body["leaf_ids"])
            columns = [np.array(body[name], dtype=np.float32) for name in _COLUMNS]
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"the reference for drift is damaged ({error}); train the model again"
            ) from error
        if not all(column.shape == (len(ids),) and np.isfinite(column).all() for column in columns):
            raise ModelError(
                "the reference for drift is damaged: its columns do not fit; train the model again"
            )
        return cls(ids, *columns)


_COLUMNS = ("leaf_probability", "foreign", "n_words")


class Watch:
    """Looks at predictions as they are made and says in the end what has changed.

    Of a large batch a random 5,000 products are kept. Four things are tested: whether the model is less sure
    and whether texts are stranger (Savage's rank test, which weighs the extreme), whether texts are of
    another length (Wilcoxon's), and whether the mix of top categories is another (chi-square). Sureness and
    length are compared within each top category, so that a new mix does not pass for them (van Elteren's
    strata). P-values are multiplied by four (Bonferroni), and what is sure but slight is not told.

    After an edit of the tree the reference follows its redirects; new nodes take probability from old ones,
    which may be told as less sure.

    Parameters
    ----------
    reference : Reference
        From the calibration products.
    tree : Tree
        The tree that predictions are nodes of.
    seed : int
        Chooses the products that are kept.
    """

    def __init__(self, reference: Reference, tree: Tree, *, seed: int = 0) -> None:
        self._reference, self._tree = reference, tree
        self._rng = np.random.default_rng(seed)
        self._kept: list[Looked] = []
        self._n_seen = 0

    def see(self, one: Looked) -> None:
        """Take note of a prediction."""
        self._n_seen += 1
        if len(self._kept) < _SEEN:
            self._kept.append(one)
        elif (at := int(self._rng.integers(self._n_seen))) < _SEEN:  # Vitter's algorithm R (1985)
            self._kept[at] = one

    def drift(self, *, alarm: float = ALARM, look: int | None = None) -> Drift:
        """What has changed among the products seen.

        Parameters
        ----------
        alarm : float
            Chance of any alarm where nothing has changed.
        look : int, optional
            Which look at one growing or repeated stream this is, from 1. Whoever looks again and again would
            be alarmed sometime, so the k-th look gets the share ``6 / (pi k)^2`` of `alarm`, which adds up to
            all of it. Without, this is the only look.
        """
        if min(len(self._kept), len(self._reference.leaf_ids)) < _LEAST:
            return Drift(self._n_seen, is_known=False)
        share = 1.0 if look is None else 6 / (np.pi * look) ** 2
        samples = _Samples(self._reference, self._kept, self._tree)
        shifts = [samples.unsure(), samples.foreign(), samples.form(), samples.mix()]
        return Drift(self._n_seen, tuple(one for one in shifts if one and one.p_value <= alarm * share))


class _Samples:
    """Both samples side by side, each value with its top category, and the four tests on them."""

    def __init__(self, reference: Reference, kept: Sequence[Looked], tree: Tree) -> None:
        self._known, self._kept = reference, kept
        self._new = Reference.of(kept, limit=None)
        tops = [_tops(tree, sample.leaf_ids) for sample in (self._known, self._new)]
        names = dict.fromkeys([*tops[0], *tops[1]])
        self._names = [tree.node(at).name if at else "categories that are gone" for at in names]
        place = {at: index for index, at in enumerate(names)}
        self._known_tops, self._new_tops = (np.array([place[at] for at in part]) for part in tops)

    def unsure(self) -> Shift | None:
        known, new = 1 - self._known.leaf_probability, 1 - self._new.leaf_probability
        sentence = (
            "the model is less sure: {seen:.0%} of these products are like the least sure {expected:.0%} that"
            " it was calibrated on; there may be kinds of products among them that it never learnt"
        )
        return self._longer_tail("unsure", known, new, self._within(known, new, exponential), sentence)

    def foreign(self) -> Shift | None:
        known, new = self._known.foreign, self._new.foreign
        # Not within categories: another language may all go to one of them, and be alone there.
        z = rank_z(
            known, new, np.zeros(len(known), dtype=int), np.zeros(len(new), dtype=int), scores=exponential
        )
        sentence = (
            "texts are stranger: {seen:.0%} of these products are written like the strangest {expected:.0%}"
            " of calibration; there may be another language or vocabulary among them"
        )
        return self._longer_tail("foreign", known, new, z, sentence)

    def _longer_tail(self, kind: Kind, known: Floats, new: Floats, z: float, sentence: str) -> Shift | None:
        limit = np.quantile(known, 1 - _EXTREME)
        expected, seen = float((known > limit).mean()), float((new > limit).mean())
        if seen < _LEAST_RISE * expected:
            return None
        worst = np.argsort(-new, kind="stable")
        said = sentence.format(seen=seen, expected=expected)
        return self._shift(kind, expected, seen, upper_p_value(z), worst, said)

    def form(self) -> Shift | None:
        known, new = self._known.n_words, self._new.n_words
        z = self._within(known, new, uniform)
        expected, seen = float(known.mean()), float(new.mean())
        if abs(seen - expected) < _LEAST_LENGTH * expected:
            return None
        order = np.argsort(-new if z > 0 else new, kind="stable")
        sentence = (
            f"texts are {'longer' if z > 0 else 'shorter'}: {seen:.0f} words on average instead of"
            f" {expected:.0f}, as when descriptions {'were added' if z > 0 else 'are missing'}"
        )
        return self._shift("form", expected, seen, 2 * upper_p_value(abs(z)), order, sentence)

    def mix(self) -> Shift | None:
        n = len(self._names)
        known, new = (np.bincount(tops, minlength=n) for tops in (self._known_tops, self._new_tops))
        if psi(known, new) < _LEAST_PSI:
            return None
        shares = known / known.sum(), new / new.sum()
        most = int(np.abs(shares[1] - shares[0]).argmax())
        expected, seen = float(shares[0][most]), float(shares[1][most])
        order = np.flatnonzero(self._new_tops == most)
        sentence = (
            f"other categories than before: {self._names[most]} has {seen:.0%} of the products instead of"
            f" {expected:.0%}; if that is no surprise, it needs no action"
        )
        return self._shift("mix", expected, seen, mix_p_value(known, new), order, sentence)

    def _within(self, known: Floats, new: Floats, scores: Scores) -> float:
        return rank_z(known, new, self._known_tops, self._new_tops, scores=scores)

    def _shift(
        self, kind: Kind, expected: float, seen: float, p_value: float, order: Indices, sentence: str
    ) -> Shift:
        examples = tuple(self._kept[at].product_id for at in order[:_EXAMPLES])
        return Shift(kind, expected, seen, min(1.0, _TESTS * p_value), examples, sentence)


def _tops(tree: Tree, leaf_ids: Sequence[NodeId]) -> list[NodeId]:
    """The top category of each leaf, or of where it went; none for one that this tree never had."""
    found: dict[NodeId, NodeId] = {}
    for leaf_id in set(leaf_ids):
        try:
            found[leaf_id] = tree.lineage(tree.resolve(leaf_id))[0]
        except (UnknownId, IndexError):  # never known, or retired into the root
            found[leaf_id] = _NOWHERE
    return [found[leaf_id] for leaf_id in leaf_ids]
