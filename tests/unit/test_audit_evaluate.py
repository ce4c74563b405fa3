"""Scores of the audit against labels."""

import pytest

from ingest.evaluate.audit import Case, Score, case_from_columns, case_with_planted, score_posing
from taxonomy.audit import Limits
from taxonomy.errors import InputError
from taxonomy.product import Product, ProductId

BRANDS = ("Acorn", "Birchly", "Cedarex", "Dunex")


def raw() -> list[Product]:
    """Tops with a brand node that the clean path leaves out, and boots."""
    rows = []
    for at in range(24):
        brand, kind = BRANDS[at % 4], ("Tops", "Boots")[at // 12]
        below = ("Acorn Tops",) if (brand, kind) == ("Acorn", "Tops") else ()
        clean = {"clean": f"Clothing > {kind}"}
        title = f"{brand} soft {kind.lower()} {at}"
        rows.append(
            Product(
                ProductId(str(at)), title, brand, category_path=("Clothing", kind, *below), attributes=clean
            )
        )
    return rows


def test_raw_nodes_absent_from_the_clean_paths_are_no_categories() -> None:
    case = case_from_columns(raw(), "clean")

    assert case.posing == {("Clothing", "Tops", "Acorn Tops")}


def test_a_column_that_is_not_there_is_said() -> None:
    with pytest.raises(InputError, match="'cleaned'"):
        case_from_columns(raw(), "cleaned")


def test_the_audit_is_scored_beside_the_best_rule_of_counts() -> None:
    report = score_posing(case_from_columns(raw(), "clean"), min_products=2)

    assert (report.n_nodes, report.n_posing) == (4, 1)
    assert report.audit == Score(1.0, 1.0, 1.0)
    assert (report.counts, report.counts_limit) == (Score(1.0, 1.0, 1.0), 3)
    assert report.disagreements == ()


def test_nodes_of_too_few_products_are_not_scored() -> None:
    assert score_posing(case_from_columns(raw(), "clean"), min_products=4).n_posing == 0


def test_disagreements_name_the_node_and_the_finding() -> None:
    case = Case(case_from_columns(raw(), "clean").products, frozenset({("Clothing", "Boots")}))

    report = score_posing(case, min_products=2)

    assert {(one.path[-1], one.is_posing, one.finding is None) for one in report.disagreements} == {
        ("Acorn Tops", False, False),
        ("Boots", True, True),
    }


def test_limits_change_the_score() -> None:
    report = score_posing(case_from_columns(raw(), "clean"), min_products=2, limits=Limits(posing=1.0))

    assert report.audit.recall == 0.0


@pytest.mark.parametrize("in_titles", [False, True])
def test_planted_brands_and_products_are_known_to_be_none(in_titles: bool) -> None:
    clean = [Product(one.id, one.title[8:], one.brand, category_path=one.category_path[:2]) for one in raw()]

    case = case_with_planted(clean, seed=1, in_titles=in_titles)

    below = {one.category_path for one in case.products if len(one.category_path) == 3}
    assert below == case.posing
    assert all(bool(one.brand) != in_titles for one in case.products)


def test_another_seed_plants_elsewhere() -> None:
    assert case_with_planted(raw(), seed=0).posing != case_with_planted(raw(), seed=3).posing


def test_without_brands_nothing_can_be_planted() -> None:
    with pytest.raises(InputError, match="brands"):
        case_with_planted([Product(ProductId("1"), "Soft top", category_path=("Tops",))])
