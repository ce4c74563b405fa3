"""What to ask people, gathered while a catalogue is classified."""

import heapq
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ingest.classify.predict import Classifier, Prediction
from taxonomy.ports import Floats, Progress, Silent
from taxonomy.product import Path, Product, ProductId
from taxonomy.review import Guess, Suggestion
from taxonomy.text import product_text
from taxonomy.worth import trust_in_likeness, worth_of_answers

__all__ = ["Questions"]

N_GUESSES = 3  # nodes suggested: more is a list to read, not a choice; the whole tree can be searched beside
MOST = 20_000  # products asked about, the least certain: weeks of work for one person, 30 MB of vectors
CHUNK = 2048  # posteriors in memory at a time, as in `Classifier.predict`


@dataclass(frozen=True, slots=True, order=True)
class _Doubt:
    """A product that no node was safe for; ordered by how unsure it is."""

    error: float
    product_id: ProductId
    text: str
    path: Path


class Questions:
    """Listens to products on their way into a classifier and to predictions on their way out.

    Parameters
    ----------
    classifier : Classifier
        What predicts.
    backoffs : bool
        Ask about products that were given a node above the likeliest, too.
    most : int
        How many products to ask about at most, the least certain ones.
    """

    def __init__(self, classifier: Classifier, *, backoffs: bool = False, most: int = MOST) -> None:
        self._classifier, self._most = classifier, most
        self._kinds = ("review", "backoff") if backoffs else ("review",)
        self._under_way: dict[ProductId, Product] = {}
        self._doubts: list[_Doubt] = []

    def reading(self, products: Iterable[Product]) -> Iterator[Product]:
        """The same products; those read and not predicted yet are remembered."""
        for product in products:
            self._under_way[product.id] = product
            yield product

    def hearing(self, found: Iterable[Prediction]) -> Iterator[Prediction]:
        """The same predictions; the unsure ones are noted."""
        for one in found:
            product = self._under_way.pop(one.product_id)
            if one.decision in self._kinds:
                text = product_text(product)
                self._note(_Doubt(1.0 - one.leaf_probability, product.id, text, product.category_path))
            yield one

    @property
    def product_ids(self) -> list[ProductId]:
        """The products noted so far."""
        return [one.product_id for one in self._doubts]

    def suggestions(
        self, *, without: Collection[ProductId] = (), progress: Progress | None = None
    ) -> list[Suggestion]:
        """What to ask about the products noted, worth most first; those of `without` are left out.

        Of look-alikes the shop's own labels say how far they belong together.
        """
        progress = progress or Silent()
        doubts = sorted(one for one in self._doubts if one.product_id not in without)
        if not doubts:
            return []
        progress.start("finding what to ask first", len(doubts))
        vectors = self._classifier.encoder.encode([one.text for one in doubts])
        trust = trust_in_likeness(vectors, [one.path for one in doubts])
        worth = worth_of_answers(
            vectors, np.array([one.error for one in doubts], dtype=np.float32), trust=trust
        )
        guesses = self._guesses(doubts, progress)
        return [
            Suggestion(
                doubts[at].product_id,
                guesses[at],
                float(worth.gain[at]),
                doubts[worth.leader[at]].product_id,
                self._classifier.revision,
                self._classifier.tree.version,
            )
            for at in worth.order
        ]

    def _note(self, doubt: _Doubt) -> None:
        heapq.heappush(self._doubts, doubt)
        if len(self._doubts) > self._most:
            heapq.heappop(self._doubts)

    def _guesses(self, doubts: list[_Doubt], progress: Progress) -> list[tuple[Guess, ...]]:
        found: list[tuple[Guess, ...]] = []
        for start in range(0, len(doubts), CHUNK):
            texts = [one.text for one in doubts[start : start + CHUNK]]
            found += map(self._best, self._classifier.posteriors(texts))
            progress.advance(len(texts))
        return found

    def _best(self, posterior: Floats) -> tuple[Guess, ...]:
        best = np.argsort(-posterior, kind="stable")[:N_GUESSES]
        return tuple(Guess(self._classifier.terminals[at], float(posterior[at])) for at in best)
