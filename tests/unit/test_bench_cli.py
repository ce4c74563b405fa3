"""`shelftree bench classify`, `bench new-nodes` and `evaluate --report`, as a user has them."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from ingest.classify.predict import Classifier
from ingest.evaluate.kept import Workshop
from ingest.train.settings import TrainSettings
from taxonomy.node import NodeId
from tests.command import Outcome, Shelftree
from tests.tiny_bert import write_tiny_bert

GOODS = {"Kitchen > Mugs": "mug", "Kitchen > Pans": "pan", "Home > Chairs": "chair", "Home > Rugs": "rug"}
LOOKS = ["red", "blue", "green", "small", "large", "old"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop of 144 products that one word sorts, a third of them `valid`, and a base model."""
    at = tmp_path_factory.mktemp("shop")
    cells = [(path, f"{one} {two} {word}") for path, word in GOODS.items() for one in LOOKS for two in LOOKS]
    with (at / "products.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["product_id", "title", "category_path", "split"])
        for n, (path, title) in enumerate(cells):
            out.writerow([f"p{n}", title, path, "train" if n % 3 else "valid"])
    write_tiny_bert(at / "tiny", [*GOODS.values(), *LOOKS, "kitchen", "home"])
    return at


@pytest.fixture(scope="module")
def model(folder: Path) -> Path:
    from ingest.readers import open_catalog

    shop = Workshop(
        folder / "models", TrainSettings(epochs=2), folder / "tiny", "cpu", folder / "home" / "cache"
    )
    return shop.model(open_catalog(folder / "products.csv")).folder


def rows(done: Outcome) -> Any:
    assert done.code == 0, done.err
    return done.json["rows"]


def test_the_bench_puts_our_model_beside_every_peer(shelftree: Shelftree, model: Path) -> None:
    found = rows(shelftree("bench", "classify", "products.csv", "--model", model, "--epochs", 1, "--json"))

    assert list(found) == [
        "TF-IDF + LinearSVC",
        "hiclass, SVM per parent",
        "flat BERT",
        "Shelftree",
        "cross-fitted",
    ]
    assert set(found["flat BERT"]) == {"leaf", "hF1", "leaf_multi_path", "seconds"}
    promise = {"kept", "kept_multi_path", "coverage", "depth", "true_depth"}
    assert {f"{name}_{at}" for name in promise for at in (95, 99)} < set(found["Shelftree"])
    assert {"leaf", "hF1", "ece", "leaf_multi_path", "seconds"} < set(found["Shelftree"])


def test_only_the_peers_asked_for_are_run(shelftree: Shelftree, model: Path) -> None:
    words = ["bench", "classify", "--data", "products.csv", "--model", model, "--json"]
    ours = ["Shelftree", "cross-fitted"]
    assert list(rows(shelftree(*words, "--peers", "tfidf"))) == ["TF-IDF + LinearSVC", *ours]
    assert list(rows(shelftree(*words, "--peers", ""))) == ours
    done = shelftree(*words, "--peers", "magic")
    assert (done.code, "tfidf, hiclass, flat" in done.err) == (2, True)


def test_each_seed_trains_a_model_of_its_own_and_keeps_it(shelftree: Shelftree, model: Path) -> None:
    words = ["bench", "classify", "products.csv", "--peers", "", "--seeds", 2, "--epochs", 2]
    before = set(model.parent.glob("*/manifest.json"))
    words += ["--out", model.parent]  # seed 0 is there
    done = shelftree(*words, "--json")
    again = shelftree(*words, "--json")

    assert "leaf_sd" in rows(done)["Shelftree"]
    assert len(done.json["runs"]["Shelftree"]) == 2  # type: ignore[index]
    assert len(set(model.parent.glob("*/manifest.json")) - before) == 1
    assert again.json["runs"] == done.json["runs"]


def test_the_race_tells_speed_and_what_int8_costs(
    shelftree: Shelftree, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    words = ["bench", "classify", "products.csv", "--model", model, "--peers", "", "--speed", "--json"]
    found = rows(shelftree(*words, "--rounds", 2, "--titles", 40, "--threads", 1))

    assert set(found["Shelftree int8"]) == {"titles_per_s", "times_as_fast", "threads", "points_lost"}
    assert found["Shelftree int8"]["threads"] == found["sentence-transformers f32"]["threads"] == 1
    assert found["sentence-transformers f32"]["titles_per_s"] > 0


def test_a_bench_without_data_says_so(shelftree: Shelftree) -> None:
    done = shelftree("bench", "classify", "--peers", "tfidf")
    assert (done.code, "FILE" in done.err) == (2, True)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[NodeId, Sequence[str]] | None]:
    """The examples that models were loaded with."""
    seen: list[Mapping[NodeId, Sequence[str]] | None] = []
    load = Classifier.load.__func__  # type: ignore[attr-defined]

    def listening(cls: type, at: Path, /, *, examples: Any = None, **options: Any) -> Classifier:
        seen.append(examples)
        return load(cls, at, examples=examples, **options)  # type: ignore[no-any-return]

    monkeypatch.setattr(Classifier, "load", classmethod(listening))
    return seen


def test_new_nodes_are_added_by_name_and_by_examples(
    shelftree: Shelftree, model: Path, told: list[Mapping[NodeId, Sequence[str]] | None]
) -> None:
    words = ["bench", "new-nodes", "products.csv", "--model", model, "--leaves", 1, "--min-products", 10]
    done = shelftree(*words, "--seeds", 2, "--epochs", 1, "--out", "without", "--json")

    found = rows(done)
    assert list(found) == ["trained with them", "without them", "by name", "name and examples"]
    assert {"share_of_trained", "worst_share", "points_lost", "worst_lost"} < set(found["by name"])
    assert len(done.json["runs"]) == 2  # type: ignore[arg-type]
    assert [one is not None for one in told] == [False, False, False, True] * 2
    assert all(len(texts) == 5 for one in told if one for texts in one.values())


def test_leaves_with_too_few_products_stop_the_bench_before_training(
    shelftree: Shelftree, model: Path
) -> None:
    words = ["bench", "new-nodes", "products.csv", "--model", model, "--leaves", 4, "--json"]
    done = shelftree(*words, "--min-products", 25)
    assert (done.code, "0 leaves have 25" in done.err) == (2, True)


def test_the_report_is_a_page_and_figures_with_baselines(
    shelftree: Shelftree, folder: Path, model: Path
) -> None:
    words = [
        "evaluate",
        "products.csv",
        "--model",
        model,
        "--report",
        "report",
        "--baselines",
        "tfidf,hiclass",
    ]
    done = shelftree(*words, "--json")

    body = json.loads((folder / "report" / "classify.json").read_text())
    page = (folder / "report" / "classify.html").read_text()
    assert done.code == 0
    assert body["leaf"] == done.json["leaf"]
    assert [one["name"] for one in body["baselines"]] == ["TF-IDF + LinearSVC", "hiclass, SVM per parent"]
    assert len(done.json["baselines"]) == 2  # type: ignore[arg-type]
    assert "products.csv" in page
    assert "hiclass, SVM per parent" in page


def test_baselines_stand_beside_the_model_on_the_same_rows(
    shelftree: Shelftree, folder: Path, model: Path
) -> None:
    shop = (folder / "products.csv").read_text()
    (folder / "more.csv").write_text(
        shop + "q1,red small mug,Home > Rugs,test\nq2,old rug,Home > Rugs,test\n"
    )
    words = ["evaluate", "more.csv", "--model", model, "--report", "beside", "--baselines", "tfidf"]
    shelftree(*words)

    body = json.loads((folder / "beside" / "classify.json").read_text())
    assert body["leaf"]["n_products"] == 50
    assert body["on_valid"]["n_products"] == body["baselines"][0]["scores"]["n_products"] == 48
    assert body["on_valid"]["leaf_accuracy"] > body["leaf"]["leaf_accuracy"]


def test_a_report_that_cannot_be_written_is_refused_before_the_work(
    shelftree: Shelftree, model: Path
) -> None:
    done = shelftree("evaluate", "products.csv", "--model", model, "--report", "products.csv")
    assert (done.code, "classifying" in done.err) == (2, False)
    assert "products.csv: no folder for a report" in done.err
    assert "--report" in done.err


def test_without_a_folder_nothing_is_written(shelftree: Shelftree, folder: Path, model: Path) -> None:
    before = set(folder.iterdir())
    assert "leaf" in shelftree("evaluate", "products.csv", "--model", model, "--json").json
    assert set(folder.iterdir()) == before
