from pathlib import Path

import pytest

from ingest.evaluate.route import RouteCase, evaluate_route, read_route_cases
from ingest.search.routing import open_router
from taxonomy.errors import FileError
from taxonomy.tree import Tree

TREE = Tree.from_paths([("Pets", "Dog Food"), ("Pets", "Cat Food"), ("Garden", "Seeds"), ("Tea",)])


def test_cases_are_read_from_a_table(tmp_path: Path) -> None:
    file = tmp_path / "queries.csv"
    file.write_text("query,category_path\ndog fod,Pets > Dog Food\n", encoding="utf-8")
    assert read_route_cases(file) == [RouteCase("dog fod", ("Pets", "Dog Food"))]


def test_a_table_without_categories_says_what_it_has(tmp_path: Path) -> None:
    file = tmp_path / "queries.csv"
    file.write_text("query,clicks\ndog,3\n", encoding="utf-8")
    with pytest.raises(FileError, match=r"no column 'category_path' among: query, clicks"):
        read_route_cases(file)


def test_the_report_of_a_hand_worked_case() -> None:
    cases = [
        RouteCase("dog food", ("Pets", "Dog Food")),  # exact
        RouteCase("seeds", ("Garden",)),  # a child of the wanted one comes first
        RouteCase("tea", ("Pets", "Cat Food")),  # wrong
        RouteCase("tea", ("Gone",)),  # unknown
    ]
    report = evaluate_route(open_router(TREE), cases)
    assert (report.n_queries, report.n_unknown) == (3, 1)
    assert report.hit_at_1 == pytest.approx(1 / 3)
    assert report.near_at_1 == pytest.approx(2 / 3)
    assert report.hit_at_10 == pytest.approx(1.0)
    assert report.intents == {"narrow": 3}


def test_no_cases_give_zeros() -> None:
    report = evaluate_route(open_router(TREE), [])
    assert (report.n_queries, report.hit_at_1, report.mrr) == (0, 0.0, 0.0)
