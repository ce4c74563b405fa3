"""`shelftree attributes` and `evaluate --task attributes`, as a user has them."""

import csv
import json
from pathlib import Path

import pytest

from taxonomy.product import Assignment, Source
from taxonomy.tree import Tree
from tests.command import Shelftree
from tests.fakes import FakeUnitOfWork
from tests.unit.attributes_shop import product, shop
from ui.wiring import App


@pytest.fixture
def shelftree(command: Shelftree, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shelftree:
    """The command in a folder with a catalogue that names brands and one that does not."""
    monkeypatch.chdir(tmp_path)
    with Path("products.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["product_id", "title", "brand", "color", "split"])
        for at, one in enumerate(shop(420, column=True)):
            colour = next((word for word in one.title.split() if word in {"Red", "Blue", "Grey"}), "")
            out.writerow([one.id, one.title, one.brand, colour, "valid" if at % 6 == 0 else "train"])
    Path("new.csv").write_text('product_id,title\n1,"Acorn lamp, orange 5 kg"\n2,for home 7\n')
    return command


def rows(file: str) -> list[dict[str, str]]:
    with Path(file).open(newline="") as text:
        return list(csv.DictReader(text))


def test_values_are_written_with_place_and_confidence(shelftree: Shelftree) -> None:
    outcome = shelftree(
        "attributes", "new.csv", "--learn-from", "products.csv", "--out", "found.csv", "--json"
    )

    assert outcome.code == 0
    assert json.loads(outcome.out) | {"out": ""} == {
        "products": 2,
        "values": 2,
        "brand": 1,
        "size": 1,
        "out": "",
    }
    brand, size = rows("found.csv")
    assert (brand["product_id"], brand["attribute"], brand["value"]) == ("1", "brand", "Acorn")
    assert (size["value"], size["start"], size["end"], size["confidence"]) == ("5 kg", "19", "23", "0.95")


def test_a_catalogue_is_learnt_from_itself_by_default(shelftree: Shelftree) -> None:
    shelftree("attributes", "new.csv", "--out", "alone.csv")

    assert [row["attribute"] for row in rows("alone.csv")] == ["size"]


def test_a_lower_confidence_gives_more(shelftree: Shelftree) -> None:
    shelftree("attributes", "new.csv", "--out", "more.csv", "--min-confidence", "0.3")

    assert [row["attribute"] for row in rows("more.csv")] == ["colour", "size"]


def test_what_was_learnt_can_be_kept_and_used(shelftree: Shelftree) -> None:
    shelftree("attributes", "products.csv", "--out", "all.csv", "--save", "kept")

    outcome = shelftree("attributes", "new.csv", "--model", "kept", "--out", "found.csv")

    assert outcome.code == 0
    assert rows("found.csv")[0]["value"] == "Acorn"


def test_model_and_learn_from_exclude_each_other(shelftree: Shelftree) -> None:
    outcome = shelftree("attributes", "new.csv", "--model", "kept", "--learn-from", "products.csv")

    assert outcome.code == 2
    assert "not both" in outcome.err


def test_a_folder_that_is_no_extractor_ends_with_two(shelftree: Shelftree) -> None:
    outcome = shelftree("attributes", "new.csv", "--model", ".", "--out", "found.csv")

    assert outcome.code == 2
    assert "no extractor here" in outcome.err


def test_evaluation_compares_with_each_column_of_truth(shelftree: Shelftree) -> None:
    outcome = shelftree("evaluate", "products.csv", "--task", "attributes", "--json")

    scores = json.loads(outcome.out)
    assert set(scores) == {"brand", "colour"}
    assert scores["brand"]["n_products"] == scores["brand"]["n_stated"] == 70
    assert scores["brand"]["recall"] > 0.95 < scores["brand"]["precision"]
    assert scores["colour"]["f1"] == 1.0


def test_evaluation_takes_a_kept_extractor(shelftree: Shelftree) -> None:
    shelftree("attributes", "new.csv", "--out", "x.csv", "--save", "knows-nothing")

    outcome = shelftree(
        "evaluate", "products.csv", "--task", "attributes", "--model", "knows-nothing", "--json"
    )

    assert json.loads(outcome.out)["brand"]["n_found"] == 0


def test_a_classifier_is_told_from_an_extractor(shelftree: Shelftree, tmp_path: Path) -> None:
    (tmp_path / "classifier").mkdir()
    (tmp_path / "classifier" / "manifest.json").write_text(
        '{"format": 2, "files": {"head.safetensors": "0"}}'
    )

    outcome = shelftree(
        "evaluate", "products.csv", "--task", "attributes", "--model", tmp_path / "classifier"
    )

    assert outcome.code == 2
    assert "another kind" in outcome.err and "attributes --save" in outcome.err


def test_evaluation_without_truth_says_what_to_do(shelftree: Shelftree) -> None:
    outcome = shelftree("evaluate", "new.csv", "--task", "attributes")

    assert outcome.code == 2
    assert "split `train`" in outcome.err


def test_a_category_is_split_by_what_texts_state_where_no_column_does(
    shelftree: Shelftree, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FakeUnitOfWork()
    with store:
        tree = Tree.from_paths([("Shirts",), ("Lamps",)])
        store.trees.save("own", store.trees.create("own"), tree)
        shirts = store.trees.head("own").find(("Shirts",))
        assert shirts
        store.catalogs.create("shop")
        products = [product(at, f"{'Red' if at < 3 else 'Blue'} shirt {at}") for at in range(7)]
        store.catalogs.upsert("shop", store.catalogs.begin_import("shop", "digest"), products)
        store.assignments.write(
            "shop", "own", [Assignment(one.id, shirts, source=Source.IMPORT) for one in products]
        )
        store.commit()
    monkeypatch.setattr(App, "uow", lambda self: store)
    split = ("taxonomy", "split", "Shirts", "--name", "own", "--catalog", "shop", "--json", "--by")

    by_text, by_nothing = shelftree(*split, "attribute:colour"), shelftree(*split, "attribute:mood")

    assert by_text.json["parts"] == {"blue Shirts": 4, "red Shirts": 3}
    assert by_nothing.code == 2
