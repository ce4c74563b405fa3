"""Everything that the report says, as figures."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from ingest.classify.predict import Classifier
from ingest.evaluate.alike import folded
from ingest.evaluate.baselines import Baseline
from ingest.evaluate.classify import ClassifyReport, summarise
from ingest.evaluate.judging import Judged, is_trained, judge
from ingest.evaluate.report.branches import Branch, Level, by_branch, by_level
from ingest.evaluate.report.confusions import Confusion, confusions
from ingest.evaluate.report.curve import PRECISIONS, Point, curve
from ingest.evaluate.report.doubts import Apart, Suspect, suspects, twins_apart
from ingest.evaluate.report.review import Review, to_review
from taxonomy.errors import InputError
from taxonomy.metrics.hierarchy import HierarchyScores, hierarchy_scores
from taxonomy.ports import Progress, Silent
from taxonomy.product import Product

__all__ = ["Report", "examine"]


@dataclass(frozen=True, slots=True)
class Report:
    """A classifier on a catalogue, from all sides. All but `suspects` and `apart` is of held-out rows alone.

    Attributes
    ----------
    source : str
        What the catalogue is called.
    revision : str
        Of the model.
    n_nodes, n_terminals : int
        Of its tree, and of what it can predict.
    n_trained : int
        Rows of the split `train`, looked at for label errors.
    n_unknown : int
        Held-out rows whose path the model cannot predict.
    notes : tuple of str
        What a reader must know to read the figures rightly.
    on_valid : HierarchyScores or None
        Of the likeliest terminals on the rows that `baselines` are judged on; None without any.
    """

    source: str
    revision: str
    n_nodes: int
    n_terminals: int
    n_trained: int
    n_unknown: int
    figures: ClassifyReport
    levels: tuple[Level, ...]
    branches: tuple[Branch, ...]
    curve: tuple[Point, ...]
    confusions: tuple[Confusion, ...]
    suspects: tuple[Suspect, ...]
    apart: tuple[Apart, ...]
    review: Review
    baselines: tuple[Baseline, ...]
    notes: tuple[str, ...]
    on_valid: HierarchyScores | None = None

    def to_json(self) -> str:
        """All of it as one JSON object; the overall figures stand at its top, as from `evaluate`."""
        body = asdict(self)
        figures = {**body.pop("figures"), "coverage": self.figures.coverage}
        return json.dumps({**figures, **body}, indent=1, ensure_ascii=False)


def examine(
    classifier: Classifier,
    products: Iterable[Product],
    *,
    precision: float = 0.95,
    source: str = "",
    baselines: Sequence[Baseline] = (),
    progress: Progress | None = None,
) -> Report:
    """The report; `products` are read more than once, so they must not be used up by reading.

    Raises
    ------
    InputError
        No product has a category and a split other than `train`.
    """
    progress = progress or Silent()
    rows = judge(
        classifier,
        products,
        precision=precision,
        others=PRECISIONS,
        with_trained=True,
        with_labels=True,
        progress=progress,
    )
    held = [row for row in rows if not row.trained]
    if not held:
        raise InputError("nothing to evaluate on: no product has a category and a split other than 'train'")
    progress.start("looking for twins that stand apart")
    apart = twins_apart(rows)
    terminals = set(classifier.terminals)
    return Report(
        source,
        classifier.revision,
        len(classifier.tree),
        len(terminals),
        len(rows) - len(held),
        sum(classifier.tree.find(row.truth) not in terminals for row in held),
        summarise(held, precision=precision),
        by_level(held),
        by_branch(held),
        curve(held),
        confusions(held),
        suspects(rows),
        apart,
        to_review(held),
        tuple(baselines),
        _notes(rows, held),
        _on_valid(products, held) if baselines else None,
    )


def _on_valid(products: Iterable[Product], held: Sequence[Judged]) -> HierarchyScores:
    """The scores of the held-out rows whose split is `valid`; `held` are those of the products, in order."""
    parts = (one.part for one in products if one.category_path and not is_trained(one))
    chosen = [row for row, part in zip(held, parts, strict=True) if part == "valid"]
    return hierarchy_scores([folded(row.truth) for row in chosen], [folded(row.leaf) for row in chosen])


def _notes(rows: Sequence[Judged], held: Sequence[Judged]) -> tuple[str, ...]:
    if len(rows) > len(held):
        return ()
    return (
        "No row of this file says 'train' in a split column. If the model learnt from rows of this"
        " file, every figure here is better than what new products will get.",
    )
