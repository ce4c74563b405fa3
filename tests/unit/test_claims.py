"""New nodes do not take the goods of their neighbours, and may take those of the nodes above."""

import numpy as np
import pytest

from ingest.classify import claims
from ingest.classify.claims import held_back
from ingest.classify.head import Head
from ingest.classify.memory import Memory
from taxonomy.node import NodeId
from taxonomy.ports import Floats
from taxonomy.tree import Tree

TREE = Tree.from_paths([("Men", "Shirts"), ("Men", "Shoes"), ("Boys", "Shirts"), ("Men", "Shirts", "Linen")])


def node(*path: str) -> NodeId:
    at = TREE.find(path)
    assert at is not None
    return at


MEN, SHOES, BOYS, LINEN = (
    node("Men", "Shirts"),
    node("Men", "Shoes"),
    node("Boys", "Shirts"),
    node("Men", "Shirts", "Linen"),
)


def unit(rows: Floats) -> Floats:
    found: Floats = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return found


def goods(n: int = 500) -> tuple[Floats, Memory]:
    """Shirts around one direction, shoes around another."""
    rng = np.random.default_rng(0)
    middle = np.repeat(np.eye(8)[:2], n // 2, axis=0)
    vectors = unit(middle + rng.normal(scale=0.2, size=(n, 8)))
    return vectors, Memory.of([MEN] * (n // 2) + [SHOES] * (n // 2), vectors)


def head(new: NodeId, toward: Floats) -> Head:
    rows = 10 * unit(np.vstack([np.eye(8)[:2] + 0.3 * np.eye(8)[2], toward[None]]))
    return Head((MEN, SHOES, new), rows.astype(np.float32), np.zeros(3, dtype=np.float32))


def taken(found: Head, vectors: Floats) -> float:
    return float((found.logits(vectors).argmax(axis=1) == 2).mean())


SHIRT = np.eye(8)[0]


def test_a_new_node_does_not_take_what_stands_elsewhere() -> None:
    vectors, memory = goods()
    before = head(BOYS, SHIRT)
    after = held_back(before, [BOYS], memory, TREE)
    assert taken(before, vectors) > 0.3
    assert taken(after, vectors) <= claims._CLAIMED
    assert np.array_equal(after.bias[:2], before.bias[:2])
    assert after.rows is before.rows


def test_a_new_node_with_goods_of_its_own_keeps_its_bias() -> None:
    _, memory = goods()
    before = head(BOYS, np.eye(8)[5])
    assert np.array_equal(held_back(before, [BOYS], memory, TREE).bias, before.bias)


def test_a_node_takes_from_those_above_it() -> None:
    vectors, memory = goods()
    before = head(LINEN, SHIRT)
    assert taken(held_back(before, [LINEN], memory, TREE), vectors) == taken(before, vectors)


def test_nothing_holds_back_where_nothing_is_remembered_or_all_is_new() -> None:
    before = head(BOYS, SHIRT)
    assert held_back(before, [BOYS], Memory.empty(8), TREE) is before
    assert held_back(before, [], goods()[1], TREE) is before
    assert held_back(before, [MEN, SHOES, BOYS], goods()[1], TREE) is before


@pytest.mark.parametrize("share", [0.002, 0.2])
def test_how_much_may_be_claimed_is_what_is_claimed(monkeypatch: pytest.MonkeyPatch, share: float) -> None:
    monkeypatch.setattr(claims, "_CLAIMED", share)
    monkeypatch.setattr(claims, "_LEAD", 0.0)
    vectors, memory = goods()
    assert taken(held_back(head(BOYS, SHIRT), [BOYS], memory, TREE), vectors) == pytest.approx(
        share, abs=0.005
    )


def test_new_nodes_are_measured_against_trained_ones_alone() -> None:
    _, memory = goods()
    both = head(BOYS, SHIRT).with_rows((LINEN,), SHIRT[None].astype(np.float32))
    alone = held_back(head(BOYS, SHIRT), [BOYS], memory, TREE)
    beside = held_back(both, [BOYS], memory, TREE, besides=[LINEN])
    assert beside.bias[2] == pytest.approx(alone.bias[2])
    assert beside.bias[3] == both.bias[3]
    assert held_back(both, [BOYS], memory, TREE).bias[2] > beside.bias[2]  # a rival that was trained


def test_a_larger_memory_is_asked_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, memory = goods()
    whole = held_back(head(BOYS, SHIRT), [BOYS], memory, TREE)
    monkeypatch.setattr(claims, "_ASKED", 100)
    part = held_back(head(BOYS, SHIRT), [BOYS], memory, TREE)
    assert part.bias[2] != whole.bias[2]
    assert taken(part, vectors) < 0.05
