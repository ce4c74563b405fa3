"""What the classifier remembers: votes, edits of the tree, and nodes that it was never trained on."""

from collections.abc import Sequence

import numpy as np
import pytest

from ingest.classify.bind import Bound, bind
from ingest.classify.calibrate import Calibration
from ingest.classify.head import Head
from ingest.classify.memory import Memory
from taxonomy.errors import UnknownId
from taxonomy.node import Node, NodeId
from taxonomy.ports import Floats, Progress
from taxonomy.redirects import Redirect
from taxonomy.tree import Draft, Tree

MUG, PAN = NodeId("mug"), NodeId("pan")
EAST, NORTH, UP = np.eye(3, dtype=np.float32)


class Compass:
    """Texts that name a direction get its vector."""

    revision, dim = "compass", 3

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Floats:
        named = {"east": EAST, "north": NORTH, "up": UP}
        vectors = [sum((v for word, v in named.items() if word in text), np.zeros(3)) for text in texts]
        found: Floats = np.array(vectors, dtype=np.float32).reshape(-1, 3)
        return found


def tree(*names: str) -> Tree:
    draft = Draft(Tree())
    for name in names:
        draft.add(Node(NodeId(name), name, NodeId("root")))
    return draft.tree()


def head() -> Head:
    return Head((MUG, PAN), 5 * np.stack([EAST, NORTH]), np.zeros(2, dtype=np.float32))


def memory() -> Memory:
    """Three mugs to the north, where the head expects pans, and a pan to the east."""
    return Memory.of([MUG, MUG, MUG, PAN], np.stack([NORTH, NORTH, NORTH, EAST]))


def chances(bound: Bound, vector: Floats, *, memory_share: float) -> dict[NodeId, float]:
    by = Calibration(wording_share=0.0, memory_share=memory_share)
    (row,) = bound.posteriors([""], bound.read([""], by), lambda _: vector[None], by)
    return dict(zip(bound.layout.terminals, row.tolist(), strict=True))


@pytest.mark.parametrize("n", [1, 19, 33, 1500])
def test_the_nearest_of_any_number_vote(n: int) -> None:
    rng = np.random.default_rng(n)
    rows = rng.normal(size=(n + 40, 8)).astype(np.float32)
    known, asked = np.split(rows / np.linalg.norm(rows, axis=1, keepdims=True), [n])
    ids = [NodeId(str(at)) for at in range(n)]
    votes = Memory.of(ids, known).votes(asked)
    nearest = np.argsort(-asked @ known.astype(np.float16).astype(np.float32).T, axis=1)[:, :20]
    assert [set(np.flatnonzero(row)) for row in votes] == [set(row) for row in nearest]


def test_near_products_vote_and_far_ones_hardly() -> None:
    votes = memory().votes(np.stack([NORTH, EAST]))
    assert votes.sum(axis=1) == pytest.approx([1, 1])
    assert votes[0, 0] == pytest.approx(1, abs=1e-6)
    assert votes[1, 1] == pytest.approx(1, abs=1e-6)


def test_votes_do_not_depend_on_how_many_products_are_asked_about_at_once() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(300, 3)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    many = Memory.of([NodeId(str(at % 7)) for at in range(300)], vectors)
    assert np.allclose(many.votes(vectors), np.vstack([many.votes(row[None]) for row in vectors]), atol=1e-6)


def test_nothing_remembered_gives_no_votes() -> None:
    assert Memory.empty(3).votes(np.stack([NORTH])).shape == (1, 0)


def test_the_memorys_share_moves_probability_to_what_its_neighbours_say() -> None:
    bound = bind(head(), tree("mug", "pan"), Compass(), memory=memory())
    alone, half, most = (chances(bound, NORTH, memory_share=share) for share in (0.0, 0.5, 0.9))
    assert alone[PAN] > 0.9
    assert half[MUG] == pytest.approx(0.5 * alone[MUG] + 0.5, abs=1e-5)
    assert most[MUG] > half[MUG] > alone[MUG]
    assert sum(most.values()) == pytest.approx(1)


def test_a_node_known_by_name_alone_is_not_outvoted() -> None:
    bound = bind(head(), tree("mug", "pan", "up"), Compass(), memory=memory())
    before, after = (chances(bound, UP, memory_share=share)[NodeId("up")] for share in (0.0, 0.9))
    assert after == pytest.approx(before)
    assert before > 0.9


def test_examples_turn_a_row_and_are_remembered() -> None:
    grown = tree("mug", "pan", "lamp")
    lamp = NodeId("lamp")
    by_name = bind(head(), grown, Compass(), memory=memory())
    shown = bind(head(), grown, Compass(), memory=memory(), examples={lamp: ["up", "up"]})
    assert len(shown.memory) == len(by_name.memory) + 2
    assert chances(shown, UP, memory_share=0.5)[lamp] > 0.9
    assert chances(by_name, UP, memory_share=0.5)[lamp] < 0.5


def test_examples_of_a_node_that_was_trained_add_to_its_memory_only() -> None:
    bound = bind(head(), tree("mug", "pan"), Compass(), memory=memory(), examples={PAN: ["up"]})
    assert len(bound.head.ids) == 2
    assert chances(bound, UP, memory_share=0.9)[PAN] > 0.9


def test_examples_of_an_unknown_node_are_refused() -> None:
    with pytest.raises(UnknownId):
        bind(head(), tree("mug", "pan"), Compass(), examples={NodeId("gone"): ["up"]})


def test_a_merged_nodes_products_are_remembered_under_its_heir() -> None:
    draft = Draft(tree("mug", "pan"))
    draft.remove(MUG)
    draft.redirects[MUG] = Redirect((PAN,))
    assert bind(head(), draft.tree(), Compass(), memory=memory()).memory.ids == (PAN,)


def test_a_split_nodes_products_go_to_the_part_that_they_are_like() -> None:
    draft = Draft(tree("mug", "pan"))
    draft.remove(MUG)
    for part in ("north", "east"):
        draft.add(Node(NodeId(part), part, NodeId("root")))
    draft.redirects[MUG] = Redirect((NodeId("north"), NodeId("east")), (0.5, 0.5))
    kept = bind(head(), draft.tree(), Compass(), memory=memory()).memory
    assert [kept.ids[at] for at in kept.owners] == ["north", "north", "north", PAN]


def test_products_of_a_node_that_is_gone_are_forgotten() -> None:
    only = tree("mug")
    assert len(bind(head(), only, Compass(), memory=memory()).memory) == 3
