"""What phrases mean, beside what products mean: is "rings" a better word for these than "sterling"?"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from ingest.cluster.reduce import unit
from taxonomy.ports import Floats
from taxonomy.text import normalise

__all__ = ["Encode", "Meaning"]

Encode = Callable[[Sequence[str]], Floats]
"""Texts to unit rows in the space of the products' vectors, as `taxonomy.ports.Encoder.encode` does."""

_ALIKE, _SLOPE = 0.6, 0.05
"""At a cosine of 0.6 two names are as likely as not taken for one; at 0.7 nearly always, at 0.5 hardly."""


class Meaning:
    """Phrases and products in one space, each centred, so that what all of them share says nothing.

    Parameters
    ----------
    vectors : (n_products, dim) float32, unit rows, at least one
    encode : Encode
        Of the encoder that made the vectors; called once, and once for each `learn` of new phrases.
    phrases : iterable of str
        Can be asked about; encoded in small letters, as normalised titles are.
    """

    def __init__(self, vectors: Floats, encode: Encode, phrases: Iterable[str]) -> None:
        known = sorted(set(phrases))
        # for no phrases a row that nobody asks about
        rows = encode([normalise(phrase) for phrase in known]) if known else vectors[:1]
        self._encode, self._vectors, self._mean = encode, vectors, vectors.mean(axis=0)
        self._middle = rows.mean(axis=0)
        self._plain = dict(zip(known, rows, strict=False))
        self._centred = dict(zip(known, unit(rows - self._middle), strict=False))

    def __contains__(self, phrase: str) -> bool:
        return phrase in self._plain

    def learn(self, phrases: Iterable[str]) -> None:
        """Make that more phrases can be asked about; what the first ones share is taken from these, too."""
        new = sorted(set(phrases) - self._plain.keys())
        if new:
            rows = self._encode([normalise(phrase) for phrase in new])
            self._plain |= zip(new, rows, strict=True)
            self._centred |= zip(new, unit(rows - self._middle), strict=True)

    def centre(self, products: Sequence[int]) -> Floats:
        """(dim,) unit: the direction in which these products differ from all."""
        own = self._vectors[list(products)].mean(axis=0, keepdims=True)
        centre: Floats = unit(own - self._mean)[0]
        return centre

    def fit(self, phrases: Sequence[str], centre: Floats) -> list[float]:
        """Cosine of each phrase to a centre, -1..1; rounded, so that the last digits decide nothing."""
        return self._cosines(self._among(self._centred, phrases), centre)

    def likeness(self, phrases: Sequence[str], products: Sequence[int]) -> list[float]:
        """Cosine of each phrase to the mean of the products, -1..1, nothing taken away from either."""
        middle = unit(self._vectors[list(products)].mean(axis=0, keepdims=True))[0]
        return self._cosines(self._among(self._plain, phrases), middle)

    def joint_fit(self, phrases: Sequence[str], centre: Floats) -> float:
        """Cosine of what the phrases mean together; 0 for none."""
        rows = self._among(self._centred, phrases)
        return self._cosines(unit(rows.sum(axis=0, keepdims=True)), centre)[0]

    def agreement(self, phrases: Sequence[str], weights: Sequence[float]) -> list[float]:
        """For each phrase how much of the weight lies on phrases that would be taken for it, 0..1."""
        rows = self._among(self._plain, phrases)
        alike = 1 / (1 + np.exp((_ALIKE - np.round(rows @ rows.T, 4)) / _SLOPE))
        share = np.array(weights) / max(sum(weights), 1e-9)
        return [round(float(part), 4) for part in alike @ share]

    def _among(self, rows: Mapping[str, Floats], phrases: Sequence[str]) -> Floats:
        return np.array([rows[phrase] for phrase in phrases]).reshape(-1, len(self._middle))

    @staticmethod
    def _cosines(rows: Floats, centre: Floats) -> list[float]:
        return [round(float(sim), 4) for sim in rows @ centre]
