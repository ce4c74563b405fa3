"""`shelftree bench build`, `rebuild`, `seeded` and `scale`: figures follow what they are said to."""

import csv
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.cluster import keep
from ingest.cluster.reduce import unit
from ingest.evaluate import build_rebuild
from ingest.evaluate.build_fresh import Killed, Spent, fresh
from ingest.evaluate.build_gaps import found_paths, halves, refind
from ingest.evaluate.build_kept import Kept
from ingest.evaluate.build_peers import Case, Peer, run_peer
from ingest.evaluate.build_rebuild import rerun
from ingest.evaluate.build_scale import COPY_COSINE, grow
from taxonomy.errors import InputError
from taxonomy.ports import Floats
from taxonomy.product import Path as Category
from taxonomy.product import Product, ProductId
from tests.command import Outcome, Shelftree
from tests.tiny_bert import write_tiny_bert
from ui.cli import bench_build, bench_build_rebuild, bench_build_scale
from ui.cli.bench_build import parse_peers, table, unlabelled

GOODS = {
    "Kitchen": ["mug", "pan", "bowl"],
    "Home": ["chair", "rug", "lamp"],
    "Garden": ["rake", "hose", "spade"],
}
LOOKS = ["red", "blue", "green", "small", "large", "old"]


def shop(n: int = 20, spread: float = 0.05) -> tuple[list[Product], Floats]:
    """Nine categories in three departments, and vectors that lie as these do."""
    rng = np.random.default_rng(1)
    products, rows = [], []
    for top, (department, goods) in enumerate(GOODS.items()):
        for own, word in enumerate(goods):
            for at in range(n):
                look = " ".join(LOOKS[(at + step) % len(LOOKS)] for step in range(2))
                title, path = f"{look} {word}", (department, word.title())
                products.append(Product(ProductId(f"{word}{at}"), title, category_path=path))
                middle = np.zeros(12)
                middle[top], middle[3 + 3 * top + own] = 1, 0.8
                rows.append(middle + rng.normal(0, spread, 12))
    vectors = np.array(rows, np.float32)
    return products, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def encode(texts: Sequence[str]) -> Floats:
    """A word's place in the space of `shop`; looks mean nothing."""
    rows = np.full((len(texts), 12), 1e-3, np.float32)
    for row, text in enumerate(texts):
        for top, goods in enumerate(GOODS.values()):
            for own, word in enumerate(goods):
                if word in text.casefold():
                    rows[row, [top, 3 + 3 * top + own]] += (1, 0.8)
    return unit(rows)


def test_a_rebuild_keeps_ids_that_a_fresh_build_loses() -> None:
    products, vectors = shop(spread=0.15)
    found = rerun(products, vectors, encode=encode)
    assert found.kept.ids_kept >= 0.95
    assert found.kept.ids_kept > found.afresh.ids_kept == 0
    assert found.afresh.matched > 0  # the sets are there, under other ids
    assert found.kept.locked_kept == 1 > found.afresh.locked_kept


def test_what_arrives_and_what_is_locked_are_the_shares_asked_for() -> None:
    products, vectors = shop()
    few, many = (rerun(products, vectors, arriving=at, locked=at) for at in (0.1, 0.5))
    assert (few.n_arrived, many.n_arrived) == (18, 90)
    assert few.n_locked < many.n_locked


def test_another_seed_takes_other_products_and_gives_another_tree() -> None:
    products, vectors = shop()
    one, again, other = (rerun(products, vectors, seed=seed).digest for seed in (0, 0, 1))
    assert one == again != other


def test_arrivals_are_placed_by_kind_and_those_of_another_catalogue_are_said_to_drift() -> None:
    products, vectors = shop(n=60, spread=0.15)
    strange = unit(np.random.default_rng(3).normal(size=(200, 12)))
    found = rerun(products, vectors, arriving=0.2, encode=encode, others=strange).placing
    assert found.right > 0.8
    assert found.right_built > 0.8
    assert found.drift == 0
    assert found.drift_of_others == 1
    assert rerun(products, vectors, encode=encode).placing.drift_of_others is None


def test_churn_goes_to_the_rebuild(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []
    plain = keep.rebuild

    def listening(*words: Any, churn: float, **more: Any) -> Any:
        seen.append(churn)
        return plain(*words, churn=churn, **more)

    monkeypatch.setattr(build_rebuild, "rebuild", listening)
    rerun(*shop(), churn=0.03)
    assert seen == [0.03]


def test_a_seeded_build_finds_categories_that_it_was_not_shown() -> None:
    products, vectors = shop()
    gaps = refind(products, vectors, encode=encode)
    assert gaps.n_left_out == 5  # of nine; half is rounded down
    assert gaps.seeded.found > 0
    assert gaps.k_means.found > 0
    assert (gaps.n_small, gaps.n_large) == (0, 5)
    fewer = refind(products, vectors, encode=encode, share=0.9)
    assert fewer.n_left_out == 1


def test_what_a_seeded_build_is_not_shown_is_looked_for_in_its_own_category() -> None:
    products, vectors = shop()
    none, all_but = (refind(products, vectors, encode=encode, examples=share) for share in (1.0, 0.5))
    assert asdict(none.filled) == {"own": 0, "other": 0, "proposed": 0, "nowhere": 0}
    assert all_but.filled.own > 0.8
    assert sum(asdict(all_but.filled).values()) == pytest.approx(1)


def test_categories_too_small_for_a_leaf_are_counted_apart() -> None:
    products, vectors = shop()
    by_kind = Counter[Category]()
    few = []
    for at, one in enumerate(products):
        by_kind[one.category_path] += 1
        if one.category_path != ("Garden", "Spade") or by_kind[one.category_path] <= 2:
            few.append(at)
    _, left_out = halves([one.category_path for one in products], seed=1)
    assert ("Garden", "Spade") in left_out
    gaps = refind([products[at] for at in few], vectors[few], encode=encode, seed=1)
    assert gaps.n_small == 1
    assert gaps.n_left_out == 5


def test_a_category_is_found_where_a_group_has_its_majority_and_half_of_both() -> None:
    truth = [("a",)] * 4 + [("b",)] * 4
    counts: dict[Category, int] = {("a",): 4, ("b",): 4}
    assert found_paths(counts, truth, [np.array([0, 1, 2, 4])]) == {("a",)}
    assert found_paths(counts, truth, [np.array([0])]) == frozenset()
    assert found_paths(counts, truth, [np.arange(8)]) == frozenset()
    assert found_paths({("b",): 4}, truth, [np.array([0, 1, 2, 3])]) == frozenset()


def test_other_seeds_leave_out_other_categories() -> None:
    truth: list[Category] = [(str(at),) for at in range(20)]
    assert halves(truth, seed=0) != halves(truth, seed=1)
    shown, left = halves(truth)
    assert sorted([*shown, *left]) == sorted(truth)


def test_copies_lie_about_as_far_from_their_source_as_is_said() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((40, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    products = [Product(ProductId(str(at)), str(at), category_path=(str(at),)) for at in range(40)]
    grown = grow(products, vectors, 100)
    sources = [int(one.title) for one in grown.products[40:]]
    cosines = (grown.vectors[40:] * vectors[sources]).sum(axis=1)
    assert cosines.mean() == pytest.approx(COPY_COSINE, abs=0.01)
    assert (grown.n_real, len({one.id for one in grown.products})) == (40, 100)
    assert grow(products, vectors, 100, seed=1).products != grown.products


def test_a_catalogue_that_is_large_enough_is_only_sampled() -> None:
    products, vectors = shop()
    grown = grow(products, vectors, 50)
    known = {one.id for one in products}
    assert (grown.n_real, len({one.id for one in grown.products} & known)) == (50, 50)


def test_labels_are_hidden_from_builds() -> None:
    assert not any(one.category_path for one in unlabelled(shop()[0]))


@pytest.mark.parametrize("peer", [Peer.K_MEANS, Peer.PCA])
def test_a_peer_finds_plain_groups(peer: Peer) -> None:
    products, vectors = shop()
    found = run_peer(peer, Case(tuple(one.title for one in products), vectors, (3, 9)))
    truth = [one.category_path[1] for one in products]
    assert len(set(zip(found.leaves.tolist(), truth, strict=True))) == 9


def test_peers_are_told_by_name() -> None:
    assert parse_peers("umap, evoc,umap") == [Peer.UMAP, Peer.EVOC]
    assert parse_peers("") == []
    with pytest.raises(InputError, match="magic: no such peer; there are bertopic"):
        parse_peers("magic")


def test_a_row_is_computed_once_for_one_input(tmp_path: Path) -> None:
    vectors = np.eye(2, dtype=np.float32)
    seen: list[int] = []

    def compute() -> dict[str, float]:
        seen.append(1)
        return {"ami": 0.5}

    for settings in (0, 0, 1):
        assert Kept(tmp_path, vectors, ["a", "b"], settings).row("ours", compute) == {"ami": 0.5}
    assert len(seen) == 2
    Kept(None, vectors, ["a", "b"], 0).row("ours", compute)
    assert len(seen) == 3


def test_work_in_a_fresh_process_gives_its_result_and_what_it_took() -> None:
    spent = fresh(partial(sorted, [2, 1]))
    assert spent.result == [1, 2]
    assert spent.peak_mb > 1


def test_waiting_costs_seconds_but_no_processor() -> None:
    spent = fresh(partial(time.sleep, 0.3))
    assert spent.cpu_s < 0.3 <= spent.seconds


def test_a_killed_process_is_said_to_be_so() -> None:
    import os

    with pytest.raises(Killed, match="memory"):
        fresh(partial(os._exit, 9))


def test_the_table_has_a_column_for_each_level() -> None:
    said = table({"ours": {"groups": 12.0, "ami_level_1": 0.5, "ami_level_2": 0.25}})
    assert "level 2" in said
    assert "0.250" in said
    assert "level 3" not in said


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    at = tmp_path_factory.mktemp("shop")
    cells = [(path, one.title) for one in shop()[0] for path in [" > ".join(one.category_path)]]
    random.Random(0).shuffle(cells)
    with (at / "products.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["product_id", "title", "category_path"])
        out.writerows([f"p{n}", title, path] for n, (path, title) in enumerate(cells))
    write_tiny_bert(at / "tiny", [word for goods in GOODS.values() for word in goods] + LOOKS)
    return at


@pytest.fixture
def shelftree(shelftree: Shelftree, monkeypatch: pytest.MonkeyPatch) -> Shelftree:
    """The command, with work done in this process: a fresh one for each way takes seconds to start."""

    def here(work: Callable[[], Any], *, warm_up: object = None) -> Spent[Any]:
        return Spent(work(), 1.0, 1.0, 1.0)

    for module in (bench_build, bench_build_rebuild, bench_build_scale):
        monkeypatch.setattr(module, "fresh", here)
    return shelftree


def rows(done: Outcome) -> Any:
    assert done.code == 0, done.err
    return done.json["rows"]


def shown_leaves(said: str) -> list[tuple[str, str, str]]:
    """Name, number of products and titles of each leaf that ``--nodes`` printed."""
    return re.findall(r"^ *(.+) \((\d+)\): (.+)$", said, re.MULTILINE)


def test_ours_stands_beside_the_peers_asked_for(shelftree: Shelftree) -> None:
    words = ["bench", "build", "products.csv", "--json"]
    found = rows(shelftree(*words, "--peers", "pca,k-means"))
    assert list(found) == ["Shelftree", "PCA + HDBSCAN", "k-means + Ward, true k"]
    figures = {f"{name}_level_{level}" for name in ("ami", "leaves", "purity", "binary") for level in (1, 2)}
    assert figures | {f"attached_{name}" for name in figures} <= set(found["PCA + HDBSCAN"])
    assert {"names", "duplicate_names", "improper_names", "noise", "seconds", "peak_mb"} < set(
        found["Shelftree"]
    )
    assert list(rows(shelftree(*words, "--peers", ""))) == ["Shelftree"]


def test_sample_seed_and_nodes_change_what_the_bench_says(shelftree: Shelftree) -> None:
    words = ["bench", "build", "products.csv", "--peers", "k-means"]
    assert shelftree(*words, "--sample", 90, "--json").json["products"] == 90
    one, two = (rows(shelftree(*words, "--seed", at, "--json"))["k-means + Ward, true k"] for at in (0, 5))
    assert one != two
    few, many = (shown_leaves(shelftree(*words, "--nodes", n).err) for n in (1, 3))
    assert (len(few), len(many)) == (1, 3)
    for name, n_products, titles in many:
        assert name
        assert len(titles.split(" | ")) == min(int(n_products), 5)


def test_what_was_measured_is_not_measured_again(shelftree: Shelftree, folder: Path) -> None:
    words = ["bench", "build", "products.csv", "--peers", "k-means", "--out", "kept", "--json"]
    first = rows(shelftree(*words))
    written = {path: path.stat().st_mtime_ns for path in (folder / "kept").iterdir()}
    assert len(written) == 2
    assert rows(shelftree(*words)) == first
    assert {path: path.stat().st_mtime_ns for path in (folder / "kept").iterdir()} == written


def test_a_rebuild_is_compared_with_a_build_afresh(shelftree: Shelftree) -> None:
    done = shelftree("bench", "rebuild", "products.csv", "--arriving", 0.2, "--locked", 0.5, "--json")
    found = rows(done)
    assert found["Shelftree, --keep"]["identical"] == 1
    assert found["Shelftree, --keep"]["ids_kept"] > found["afresh"]["ids_kept"]
    assert done.json["arrived"] == 36
    assert "drift_of_others" not in found["Shelftree, --place"]


def test_another_catalogue_is_placed_beside_arrivals(shelftree: Shelftree) -> None:
    found = rows(shelftree("bench", "rebuild", "products.csv", "--others", "products.csv", "--json"))
    assert 0 <= found["Shelftree, --place"]["drift_of_others"] <= 1


def test_a_seed_is_compared_with_no_seed(shelftree: Shelftree) -> None:
    words = ["bench", "seeded", "products.csv", "--share", 0.7, "--json"]
    done = shelftree(*words, "--epochs", 1)
    found = rows(done)
    assert list(found) == [
        "left out",
        "Shelftree, seeded",
        "Shelftree, seeded, model",
        "Shelftree, 50% examples",
        "Shelftree, no seed",
        "k-means, true k",
    ]
    assert done.json["left_out"] == found["left out"]["categories"] == 3
    more = rows(shelftree(*words, "--examples", 0.9, "--no-train"))
    assert "Shelftree, seeded, model" not in more
    assert more["Shelftree, 90% examples"] != found["Shelftree, 50% examples"]


def test_sizes_grow_past_what_is_real_and_the_peer_stops_where_told(shelftree: Shelftree) -> None:
    words = ["bench", "scale", "products.csv", "--json", "--peer-most", 0]
    found = rows(shelftree(*words, "--sizes", "100,250"))
    assert {name: row["real"] for name, row in found.items()} == {
        "Shelftree, 100": 100,
        "Shelftree, 250": 180,
    }
    assert all(0 < row["groups_cpu_s"] < row["cpu_s"] for row in found.values())
    refused = shelftree(*words, "--sizes", "many")
    assert (refused.code, "'many' is no number" in refused.err) == (2, True)
