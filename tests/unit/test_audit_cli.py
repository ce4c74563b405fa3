"""`shelftree taxonomy lint` and `shelftree bench audit`, as a user has them."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from taxonomy.changes import State
from taxonomy.ports import Floats
from taxonomy.product import Assignment, Product, ProductId, Source
from taxonomy.product import Path as CategoryPath
from taxonomy.tree import Tree
from tests.command import Outcome, Shelftree
from tests.fakes import FakeUnitOfWork
from ui.wiring import App

BRANDS = ("Acorn", "Birchly", "Cedarex", "Dunex")


@pytest.fixture
def shelftree(command: Shelftree, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shelftree:
    """The command in a folder with products below a brand node, and the clean tree."""
    monkeypatch.chdir(tmp_path)
    rows = [
        (
            f"{kind}{at}",
            f"{BRANDS[at % 4]} soft {kind.lower()} {at}",
            kind,
            BRANDS[at % 4] if at % 4 == 0 else "",
        )
        for kind in ("Tops", "Boots")
        for at in range(12)
    ]
    with Path("products.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["product_id", "title", "raw", "clean"])
        for product_id, title, kind, brand in rows:
            raw = f"Clothing > {kind} > {brand} {kind}" if brand and kind == "Tops" else f"Clothing > {kind}"
            out.writerow([product_id, title, raw, f"Clothing > {kind}"])
    Path("tree.csv").write_text(
        "category_path\nClothing > Tops\nClothing > Tops > Acorn Tops\nClothing > Boots;\n"
    )
    return command


def keep(store: FakeUnitOfWork, name: str, *paths: CategoryPath) -> Tree:
    """The tree of these paths, in the store under a name."""
    store.trees.save(name, store.trees.create(name), Tree.from_paths(paths))
    return store.trees.head(name)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, shelftree: Shelftree) -> FakeUnitOfWork:
    """A store in memory with the tree under the name own and products in its brand node."""
    store = FakeUnitOfWork()
    with store:
        tree = keep(store, "own", ("Clothing", "Tops", "Acorn Tops"), ("Clothing", "Boots;"))
        for shop in ("shop", "other"):
            store.catalogs.create(shop)
        mark = store.catalogs.begin_import("shop", "digest")
        with Path("products.csv").open() as file:
            rows = list(csv.DictReader(file))
        store.catalogs.upsert(
            "shop", mark, [Product(ProductId(row["product_id"]), row["title"]) for row in rows]
        )
        places = {row["product_id"]: row["raw"].replace("Boots", "Boots;") for row in rows}
        found = {one: tree.find(tuple(path.split(" > "))) for one, path in places.items()}
        placed = [
            Assignment(ProductId(one), at, source=Source.IMPORT)
            for one, at in found.items()
            if at is not None
        ]
        store.assignments.write("shop", "own", placed)
        store.commit()
    monkeypatch.setattr(App, "uow", lambda self: store)
    return store


def kinds(done: Outcome) -> dict[str, int]:
    return dict(done.json["by_kind"])  # type: ignore[call-overload, no-any-return]


def test_a_file_of_products_is_audited_with_its_own_tree(shelftree: Shelftree) -> None:
    done = shelftree("taxonomy", "lint", "products.csv", "--map", "category_path=raw", "--by-words", "--json")

    assert done.code == 0, done.err
    assert (done.json["nodes"], done.json["products"]) == (4, 24)
    assert kinds(done)["brand"] == 1


def test_a_file_of_categories_is_audited_by_its_names(shelftree: Shelftree) -> None:
    assert kinds(shelftree("taxonomy", "lint", "tree.csv", "--json")) == {"label": 1, "single": 1}


def test_products_from_another_file_are_placed_by_their_category(shelftree: Shelftree) -> None:
    words = ["taxonomy", "lint", "tree.csv", "--products", "products.csv", "--by-words", "--json"]

    done, nowhere = (
        shelftree(*words, "--map", f"category_path={column}") for column in ("raw", "product_id")
    )

    assert kinds(done)["brand"] == 1
    assert nowhere.code == 2
    assert "--map category_path" in nowhere.err


def test_kind_narrows_the_search(shelftree: Shelftree) -> None:
    assert kinds(shelftree("taxonomy", "lint", "tree.csv", "--kind", "label", "--json")) == {"label": 1}


@pytest.mark.parametrize(
    ("option", "value", "kind"),
    [
        ("--max-products", "5", "overfull"),
        ("--max-children", "2", "overfull"),
        ("--min-products", "3", "overlap"),
    ],
)
def test_limits_can_be_chosen(shelftree: Shelftree, option: str, value: str, kind: str) -> None:
    Path("more.csv").write_text(
        "id,title,category_path\n"
        + "".join(f"{at},{BRANDS[at % 4]} soft thing {at},Things > Group {at % 3}\n" for at in range(18))
    )
    words = ["taxonomy", "lint", "more.csv", "--by-words", "--json"]

    assert kind not in kinds(shelftree(*words))
    assert kind in kinds(shelftree(*words, option, value))


def test_findings_are_written_one_a_row(shelftree: Shelftree) -> None:
    shelftree("taxonomy", "lint", "tree.csv", "--out", "found.csv")

    with Path("found.csv").open() as file:
        rows = {row["kind"]: row for row in csv.DictReader(file)}
    assert rows["label"]["category_path"] == "Clothing > Boots;"
    assert json.loads(rows["label"]["edits"])[0]["name"] == "Boots"


def test_people_are_shown_as_many_findings_as_they_ask_for(shelftree: Shelftree) -> None:
    some, none = (shelftree("taxonomy", "lint", "tree.csv", "--show", n).out for n in ("1", "0"))

    assert "'Boots' would do" in some
    assert "label: 1" in none
    assert "would do" not in none


def test_a_stored_tree_is_audited_with_the_catalogue_that_stands_in_it(
    shelftree: Shelftree, store: FakeUnitOfWork
) -> None:
    done = shelftree("taxonomy", "lint", "own", "--by-words", "--json")

    assert done.json["products"] == 24
    assert kinds(done)["brand"] == 1
    assert store.changes.log("own", state=State.PROPOSED) == []


def test_a_change_set_a_kind_is_proposed_and_can_be_accepted(
    shelftree: Shelftree, store: FakeUnitOfWork
) -> None:
    done = shelftree("taxonomy", "lint", "own", "--by-words", "--propose", "--json")
    proposed = store.changes.log("own", state=State.PROPOSED)

    accepted = [shelftree("taxonomy", "apply", change.id).code for change in proposed]

    assert {(one.author, one.source.value) for one in proposed} == {("audit", "audit")}
    assert len(proposed) == len(done.json["change_sets"]) > 1  # type: ignore[arg-type]
    assert accepted == [0] * len(proposed)
    assert "Acorn Tops" not in {node.name for node in store.trees.head("own").nodes.values()}


def test_a_change_set_for_each_finding_is_proposed_on_demand(
    shelftree: Shelftree, store: FakeUnitOfWork
) -> None:
    with store:
        keep(store, "flat", ("Tops;",), ("Boots;",), ("Hats",))
        store.commit()

    shelftree("taxonomy", "lint", "flat", "--propose")
    together = store.changes.log("flat", state=State.PROPOSED)
    shelftree("taxonomy", "lint", "flat", "--propose", "--each")

    assert len(together) == 1
    assert len(store.changes.log("flat", state=State.PROPOSED)) == 3


def test_products_of_two_catalogues_have_to_be_told_apart(
    shelftree: Shelftree, store: FakeUnitOfWork
) -> None:
    with store:
        mark = store.catalogs.begin_import("other", "digest")
        store.catalogs.upsert("other", mark, [Product(ProductId("1"), "Acorn top")])
        node_id = next(iter(store.trees.head("own").leaves()))
        store.assignments.write("other", "own", [Assignment(ProductId("1"), node_id, source=Source.IMPORT)])
        store.commit()

    unsaid = shelftree("taxonomy", "lint", "own", "--by-words")
    said = shelftree("taxonomy", "lint", "own", "--by-words", "--catalog", "other", "--json")

    assert unsaid.code == 2
    assert "--catalog" in unsaid.err
    assert said.json["products"] == 1


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["tree.csv", "--propose"], "import the file first"),
        (["own", "--products", "products.csv", "--map", "category_path=raw", "--propose"], "import them"),
        (["own", "--products", "products.csv", "--catalog", "shop"], "not both"),
        (["tree.csv", "--catalog", "shop"], "--products"),
        (["products.csv", "--map", "category_path=nowhere"], "nowhere"),
    ],
)
def test_misuse_is_said_in_one_line(
    shelftree: Shelftree, store: FakeUnitOfWork, words: list[str], hint: str
) -> None:
    done = shelftree("taxonomy", "lint", *words)

    assert done.code == 2
    assert hint in done.err


def test_the_encoder_is_asked_unless_words_are_to_do(
    shelftree: Shelftree, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    class Encoder:
        def encode(self, texts: list[str], *, progress: object) -> Floats:
            asked.append(len(texts))
            return np.ones((len(texts), 1), np.float32)

    monkeypatch.setattr(App, "encoder", Encoder())

    shelftree("taxonomy", "lint", "products.csv", "--map", "category_path=raw", "--by-words")
    assert asked == []
    shelftree("taxonomy", "lint", "products.csv", "--map", "category_path=raw")
    assert asked


def test_the_bench_scores_the_audit_beside_counting(shelftree: Shelftree) -> None:
    words = ["bench", "audit", "--data", "products.csv", "--raw-column", "raw", "--json"]

    done = shelftree(*words, "--clean-column", "clean", "--min-products", "2").json["rows"]
    fewer = shelftree(*words, "--clean-column", "clean", "--min-products", "4").json["rows"]

    assert done["audit"]["f1"] == 1.0  # type: ignore[index, call-overload]
    assert done["counts alone"]["best_limit"] == 3  # type: ignore[index, call-overload]
    assert fewer["audit"]["no_categories"] == 0  # type: ignore[index, call-overload]


def test_the_bench_plants_brands_where_there_is_no_clean_column(shelftree: Shelftree) -> None:
    with Path("products.csv").open() as file:
        read = list(csv.DictReader(file))
    with Path("branded.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["product_id", "title", "brand", "clean"])
        out.writerows(
            [row["product_id"], row["title"], row["title"].split()[0], row["clean"]] for row in read
        )
    words = ["--raw-column", "clean", "--clean-column", "", "--min-products", "1", "--json"]

    planted = shelftree("bench", "audit", "--data", "branded.csv", *words)
    brandless = shelftree("bench", "audit", "--data", "products.csv", *words)

    rows = planted.json["rows"]
    assert rows["audit, planted, brand column"]["no_categories"] > 0  # type: ignore[index, call-overload]
    assert rows["audit, nothing planted"]["no_categories"] == 0  # type: ignore[index, call-overload]
    assert brandless.code == 2


def test_the_bench_shows_as_many_disagreements_as_asked_for(shelftree: Shelftree) -> None:
    renamed = Path("products.csv").read_text().replace("\r", "")
    for kind in ("Tops", "Boots"):  # in the last column alone
        renamed = renamed.replace(f",Clothing > {kind}\n", ",Elsewhere\n")
    Path("other.csv").write_text(renamed)
    words = ["bench", "audit", "--data", "other.csv", "--raw-column", "raw", "--clean-column", "clean"]

    all_, one = (shelftree(*words, "--min-products", "4", "--sample", n).err for n in ("0", "1"))

    assert (all_.count("label:"), one.count("label:")) == (3, 1)
