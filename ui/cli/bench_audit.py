"""`shelftree bench audit`: brands and products among categories, and where audit and labels differ."""

from pathlib import Path

import numpy as np

from ingest.evaluate.audit import (
    Case,
    Disagreement,
    PosingReport,
    Score,
    case_from_columns,
    case_with_planted,
    score_posing,
)
from ingest.readers import open_catalog
from taxonomy.product import join_path
from ui.cli.progress import Bar

__all__ = ["bench_audit"]

SHOWN = 30
SEED = 0

Row = dict[str, float]


def bench_audit(
    data: Path, raw_column: str, clean_column: str, min_products: int, sample: int, bar: Bar
) -> dict[str, Row]:
    """Scores of the audit and of counting, by case; a sample of the disagreements goes to `bar`.

    With an empty `clean_column` the tree of `raw_column` is taken for clean, and brands and products are
    planted into it: once where the brand column names them, once where only titles do, and as the tree is.
    """
    bar.start("reading products")
    products = list(open_catalog(data, mapping={"category_path": raw_column}))
    if clean_column:
        cases = {"": case_from_columns(products, clean_column)}
    else:
        cases = {
            ", planted, brand column": case_with_planted(products, seed=SEED),
            ", planted, brands in titles": case_with_planted(products, seed=SEED, in_titles=True),
            ", nothing planted": Case(products, frozenset()),
        }
    rows: dict[str, Row] = {}
    for name, case in cases.items():
        report = score_posing(case, min_products=min_products)
        rows |= {f"audit{name}": _audit_row(report), f"counts alone{name}": _counts_row(report)}
        _show(report, sample or SHOWN, bar)
    return rows


def _audit_row(report: PosingReport) -> Row:
    row = {"nodes": float(report.n_nodes), "no_categories": float(report.n_posing)}
    found = {f"found_as_{kind}": float(n) for kind, n in sorted(report.by_kind.items())}
    return row | _score(report.audit) | found | {"disagreements": float(len(report.disagreements))}


def _counts_row(report: PosingReport) -> Row:
    return {"best_limit": float(report.counts_limit)} | _score(report.counts)


def _score(score: Score) -> Row:
    return {"precision": score.precision, "recall": score.recall, "f1": score.f1}


def _show(report: PosingReport, n: int, bar: Bar) -> None:
    """Some of the disagreements, drawn at random and shown in display order."""
    drawn = np.random.default_rng(SEED).permutation(len(report.disagreements))[:n]
    for at in sorted(drawn):
        bar.note(_line(report.disagreements[at]))


def _line(one: Disagreement) -> str:
    says = (
        f"{one.finding.kind.value} {one.finding.score:.2f}: {one.finding.why}" if one.finding else "category"
    )
    titles = " | ".join(one.titles)
    return (
        f"{join_path(one.path)}\n  audit: {says}; label: {'no ' if one.is_posing else ''}category\n  {titles}"
    )
