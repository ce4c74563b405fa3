"""Where other namers fit in, as a language model: what they are told of a node, and what they answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from taxonomy.formats.tree_json import Phrase

__all__ = ["Case", "Namer", "as_suggested"]


@dataclass(frozen=True, slots=True)
class Case:
    """A node to be named.

    Attributes
    ----------
    titles : tuple of str
        Of products that are typical of it, the most typical first.
    children : tuple of str
        What is likely to be written on its children, the largest first; none for a leaf.
    suggestions : tuple of Phrase
        Wordings that the catalogue and the reference taxonomy offer, best first.
    """

    titles: tuple[str, ...]
    children: tuple[str, ...]
    suggestions: tuple[Phrase, ...]


class Namer(Protocol):
    """Finds names for a node."""

    def __call__(self, case: Case) -> Sequence[Phrase]:
        """Wordings with scores from 0 up, the best first; none where it knows no better than the suggestions.

        What a sibling or an ancestor is called is passed over, so that several answers are better than one;
        where all are, the suggestions follow.
        """


def as_suggested(case: Case) -> Sequence[Phrase]:
    """The suggestions as they are: the namer of the product itself."""
    return case.suggestions
