from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.evaluate.rerank import evaluate_rerank, read_judgements
from ingest.search.reranking import Reranker, open_reranker
from ingest.search.routing import open_router
from taxonomy.errors import FileError
from taxonomy.node import NodeId
from taxonomy.ports import Floats, Progress
from taxonomy.product import ProductId
from taxonomy.redirects import Redirect
from taxonomy.search.rerank import FEATURES, RERANK_WEIGHTS, Candidate, combine, rank_scores, reasons
from taxonomy.tree import Tree

TITLES = {
    "kibble": "Dog food with chicken 10 kg",
    "small": "Dog food with chicken 2 kg",
    "bowl": "Steel bowl for dog food",
    "cat": "Cat litter",
}
CANDIDATES = [Candidate(ProductId(name), title) for name, title in TITLES.items()]
TREE = Tree.from_paths([("Pets", "Dog Food"), ("Pets", "Bowls"), ("Pets", "Cat Litter")])
NAN = float("nan")


class Meaning:
    """An encoder for which canine means dog and all else is different."""

    revision, dim = "meaning", 2

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Floats:
        dogs = [any(word in text.lower() for word in ("dog", "canine")) for text in texts]
        return np.array([[dog, not dog] for dog in dogs], dtype=np.float32).reshape(-1, 2)


def only(*names: str) -> dict[str, float]:
    return {name: weight for name, weight in RERANK_WEIGHTS.items() if name in names}


def order(reranker: Reranker, query: str, candidates: Sequence[Candidate] = CANDIDATES) -> list[str]:
    return [str(item.product_id) for item in reranker.rerank(query, candidates)]


def test_the_product_with_all_words_comes_first() -> None:
    reranker = open_reranker(TITLES.values())
    assert order(reranker, "dog food 10 kg")[0] == "kibble"
    assert order(reranker, "steel bowl")[0] == "bowl"


def test_stems_and_misspellings_count() -> None:
    assert order(open_reranker(TITLES.values()), "chiken dogs food 2 kg")[0] == "small"


def test_the_thing_named_beats_what_it_is_for() -> None:
    reranker = open_reranker(TITLES.values(), weights=only("head"))
    assert order(reranker, "dog food")[-2:] == ["bowl", "cat"]


@pytest.mark.parametrize(("query", "best"), [("dog food 10 kg", "kibble"), ("dog food 2 kg", "small")])
def test_numbers_are_matched_exactly(query: str, best: str) -> None:
    assert order(open_reranker(TITLES.values(), weights=only("numbers")), query)[0] == best


def test_meaning_finds_what_words_do_not() -> None:
    litter_first = CANDIDATES[::-1]
    assert order(open_reranker(TITLES.values()), "canine", litter_first)[0] == "cat"
    assert order(open_reranker(TITLES.values(), encoder=Meaning()), "canine", litter_first)[0] != "cat"


def test_the_category_of_a_product_has_a_say() -> None:
    def in_node(name: str, path: tuple[str, ...]) -> Candidate:
        return Candidate(ProductId(name), "Offer of the week", TREE.find(path))

    candidates = [in_node("litter", ("Pets", "Cat Litter")), in_node("food", ("Pets", "Dog Food"))]
    reranker = open_reranker(["Offer of the week"], router=open_router(TREE))
    assert order(reranker, "dog food", candidates) == ["food", "litter"]
    assert order(open_reranker(["Offer of the week"]), "dog food", candidates) == ["litter", "food"]


def test_the_classifier_places_products_that_come_without_a_category() -> None:
    class ByTitle:
        terminals = tuple(TREE.leaves())

        def posteriors(self, texts: Sequence[str]) -> Floats:
            return np.array([[text == "Kibble", 0, text != "Kibble"] for text in texts], dtype=np.float32)

    candidates = [Candidate(ProductId("litter"), "Sand"), Candidate(ProductId("food"), "Kibble")]
    router = open_router(TREE)
    assert order(open_reranker(["Sand"], router=router), "dog food", candidates) == ["litter", "food"]
    placing = open_reranker(["Sand"], router=router, classifier=ByTitle())
    assert order(placing, "dog food", candidates) == ["food", "litter"]


def test_a_query_that_means_no_category_is_not_judged_by_one() -> None:
    reranker = open_reranker(["Offer"], router=open_router(TREE))
    candidates = [Candidate(ProductId(str(at)), "Offer", leaf) for at, leaf in enumerate(TREE.leaves())]
    features = reranker.features([("gift card balance", candidates)])[0]
    assert np.isnan(features[:, FEATURES.index("category")]).all()


def test_a_product_without_a_category_neither_gains_nor_loses() -> None:
    features = np.full((3, len(FEATURES)), NAN, dtype=np.float32)
    features[:, FEATURES.index("category")] = [0.0, NAN, 1.0]
    assert combine(features).tolist() == [0.0, 0.5, 1.0]


def test_the_incoming_order_decides_between_equals() -> None:
    candidates = [
        Candidate(ProductId(name), "Dog food", score=score) for name, score in (("a", 1), ("b", 900))
    ]
    assert order(open_reranker(["Dog food"]), "dog food", candidates) == ["b", "a"]


def test_incoming_scores_are_ranked_whatever_their_scale() -> None:
    assert rank_scores([10.0, -5.0, None, 1e9]).tolist() == pytest.approx([0.5, 0.0, NAN, 1.0], nan_ok=True)
    assert rank_scores([3.0]).tolist() == [1.0]
    assert rank_scores([]).tolist() == []


@pytest.mark.parametrize("feature", FEATURES)
def test_every_weight_changes_the_scores(feature: str) -> None:
    features = np.full((2, len(FEATURES)), 0.5, dtype=np.float32)
    features[1, FEATURES.index(feature)] = 1.0
    with_it, without = combine(features), combine(features, RERANK_WEIGHTS | {feature: 0.0})
    assert with_it[1] > with_it[0]
    assert without[1] == without[0]


def test_the_reason_is_told() -> None:
    row = np.array([1.0, 0.5, 1.0, 0.0, 0.72, 0.8, NAN], dtype=np.float32)
    assert reasons(row).split("; ") == [
        "all words in the title",
        "numbers differ",
        "similar in meaning (0.72)",
        "its category is 80% likely meant",
    ]
    assert reasons(np.full(len(FEATURES), NAN, dtype=np.float32)) == "nothing in common"


def test_no_candidates_give_none() -> None:
    assert open_reranker([]).rerank("dog food", []) == []


@given(st.text(max_size=40), st.lists(st.text(max_size=40), max_size=6))
@settings(max_examples=100, deadline=None)
def test_any_query_ranks_every_candidate(query: str, titles: list[str]) -> None:
    candidates = [Candidate(ProductId(str(at)), title) for at, title in enumerate(titles)]
    ranked = open_reranker(titles, encoder=Meaning()).rerank(query, candidates)
    assert sorted(item.product_id for item in ranked) == sorted(c.product_id for c in candidates)
    scores = [item.score for item in ranked]
    assert scores == sorted(scores, reverse=True)
    assert all(0.0 <= score <= 1.0 for score in scores)


def test_a_retired_category_counts_as_its_successor() -> None:
    old = NodeId("0ld")
    food = TREE.find(("Pets", "Dog Food"))
    assert food is not None
    router = open_router(replace(TREE, redirects={old: Redirect((food,))}))
    candidates = [Candidate(ProductId("other"), "Offer"), Candidate(ProductId("food"), "Offer", old)]
    features = open_reranker(["Offer"], router=router).features([("dog food", candidates)])[0]
    assert features[1, FEATURES.index("category")] > 0.5


# -- judged -----------------------------------------------------------------------------------------------


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_judgements_are_read_by_query(tmp_path: Path) -> None:
    file = write(
        tmp_path / "judged.csv",
        "query,product_id,title,relevance,score\n"
        "dog,1,Dog food,3,0.1\ncat,2,Cat litter,1,\ndog,3,Bowl,1.5,0.9\n",
    )
    dog, cat = read_judgements(file)
    assert (dog.query, [c.product_id for c in dog.candidates], dog.relevance) == (
        "dog",
        ["1", "3"],
        (3.0, 1.5),
    )
    assert [c.score for c in (*dog.candidates, *cat.candidates)] == [0.1, 0.9, None]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("query,product_id,title\ndog,1,Dog food\n", "no column 'relevance'"),
        ("query,product_id,title,relevance\ndog,1,Dog food,good\n", "relevance 'good' of row 1"),
        ("query,product_id,title,relevance\ndog,1,Dog food,-1\n", "number of 0 or more"),
    ],
)
def test_a_file_that_cannot_be_judged_by_says_why(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FileError, match=message):
        read_judgements(write(tmp_path / "judged.csv", text))


def test_the_report_compares_the_ranking_with_the_order_given(tmp_path: Path) -> None:
    file = write(
        tmp_path / "judged.csv",
        "query,product_id,title,relevance\ndog food,1,Cat litter,0\ndog food,2,Dog food,3\nalone,3,Bowl,3\n",
    )
    report = evaluate_rerank(open_reranker(TITLES.values()), read_judgements(file))
    assert (report.n_queries, report.n_products) == (1, 2)
    assert report.ndcg_at_5 == pytest.approx(1.0)
    assert report.as_given_at_5 == pytest.approx(1 / np.log2(3))
