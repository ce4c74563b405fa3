"""Which categories are taken for which, with products to look at."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from ingest.evaluate.alike import folded
from ingest.evaluate.judging import Judged
from taxonomy.product import Path, ProductId, join_path

__all__ = ["Confusion", "Example", "confusions", "examples"]

_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Example:
    """A product, the probability of what was predicted and that of what the file says."""

    product_id: ProductId
    title: str
    probability: float
    label_probability: float


@dataclass(frozen=True, slots=True)
class Confusion:
    """Products of one path whose likeliest path is another.

    Attributes
    ----------
    truth, predicted : str
        The two paths.
    n_products, n_of : int
        That were taken for the other, of so many with that truth.
    n_back : int
        Taken for this one while the file says the other.
    examples : tuple of Example
        The surest of them.
    """

    truth: str
    predicted: str
    n_products: int
    n_of: int
    n_back: int
    examples: tuple[Example, ...]


def confusions(rows: Sequence[Judged]) -> tuple[Confusion, ...]:
    """All pairs, the most frequent first; what is right under another path of the product is no confusion."""
    sizes = Counter(folded(row.truth) for row in rows)
    pairs: dict[tuple[Path, Path], list[Judged]] = defaultdict(list)
    for row in rows:
        if not row.is_right_somewhere:
            pairs[folded(row.truth), folded(row.leaf)].append(row)
    counts = {pair: len(wrong) for pair, wrong in pairs.items()}
    return tuple(
        Confusion(
            join_path(wrong[0].truth),
            join_path(wrong[0].leaf),
            len(wrong),
            sizes[truth],
            counts.get((predicted, truth), 0),
            examples(sorted(wrong, key=lambda row: -row.leaf_probability)),
        )
        for (truth, predicted), wrong in sorted(pairs.items(), key=lambda item: -len(item[1]))
    )


def examples(rows: Iterable[Judged]) -> tuple[Example, ...]:
    """The first few rows, each title once."""
    by_title: dict[str, Judged] = {}
    for row in rows:
        by_title.setdefault(row.title, row)
    return tuple(
        Example(row.product_id, row.title, row.leaf_probability, row.label_probability or 0.0)
        for row in islice(by_title.values(), _EXAMPLES)
    )
