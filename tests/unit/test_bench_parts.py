"""Peers, kept models and new nodes: what the benches measure with."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ingest.classify.predict import Classifier, Prediction
from ingest.evaluate.alike import folded
from ingest.evaluate.baselines import hiclass_svc, parts_of, scored, tfidf_svc
from ingest.evaluate.classify import summarise
from ingest.evaluate.flat import flat_bert
from ingest.evaluate.judging import judge
from ingest.evaluate.kept import Workshop
from ingest.evaluate.new_nodes import Examples, Predicting, measure, removed
from ingest.evaluate.race import on_threads, race
from ingest.evaluate.report.curve import curve
from ingest.evaluate.report.examine import examine
from ingest.train.settings import TrainSettings
from taxonomy.errors import InputError
from taxonomy.node import NodeId
from taxonomy.product import Product, ProductId
from taxonomy.tree import Tree
from tests.tiny_bert import write_tiny_bert

GOODS = {
    ("Kitchen", "Mugs"): "mug",
    ("Kitchen", "Pans"): "pan",
    ("Home", "Chairs"): "chair",
    ("Home", "Rugs"): "rug",
    ("Home",): "thing",
}
LOOKS = ["red", "blue", "green", "small", "large", "old", "new", "plain"]
FAST = TrainSettings(
    epochs=4,
    batch_size=8,
    encoder_lr=2e-3,
    head_lr=2e-2,
    label_smoothing=0.0,
    precision="float32",
)


def shop() -> list[Product]:
    """160 products that one word sorts, a quarter of them `valid`."""
    cells = [(path, word, one, two) for path, word in GOODS.items() for one in LOOKS for two in LOOKS[:4]]
    return [
        Product(
            ProductId(str(at)),
            f"{one} {two} {word}",
            category_path=path,
            split="train" if at % 4 else "valid",
        )
        for at, (path, word, one, two) in enumerate(cells)
    ]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bert(tmp_path_factory.mktemp("base"), [*GOODS.values(), *LOOKS])


@pytest.fixture(scope="module")
def workshop(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("models"), FAST, base, "cpu", tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def classifier(workshop: Workshop) -> Classifier:
    return Classifier.load(workshop.model(shop()).folder, device="cpu", cache=workshop.cache)


def test_both_linear_peers_learn_what_words_say() -> None:
    assert tfidf_svc(shop()).scores.leaf_accuracy == 1
    assert hiclass_svc(shop()).scores.leaf_accuracy == 1  # products that stop at Home included


def test_a_flat_bert_learns_what_words_say(base: Path) -> None:
    longer = replace(FAST, epochs=8)  # its head begins at random
    found = flat_bert(shop(), base=base, settings=longer, device="cpu")
    assert found.scores.leaf_accuracy > 0.9
    assert found.scores.n_products == 40
    assert found.seconds > 0


def test_a_flat_bert_prints_nothing_and_follows_its_settings(
    base: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    still = replace(FAST, epochs=1, encoder_lr=0.0, head_lr=0.0)
    assert flat_bert(shop(), base=base, settings=still, device="cpu").scores.leaf_accuracy < 0.9
    assert capfd.readouterr() == ("", "")


def test_rows_of_no_split_serve_no_peer() -> None:
    extra = Product(ProductId("x"), "a mug", category_path=("Kitchen", "Mugs"))
    assert parts_of([*shop(), extra]) == parts_of(shop())


def test_a_product_under_two_paths_is_right_under_either() -> None:
    mug, rug = (next(one for one in shop() if word in one.title) for word in ("mug", "rug"))
    rows = [
        *shop(),
        replace(mug, id=ProductId("one"), title="Twice", split="valid"),
        replace(mug, id=ProductId("two"), title="twice", split="train", category_path=rug.category_path),
    ]
    parts = parts_of(rows)
    either = {folded(mug.category_path), folded(rug.category_path)}
    assert parts.stands[-1] == either
    assert all(here == {folded(path)} for here, path in zip(parts.stands[:-1], parts.truth, strict=False))
    answers = [*parts.truth[:-1], rug.category_path]
    found = scored("one that learnt the other path", parts, lambda _: answers)
    assert (found.multi_path, found.scores.leaf_accuracy) == (1.0, 1 - 1 / len(parts.truth))


def test_a_model_is_trained_once_and_found_again(workshop: Workshop) -> None:
    first, again = workshop.model(shop()), workshop.model(shop())
    written = (first.folder / "manifest.json").stat().st_mtime_ns
    assert again == first
    assert (again.folder / "manifest.json").stat().st_mtime_ns == written
    assert first.seconds > 0


@pytest.mark.parametrize("changed", ["settings", "data", "tree"])
def test_other_data_or_settings_are_another_model(workshop: Workshop, changed: str) -> None:
    other = replace(workshop, settings=replace(FAST, seed=3)) if changed == "settings" else workshop
    rows = shop()[1:] if changed == "data" else shop()
    tree = Tree.from_paths([*GOODS, ("Garden",)]) if changed == "tree" else None
    assert other._mark(rows, tree) != workshop._mark(shop(), None)


@pytest.mark.parametrize("changed", ["FORMAT", "RECIPE"])
def test_a_model_of_another_recipe_is_made_anew(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    before = workshop._mark(shop(), None)
    monkeypatch.setattr(f"ingest.evaluate.kept.{changed}", 99)
    assert workshop._mark(shop(), None) != before


def test_judging_needs_the_whole_file_to_know_a_product_of_two_paths(classifier: Classifier) -> None:
    twin = replace(
        shop()[0], id=ProductId("twin"), title="RED red mug", category_path=("Home", "Rugs"), split="train"
    )
    rows = judge(classifier, [*shop(), twin])
    assert len(rows) == 40
    assert rows[0].also == (("home", "rugs"),)
    assert not any(row.also for row in rows[1:])


def test_the_probability_of_the_label_is_told_when_asked_for(classifier: Classifier) -> None:
    foreign = Product(ProductId("f"), "red mug", category_path=("Nowhere",), split="valid")
    rows = judge(classifier, [*shop(), foreign], with_labels=True)
    right = [row for row in rows if row.is_right]
    assert [row.label_probability for row in right] == pytest.approx(
        [row.leaf_probability for row in right], abs=1e-5
    )
    assert rows[-1].label_probability == 0
    assert {row.label_probability for row in judge(classifier, shop())} == {None}


def test_trained_rows_are_judged_for_label_errors_alone(classifier: Classifier) -> None:
    found = examine(classifier, shop(), source="shop")
    wrong = replace(shop()[1], category_path=("Home", "Rugs"))
    doubted = examine(classifier, [*shop()[:1], wrong, *shop()[2:]])
    assert (found.n_trained, found.figures.leaf.n_products) == (120, 40)
    assert [one.product_id for one in doubted.suspects] == [wrong.id]
    assert doubted.figures == found.figures


def test_a_file_without_a_split_is_told_apart(classifier: Classifier) -> None:
    split, plain = (
        examine(classifier, shop()),
        examine(classifier, [replace(one, split="") for one in shop()]),
    )
    assert not split.notes
    assert "split column" in plain.notes[0]


def test_labels_that_the_model_does_not_know_are_counted(classifier: Classifier) -> None:
    foreign = Product(ProductId("f"), "red mug", category_path=("Nowhere",), split="valid")
    assert examine(classifier, [*shop(), foreign]).n_unknown == 1


def test_more_precision_gives_less(classifier: Classifier) -> None:
    asked = (0.5, 0.9999)
    low, high = curve(judge(classifier, shop(), others=asked), precisions=asked)
    assert low.coverage > high.coverage == 0
    assert (low.asked, high.asked, high.kept) == (0.5, 0.9999, 1)


@pytest.mark.parametrize("precision", [0.5, 0.9, 0.97])
def test_a_point_of_the_curve_is_what_judging_at_its_precision_says(
    classifier: Classifier, precision: float
) -> None:
    (found,) = curve(judge(classifier, shop(), others=[precision]), precisions=[precision])
    figures = summarise(judge(classifier, shop(), precision=precision), precision=precision)
    assert (found.kept, found.coverage, found.accepted, found.mean_depth, found.mean_true_depth) == (
        pytest.approx(figures.precision_kept),
        pytest.approx(figures.coverage),
        pytest.approx(figures.accepted),
        pytest.approx(figures.mean_depth),
        pytest.approx(figures.mean_true_depth),
    )


def test_only_trained_rows_are_nothing_to_report_on(classifier: Classifier) -> None:
    with pytest.raises(InputError, match="nothing to evaluate"):
        examine(classifier, [one for one in shop() if one.split == "train"])


@dataclass
class Fake(Predicting):
    """Right about the nodes of its tree, but for new ones told by name alone: right about half of these."""

    tree: Tree
    known: frozenset[NodeId]
    examples: Examples | None

    def predict(self, products: Iterable[Product]) -> Iterable[Prediction]:
        somewhere = next(iter(self.known))
        for at, one in enumerate(products):
            node = self.tree.find(one.category_path)
            is_found = node in self.known or (node is not None and (bool(self.examples) or at % 2 == 0))
            leaf = node if is_found and node is not None else somewhere
            yield Prediction(one.id, leaf, 0.9, "accept", leaf, 0.9)


def test_new_nodes_are_measured_against_training_with_them() -> None:
    case = removed(shop(), leaves=2, seed=0)
    smaller = frozenset(case.smaller.leaves())

    def load(folder: Path, tree: Tree, examples: Examples | None) -> Predicting:
        return Fake(tree, frozenset(tree.nodes) if folder.name == "full" else smaller, examples)

    found = measure(case, shop(), full=Path("full"), without=Path("without"), load=load)
    assert (found.n_leaves, found.n_new, found.n_others) == (2, 16, 24)
    assert found.trained_new == found.by_examples.share == 1
    assert 0 < found.by_name.share < 1
    assert found.by_name.share == found.by_name.new
    assert found.by_examples.lost == pytest.approx(100 * (found.others_before - found.by_examples.others))


def test_what_is_removed_is_gone_from_both_splits_and_from_the_tree() -> None:
    case = removed(shop(), leaves=2, seed=1)
    paths = {case.tree.path(at) for at in case.leaves}
    assert len(paths) == 2
    assert not paths & {one.category_path for one in case.products}
    assert {one.split for one in case.products} == {"train", "valid"}
    assert not set(case.leaves) & set(case.smaller.nodes)
    assert set(case.smaller.nodes) < set(case.tree.nodes)
    assert all(len(set(texts)) == 5 for texts in case.examples.values())
    assert set(case.examples) == set(case.leaves)


def test_another_seed_removes_other_leaves_and_the_same_seed_the_same() -> None:
    drawn = [removed(shop(), leaves=2, seed=seed).leaves for seed in range(5)]
    assert len(set(drawn)) > 1
    assert removed(shop(), leaves=2, seed=0).examples == removed(shop(), leaves=2, seed=0).examples


def test_too_few_leaves_are_said_so() -> None:
    with pytest.raises(InputError, match="4 leaves have 20"):
        removed(shop(), leaves=5, seed=0)
    with pytest.raises(InputError, match="0 leaves have 25"):
        removed(shop(), leaves=1, seed=0, min_products=25)


def test_both_sides_of_a_race_read_every_title_in_each_round_and_take_turns() -> None:
    read: list[tuple[str, tuple[str, ...]]] = []

    def reader(name: str) -> object:
        return lambda part: read.append((name, tuple(part)))

    titles = [f"title {at}" for at in range(7)]
    found = race(reader("ours"), reader("peer"), titles, rounds=3)  # type: ignore[arg-type]
    assert [name for name, _ in read] == ["peer", "ours", "ours", "peer", "peer", "ours"]
    for side in ("ours", "peer"):
        assert [title for name, part in read if name == side for title in part] == 3 * titles
    assert len(found.ratios) == 3


def test_cores_are_given_back_after_a_race() -> None:
    import os

    before = os.sched_getaffinity(0)
    with on_threads(1) as used:
        inside: Sequence[int] = list(os.sched_getaffinity(0))
    assert (used, len(inside)) == (1, 1)
    assert os.sched_getaffinity(0) == before
