"""Classifying: coherent answers, a kept promise, and trees that changed since training."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingest.classify.bind import bind, node_text
from ingest.classify.calibrate import Calibration, deepest_safe, fit_sureness, risk_curve
from ingest.classify.head import Head, softmax
from ingest.classify.layout import Layout
from ingest.classify.predict import Classifier
from ingest.encode.torch_encoder import TorchEncoder
from ingest.evaluate.baselines import tfidf_svc
from ingest.evaluate.classify import evaluate
from ingest.train.artifact import Artifact
from ingest.train.calibration import HeldOut
from ingest.train.finetune import finetune
from ingest.train.mixture import Legs
from ingest.train.settings import TrainSettings
from taxonomy.errors import InputError, ModelError
from taxonomy.node import Node, NodeId
from taxonomy.ports import Progress
from taxonomy.product import Product, ProductId
from taxonomy.redirects import Redirect
from taxonomy.tree import Draft, Tree, path_id
from tests.tiny_bert import write_tiny_bert

GOODS = {
    ("Kitchen", "Mugs"): "mug",
    ("Kitchen", "Pans"): "pan",
    ("Home", "Chairs"): "chair",
    ("Home", "Rugs"): "rug",
}
LOOKS = ["red", "blue", "green", "small", "large", "old", "new", "plain"]
WORDS = [*GOODS.values(), *LOOKS, "kitchen", "mugs", "pans", "home", "chairs", "rugs", "lamp", "lamps"]


def shop() -> list[Product]:
    """128 products that one word sorts, half of them `valid`."""
    cells = [(path, word, one, two) for path, word in GOODS.items() for one in LOOKS for two in LOOKS[:4]]
    return [
        Product(
            ProductId(str(at)),
            f"{one} {two} {word}",
            category_path=path,
            split="valid" if at % 2 else "train",
        )
        for at, (path, word, one, two) in enumerate(cells)
    ]


class Unasked:
    """An encoder that must not be needed for more than nothing."""

    revision, dim = "none", 5

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> np.ndarray:
        assert not texts
        return np.zeros((0, self.dim), dtype=np.float32)


def loaded(folder: Path, *, tree: Tree | None = None) -> Classifier:
    return Classifier.load(folder, tree=tree, device="cpu", backend="torch")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = write_tiny_bert(tmp_path_factory.mktemp("base"), WORDS)
    out = tmp_path_factory.mktemp("trained") / "model"
    settings = TrainSettings(
        epochs=4,
        batch_size=8,
        encoder_lr=2e-3,
        head_lr=2e-2,
        label_smoothing=0.0,  # shared by a handful of classes, a tenth is much: rows would barely part
        precision="float32",
    )
    finetune(shop(), out=out, base=base, settings=settings, device="cpu", backend="torch")
    return out


@pytest.fixture(scope="module")
def classifier(model: Path) -> Classifier:
    return loaded(model)


def leaf(classifier: Classifier, title: str) -> tuple[str, ...]:
    (prediction,) = classifier.predict([Product(ProductId("1"), title)])
    return classifier.tree.path(prediction.leaf_id)


def test_products_get_the_node_that_their_words_say(classifier: Classifier) -> None:
    report = evaluate(classifier, shop(), precision=0.9)
    assert report.leaf.leaf_accuracy > 0.95
    assert report.leaf.n_products == 64
    assert report.coverage > 0.9
    assert report.precision_kept >= 0.9
    assert report.accepted + report.backed_off + report.reviewed == pytest.approx(1)


def test_predictions_come_in_order_while_products_are_still_being_read(classifier: Classifier) -> None:
    taken = 0

    def source():  # type: ignore[no-untyped-def]
        nonlocal taken
        for product in shop() * 40:
            taken += 1
            yield product

    predictions = classifier.predict(source())
    first = next(predictions)
    assert first.product_id == "0"
    assert taken < 128 * 40


@pytest.mark.parametrize("chunk", [1, 3, 8, 100])
def test_how_many_are_read_at_a_time_changes_no_prediction(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    goods = shop()[:8]
    at_once = list(classifier.decide(classifier.look(goods)))
    monkeypatch.setattr("ingest.classify.predict._CHUNK", chunk)
    found = list(classifier.predict(goods))
    assert [(one.product_id, one.node_id) for one in found] == [
        (one.product_id, one.node_id) for one in at_once
    ]


def test_no_products_give_no_predictions(classifier: Classifier) -> None:
    assert list(classifier.predict([])) == []


def test_posteriors_add_up_and_name_their_terminals(classifier: Classifier) -> None:
    posteriors = classifier.posteriors(["red mug", "something else", ""])
    assert posteriors.shape == (3, len(classifier.terminals))
    assert np.allclose(posteriors.sum(axis=1), 1, atol=1e-5)
    assert classifier.tree.path(classifier.terminals[int(posteriors[0].argmax())]) == ("Kitchen", "Mugs")


def test_queries_are_answered_by_the_head_alone(model: Path, classifier: Classifier) -> None:
    half = replace(classifier.calibration, memory_share=0.5, sureness=(1.0, 1.0, 0.0))
    none = replace(half, memory_share=0.0)
    both, alone = (
        Classifier(classifier.encoder, classifier._bound, calibration, tree=classifier.tree)
        for calibration in (half, none)
    )
    queries = ["mug", "old chair"]
    assert np.array_equal(both.query_posteriors(queries), alone.posteriors(queries))
    assert not np.array_equal(both.posteriors(queries), alone.posteriors(queries))


def test_a_given_node_is_the_leaf_or_above_it(classifier: Classifier) -> None:
    odd = [Product(ProductId(str(n)), text) for n, text in enumerate(["mug pan", "chair mug", "rug", "zzz"])]
    for precision in (0.5, 0.9, 0.99):
        for one in classifier.predict([*odd, *shop()], precision=precision):
            lineage = classifier.tree.lineage(one.leaf_id)
            if one.decision == "review":
                assert one.node_id is None
            else:
                assert one.node_id in lineage
                assert (one.decision == "accept") == (one.node_id == one.leaf_id)
                assert one.probability >= one.leaf_probability - 1e-6


def draw(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two-level paths and how far each is right; less often than their probabilities say."""
    top = rng.beta(6, 1, n)
    bottom = top * rng.beta(4, 1, n)
    fate = rng.random(n)
    paths = np.stack([top, bottom], axis=1).astype(np.float32)
    return paths, (fate < top**1.5).astype(int) + (fate < bottom**1.5)


def test_a_higher_precision_takes_a_higher_price() -> None:
    curve = risk_curve(*draw(2000, np.random.default_rng(0)))
    assert curve.price(0.8) < curve.price(0.9) < curve.price(0.95)


def kept(precision: float, *, n_calibration: int, rng: np.random.Generator) -> float:
    """The precision that 60 calibrations keep on new data of the same kind."""
    wrong = given = 0
    for _ in range(60):
        price = risk_curve(*draw(n_calibration, rng)).price(precision)
        paths, n_right = draw(2000, rng)
        depth = deepest_safe(paths, price)
        wrong += int((depth > n_right).sum())
        given += int((depth > 0).sum())
    assert given > 0
    return 1 - wrong / given


@pytest.mark.parametrize("precision", [0.8, 0.9, 0.95])
def test_the_promise_is_kept_on_new_data_of_the_same_kind(precision: float) -> None:
    assert kept(precision, n_calibration=600, rng=np.random.default_rng(1)) >= precision - 0.005


def test_without_the_margin_for_few_products_the_promise_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy(self: Calibration, precision: float) -> float:
        risk = np.array(self.wrong) / np.maximum(self.given, 1)
        return self.prices[int(np.flatnonzero(risk <= 1 - precision)[0])]

    assert kept(0.95, n_calibration=100, rng=np.random.default_rng(1)) >= 0.945
    monkeypatch.setattr(Calibration, "price", greedy)
    assert kept(0.95, n_calibration=100, rng=np.random.default_rng(1)) < 0.945


def test_a_promise_that_calibration_cannot_vouch_for_sends_all_to_review() -> None:
    curve = Calibration(prices=(5.0, 9.0), given=(4, 2), wrong=(0, 0))
    assert curve.price(0.95) == float("inf")
    assert curve.price(0.8) == 5.0
    assert deepest_safe(np.ones((1, 2), dtype=np.float32), float("inf")).tolist() == [0]


def test_without_calibration_nothing_is_given() -> None:
    price = Calibration().price(0.5)
    assert price == float("inf")
    assert deepest_safe(np.array([[1.0, 0.9]], dtype=np.float32), price).tolist() == [0]


def test_a_product_stops_where_going_on_risks_more_than_it_gains() -> None:
    paths = np.array([[0.9, 0.9, 0.9], [0.99, 0.9, 0.5], [0.5, 0.2, 0.1]], dtype=np.float32)
    assert deepest_safe(paths, 20.0).tolist() == [3, 1, 0]
    assert deepest_safe(paths, 1.0).tolist() == [3, 2, 1]
    assert deepest_safe(paths[:0], 1.0).tolist() == []


def test_the_temperature_cools_an_overconfident_head() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(2000, 5)).astype(np.float32)
    truth = np.array([rng.choice(5, p=row / row.sum()) for row in softmax(logits).astype(float)])
    tree = Tree.from_paths([(name,) for name in "abcde"])
    head = Head(tuple(tree.leaves()), 3 * np.eye(5, dtype=np.float32), np.zeros(5, "f4"))
    bound = bind(head, tree, Unasked())
    lineages = [tree.lineage(bound.layout.terminals[at]) for at in truth]
    none = np.zeros(len(truth), dtype=bool)
    legs = Legs(bound, bound.head.logits(logits), bound.scores([""] * len(truth)), np.zeros_like(logits))
    held = HeldOut(legs, truth, lineages, none)
    everything = np.arange(len(truth))
    assert held.fit(everything).temperature == pytest.approx(3, rel=0.15)
    assert held.fit(everything).memory_share == 0.0
    assert held.fit(everything[:0]) == Calibration(wording_share=0.0, memory_share=0.0)


def test_sureness_is_put_right_and_the_rest_shared_as_before() -> None:
    rng = np.random.default_rng(0)
    said = rng.uniform(0.5, 1, 4000).astype(np.float32)
    right = (rng.random(4000) < said**3).astype(np.float64)
    mended = Calibration(sureness=fit_sureness(said, right))
    sure = mended.sure(np.array([[0.9, 0.08, 0.02]], dtype=np.float32))[0]
    assert sure[0] == pytest.approx(0.9**3, abs=0.03)
    assert sure.sum() == pytest.approx(1)
    assert sure[1] / sure[2] == pytest.approx(4, rel=1e-3)
    assert fit_sureness(said[:0], right[:0]) == (1.0, 1.0, 0.0)


def test_the_likeliest_terminal_stays_so_however_little_it_is_worth() -> None:
    doubtful = Calibration(sureness=(1.5, 0.9, -0.5))
    posteriors = np.random.default_rng(0).dirichlet(np.full(8, 0.3), 500).astype(np.float32)
    sure = doubtful.sure(posteriors)
    assert (sure.argmax(axis=1) == posteriors.argmax(axis=1)).all()
    assert sure.max(axis=1).mean() < posteriors.max(axis=1).mean()
    assert sure.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert doubtful.sure(np.eye(2, dtype=np.float32)).sum(axis=1) == pytest.approx(1)  # nothing to share


def test_node_probabilities_are_sums_over_terminals_worked_by_hand() -> None:
    tree = Tree.from_paths([("a", "b"), ("a", "c"), ("d",)])
    terminals = [tree.find(path) for path in [("a",), ("a", "b"), ("a", "c"), ("d",)]]
    layout = Layout(tree, [at for at in terminals if at])
    posteriors = np.array([[0.1, 0.2, 0.3, 0.4]], dtype=np.float32)
    assert layout.path_probabilities(posteriors, np.array([2]))[0] == pytest.approx([0.6, 0.3])
    assert layout.path_probabilities(posteriors, np.array([3]))[0] == pytest.approx([0.4, 0.0])
    assert layout.path_probabilities(posteriors, np.array([0]))[0] == pytest.approx([0.6, 0.0])


def test_a_new_leaf_is_predicted_from_its_name_alone(model: Path, classifier: Classifier) -> None:
    draft = Draft(classifier.tree)
    lamps = Node(NodeId("lamps"), "lamp", classifier.tree.find(("Home",)) or NodeId(""))
    draft.add(lamps)
    edited = loaded(model, tree=draft.tree())
    assert lamps.id in edited.terminals
    (prediction,) = edited.predict([Product(ProductId("1"), node_text(edited.tree, lamps.id))])
    assert prediction.leaf_id == lamps.id
    assert leaf(edited, "red mug") == ("Kitchen", "Mugs")


def test_a_moved_and_renamed_node_keeps_its_products(model: Path, classifier: Classifier) -> None:
    tree = classifier.tree
    mugs, home = tree.find(("Kitchen", "Mugs")), tree.find(("Home",))
    assert mugs is not None
    assert home is not None
    draft = Draft(tree)
    draft.add(replace(draft.remove(mugs), name="Cups", parent_id=home))
    assert leaf(loaded(model, tree=draft.tree()), "red mug") == ("Home", "Cups")


def test_a_merged_node_adds_its_probability_to_the_survivor(model: Path, classifier: Classifier) -> None:
    tree = classifier.tree
    mugs, pans = tree.find(("Kitchen", "Mugs")), tree.find(("Kitchen", "Pans"))
    assert mugs is not None
    assert pans is not None
    draft = Draft(tree)
    draft.remove(mugs)
    draft.redirects[mugs] = Redirect((pans,))
    merged = loaded(model, tree=draft.tree())
    text = ["red mug pan"]
    before = dict(zip(classifier.terminals, classifier.posteriors(text)[0], strict=True))
    after = dict(zip(merged.terminals, merged.posteriors(text)[0], strict=True))
    assert after[pans] == pytest.approx(before[pans] + before[mugs], abs=1e-5)
    assert leaf(merged, "red mug") == ("Kitchen", "Pans")


def test_a_split_node_sends_its_products_to_a_successor(model: Path, classifier: Classifier) -> None:
    tree = classifier.tree
    mugs = tree.find(("Kitchen", "Mugs"))
    assert mugs is not None
    draft = Draft(tree)
    parent = draft.remove(mugs).parent_id
    for name in ("red", "blue"):
        draft.add(Node(NodeId(name), f"{name} mug", parent))
    draft.redirects[mugs] = Redirect((NodeId("red"), NodeId("blue")), (0.5, 0.5))
    path = leaf(loaded(model, tree=draft.tree()), "small mug")
    assert path in {("Kitchen", "red mug"), ("Kitchen", "blue mug")}


def test_rows_keep_their_length_where_every_node_was_split(model: Path, classifier: Classifier) -> None:
    artifact = Artifact.load(model)
    draft = Draft(Tree.from_paths([("Old",), ("New",)]))
    halves = (path_id(("Old",)), path_id(("New",)))
    draft.redirects.update({at: Redirect(halves, (0.5, 0.5)) for at in artifact.head.ids})
    bound = bind(artifact.head, draft.tree(), classifier.encoder, memory=artifact.memory)
    assert set(bound.head.ids) == set(halves)
    assert bound.head.scale == pytest.approx(artifact.head.scale)


def test_a_foreign_tree_is_refused(model: Path) -> None:
    with pytest.raises(ModelError, match="another tree"):
        loaded(model, tree=Tree.from_paths([("Not", "This")]))


def test_a_row_whose_node_was_never_in_the_tree_is_dropped(model: Path, classifier: Classifier) -> None:
    head = Head((classifier.terminals[0], NodeId("gone")), np.eye(2, 32, dtype=np.float32), np.zeros(2, "f4"))
    bound = bind(head, classifier.tree, TorchEncoder(model))
    assert "gone" not in bound.head.ids
    assert set(bound.layout.terminals) == set(classifier.tree.leaves())


def test_a_loaded_model_knows_its_revision(model: Path, classifier: Classifier) -> None:
    assert len(classifier.revision) == 64
    assert loaded(model).revision == classifier.revision


def test_evaluation_passes_over_rows_that_were_trained_on(classifier: Classifier) -> None:
    trained_on = [product for product in shop() if product.split == "train"]
    with pytest.raises(InputError, match="nothing to evaluate"):
        evaluate(classifier, trained_on)


def test_the_report_is_json_with_its_coverage(classifier: Classifier) -> None:
    report = evaluate(classifier, shop())
    assert f'"coverage": {report.coverage}' in report.to_json()


def test_the_precision_asked_changes_what_is_given(classifier: Classifier) -> None:
    lax, strict = (evaluate(classifier, shop(), precision=precision) for precision in (0.5, 0.9999))
    assert lax.coverage > strict.coverage == 0


def test_the_baseline_learns_what_words_say() -> None:
    assert tfidf_svc(shop()).scores.leaf_accuracy == 1
    with pytest.raises(InputError, match="both splits"):
        tfidf_svc([product for product in shop() if product.split == "train"])
