"""`shelftree review` as a user has it: every option does something, every refusal is one message."""

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.command import Shelftree
from tests.garden import KINDS, write_garden_model
from tests.tiny_bert import write_tiny_bert

HERE = ("--catalog", "shop", "--taxonomy", "home", "--json")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Products (4 of each kind; of each word two that look alike), categories, and a tiny encoder."""
    folder = tmp_path_factory.mktemp("files")
    with (folder / "products.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["product_id", "title", "category_path", "shelf_mark", "split"])
        for kind, words in KINDS.items():
            top = "Kitchen" if kind == "Cups" else "Garden"
            for n in range(4):
                word = words.split()[n // 2]
                out.writerow([f"{kind}{n}", f"{word} {word} {word}", f"{top} > {kind}", "red", ""])
    (folder / "tree.csv").write_text("category_path\nGarden > Tools\nGarden > Seeds\nKitchen > Cups\n")
    known = [*" ".join(KINDS.values()).split(), "garden", "kitchen", "tools", "seeds", "cups"]
    write_tiny_bert(folder / "tiny", known)
    return folder


@pytest.fixture(scope="module")
def model(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the three kinds, written down, not trained: the row of a kind is the vector of its words."""
    return write_garden_model(files / "tiny", tmp_path_factory.mktemp("models") / "model")


@pytest.fixture
def shelftree(files: Path, model: Path, on_postgres: Shelftree) -> Shelftree:
    """The command, on a store whose twelve products all wait for an answer."""
    for words in (
        ("taxonomy", "import", files / "tree.csv", "--name", "home"),
        ("catalog", "import", files / "products.csv", "--name", "shop"),
        ("classify", "--model", model, "--precision", 0.999, *HERE),
    ):
        done = on_postgres(*words)
        assert done.code == 0, done.err
    return on_postgres


def waiting(shelftree: Shelftree, *words: object) -> list[dict[str, object]]:
    rows = shelftree("review", "list", *words, *HERE).json["waiting"]
    assert isinstance(rows, list)
    return rows


def test_what_goes_to_review_waits_in_groups_with_suggestions(shelftree: Shelftree) -> None:
    rows = waiting(shelftree)

    assert [row["alike"] for row in rows] == [2] * 6
    worth = [row["worth"] for row in rows]
    assert worth == sorted(worth, reverse=True)  # type: ignore[type-var]
    suggested = rows[0]["suggested"]
    assert isinstance(suggested, list)
    assert len(suggested) == 3
    assert waiting(shelftree, "--limit", 2, "--offset", 1) == rows[1:3]
    group = waiting(shelftree, "--alike", rows[0]["product_id"])
    assert [row["alike"] for row in group] == [2, 2]
    assert len({row["title"] for row in group}) == 1


def test_an_answer_places_and_learning_takes_it(shelftree: Shelftree, files: Path, tmp_path: Path) -> None:
    told = shelftree("review", "answer", "Tools0", "--alike", "--to", "Garden > Seeds", *HERE)
    assert (told.code, told.json["placed"]) == (0, 2)
    assert shelftree("review", "answer", "Cups0", "--skip", *HERE).code == 0
    assert shelftree("review", "stats", *HERE).json["n_placed"] == 2
    assert shelftree("taxonomy", "publish", "--name", "home").code == 0

    exported = shelftree("review", "export", tmp_path / "answers.csv", *HERE)
    with (tmp_path / "answers.csv").open() as file:
        rows = {row["product_id"]: row for row in csv.DictReader(file)}
    trained = shelftree("train", "--out", tmp_path / "new", "--epochs", 1, *HERE)

    assert exported.json["answers"] == 3
    assert rows["Tools1"]["category_path"] == "Garden > Seeds"
    assert (rows["Tools1"]["shelf_mark"], rows["Tools1"]["answer_author"]) == ("red", "merchandiser")
    assert (rows["Cups0"]["category_path"], rows["Cups0"]["answer_verdict"]) == ("", "skip")
    assert trained.code == 0, trained.err
    assert trained.json["learnt_from"] == {
        "answered in review": 2,
        "category doubted by people": 1,
        "the catalogue's own category": 9,
    }
    from_file = shelftree("train", tmp_path / "answers.csv", "--out", tmp_path / "one", "--json")
    assert "nothing to learn" in from_file.err  # one category alone, and that is what the answers say


def test_a_file_of_answers_is_learnt_from_by_its_origins(
    shelftree: Shelftree, tmp_path: Path, files: Path
) -> None:
    for at, goal in (("Tools0", "Garden > Tools"), ("Seeds0", "Garden > Seeds"), ("Cups0", "Kitchen > Cups")):
        assert shelftree("review", "answer", at, "--alike", "--to", goal, *HERE).code == 0
    answers = tmp_path / "answers.csv"
    assert shelftree("review", "export", answers, *HERE).code == 0

    trained = shelftree("train", answers, "--out", tmp_path / "new", "--epochs", 1, "--json")

    assert trained.code == 0, trained.err
    assert trained.json["learnt_from"] == {"answered in review": 6}


def test_an_answer_is_taken_back(shelftree: Shelftree) -> None:
    before = waiting(shelftree)
    made = shelftree("review", "answer", "Tools0", "--to", "Garden > Tools", *HERE).json["answers"]
    assert isinstance(made, list)
    assert waiting(shelftree) != before

    assert shelftree("review", "undo", *made, "--key", "u", *HERE).json == {"taken_back": made}
    assert shelftree("review", "undo", *made, "--key", "u", *HERE).json == {"taken_back": made}

    assert waiting(shelftree) == before
    assert "already" in shelftree("review", "undo", *made, *HERE).err
    log = shelftree("review", "log", "--limit", 1, *HERE).json["answers"]
    assert isinstance(log, list)
    assert (log[0]["verdict"], len(log)) == ("undo", 1)


def test_the_first_of_two_people_wins_unless_the_second_says_otherwise(shelftree: Shelftree) -> None:
    shelftree("review", "answer", "Tools0", "--to", "Garden > Tools", "--author", "ann", *HERE)

    late = shelftree("review", "answer", "Tools0", "--to", "Garden > Seeds", "--author", "bob", *HERE)
    forced = shelftree("review", "answer", "Tools0", "--to", "Garden > Seeds", "--replace", *HERE)

    assert (late.json["placed"], late.json["late"]) == (0, ["Tools0"])
    assert (forced.json["placed"], forced.json["late"]) == (1, [])


def test_a_key_makes_an_answer_count_once(shelftree: Shelftree) -> None:
    words = ("review", "answer", "Tools0", "--none", "--key", "k", *HERE)

    first, again = shelftree(*words), shelftree(*words)

    assert first.json == again.json
    assert shelftree("review", "stats", *HERE).json["n_none"] == 1


def test_backed_off_products_are_asked_about_on_demand(shelftree: Shelftree, model: Path) -> None:
    words = ("classify", "--model", model, "--precision", 0.6, *HERE)
    plain, more = shelftree(*words), shelftree(*words, "--review-backoffs")

    review, backoff = (int(str(more.json.get(kind, 0))) for kind in ("review", "backoff"))
    assert backoff > 0
    assert (plain.json["to_ask"], more.json["to_ask"]) == (review, review + backoff)


def test_what_people_placed_is_not_asked_about(shelftree: Shelftree, model: Path) -> None:
    shelftree("review", "answer", "Tools0", "--to", "Garden > Tools", *HERE)

    done = shelftree("classify", "--model", model, "--precision", 0.999, *HERE)

    assert done.json["to_ask"] == 11


def test_the_log_reads_as_sentences(shelftree: Shelftree) -> None:
    place = HERE[:-1]
    for words in (
        ("answer", "Tools0", "--to", "Garden > Tools", "--author", "ann"),
        ("answer", "Tools0", "--to", "Garden > Seeds", "--author", "bob"),
        ("answer", "Tools1", "--none"),
    ):
        assert shelftree("review", *words, *place).code == 0
    ann = shelftree("review", "log", *HERE).json["answers"][-1]["id"]  # type: ignore[index]
    assert shelftree("review", "undo", ann, *place).code == 0

    lines = shelftree("review", "log", *place).out.splitlines()

    assert [line.split("  ")[-1] for line in lines] == [
        f"takes {ann} back",
        "none of those suggested",
        "to Garden > Seeds, but somebody was first",
        "to Garden > Tools, taken back",
    ]


def test_a_file_is_classified_into_the_tree_as_it_stands(
    shelftree: Shelftree, files: Path, model: Path, tmp_path: Path
) -> None:
    grown = (files / "tree.csv").read_text() + "Garden > Spade\n"
    (tmp_path / "grown.csv").write_text(grown)
    assert shelftree("taxonomy", "import", tmp_path / "grown.csv", "--name", "grown").code == 0
    leaves = []
    for words in ((), ("--taxonomy", "grown")):
        out = tmp_path / "found.csv"
        shelftree("classify", files / "products.csv", "--model", model, "--out", out, *words)
        with out.open() as file:
            leaves.append({row["leaf_path"] for row in csv.DictReader(file)})

    assert "Garden > Spade" not in leaves[0]
    assert "Garden > Spade" in leaves[1]


def test_a_precision_that_nothing_vouches_for_is_said(
    shelftree: Shelftree, files: Path, model: Path, tmp_path: Path
) -> None:
    from ingest.train.artifact import Artifact

    few = Path(shutil.copytree(model, tmp_path / "few"))
    plain = Artifact.load(model)
    curve = replace(plain.calibration, prices=(4.0,), given=(9,), wrong=(0,))
    replace(plain, calibration=curve).save(few, card="A model.")
    words = ("classify", files / "products.csv", "--model", few, "--out", tmp_path / "found.csv")

    asked, less = shelftree(*words, "--precision", 0.95), shelftree(*words, "--precision", 0.8)
    told = shelftree(*words, "--precision", 0.95, "--json").json

    assert "too few products to vouch for a precision of 0.95" in asked.err
    assert "too few products" not in less.err
    assert told | {"drift": None, "out": ""} == {
        "classified": 12, "accept": 0, "backoff": 0, "review": 12, "rejected": 0, "vouched_for": False,
        "drift": None, "out": "",
    }  # fmt: skip


def test_rows_that_cannot_be_classified_are_counted(
    shelftree: Shelftree, model: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad.csv").write_text("id,title\n1,spade\n2,\n1,rake\n")
    words = ("classify", tmp_path / "bad.csv", "--model", model, "--out", tmp_path / "found.csv")
    assert "2 of 3 rows of bad.csv cannot be used" in shelftree(*words).err
    assert shelftree(*words, "--json").json["rejected"] == 2


def test_backoffs_are_reviewed_in_the_store_alone(shelftree: Shelftree, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "found.csv"
    done = shelftree("classify", "--model", model, "--review-backoffs", "--out", out, *HERE)
    assert (done.code, "leave --out out" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("answer", "Tools0"), "say one of --to"),
        (("answer", "Tools0", "--to", "Garden", "--skip"), "say one of --to"),
        (("answer", "Tools0", "--to", "Nowhere"), "no category 'Nowhere'"),
        (("answer", "nothing", "--skip"), "no product 'nothing'"),
        (("undo", "999"), "no answer '999'"),
    ],
)
def test_bad_input_is_one_message(shelftree: Shelftree, words: tuple[str, ...], said: str) -> None:
    done = shelftree("review", *words, *HERE)

    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err


def test_an_empty_queue_says_what_to_do(shelftree: Shelftree, model: Path) -> None:
    assert shelftree("classify", "--model", model, "--precision", 0.5, *HERE).code == 0

    done = shelftree("review", "list", "--catalog", "shop", "--taxonomy", "home")

    assert "shelftree classify --catalog shop --taxonomy home" in done.out


def test_a_database_that_is_away_is_said_in_one_sentence(
    shelftree: Shelftree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELFTREE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")

    done = shelftree("review", "list", *HERE)

    assert done.code == 1
    assert "Traceback" not in done.err
    assert done.err.count("\n") <= 2
