"""Every command on a small shop: what it does, what it says, and how it refuses."""

import csv
import socket
from pathlib import Path

import pytest

from tests.command import Shelftree
from tests.garden import KINDS
from tests.tiny_bert import write_tiny_bert


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Products (12 of each kind), a table of categories and queries."""
    folder = tmp_path_factory.mktemp("files")
    with (folder / "products.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["sku", "name", "category"])
        for kind, words in KINDS.items():
            top = "Kitchen" if kind == "Cups" else "Garden"
            for at in range(12):
                noun = words.split()[at % 4]
                out.writerow([f"{kind}{at}", f"{noun} number {at} {words}", f"{top} > {kind}"])
    (folder / "tree.csv").write_text(
        "category_path\n" + "".join(f"{'Kitchen' if k == 'Cups' else 'Garden'} > {k}\n" for k in KINDS)
    )
    (folder / "queries.csv").write_text("query,category_path\nspade,Garden > Tools\nmug,Kitchen > Cups\n")
    (folder / "judged.csv").write_text(
        "query,product_id,title,relevance\nmug,1,blue mug,3\nmug,2,garden spade,1\nmug,3,mug tree,2\n"
    )
    words = [*" ".join(KINDS.values()).split(), "number", *["garden", "kitchen", "tools", "seeds", "cups"]]
    write_tiny_bert(folder / "tiny", words)
    return folder


@pytest.fixture
def shelftree(shelftree: Shelftree, files: Path, monkeypatch: pytest.MonkeyPatch) -> Shelftree:
    """The command beside the files, with an encoder that knows their words."""
    monkeypatch.setenv("SHELFTREE_BASE_MODEL", str(files / "tiny"))
    monkeypatch.chdir(files)
    return shelftree


@pytest.fixture(scope="module")
def model(files: Path, home: Path) -> Path:
    """A model trained on the small shop, once."""
    from ingest.readers import open_catalog
    from ingest.train.finetune import finetune

    finetune(
        open_catalog(files / "products.csv"),
        out=files / "model",
        base=files / "tiny",
        device="cpu",
        cache=home / "cache",
    )
    return files / "model"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_help_names_every_command(shelftree: Shelftree) -> None:
    done = shelftree("--help")

    assert done.code == 0
    commands = "demo train evaluate classify build route rerank search ui serve db catalog taxonomy bench"
    assert all(name in done.out for name in commands.split())


def test_a_catalogue_is_imported_and_updated(shelftree: Shelftree) -> None:
    first = shelftree("catalog", "import", "products.csv", "--name", "shop", "--json")
    again = shelftree("catalog", "import", "products.csv", "--name", "shop", "--json")

    assert first.json == {
        "read": 36, "accepted": 36, "rejected": 0, "new": 36, "changed": 0, "unchanged": 0, "retired": 0,
    }  # fmt: skip
    assert (again.json["new"], again.json["unchanged"]) == (0, 36)


def test_rejected_rows_are_written_down(shelftree: Shelftree, files: Path) -> None:
    (files / "bad.csv").write_text("id,title\n1,Spade\n2,\n1,Rake\n")

    done = shelftree("catalog", "import", "bad.csv", "--name", "bad", "--rejects", "refused.csv", "--json")

    assert (done.json["accepted"], done.json["rejected"]) == (1, 2)
    assert [row["line"] for row in rows(files / "refused.csv")] == ["3", "4"]


def test_map_says_which_column_is_the_title(shelftree: Shelftree, files: Path) -> None:
    (files / "odd.csv").write_text("nr,bezeichnung\n1,Spaten\n")

    plain = shelftree("catalog", "import", "odd.csv", "--name", "odd")
    mapped = shelftree(
        "catalog", "import", "odd.csv", "--name", "odd", "--map", "title=bezeichnung", "--json"
    )
    broken = shelftree("catalog", "import", "odd.csv", "--name", "odd", "--map", "title")

    assert (plain.code, mapped.code, broken.code) == (2, 0, 2)
    assert "--map title=" in plain.err
    assert mapped.json["accepted"] == 1


@pytest.mark.parametrize(
    "words",
    [
        ["build", "odd.csv", "--out", "o.csv"],
        ["classify", "odd.csv", "--model", "MODEL", "--out", "o.csv"],
        ["evaluate", "odd.csv", "--model", "MODEL"],
        ["train", "odd.csv", "--out", "odd-model", "--epochs", "1"],
        ["search", "--products", "odd.csv", "--queries", "queries.csv", "--out", "o.csv"],
    ],
    ids=lambda words: words[0],
)
def test_every_command_on_products_takes_a_map(
    shelftree: Shelftree, files: Path, model: Path, words: list[str]
) -> None:
    (files / "odd.csv").write_text(
        "nr,bezeichnung,category\n" + "".join(f"{at},spade {at},Garden > Tools\n" for at in range(4))
        + "".join(f"9{at},mug {at},Kitchen > Cups\n" for at in range(4))
    )  # fmt: skip
    words = [str(model) if word == "MODEL" else word for word in words]

    plain, mapped = shelftree(*words), shelftree(*words, "--map", "title=bezeichnung")

    assert (plain.code, mapped.code) == (2, 0), mapped.err


def test_products_can_be_placed_by_their_own_category(shelftree: Shelftree) -> None:
    shelftree("taxonomy", "import", "tree.csv", "--name", "own")

    done = shelftree("catalog", "import", "products.csv", "--name", "shop", "--taxonomy", "own", "--json")

    assert (done.json["placed"], done.json["unknown_category"]) == (36, 0)


def test_a_taxonomy_is_published_unless_it_is_a_draft(shelftree: Shelftree) -> None:
    published = shelftree("taxonomy", "import", "tree.csv", "--name", "one", "--json")
    draft = shelftree("taxonomy", "import", "tree.csv", "--name", "two", "--draft", "--json")
    refused = shelftree("route", "spade", "--taxonomy", "two")

    assert published.json["release"] is not None
    assert draft.json["release"] is None
    assert refused.code == 2
    assert "taxonomy publish --name two" in refused.err


def test_the_tree_is_shown_to_the_depth_asked_for(shelftree: Shelftree) -> None:
    shelftree("taxonomy", "import", "tree.csv", "--name", "deep")

    whole, top = (shelftree("taxonomy", "show", "--name", "deep", "--depth", depth) for depth in (3, 1))

    assert "  Tools" in whole.out
    assert "Tools" not in top.out


def test_an_exported_taxonomy_imports_as_the_same_tree(shelftree: Shelftree) -> None:
    shelftree("taxonomy", "import", "tree.csv", "--name", "there")
    shelftree("taxonomy", "export", "out.tsv", "--name", "there")
    shelftree("taxonomy", "import", "out.tsv", "--name", "back")

    there, back = (shelftree("taxonomy", "show", "--name", name, "--json") for name in ("there", "back"))

    assert list(there.json["nodes"].values()) == list(back.json["nodes"].values())  # type: ignore[attr-defined]


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_a_taxonomy_may_be_json_lines_or_parquet(shelftree: Shelftree, files: Path, ending: str) -> None:
    from ingest.readers import write_table

    paths = [row["category_path"] for row in rows(files / "tree.csv")]
    write_table(files / f"tree.{ending}", ["category_path"], [(path,) for path in paths])

    done = shelftree("taxonomy", "import", f"tree.{ending}", "--name", f"own-{ending}", "--json")
    routed = shelftree("route", "spade tools", "--tree", f"tree.{ending}", "--json")

    assert done.json["read"] == 3
    assert routed.json["ranked"][0]["category_path"] == "Garden > Tools"  # type: ignore[index]


def test_a_build_is_proposed_applied_and_reverted(shelftree: Shelftree) -> None:
    shelftree("catalog", "import", "products.csv", "--name", "shop")
    proposed = shelftree("build", "--catalog", "shop", "--taxonomy", "built", "--json")
    change = proposed.json["change_set"]

    applied = shelftree("taxonomy", "apply", change, "--json")
    log = shelftree("taxonomy", "log", "--name", "built", "--limit", 1, "--json")
    reverted = shelftree("taxonomy", "revert", change, "--json")
    twice = shelftree("taxonomy", "revert", change)

    assert applied.json["state"] == "applied"
    assert [one["id"] for one in log.json["changes"]] == [change]  # type: ignore[attr-defined]
    assert reverted.code == 0
    assert (twice.code, "reverted" in twice.err) == (2, True)


def test_a_proposal_can_be_rejected(shelftree: Shelftree) -> None:
    shelftree("catalog", "import", "products.csv", "--name", "shop")
    proposed = shelftree("build", "--catalog", "shop", "--taxonomy", "maybe", "--json")

    done = shelftree("taxonomy", "reject", proposed.json["change_set"], "--json")

    assert done.json["state"] == "rejected"


def test_build_writes_a_row_a_product_and_the_same_tree_for_the_same_seed(
    shelftree: Shelftree, files: Path
) -> None:
    for name in ("a", "b"):
        shelftree(
            "build", "products.csv", "--out", f"{name}.csv", "--tree", f"{name}.json", "--random-seed", 3
        )

    assert len(rows(files / "a.csv")) == 36
    assert (files / "a.json").read_bytes() == (files / "b.json").read_bytes()


def test_build_keeps_to_the_shape_asked_for(shelftree: Shelftree, files: Path) -> None:
    shelftree("build", "products.csv", "--out", "flat.csv", "--depth", 1, "--min-size", 4)
    shelftree("build", "products.csv", "--out", "few.csv", "--min-size", 30)

    flat, few = ({row["category_path"] for row in rows(files / name)} for name in ("flat.csv", "few.csv"))
    assert not any(" > " in path for path in flat)
    assert len(few) < len(flat)


def test_train_evaluate_and_classify(shelftree: Shelftree, files: Path) -> None:
    trained = shelftree("train", "products.csv", "--out", "trained", "--epochs", 2, "--json")
    figures = shelftree("evaluate", "products.csv", "--model", "trained", "--report", "report", "--json")
    done = shelftree("classify", "products.csv", "--model", "trained", "--out", "classified.csv", "--json")

    assert (trained.code, trained.json["n_terminals"], done.json["classified"]) == (0, 3, 36)
    assert set(figures.json["leaf"]) >= {"leaf_accuracy", "precision", "recall", "f1", "level_accuracy"}  # type: ignore[call-overload]
    assert (files / "report" / "classify.json").is_file()
    assert figures.json["learnt"] == 36  # the file says nothing of a split
    assert list(rows(files / "classified.csv")[0]) == [
        "product_id", "category_path", "probability", "decision", "leaf_path", "leaf_probability",
    ]  # fmt: skip


def test_nothing_held_out_is_more_learnt_and_nothing_promised(shelftree: Shelftree, files: Path) -> None:
    words = ["train", "products.csv", "--epochs", 1, "--json"]
    usual = shelftree(*words, "--out", "usual")
    whole = shelftree(*words, "--hold-out", 0, "--out", "whole")
    assert usual.json["n_calibration"] > whole.json["n_calibration"] == 0
    assert whole.json["n_train"] == 36
    done = shelftree("classify", "products.csv", "--model", "whole", "--out", "classified.csv", "--json")
    assert (done.code, done.json["vouched_for"], done.json["review"]) == (0, False, 36)


def test_a_higher_precision_gives_fewer_or_shallower_categories(
    shelftree: Shelftree, files: Path, model: Path
) -> None:
    for precision in ("0.5", "0.999"):
        shelftree(
            "classify",
            "products.csv",
            "--model",
            model,
            "--precision",
            precision,
            "--out",
            f"{precision}.csv",
        )

    bold, shy = (
        sum(row["category_path"].count(">") + bool(row["category_path"]) for row in rows(files / f"{p}.csv"))
        for p in ("0.5", "0.999")
    )
    assert shy <= bold
    assert bold > 0


def test_classified_products_go_to_the_store(shelftree: Shelftree, model: Path) -> None:
    shelftree("catalog", "import", "products.csv", "--name", "shop")
    shelftree("taxonomy", "import", "tree.csv", "--name", "learnt")
    shelftree("train", "--catalog", "shop", "--taxonomy", "learnt", "--out", "stored", "--epochs", 3)

    done = shelftree(
        "classify",
        "--catalog",
        "shop",
        "--taxonomy",
        "learnt",
        "--model",
        "stored",
        "--precision",
        "0.5",
        "--json",
    )

    published = shelftree("taxonomy", "publish", "--name", "learnt", "--model", "stored", "--json")

    assert (done.code, done.json["classified"]) == (0, 36)
    assert published.json["model"]


def test_a_model_of_another_tree_cannot_be_published(shelftree: Shelftree, files: Path, model: Path) -> None:
    (files / "other.csv").write_text("category_path\nShoes > Boots\n")
    shelftree("taxonomy", "import", "other.csv", "--name", "other")

    done = shelftree("taxonomy", "publish", "--name", "other", "--model", model)

    assert done.code == 2
    assert "trained on another tree" in done.err


def test_route_answers_one_query_and_a_file_of_them(shelftree: Shelftree, files: Path, model: Path) -> None:
    one = shelftree("route", "spade tools", "--tree", "tree.csv", "--top", 2, "--json")
    many = shelftree(
        "route", "--queries", "queries.csv", "--tree", "tree.csv", "--out", "routed.csv", "--top", 2
    )
    learnt = shelftree("route", "spade rake", "--tree", "tree.csv", "--model", model, "--json")

    assert one.json["ranked"][0]["category_path"] == "Garden > Tools"  # type: ignore[index]
    assert many.code == 0
    assert list(rows(files / "routed.csv")[0]) == ["query", "rank", "category_path", "probability", "intent"]
    assert len(rows(files / "routed.csv")) == 4
    assert learnt.json["ranked"][0]["category_path"] == "Garden > Tools"  # type: ignore[index]


def test_a_built_tree_can_be_routed_over(shelftree: Shelftree) -> None:
    shelftree("build", "products.csv", "--out", "placed.csv", "--tree", "built.json")

    done = shelftree("route", "mug", "--tree", "built.json", "--json")

    assert done.code == 0


def test_rerank_and_search_write_scores(shelftree: Shelftree, files: Path, model: Path) -> None:
    ranked = shelftree("rerank", "judged.csv", "--model", model, "--out", "ranked.csv")
    found = shelftree(
        "search", "--products", "products.csv", "--queries", "queries.csv", "--out", "found.csv", "--top", 3
    )

    assert (ranked.code, found.code) == (0, 0)
    assert list(rows(files / "ranked.csv")[0]) == ["query", "product_id", "score", "why"]
    assert rows(files / "ranked.csv")[-1]["product_id"] == "2"
    assert [row["rank"] for row in rows(files / "found.csv")] == ["1", "2", "3"] * 2


def test_routing_and_reranking_are_evaluated(shelftree: Shelftree) -> None:
    routed = shelftree("evaluate", "queries.csv", "--task", "route", "--tree", "tree.csv", "--json")
    reranked = shelftree("evaluate", "judged.csv", "--task", "rerank", "--json")

    assert routed.json["n_queries"] == 2
    assert reranked.json["n_queries"] == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["catalog", "import", "nowhere.csv", "--name", "x"], "nowhere.csv"),
        (["classify", "products.csv", "--model", "nowhere", "--out", "o.csv"], "nowhere"),
        (["classify", "products.csv", "--model", "model"], "--out"),
        (["train", "--out", "m"], "--catalog"),
        (["train", "--catalog", "nowhere", "--out", "m"], "nowhere"),
        (["train", "tree.csv", "--out", "m"], "tree.csv"),
        (["evaluate", "products.csv"], "--model"),
        (["route"], "--queries"),
        (["route", "x", "--tree", "nowhere.csv"], "nowhere.csv"),
        (["route", "x"], "--tree"),
        (["rerank", "products.csv", "--out", "o.csv"], "query"),
        (["taxonomy", "import", "products.csv", "--name", "Bad Name!"], "Bad Name!"),
        (["taxonomy", "log", "--name", "nowhere"], "nowhere"),
        (["taxonomy", "apply", "nowhere"], "nowhere"),
        (["build", "products.csv"], "--out"),
        (["build", "products.csv", "--out", "o.csv", "--depth", "0"], "depth"),
        (["db", "restore", "nowhere.zip", "--yes"], "nowhere.zip"),
        (["db", "restore", "nowhere.zip"], "nowhere.zip: cannot be read"),
        (["nonsense"], "nonsense"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_mistake_gets_one_clear_error(shelftree: Shelftree, words: list[str], says: str) -> None:
    done = shelftree(*words)

    assert done.code in (1, 2)
    assert says in done.err
    assert "Traceback" not in done.err + done.out


@pytest.mark.parametrize("service", ["ui", "serve"])
def test_a_port_in_use_is_named(shelftree: Shelftree, service: str) -> None:
    with socket.create_server(("localhost", 0)) as taken:
        port = taken.getsockname()[1]

        done = shelftree(service, "--port", port)

    assert done.code == 2
    assert f"port {port}" in done.err


def test_the_database_is_backed_up_restored_and_stopped(shelftree: Shelftree, files: Path) -> None:
    shelftree("catalog", "import", "products.csv", "--name", "kept")
    shelftree("db", "backup", "all.backup")
    shelftree("catalog", "import", "products.csv", "--name", "lost")

    shelftree("db", "restore", "all.backup", "--yes")
    names = shelftree("catalog", "list", "--json").json
    down = shelftree("db", "down", "--json")
    up = shelftree("db", "up", "--json")

    assert "kept" in names
    assert "lost" not in names
    assert (down.json["state"], up.json["state"], up.json["up_to_date"]) == ("stopped", "running", True)


def test_migrating_down_and_up_again_leaves_an_empty_store(shelftree: Shelftree) -> None:
    down = shelftree("db", "migrate", "--down-to", "base", "--json")
    up = shelftree("db", "migrate", "--json")

    assert (down.json["up_to_date"], up.json["up_to_date"]) == (False, True)
    assert shelftree("catalog", "list", "--json").json == {}


def test_the_bench_puts_each_part_beside_its_peers(shelftree: Shelftree, files: Path, model: Path) -> None:
    with (files / "split.csv").open("w") as file:
        file.write("id,title,category,split\n")
        for at, row in enumerate(rows(files / "products.csv")):
            file.write(
                f"{row['sku']},{row['name']},{row['category']},{'valid' if at % 4 == 0 else 'train'}\n"
            )

    words = ["bench", "classify", "split.csv", "--model", model, "--peers", "tfidf,hiclass", "--speed"]
    classify = shelftree(*words, "--titles", 20, "--json")
    of_build = ["bench", "build", "--data", "products.csv", "--peers", "k-means,pca", "--json"]
    build, fewer = shelftree(*of_build), shelftree(*of_build, "--sample", 12)
    route = shelftree("bench", "route", "--data", "queries.csv", "--tree", "tree.csv", "--json")
    rerank = shelftree("bench", "rerank", "--data", "judged.csv", "--json")

    names = [set(done.json["rows"]) for done in (classify, build, route, rerank)]  # type: ignore[call-overload]
    assert names == [
        {
            "TF-IDF + LinearSVC", "hiclass, SVM per parent", "Shelftree", "cross-fitted",
            "Shelftree int8", "sentence-transformers f32",
        },
        {"Shelftree", "k-means + Ward, true k", "PCA + HDBSCAN"},
        {"BM25 over paths", "vectors alone", "Shelftree"},
        {"BM25", "cosine", "Shelftree"},
    ]  # fmt: skip
    assert build.json["rows"]["Shelftree"] != fewer.json["rows"]["Shelftree"]  # type: ignore[index]


def test_a_bench_without_what_it_needs_says_so(shelftree: Shelftree) -> None:
    done = shelftree("bench", "route", "--data", "queries.csv")

    assert (done.code, "--tree" in done.err) == (2, True)
