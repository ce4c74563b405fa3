"""The report on a classifier: what is counted, what is said, and that titles cannot break its page."""

import json
import re
from dataclasses import replace

import pytest

from ingest.classify.predict import Decision
from ingest.evaluate.baselines import Baseline
from ingest.evaluate.classify import summarise
from ingest.evaluate.judging import Judged
from ingest.evaluate.report.branches import by_branch, by_level
from ingest.evaluate.report.chart import coverage_chart, reliability_chart
from ingest.evaluate.report.confusions import confusions
from ingest.evaluate.report.curve import Point
from ingest.evaluate.report.doubts import suspects, twins_apart
from ingest.evaluate.report.examine import Report
from ingest.evaluate.report.page import Limits, render
from ingest.evaluate.report.review import to_review
from taxonomy.metrics.hierarchy import hierarchy_scores
from taxonomy.product import Path, ProductId, split_path

HOSTILE = '</title><script>alert(1)</script><img src=x onerror=alert(2)> {{ 7 * 7 }} & "quotes"'
MUGS, PANS, RUGS = "Kitchen > Mugs", "Kitchen > Pans", "Home > Rugs"


def judged(
    truth: str,
    leaf: str,
    given: str | None = None,
    *,
    title: str = "a thing",
    sure: float = 0.9,
    own: float | None = None,
    also: tuple[Path, ...] = (),
    trained: bool = False,
    at: str = "1",
) -> Judged:
    path = split_path(leaf if given is None else given)
    decision: Decision = "review" if not path else "accept" if path == split_path(leaf) else "backoff"
    own = own if own is not None else sure if truth == leaf else 0.01
    return Judged(
        ProductId(at), title, split_path(truth), also, trained, split_path(leaf), sure, own, path, decision
    )


ROWS = [
    judged(MUGS, MUGS, title="red mug"),
    judged(MUGS, MUGS, "Kitchen", title="old mug", sure=0.6),
    judged(MUGS, PANS, title="pan shaped mug", sure=0.8),
    judged(PANS, MUGS, "", title="mug shaped pan", sure=0.3),
    judged(RUGS, RUGS, title="wool rug"),
]


def report(rows: list[Judged] = ROWS, **changes: object) -> Report:
    held = [row for row in rows if not row.trained]
    plain = Report(
        "shop.csv", "0123456789abcdef", 5, 3, len(rows) - len(held), 0, summarise(held, precision=0.95),
        by_level(held), by_branch(held, min_products=1), (Point(0.95, 0.75, 0.8, 0.6, 1.75, 2.0),),
        confusions(held), suspects(rows), twins_apart(rows), to_review(held), (), (),
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_the_promise_is_counted_over_given_nodes() -> None:
    figures = summarise(ROWS, precision=0.95)
    assert figures.leaf.leaf_accuracy == pytest.approx(3 / 5)
    assert figures.precision_kept == pytest.approx(3 / 4)
    assert (figures.accepted, figures.backed_off, figures.reviewed) == pytest.approx((0.6, 0.2, 0.2))
    assert (figures.mean_depth, figures.mean_true_depth) == pytest.approx((1.75, 2.0))


def test_a_product_of_two_paths_is_right_under_either_beside_the_strict_figure() -> None:
    other = ("kitchen", "pans")
    rows = [judged(MUGS, PANS, also=(other,)), judged(MUGS, PANS), judged(MUGS, RUGS, also=(other,))]
    figures = summarise(rows, precision=0.95)
    assert (figures.leaf.leaf_accuracy, figures.precision_kept) == (0, 0)
    assert figures.multi_path.n_products == 2
    assert figures.multi_path.leaf_accuracy == pytest.approx(1 / 3)
    assert figures.multi_path.precision_kept == pytest.approx(1 / 3)


def test_levels_count_products_that_reach_them() -> None:
    top, leaf = by_level([*ROWS, judged("Home", "Home")])
    assert (top.n_products, leaf.n_products) == (6, 5)
    assert (top.accuracy, leaf.accuracy) == pytest.approx((1.0, 3 / 5))
    assert (top.coverage, leaf.coverage) == pytest.approx((5 / 6, 3 / 5))
    assert (top.precision_kept, leaf.precision_kept) == pytest.approx((1.0, 2 / 3))


def test_branches_come_largest_first_with_what_is_below_them() -> None:
    deep = [judged("Kitchen > Mugs > Tall", "Kitchen > Mugs > Tall") for _ in range(2)]
    found = by_branch([*ROWS, *deep], min_products=2)
    assert [one.path for one in found] == ["Kitchen", "Kitchen > Mugs", "Home"]
    assert (found[0].n_products, found[0].leaf_accuracy) == (6, pytest.approx(4 / 6))
    assert found[0].precision_kept == pytest.approx(4 / 5)


def test_inner_nodes_with_few_products_have_no_figures_of_their_own() -> None:
    deep = [judged("Kitchen > Mugs > Tall", "Kitchen > Mugs > Tall")]
    assert [one.path for one in by_branch(deep, min_products=2)] == ["Kitchen"]


def test_confusions_say_how_often_it_happens_the_other_way_round() -> None:
    rows = [*ROWS, judged(MUGS, PANS, title="another", sure=0.95)]
    first, second = confusions(rows)
    assert (first.truth, first.predicted, first.n_products, first.n_of, first.n_back) == (MUGS, PANS, 2, 4, 1)
    assert [one.title for one in first.examples] == ["another", "pan shaped mug"]
    assert (second.truth, second.n_back) == (PANS, 2)


def test_examples_show_each_title_once() -> None:
    rows = [judged(MUGS, PANS, title="twin", at=str(at)) for at in range(5)]
    assert [len(one.examples) for one in confusions(rows)] == [1]


def test_a_label_is_suspect_only_if_the_other_category_is_as_sure_as_it_usually_is() -> None:
    usual = [judged(PANS, PANS, sure=0.8) for _ in range(5)]
    sure, unsure = judged(MUGS, PANS, sure=0.85, own=0.01), judged(MUGS, PANS, sure=0.7, own=0.01)
    assert [one.probability for one in suspects([*usual, sure, unsure])] == [0.85]


def test_a_label_that_is_not_unlikely_is_no_suspect() -> None:
    usual = [judged(PANS, PANS, sure=0.5) for _ in range(5)]
    assert not suspects([*usual, judged(MUGS, PANS, sure=0.6, own=0.3)])


def test_a_label_that_was_learnt_comes_last_and_says_so() -> None:
    usual = [judged(PANS, PANS, sure=0.5) for _ in range(5)]
    learnt = judged(MUGS, PANS, sure=0.99, own=0.0, trained=True)
    found = suspects([learnt, *usual, judged(MUGS, PANS, sure=0.7, own=0.02)])
    assert [one.trained for one in found] == [False, True]


def test_what_a_model_learnt_does_not_set_what_is_usual() -> None:
    held = [judged(PANS, PANS, sure=0.5) for _ in range(5)]
    learnt = [judged(PANS, PANS, sure=0.99, trained=True) for _ in range(50)]
    assert len(suspects([*held, *learnt, judged(MUGS, PANS, sure=0.7, own=0.02)])) == 1


def test_another_path_of_the_product_is_not_suspect() -> None:
    usual = [judged(PANS, PANS, sure=0.5) for _ in range(5)]
    assert not suspects([*usual, judged(MUGS, PANS, sure=0.9, own=0.0, also=(("kitchen", "pans"),))])


@pytest.mark.parametrize(
    ("label", "suggested", "kind"),
    [("Kitchen", MUGS, "deeper"), (MUGS, "Kitchen", "shallower"), (MUGS, RUGS, "elsewhere")],
)
def test_a_suspect_says_where_its_suggestion_lies(label: str, suggested: str, kind: str) -> None:
    usual = [judged(suggested, suggested, sure=0.5) for _ in range(5)]
    (found,) = suspects([*usual, judged(label, suggested, sure=0.9, own=0.0)])
    assert found.kind == kind


def test_twins_under_different_paths_are_found_without_a_model() -> None:
    rows = [
        judged(MUGS, RUGS, title="Foo Classic Stoneware Mug 200 ml"),
        judged(MUGS, RUGS, title="Foo Classic Stoneware Mug 400 ml"),
        judged(PANS, RUGS, title="foo classic stoneware mug", trained=True),
        judged(PANS, RUGS, title="Iron pan"),
    ]
    (found,) = twins_apart(rows)
    assert [(one.path, one.n_products) for one in found.places] == [(MUGS, 2), (PANS, 1)]
    assert (found.suggested, found.n_groups, found.n_exact) == (MUGS, 1, 0)


def test_the_model_decides_between_as_many_twins_and_the_deeper_path_wins_along_one_line() -> None:
    even = [judged(MUGS, PANS, title="the very same"), judged(PANS, PANS, title="the very same")]
    line = [judged("Kitchen", MUGS, title="the very same"), judged(MUGS, PANS, title="the very same")]
    split = [judged(MUGS, PANS, title="the very same"), judged(PANS, MUGS, title="the very same")]
    assert [twins_apart(rows)[0].suggested for rows in (even, line, split)] == [PANS, MUGS, ""]


def test_review_is_queued_by_what_products_seem_to_be() -> None:
    rows = [
        judged(MUGS, PANS, "", sure=0.2),
        judged(PANS, PANS, "", sure=0.1, title="b"),
        judged(RUGS, RUGS, ""),
    ]
    found = to_review([*rows, *ROWS[:3]])
    assert (found.n_products, found.right) == (3, pytest.approx(2 / 3))
    assert [(one.path, one.n_products, one.right) for one in found.queues] == [(PANS, 2, 0.5), (RUGS, 1, 1.0)]
    assert [one.title for one in found.queues[0].examples] == ["b", "a thing"]


def test_nothing_in_gives_nothing_out() -> None:
    assert (by_level([]), by_branch([]), confusions([]), suspects([]), twins_apart([])) == (
        (),
        (),
        (),
        (),
        (),
    )
    assert to_review([]).n_products == 0


def test_the_page_needs_nothing_from_elsewhere() -> None:
    page = render(report())
    assert not re.search(r"<script|<link|<img|<iframe|@import|url\(|https?://| on[a-z]+=", page)
    assert "prefers-color-scheme: dark" in page
    assert page.count("<svg") == 2


def test_titles_cannot_break_the_page() -> None:
    rows = [replace(row, title=HOSTILE, truth=(HOSTILE, *row.truth[1:])) for row in ROWS]
    hostile = [*rows, judged(MUGS, PANS, "", title=HOSTILE, own=0.0, trained=True)]
    page = render(report(hostile, source=HOSTILE, notes=(HOSTILE,)))
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "{{ 7 * 7 }}" in page


def test_the_page_says_what_it_left_out() -> None:
    rows = [judged(f"Top{at} > Leaf", f"Other > Leaf{at}", title=f"thing number {at}") for at in range(9)]
    short = render(report(rows), limits=Limits(branches=4, confusions=3))
    whole = render(report(rows))
    assert "4 of 9 branches" in short
    assert "3 of 9 confusions" in short
    assert " of 9 " not in whole.partition('id="confusions"')[0]


@pytest.mark.parametrize("table", ["suspects", "apart", "queues"])
def test_each_limit_cuts_its_table(table: str) -> None:
    usual = [judged(PANS, PANS, sure=0.5, title=f"pan {word}") for word in "abcde"]
    doubted = [judged(RUGS, PANS, sure=0.8, own=0.0, title=f"{word} odd thing") for word in ("one", "two")]
    twins = [judged(path, "A > B", title=f"{word} twin") for path in (MUGS, f"{RUGS} > {1}") for word in "x"]
    more = [judged(path, "A > B", title="other twins") for path in ("C > D", "E > F")]
    queued = [judged(MUGS, leaf, "", title=leaf, sure=0.2, own=0.2) for leaf in ("A > B", "A > C")]
    found = report([*usual, *doubted, *twins, *more, *queued])
    assert len(render(found, limits=replace(Limits(), **{table: 1}))) < len(render(found))


def test_the_page_says_whether_the_promise_was_kept() -> None:
    kept = [judged(MUGS, MUGS)] * 50
    assert "promise was not kept" not in render(report(kept))
    assert "promise was not kept" in render(report([*kept, *[judged(MUGS, PANS)] * 20]))
    assert "no more than chance" in render(report([*kept, *[judged(MUGS, PANS)] * 4]))


def test_baselines_stand_on_the_page_and_in_the_json() -> None:
    peer = Baseline("the peer", hierarchy_scores([("a",)], [("a",)]), 1.0, 3.0)
    found = report(baselines=(peer,))
    assert "the peer" in render(found)
    assert "Baselines" not in render(report())
    assert json.loads(found.to_json())["baselines"][0]["name"] == "the peer"


def test_the_json_has_the_overall_figures_at_its_top() -> None:
    body = json.loads(report().to_json())
    assert body["coverage"] == pytest.approx(0.8)
    assert body["leaf"]["leaf_accuracy"] == pytest.approx(0.6)
    assert {"levels", "branches", "curve", "confusions", "suspects", "apart", "review"} <= set(body)


def test_charts_stay_within_their_frame() -> None:
    figures = summarise(ROWS, precision=0.95)
    points = [Point(0.8, 0.3, 1.0, 1.0, 2, 2), Point(0.99, 1.0, 0.0, 0.0, 0, 0)]
    for chart in (coverage_chart(points), reliability_chart(figures.bins), coverage_chart([])):
        for dot in (dot for line in chart.lines for dot in line):
            assert chart.left <= dot.x <= chart.right
            assert chart.top <= dot.y <= chart.bottom
