"""Rows of new nodes, learnt from a few examples beside what is remembered."""

import numpy as np
import pytest

from ingest.classify import pupils
from ingest.classify.head import Head
from ingest.classify.memory import Memory
from ingest.classify.pupils import Shown, taught
from taxonomy.node import NodeId
from taxonomy.ports import Floats
from taxonomy.tree import Tree, path_id

SHIRTS, SHOES, BOYS, LINEN = (
    path_id(path) for path in (("Shirts",), ("Shoes",), ("Boys",), ("Shirts", "Linen"))
)
TREE = Tree.from_paths([("Shirts", "Linen"), ("Shoes",), ("Boys",)])
DIM = 16


def unit(rows: Floats) -> Floats:
    found: Floats = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return found


def around(*axes: int, n: int, seed: int = 0) -> Floats:
    """Vectors around the middle of some axes."""
    rng = np.random.default_rng(seed)
    return unit(np.eye(DIM)[list(axes)].sum(axis=0) + rng.normal(scale=0.1, size=(n, DIM)))


def remembered(n: int = 300) -> Memory:
    return Memory.of([SHIRTS] * n + [SHOES] * n, np.vstack([around(0, n=n), around(1, n=n, seed=1)]))


def imprinted(new: NodeId, examples: Floats) -> Head:
    """Shirts, shoes, and a new node in the direction of its examples."""
    trained = unit(np.eye(DIM)[:2] + 0.6 * np.eye(DIM)[5])
    rows = 12 * np.vstack([trained, unit(examples.sum(axis=0, keepdims=True))])
    return Head((SHIRTS, SHOES, new), rows.astype(np.float32), np.zeros(3, dtype=np.float32))


def taken(head: Head, vectors: Floats) -> float:
    return float((head.logits(vectors).argmax(axis=1) == 2).mean())


# Boys' shirts are shirts, but for one axis; five of them lie near the shirts by chance.
FEW = unit(np.vstack([around(0, 2, n=5, seed=2)]) + 0.4 * np.eye(DIM)[0].astype(np.float32))
MORE = around(0, 2, n=200, seed=3)


def test_a_few_examples_win_their_like_and_leave_the_others_goods() -> None:
    before = imprinted(BOYS, FEW)
    after = taught(before, {BOYS: FEW}, remembered(), TREE)
    shirts = around(0, n=200, seed=4)
    assert taken(before, shirts) > 0.3
    assert taken(after, shirts) < 0.05
    assert taken(after, MORE) > 0.95


def test_all_other_rows_stay() -> None:
    before = imprinted(BOYS, FEW)
    after = taught(before, {BOYS: FEW}, remembered(), TREE)
    assert np.array_equal(after.rows[:2], before.rows[:2])
    assert np.array_equal(after.bias[:2], before.bias[:2])
    assert not np.array_equal(after.rows[2], before.rows[2])


def test_a_node_may_take_from_those_above_it() -> None:
    inside = around(0, n=5, seed=5)
    shirts = around(0, n=200, seed=4)
    apart, below = (taught(imprinted(at, inside), {at: inside}, remembered(), TREE) for at in (BOYS, LINEN))
    assert taken(apart, shirts) < 0.5 < taken(below, shirts)


@pytest.mark.parametrize("memory", [Memory.empty(DIM), remembered()])
def test_nothing_is_learnt_where_nothing_stands_against_it(memory: Memory) -> None:
    before = imprinted(BOYS, FEW)
    shown: Shown = dict.fromkeys(before.ids, FEW) if len(memory) else {BOYS: FEW}
    assert taught(before, shown, memory, TREE) is before
    assert taught(before, {}, memory, TREE) is before


def test_what_is_remembered_counts_as_much_as_it_is_said_to(monkeypatch: pytest.MonkeyPatch) -> None:
    goods, lost = around(0, n=200, seed=4), []
    for weight in (0.5, 5000.0):
        monkeypatch.setattr(pupils, "_KNOWN", weight)
        found = taught(imprinted(BOYS, FEW), {BOYS: FEW}, remembered(), TREE)
        lost.append(float((found.logits(goods)[:, 2] - found.logits(goods)[:, 0]).mean()))
    assert lost[0] > lost[1]


def test_what_a_turn_costs_is_what_rows_turn_by(monkeypatch: pytest.MonkeyPatch) -> None:
    before, turned = imprinted(BOYS, FEW), []
    for price in (0.1, 100.0):
        monkeypatch.setattr(pupils, "_STAYS", price)
        after = taught(before, {BOYS: FEW}, remembered(), TREE)
        turned.append(float(np.linalg.norm(after.rows[2] - before.rows[2])))
    assert turned[0] > 2 * turned[1]


def test_a_large_memory_is_looked_at_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = taught(imprinted(BOYS, FEW), {BOYS: FEW}, remembered(), TREE)
    monkeypatch.setattr(pupils, "_ASKED", 100)
    part = taught(imprinted(BOYS, FEW), {BOYS: FEW}, remembered(), TREE)
    assert not np.array_equal(part.bias, whole.bias)
    assert taken(part, MORE) > 0.9


def test_the_gradient_is_that_of_the_loss() -> None:
    shown = {BOYS: FEW, LINEN: around(0, 3, n=3, seed=6)}
    head = imprinted(BOYS, FEW).with_rows((LINEN,), shown[LINEN][:1])
    lesson = pupils._Lesson.of(head, shown, remembered(20), TREE)
    rng = np.random.default_rng(0)
    at = lesson.begun.ravel() + rng.normal(scale=0.05, size=lesson.begun.size)
    gradient = lesson.loss(at)[1]
    for way in rng.normal(size=(5, at.size)):
        step = 1e-3 * way / np.linalg.norm(way)
        slope = (lesson.loss(at + step)[0] - lesson.loss(at - step)[0]) / 2e-3
        assert slope == pytest.approx(gradient @ (step / 1e-3), rel=0.05, abs=0.05)
