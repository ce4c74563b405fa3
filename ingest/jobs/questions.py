"""What to ask people, gathered while a catalogue is classified."""

import heapq
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ingest.classify.predict import Classifier, Prediction
from taxonomy.ports import Encoder, Floats, Progress, Silent
from taxonomy.product import Path, Product, ProductId
from taxonomy.review import Guess, Suggestion
from taxonomy.text import product_text
from taxonomy.worth import trust_in_likeness, worth_of_answers

__all__ = ["Questions", "in_order", "suggestions"]

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
        texts, ids = [one.text for one in doubts], [one.product_id for one in doubts]
        asked = suggestions(self._classifier, ids, texts, progress=progress)
        return in_order(self._classifier.encoder, asked, texts, [one.path for one in doubts])

    def _note(self, doubt: _Doubt) -> None:
        heapq.heappush(self._doubts, doubt)
        if len(self._doubts) > self._most:
            heapq.heappop(self._doubts)


def suggestions(
    classifier: Classifier,
    product_ids: Sequence[ProductId],
    texts: Sequence[str],
    *,
    progress: Progress | None = None,
) -> list[Suggestion]:
    """What to suggest for each product: worth the chance that the first guess is wrong, and led by itself."""
    progress = progress or Silent()
    found: list[Suggestion] = []
    for start in range(0, len(texts), CHUNK):
        posteriors = classifier.posteriors(texts[start : start + CHUNK])
        for product_id, posterior in zip(product_ids[start : start + CHUNK], posteriors, strict=True):
            guesses = _best(classifier, posterior)
            chance = 1.0 - guesses[0].probability
            found.append(
                Suggestion(
                    product_id, guesses, chance, product_id, classifier.revision, classifier.tree.version
                )
            )
        progress.advance(len(posteriors))
    return found


def in_order(
    encoder: Encoder,
    asked: Sequence[Suggestion],
    texts: Sequence[str],
    labels: Sequence[Path],
    *,
    most: int = MOST,
) -> list[Suggestion]:
    """The least certain of these suggestions, worth most first, with what they are worth and who leads them.

    Parameters
    ----------
    texts, labels : sequences, one entry a suggestion
        Of the products; the shop's own labels say how far look-alikes belong together.
    """
    errors = [1.0 - one.guesses[0].probability if one.guesses else 1.0 for one in asked]
    kept = heapq.nlargest(most, range(len(asked)), key=lambda at: errors[at])
    vectors = encoder.encode([texts[at] for at in kept])
    trust = trust_in_likeness(vectors, [labels[at] for at in kept])
    chances = np.array([errors[at] for at in kept], dtype=np.float32)
    worth = worth_of_answers(vectors, chances, trust=trust)
    return [
        replace(
            asked[kept[at]],
            worth=float(worth.gain[at]),
            leader_id=asked[kept[worth.leader[at]]].product_id,
        )
        for at in worth.order
    ]


def _best(classifier: Classifier, posterior: Floats) -> tuple[Guess, ...]:
    best = np.argsort(-posterior, kind="stable")[:N_GUESSES]
    return tuple(Guess(classifier.terminals[at], float(posterior[at])) for at in best)
