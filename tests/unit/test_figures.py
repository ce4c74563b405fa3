"""Figures are read by people: no braces, no brackets, every name and value."""

from ui.cli.figures import readable


def test_single_figures_stand_beside_their_names() -> None:
    shown = readable({"leaf": {"f1": 0.5, "n_products": 20_000}, "levels": (0.75, 1.0), "source": "shop"})
    assert [line.split("  ")[0] for line in shown.splitlines()] == [
        "leaf f1",
        "leaf n products",
        "levels",
        "source",
    ]
    assert "20,000" in shown and "0.7500, 1.0000" in shown


def test_rows_become_a_table_with_a_head() -> None:
    bins = [{"confidence": 0.25, "n": 3}, {"confidence": 0.75, "n": 4, "scores": {"f1": 1.0}}]
    shown = readable({"bins": bins, "ece": 0.125})
    lines = shown.splitlines()
    assert lines[0].split() == ["ece", "0.1250"]
    assert next(line for line in lines if "confidence" in line).split() == ["confidence", "n", "scores", "f1"]
    assert lines[-1].split() == ["0.7500", "4", "1.0000"]


def test_groups_of_the_same_figures_become_a_table_of_their_names() -> None:
    shown = readable({"attributes": {"brand": {"f1": 0.5}, "[colour]": {"f1": 1.0}}})
    assert [line.split() for line in shown.splitlines()[-2:]] == [["brand", "0.5000"], ["[colour]", "1.0000"]]
    assert not set(shown) & set("{}()'")
