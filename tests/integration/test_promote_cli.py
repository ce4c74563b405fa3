"""`shelftree promote` as a user has it, with models that are written down and not trained."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.command import Outcome, Shelftree
from tests.garden import KINDS
from tests.tiny_bert import write_tiny_bert

NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
SCALE = 20.0


def titles(kind: str) -> list[str]:
    words = KINDS[kind].split()
    return [f"{words[n % 4]} {words[(n + 1) % 4]} {number}" for n, number in enumerate(NUMBERS)]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A test of ten products of each kind, the same as a catalogue's split `test`, and a tiny encoder."""
    folder = tmp_path_factory.mktemp("files")
    rows = [
        (f"{kind}{n}", title, f"{'Kitchen' if kind == 'Cups' else 'Garden'} > {kind}")
        for kind in KINDS
        for n, title in enumerate(titles(kind))
    ]
    for name, split in (("test.csv", ""), ("shop.csv", "test"), ("whole.csv", "train")):
        with (folder / name).open("w", newline="") as file:
            csv.writer(file).writerows([("product_id", "title", "category_path", "split")])
            csv.writer(file).writerows([(*row, split) for row in rows])
    (folder / "tree.csv").write_text("category_path\nGarden > Tools\nGarden > Seeds\nKitchen > Cups\n")
    known = [*" ".join(KINDS.values()).split(), *NUMBERS, "garden", "kitchen", "tools", "seeds", "cups"]
    write_tiny_bert(folder / "tiny", known)
    return folder


def model(files: Path, folder: Path, *kinds: str, trained_on: Path | None = None, says: bool = True) -> Path:
    """A model whose rows are the vectors of these kinds' words, in the order of the leaves."""
    from ingest.classify.calibrate import Calibration
    from ingest.classify.head import Head
    from ingest.encode.torch_encoder import TorchEncoder
    from ingest.readers import open_catalog
    from ingest.train.artifact import Artifact
    from ingest.train.provenance import Learnt
    from taxonomy.service.teaching import as_written
    from taxonomy.tree import Tree

    shutil.copytree(files / "tiny", folder)
    tree = Tree.from_paths([("Garden", "Tools"), ("Garden", "Seeds"), ("Kitchen", "Cups")])
    encoder = TorchEncoder(folder)
    vectors = np.stack([encoder.encode(titles(kind)).mean(axis=0) for kind in kinds])
    vectors -= vectors.mean(axis=0)
    rows = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True) * SCALE).astype(np.float32)
    head = Head(tuple(tree.leaves()), rows, np.zeros(len(kinds), dtype=np.float32))
    made = Artifact(head, tree, Calibration(), ("spade",), {}, "none").save(folder, card=" ".join(kinds))
    learnt = Learnt()
    for _ in learnt.hearing(as_written(open_catalog(trained_on) if trained_on else ())):
        pass
    if says:
        learnt.save(folder, revision=made.revision)
    return folder


@pytest.fixture(scope="module")
def good(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model(files, tmp_path_factory.mktemp("models") / "good", "Tools", "Seeds", "Cups")


@pytest.fixture(scope="module")
def bad(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It takes cups for seeds and seeds for cups."""
    return model(files, tmp_path_factory.mktemp("models") / "bad", "Tools", "Cups", "Seeds")


@pytest.fixture
def shelftree(files: Path, on_postgres: Shelftree) -> Shelftree:
    """The command, on a store whose taxonomy is imported."""
    done = on_postgres("taxonomy", "import", files / "tree.csv", "--name", "home")
    assert done.code == 0, done.err
    return on_postgres


def serve(shelftree: Shelftree, folder: Path) -> None:
    done = shelftree("taxonomy", "publish", "--name", "home", "--model", folder)
    assert done.code == 0, done.err


def tried(shelftree: Shelftree, files: Path, folder: Path, *words: object) -> Outcome:
    return shelftree(
        "promote", folder, "--taxonomy", "home", "--test", files / "test.csv", "--least", 30, *words, "--json"
    )


def test_a_better_model_is_promoted_and_rolled_back(
    shelftree: Shelftree, files: Path, good: Path, bad: Path
) -> None:
    serve(shelftree, bad)

    done = tried(shelftree, files, good)

    assert done.code == 0, done.err
    assert done.json["promoted"] is True
    accuracy = done.json["accuracy"]
    assert isinstance(accuracy, float)
    assert accuracy > 0.9
    releases = shelftree("taxonomy", "releases", "--name", "home", "--json")
    assert str(done.json["revision"]) in releases.out
    assert shelftree("taxonomy", "rollback", "--name", "home", "--json").code == 0
    assert tried(shelftree, files, good, "--dry-run").json["promoted"] is False


def test_a_worse_model_is_refused_with_the_table_and_goes_in_with_a_reason(
    shelftree: Shelftree, files: Path, good: Path, bad: Path
) -> None:
    serve(shelftree, good)

    told = shelftree("promote", bad, "--taxonomy", "home", "--test", files / "test.csv", "--least", 30)
    forced = tried(shelftree, files, bad, "--force", "the other one is withdrawn", "--author", "ann")

    assert told.code == 2
    assert "Refused: worse than the serving model by" in told.out
    assert "Kitchen: 1.000 -> 0.000 of 10" in told.out
    assert (forced.code, forced.json["promoted"]) == (0, True)


def test_without_a_test_it_says_how_to_give_one(shelftree: Shelftree, good: Path) -> None:
    done = shelftree("promote", good, "--taxonomy", "home")
    assert (done.code, "--test FILE" in done.err) == (2, True)


def test_each_setting_decides(shelftree: Shelftree, files: Path, good: Path, bad: Path) -> None:
    serve(shelftree, good)

    assert tried(shelftree, files, bad, "--dry-run").code == 2
    lax = tried(shelftree, files, bad, "--dry-run", "--alpha", 0.0)
    assert lax.code == 0, lax.out
    small = tried(shelftree, files, good, "--dry-run", "--least", 31)
    assert "fewer than 31" in str(small.json["faults"])
    by_branch = tried(shelftree, files, bad, "--dry-run", "--margin", 1.0)
    assert "'Kitchen'" in str(tried(shelftree, files, bad, "--dry-run").json["faults"])
    assert "'Kitchen'" not in str(by_branch.json["faults"])


def test_the_first_model_is_compared_with_the_untuned_encoder_alone(
    shelftree: Shelftree, files: Path, good: Path
) -> None:
    assert shelftree("taxonomy", "publish", "--name", "home").code == 0

    done = tried(shelftree, files, good)

    against = done.json["against"]
    assert isinstance(against, list)
    assert [one["name"] for one in against] == ["untuned"]
    assert done.json["promoted"] is True


def test_the_test_may_be_a_part_of_a_catalogue(
    shelftree: Shelftree, files: Path, good: Path, bad: Path
) -> None:
    serve(shelftree, bad)
    words = ("promote", good, "--taxonomy", "home", "--catalog", "shop", "--least", 30, "--dry-run", "--json")
    for file, code, said in (("whole.csv", 2, "no products of split `test`"), ("shop.csv", 0, "")):
        assert shelftree("catalog", "import", files / file, "--name", "shop").code == 0
        done = shelftree(*words)
        assert (done.code, said in done.err) == (code, True)


def test_a_test_that_training_has_seen_is_refused(
    shelftree: Shelftree, files: Path, bad: Path, tmp_path: Path
) -> None:
    serve(shelftree, bad)
    seen = model(files, tmp_path / "seen", "Tools", "Seeds", "Cups", trained_on=files / "whole.csv")

    done = tried(shelftree, files, seen)

    assert done.code == 2
    assert "30 of 30 products of the test were in the training of the new model" in done.err


def test_texts_of_training_under_other_ids_are_set_aside(
    shelftree: Shelftree, files: Path, bad: Path, tmp_path: Path
) -> None:
    serve(shelftree, bad)
    rows = (files / "whole.csv").read_text().splitlines()
    (tmp_path / "few.csv").write_text("\n".join([rows[0], *("x" + row for row in rows[1:6])]) + "\n")
    seen = model(files, tmp_path / "seen", "Tools", "Seeds", "Cups", trained_on=tmp_path / "few.csv")

    done = tried(shelftree, files, seen, "--dry-run", "--least", 25)

    assert (done.json["repeated"], done.json["n"]) == (5, 25)


def test_a_model_that_does_not_say_what_it_learnt_is_refused(
    shelftree: Shelftree, files: Path, bad: Path, tmp_path: Path
) -> None:
    serve(shelftree, bad)

    done = tried(shelftree, files, model(files, tmp_path / "mute", "Tools", "Seeds", "Cups", says=False))

    assert (done.code, "train it again" in done.err) == (2, True)


def test_a_serving_model_that_is_not_here_stands_in_the_way(
    shelftree: Shelftree, files: Path, good: Path, tmp_path: Path
) -> None:
    gone = model(files, tmp_path / "gone", "Tools", "Cups", "Seeds")
    serve(shelftree, gone)
    shutil.rmtree(gone)

    done = tried(shelftree, files, good, "--dry-run")

    assert done.code == 2
    assert "could not be compared" in str(done.json["faults"])


def test_the_model_that_serves_is_not_promised_a_promotion(
    shelftree: Shelftree, files: Path, good: Path
) -> None:
    serve(shelftree, good)

    told = shelftree(
        "promote", good, "--taxonomy", "home", "--test", files / "test.csv", "--least", 30, "--dry-run"
    )

    assert "serves already" in told.out
    assert "would be promoted" not in told.out


def test_a_product_under_two_paths_is_right_under_either(
    shelftree: Shelftree, files: Path, bad: Path, tmp_path: Path
) -> None:
    both = tmp_path / "both.csv"
    seeds = [f"again{n},{title},Kitchen > Cups," for n, title in enumerate(titles("Seeds"))]
    both.write_text((files / "test.csv").read_text() + "\n".join(seeds) + "\n")

    strict, either = (
        shelftree("promote", bad, "--taxonomy", "home", "--test", test, "--least", 9, "--dry-run", "--json")
        for test in (files / "test.csv", both)
    )

    assert float(str(strict.json["accuracy"])) < 0.4
    assert float(str(either.json["accuracy"])) > 0.7
