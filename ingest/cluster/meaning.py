"""What phrases mean, beside what products mean: is "rings" a better word for these than "sterling"?"""

from collections.abc import Callable, Iterable, Sequence

from ingest.cluster.reduce import unit
from taxonomy.ports import Floats

__all__ = ["Encode", "Meaning"]

Encode = Callable[[Sequence[str]], Floats]
"""Texts to unit rows in the space of the products' vectors, as `taxonomy.ports.Encoder.encode` does."""


class Meaning:
    """Phrases and products in one space, each centred, so that what all of them share says nothing.

    Parameters
    ----------
    vectors : (n_products, dim) float32, unit rows, at least one
    encode : Encode
        Of the encoder that made the vectors; called at most once.
    phrases : iterable of str
        The only ones that can be asked about; encoded in small letters, as normalised titles are.
    """

    def __init__(self, vectors: Floats, encode: Encode, phrases: Iterable[str]) -> None:
        known = sorted(set(phrases))
        rows = (
            encode([phrase.casefold() for phrase in known]) if known else vectors[:1]
        )  # a row that nobody asks about
        self._vectors, self._mean = vectors, vectors.mean(axis=0)
        self._rows = unit(rows - rows.mean(axis=0))
        self._row_of = {phrase: at for at, phrase in enumerate(known)}

    def __contains__(self, phrase: str) -> bool:
        return phrase in self._row_of

    def centre(self, products: Sequence[int]) -> Floats:
        """(dim,) unit: the direction in which these products differ from all."""
        own = self._vectors[list(products)].mean(axis=0, keepdims=True)
        centre: Floats = unit(own - self._mean)[0]
        return centre

    def fit(self, phrases: Sequence[str], centre: Floats) -> list[float]:
        """Cosine of each phrase to a centre, -1..1; rounded, so that the last digits decide nothing."""
        return self._cosines(self._rows[[self._row_of[phrase] for phrase in phrases]], centre)

    def joint_fit(self, phrases: Sequence[str], centre: Floats) -> float:
        """Cosine of what the phrases mean together; 0 for none."""
        rows = self._rows[[self._row_of[phrase] for phrase in phrases]]
        return self._cosines(unit(rows.sum(axis=0, keepdims=True)), centre)[0]

    @staticmethod
    def _cosines(rows: Floats, centre: Floats) -> list[float]:
        return [round(float(sim), 4) for sim in rows @ centre]
