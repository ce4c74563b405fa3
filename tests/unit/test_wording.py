"""The linear leg of the classifier: what words say, on the tree in use, and how much of it counts."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingest.classify import wording as module
from ingest.classify.bind import Bound, bind
from ingest.classify.calibrate import Calibration
from ingest.classify.head import Head, softmax
from ingest.classify.memory import Memory
from ingest.classify.wording import Wording, features
from ingest.train import mixture
from ingest.train.mixture import Legs, fit_mixture, fit_settles
from taxonomy.edits import Create, Edit, Merge, Part, Split
from taxonomy.node import Node, NodeId
from taxonomy.ports import Floats, Progress
from taxonomy.text import title_of
from taxonomy.tree import Draft, Tree

PATHS = [("Kitchen",), ("Kitchen", "Mugs"), ("Kitchen", "Pans"), ("Garden", "Rakes"), ("Garden", "Seeds")]
TREE = Tree.from_paths(PATHS)
GOODS = {
    ("Kitchen",): "whisk", ("Kitchen", "Mugs"): "becher", ("Kitchen", "Pans"): "pfanne",
    ("Garden", "Rakes"): "rechen", ("Garden", "Seeds"): "saatgut",
}  # fmt: skip
IDS = {path: at for path in PATHS if (at := TREE.find(path))}


class Mute:
    """An encoder to which all texts are one."""

    revision, dim = "mute", 2

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Floats:
        return np.tile(np.array([1, 0], dtype=np.float32), (len(texts), 1))


def learnt(n: int = 6) -> Wording:
    texts = [f"{word} number {at} . by acme . for everybody" for word in GOODS.values() for at in range(n)]
    labels = [at for at in range(len(GOODS)) for _ in range(n)]
    found = Wording.fit(texts, labels, [TREE.lineage(IDS[path]) for path in GOODS])
    assert found
    return found


def bound(tree: Tree = TREE, *, memory: Memory | None = None) -> Bound:
    ids = tuple(IDS.values())
    head = Head(ids, np.tile(np.array([1, 0], dtype=np.float32), (len(ids), 1)), np.zeros(len(ids), "f4"))
    return bind(head, tree, Mute(), memory=memory, wording=learnt())


def chances(made: Bound, text: str, **shares: float) -> dict[NodeId, float]:
    by = Calibration(**{"memory_share": 0.0, **shares})
    (row,) = made.posteriors([text], made.read([text], by), Mute().encode, by)
    return dict(zip(made.layout.terminals, row.tolist(), strict=True))


def edited(edit: Edit) -> Tree:
    draft = Draft(TREE)
    edit.apply(draft)
    return draft.tree()


def test_a_word_that_no_encoder_knows_is_told_by_heart() -> None:
    words = learnt()
    votes = words.votes(words.scores(list(GOODS.values())), sharpness=5.0)
    assert votes.sum(axis=1) == pytest.approx(np.ones(5), abs=1e-5)
    assert votes.argmax(axis=1).tolist() == [words.ids.index(IDS[path]) for path in GOODS]


def test_a_word_is_known_by_its_pieces_too() -> None:
    words = learnt()
    votes = words.votes(words.scores(["teebecherset"]), sharpness=5.0)
    assert words.ids[votes[0].argmax()] == IDS["Kitchen", "Mugs"]


def test_sharpness_makes_a_choice_surer() -> None:
    words = learnt()
    scores = words.scores(["becher"])
    soft, sharp = (words.votes(scores, sharpness=one).max() for one in (1.0, 8.0))
    assert soft < sharp < 1


def test_only_title_and_brand_are_read() -> None:
    assert title_of("brass lamp . colour red . for all") == "brass lamp"
    one, other = (
        features(["mug . by acme . colour red . of clay", "mug . by acme"])[[0]],
        features(["mug by acme"]),
    )
    assert (one != other).nnz == 0


def test_without_a_choice_nothing_is_learnt() -> None:
    lineages = [TREE.lineage(IDS[path]) for path in GOODS]
    assert Wording.fit([], [], lineages) is None
    assert Wording.fit(["becher", "tasse"], [1, 1], lineages) is None


WORDS = [
    f"{one}{other}" for one in ("kalo", "mira", "tofe", "zuni") for other in ("bek", "dar", "fis", "gol")
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("widest", [5, 1000])
def test_many_children_are_chosen_among_in_two_steps(widest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WIDEST", widest)
    made = Wording.fit(WORDS * 3, [*range(16)] * 3, [(NodeId(word),) for word in WORDS])
    assert made
    assert not list(made.faults())
    assert len(made.starts) == (1 if widest == 1000 else 5)
    votes = made.votes(made.scores(WORDS), sharpness=5.0)
    assert votes.sum(axis=1) == pytest.approx(np.ones(16), abs=1e-5)
    assert votes.argmax(axis=1).tolist() == list(range(16))


def test_many_children_that_are_all_alike_are_a_choice_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WIDEST", 5)
    made = Wording.fit(["becher"] * 18, [*range(9)] * 2, [(NodeId(word),) for word in WORDS[:9]])
    assert made
    assert not list(made.faults())


def test_a_terminal_without_products_is_no_choice() -> None:
    lineages = [TREE.lineage(IDS[path]) for path in GOODS]
    made = Wording.fit(["becher", "pfanne", "becher"], [1, 2, 1], lineages)
    assert made
    assert made.ids == (IDS["Kitchen", "Mugs"], IDS["Kitchen", "Pans"])


def test_what_is_written_says_the_same(tmp_path: Path) -> None:
    words = learnt()
    words.save(tmp_path)
    again = Wording.load(tmp_path)
    assert again.ids == words.ids
    assert not list(again.faults())
    assert np.array_equal(again.scores(["becher", "saatgut"]), words.scores(["becher", "saatgut"]))


def test_the_words_share_moves_probability_to_what_they_say() -> None:
    mugs = IDS["Kitchen", "Mugs"]
    none, some, most = (chances(bound(), "becher", wording_share=one)[mugs] for one in (0.0, 0.4, 0.9))
    assert none == pytest.approx(0.2)
    assert none < some < most
    assert sum(chances(bound(), "becher", wording_share=0.4).values()) == pytest.approx(1)


def test_a_merged_nodes_words_speak_for_its_heir() -> None:
    pans, mugs = IDS["Kitchen", "Pans"], IDS["Kitchen", "Mugs"]
    found = chances(bound(edited(Merge((mugs,), pans))), "becher", wording_share=0.9)
    assert found[pans] == max(found.values()) > 0.5


def test_a_split_nodes_words_speak_for_all_its_parts() -> None:
    tree = edited(
        Split(IDS["Kitchen", "Mugs"], (Part(NodeId("cups"), "Cups"), Part(NodeId("beakers"), "Beakers")))
    )
    found = chances(bound(tree), "becher", wording_share=0.9)
    cups, beakers = (found[at] for name in ("Cups", "Beakers") if (at := tree.find(("Kitchen", name))))
    assert cups == pytest.approx(beakers)
    assert cups + beakers > 0.5


def test_a_node_that_words_were_never_learnt_of_is_not_outvoted() -> None:
    tree = edited(Create(Node(NodeId("lamps"), "Lamps", NodeId("root"))))
    before, after = (chances(bound(tree), "becher", wording_share=one)[NodeId("lamps")] for one in (0.0, 0.9))
    assert after == pytest.approx(before)


def test_texts_that_words_settle_are_not_encoded() -> None:
    made, encoded = bound(), list[str]()

    def encode(texts: Sequence[str]) -> Floats:
        encoded.extend(texts)
        return Mute().encode(texts)

    sharp = Calibration(memory_share=0.0, sharpness=12.0)
    texts = ["becher", "whisk pfanne"]
    everything = made.posteriors(texts, made.read(texts, sharp), encode, sharp)
    assert encoded == texts
    encoded.clear()
    found = made.posteriors(texts, made.read(texts, sharp), encode, replace(sharp, settles=0.9))
    assert encoded == ["whisk pfanne"]
    assert np.allclose(found[1], everything[1])
    assert np.allclose(found[0], made.said(made.scores(["becher"]), 12.0)[0])


def test_words_settle_nothing_where_a_node_may_be_meant_that_they_do_not_know() -> None:
    tree = edited(Create(Node(NodeId("lamps"), "Lamps", NodeId("root"))))
    by = Calibration(memory_share=0.0, sharpness=12.0, settles=0.9)
    assert chances(bound(tree), "becher", sharpness=12.0, settles=0.9) == chances(
        bound(tree), "becher", sharpness=12.0
    )
    assert bound().settled(bound().said(bound().scores(["becher"]), 12.0), by).all()


def legs(texts: Sequence[str], *, memory: Memory | None = None, logits: Floats | None = None) -> Legs:
    made, vectors = bound(memory=memory), Mute().encode(texts)
    said = made.head.logits(vectors) if logits is None else logits
    return Legs(made, said, made.scores(texts), made.votes(vectors))


def test_words_that_tell_get_a_share_and_words_that_do_not_get_none() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(5, size=200)
    terminals = bound().layout.terminals
    telling = [GOODS[TREE.path(terminals[at])] for at in truth]
    misleading = [GOODS[TREE.path(terminals[at])] for at in rng.permutation(truth)]
    logits = rng.normal(size=(200, 5)).astype(np.float32)
    by_row = [bound().head.ids.index(terminals[at]) for at in truth]
    logits[np.arange(200), by_row] += 1.5
    assert fit_mixture(legs(telling, logits=logits), truth).wording_share >= 0.5
    assert fit_mixture(legs(misleading, logits=logits), truth).wording_share <= 0.1


def sure(goods: Sequence[int], *, logits: Floats) -> float:
    """From where words settle products; they say the truth of four in five, and `goods` of the others."""
    truth = np.arange(200) % 5
    terminals = bound().layout.terminals
    texts = [GOODS[TREE.path(terminals[at])] for at in truth]
    texts[::5] = [GOODS[TREE.path(terminals[at])] for at in goods]
    by = Calibration(sharpness=12.0, memory_share=0.0, wording_share=0.1)
    return fit_settles(legs(texts, logits=logits), truth, by)


def test_words_settle_only_where_no_product_is_lost_by_it() -> None:
    row = {at: index for index, at in enumerate(bound().head.ids)}
    rows = [row[bound().layout.terminals[at % 5]] for at in range(200)]
    knowing = np.zeros((200, 5), dtype=np.float32)
    knowing[np.arange(200), rows] = 9.0
    right, wrong = [0] * 40, [1] * 40
    assert sure(right, logits=knowing) < 1
    assert sure(wrong, logits=knowing) == 1
    assert sure(wrong, logits=-knowing) < 1  # the head would be wrong, too


def test_few_products_cannot_say_that_words_settle(monkeypatch: pytest.MonkeyPatch) -> None:
    logits = np.zeros((200, 5), dtype=np.float32)
    assert sure([0] * 40, logits=logits) < 1
    monkeypatch.setattr(mixture, "_TELLING", 201)
    assert sure([0] * 40, logits=logits) == 1


def test_what_is_fitted_makes_the_truth_likelier_than_what_was_not() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(5, size=120)
    made = bound()
    texts = [GOODS[TREE.path(made.layout.terminals[at])] if at % 2 else "whisk" for at in truth]
    memory = Memory.of([IDS["Garden", "Rakes"]], np.array([[1, 0]], dtype=np.float32))
    several = legs(texts, memory=memory, logits=rng.normal(size=(120, 5)).astype(np.float32))

    def surprise(by: Calibration) -> float:
        return float(-np.log(np.maximum(several.posteriors(by)[np.arange(120), truth], 1e-4)).mean())

    best = fit_mixture(several, truth)
    others = [Calibration(), replace(best, temperature=2 * best.temperature), replace(best, sharpness=16.0)]
    others += [replace(best, wording_share=0.0), replace(best, memory_share=0.8)]
    assert all(surprise(best) <= surprise(other) + 1e-6 for other in others)


def test_a_mixture_of_nothing_is_the_head() -> None:
    several = legs(["becher"])
    only = several.posteriors(Calibration(wording_share=0.0, memory_share=0.0))
    assert np.allclose(only, several.bound.regroup(softmax(several.logits)))


def test_no_texts_are_no_error() -> None:
    assert learnt().scores([]).shape == (0, len(learnt().bias))
