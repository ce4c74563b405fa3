"""Labels of a published taxonomy, for the wording of names."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from taxonomy.product import Path

__all__ = ["Reference"]

_LEAST = 0.5
"""Of a node's products: what fewer of them match below is no name of the node."""


@dataclass(frozen=True)
class Reference:
    """The names of a taxonomy, and what stands above each of them.

    Attributes
    ----------
    above : mapping of label to paths
        Every place at which the label stands, from the top and with itself.
    """

    above: Mapping[str, Sequence[Path]]

    @classmethod
    def of(cls, paths: Iterable[Path]) -> "Reference":
        """From the paths of all categories, in any order; no paths give a reference that says nothing."""
        above: dict[str, list[Path]] = defaultdict(list)
        for path in sorted(set(paths)):
            if path:
                above[path[-1]].append(path)
        return cls(above)

    def over(self, label: str) -> set[str]:
        """The label and all that stands above it; nothing for a name that is none of the reference."""
        return {name for path in self.above.get(label, ()) for name in path}

    def common(self, votes: Mapping[str, float]) -> list[tuple[str, float]]:
        """Labels at or above which most votes lie, with the share of the votes, the best first.

        Parameters
        ----------
        votes : mapping of label to weight
            A label that stands in several places gives each a part.

        Notes
        -----
        Deeper is better at equal shares: "Shirts" over "Clothing". The score is share * depth / (depth + 1).
        """
        total = sum(votes.values())
        held: dict[Path, float] = defaultdict(float)
        for label, weight in votes.items():
            places = self.above[label]
            for path in places:
                for depth in range(1, len(path) + 1):
                    held[path[:depth]] += weight / len(places) / total
        found: dict[str, float] = {}
        for path, share in held.items():
            if share >= _LEAST:
                score = share * len(path) / (len(path) + 1)
                found[path[-1]] = max(score, found.get(path[-1], 0.0))
        return sorted(found.items(), key=lambda item: (-item[1], item[0]))
