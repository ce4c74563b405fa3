"""Which products go to people, and where one answer settles most."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.evaluate.alike import folded
from ingest.evaluate.judging import Judged
from ingest.evaluate.report.confusions import Example, examples
from taxonomy.product import Path, join_path

__all__ = ["Queue", "Review", "to_review"]


@dataclass(frozen=True, slots=True)
class Queue:
    """Products under review that seem to belong into one category.

    Attributes
    ----------
    path : str
        The likeliest one.
    right : float
        Share of them that belong there indeed.
    examples : tuple of Example
        The least sure first.
    """

    path: str
    n_products: int
    right: float
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Review:
    """All products that got no category.

    Attributes
    ----------
    right : float
        Share of them whose likeliest category would have been right.
    queues : tuple of Queue
        The longest first: people answer like products faster, and a category learns most from many answers.
    """

    n_products: int
    right: float
    queues: tuple[Queue, ...]


def to_review(rows: Sequence[Judged]) -> Review:
    """What goes to people among these products."""
    queues: dict[Path, list[Judged]] = defaultdict(list)
    for row in rows:
        if row.decision == "review":
            queues[folded(row.leaf)].append(row)
    found = [_queue(own) for own in sorted(queues.values(), key=len, reverse=True)]
    n = sum(one.n_products for one in found)
    right = sum(row.is_right for own in queues.values() for row in own)
    return Review(n, right / n if n else 0.0, tuple(found))


def _queue(rows: list[Judged]) -> Queue:
    unsure = sorted(rows, key=lambda row: row.leaf_probability)
    right = sum(row.is_right for row in rows) / len(rows)
    return Queue(join_path(rows[0].leaf), len(rows), right, examples(unsure))
