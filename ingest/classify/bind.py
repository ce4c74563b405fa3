"""A trained head, its words and what it remembers, on the tree in use, which may have been edited since."""

from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.classify.calibrate import Calibration
from ingest.classify.claims import held_back
from ingest.classify.head import Head, softmax
from ingest.classify.layout import Indices, Layout
from ingest.classify.memory import Memory
from ingest.classify.pupils import taught
from ingest.classify.wording import Wording
from taxonomy.errors import ModelError, UnknownId
from taxonomy.node import ROOT_ID, NodeId
from taxonomy.ports import Encoder, Floats
from taxonomy.tree import Tree

__all__ = ["Bound", "Examples", "bind", "node_text"]

Examples = Mapping[NodeId, Sequence[str]]
"""Texts of a few products of a node that the model has not been trained on."""


@dataclass(frozen=True)
class Bound:
    """A head, words and a memory that all stand for terminals of one tree.

    Attributes
    ----------
    head : Head
        Rows of the tree in use.
    layout : Layout
        The terminals in display order.
    target : (n_rows,) int
        The position of each row's terminal; merged nodes share one.
    memory : Memory
        Of products under terminals of the tree.
    wording : Wording or None
        What words say of the terminals that it was learnt on.
    ways : scipy.sparse.csr_array of float32, (n_learnt, n_terminals), or None
        How what words say of one of those is shared by terminals of the tree.
    """

    head: Head
    layout: Layout
    target: Indices
    memory: Memory = field(default_factory=lambda: Memory.empty(0))
    wording: Wording | None = None
    ways: Any = None

    def read(self, texts: Sequence[str], by: Calibration) -> Floats:
        """What words make of terminals, before anything is encoded: (n, n_terminals) float32 of n texts."""
        return self.said(self.scores(texts), by.sharpness) if by.wording_share else self.said_nothing(texts)

    def posteriors(
        self, texts: Sequence[str], read: Floats, encode: Callable[[Sequence[str]], Floats], by: Calibration
    ) -> Floats:
        """Probabilities of terminals: (n, n_terminals) float32 of n texts and what `read` gave of them.

        The head's softmax, of which words and then the neighbours' vote each give out a share anew. What the
        head gives to terminals of which no words were learnt, and no product is remembered, stays with
        them, so that a node known by its name alone is not outvoted by those that have products. Texts that
        words settle are not encoded.
        """
        found = read.copy()
        left = np.flatnonzero(~self.settled(found, by))
        vectors = encode([texts[at] for at in left.tolist()])
        head = self.regroup(softmax(self.head.logits(vectors), temperature=by.temperature))
        found[left] = self.mixed(head, found[left], self.votes(vectors) if by.memory_share else head, by)
        return found

    def settled(self, said: Floats, by: Calibration) -> NDArray[np.bool_]:
        """Whose words tell enough, (n,) bool of (n, n_terminals): none where some terminal has no words."""
        settled: NDArray[np.bool_] = said.max(axis=1, initial=0.0) > by.settles
        return settled if by.settles < 1 and self.worded.all() else np.zeros_like(settled)

    def mixed(self, head: Floats, said: Floats, votes: Floats, by: Calibration) -> Floats:
        """The head's probabilities, what words say and the votes, all (n, n_terminals), as one."""
        worded = _dealt_anew(head, said, by.wording_share, self.worded)
        return _dealt_anew(worded, votes, by.memory_share, self.remembered)

    def scores(self, texts: Sequence[str]) -> Floats:
        """What words say, for `said`: (n, n_choices) float32, no columns without words."""
        return self.wording.scores(texts) if self.wording else np.zeros((len(texts), 0), dtype=np.float32)

    def said(self, scores: Floats, sharpness: float) -> Floats:
        """What words make of terminals: (n, n_terminals) float32, rows adding up to 1, or 0 without words."""
        if not self.wording or not self.worded.any():
            return self.said_nothing(scores)
        said = self.wording.votes(scores, sharpness=sharpness) @ self.ways
        rows: Floats = said / np.maximum(said.sum(axis=1, keepdims=True), 1e-12)
        return rows

    def said_nothing(self, of: Sized) -> Floats:
        """What words make of terminals where they say nothing: (n, n_terminals) float32, all 0."""
        return np.zeros((len(of), len(self.layout.terminals)), dtype=np.float32)

    def votes(self, vectors: Floats) -> Floats:
        """What the nearest remembered products say: (n, n_terminals) float32, rows adding up to 1.

        All 0 where nothing is remembered.
        """
        votes = np.zeros((len(vectors), len(self.layout.terminals)), dtype=np.float32)
        votes[:, self._columns] = self.memory.votes(vectors)
        return votes

    def regroup(self, row_probabilities: Floats) -> Floats:
        """(n, n_terminals) float32 of (n, n_rows): the rows of one terminal added up."""
        order = np.argsort(self.target, kind="stable")
        starts = np.searchsorted(self.target[order], np.arange(len(self.layout.terminals)))
        sums: Floats = np.add.reduceat(row_probabilities[:, order], starts, axis=1)
        return sums

    @cached_property
    def _columns(self) -> Indices:
        return np.array([self.layout.position[at] for at in self.memory.ids], dtype=np.int64)

    @cached_property
    def worded(self) -> Floats:
        """1 where words were learnt of a terminal, else 0: (n_terminals,) float32."""
        mask = np.zeros(len(self.layout.terminals), dtype=np.float32)
        if self.ways is not None:
            mask[self.ways.indices] = 1.0
        return mask

    @cached_property
    def remembered(self) -> Floats:
        """1 where a product of a terminal is remembered, else 0: (n_terminals,) float32."""
        mask = np.zeros(len(self.layout.terminals), dtype=np.float32)
        mask[self._columns] = 1.0
        return mask


def bind(
    head: Head,
    tree: Tree,
    encoder: Encoder,
    *,
    memory: Memory | None = None,
    wording: Wording | None = None,
    examples: Examples | None = None,
) -> Bound:
    """The head, its words and its memory on this tree, every leaf of which can be predicted.

    Rows follow their ids: a moved or renamed node keeps its row, a merged or retired one lends its row to
    the node it went to. A node that was split leaves half of its row's direction to each successor, the
    other half being the successor's own, each product remembered of it to the successor that it is most
    like, and what words say of it to all alike. A leaf without a row gets the direction of its text
    (`node_text`), or is taught by text and examples, which are remembered, too. An id that this tree never
    knew loses its row.

    Raises
    ------
    ModelError
        No row's id is known to the tree.
    UnknownId
        There are examples of a node that the tree does not have.
    """
    learnt = [*head.ids, *(memory.ids if memory else ()), *(wording.ids if wording else ())]
    heirs = {at: _heirs(tree, at) for at in dict.fromkeys(learnt)}
    kept = [(row, heirs[old][0]) for row, old in enumerate(head.ids) if len(heirs[old]) == 1]
    parts = {live: row for row, old in enumerate(head.ids) if len(heirs[old]) > 1 for live in heirs[old]}
    if not kept and not parts:
        raise ModelError("this model belongs to another tree: the tree given has none of its nodes")
    shown = _encoded(tree, encoder, examples or {})
    known = {live for _, live in kept}
    bare = tuple(at for at in dict.fromkeys([*tree.leaves(), *parts, *shown]) if at not in known)
    told = _told(tree, encoder, bare, shown)
    if bare:
        directions = np.stack([_unit(told[at].sum(axis=0)) for at in bare])
        for index, at in enumerate(bare):
            if at in parts:
                directions[index] += head.rows[parts[at]] / head.scale
        head = head.with_rows(bare, directions)  # before rows go, whose length and bias new ones take
    rows = [*(row for row, _ in kept), *range(len(head.ids) - len(bare), len(head.ids))]
    bound = Head((*(live for _, live in kept), *bare), head.rows[rows], head.bias[rows])
    layout = Layout(tree, bound.ids)
    target = np.array([layout.position[at] for at in bound.ids], dtype=np.int64)
    remembered = _inherited(memory, heirs, bound) if memory else Memory.empty(head.rows.shape[1])
    pupils = {at: told[at] for at in bare if at in shown}
    named = [at for at in bare if at not in shown]
    bound = held_back(bound, named, remembered, tree, besides=list(pupils))
    bound = taught(bound, pupils, remembered, tree)
    for at, vectors in shown.items():
        remembered = remembered.having(Memory.of([at] * len(vectors), vectors))
    ways = _ways(wording, heirs, layout) if wording else None
    return Bound(bound, layout, target, remembered, wording, ways)


def node_text(tree: Tree, node_id: NodeId) -> str:
    """What a node would be called if it were a product: name, other names, parent's name, scope note."""
    node = tree.node(node_id)
    above = [tree.node(at).name for at in tree.ancestors(node_id)[-1:]]
    return ", ".join([node.name, *node.alt_labels, *above, *([node.scope_note] if node.scope_note else [])])


def _dealt_anew(given: Floats, anew: Floats, share: float, among: Floats) -> Floats:
    """(n, n_terminals) probabilities, of which a share is dealt out anew `among` (1 or 0) some terminals."""
    if not share:
        return given
    dealt = share * given * among
    mixed: Floats = given - dealt + dealt.sum(axis=1, keepdims=True) * anew
    return mixed


def _ways(wording: Wording, heirs: Mapping[NodeId, Sequence[NodeId]], layout: Layout) -> Any:
    """What words were learnt of, and the terminals that stand for it now, in equal parts."""
    from scipy.sparse import csr_array

    live = [[layout.position[to] for to in heirs[at] if to in layout.position] for at in wording.ids]
    rows = np.repeat(np.arange(len(live)), [len(some) for some in live])
    columns = np.array([one for some in live for one in some], dtype=np.int64)
    parts = np.array([1 / len(some) for some in live for _ in some], dtype=np.float32)
    return csr_array((parts, (rows, columns)), shape=(len(live), len(layout.terminals)))


def _encoded(tree: Tree, encoder: Encoder, examples: Examples) -> dict[NodeId, Floats]:
    """Vectors of the examples by node; one call to the encoder."""
    for at in examples:
        tree.node(at)
    texts = [text for some in examples.values() for text in some]
    vectors = encoder.encode(texts)
    ends = np.cumsum([0, *map(len, examples.values())])
    return {at: vectors[ends[i] : ends[i + 1]] for i, at in enumerate(examples) if examples[at]}


def _told(
    tree: Tree, encoder: Encoder, nodes: Sequence[NodeId], shown: Mapping[NodeId, Floats]
) -> dict[NodeId, Floats]:
    """Vectors of what new nodes are known by: their text, which counts as one more example, and examples."""
    if not nodes:
        return {}
    texts = encoder.encode([node_text(tree, at) for at in nodes])
    return {at: np.vstack([text, *shown.get(at, ())]) for at, text in zip(nodes, texts, strict=True)}


def _unit(vector: Floats) -> Floats:
    unit: Floats = vector / max(float(np.linalg.norm(vector)), 1e-12)
    return unit


def _inherited(memory: Memory, heirs: Mapping[NodeId, Sequence[NodeId]], bound: Head) -> Memory:
    """What is remembered, under the nodes of the tree in use."""
    row = {at: index for index, at in enumerate(bound.ids)}
    nodes: list[NodeId | None] = []
    for owner, vector in zip(memory.owners, memory.vectors, strict=True):
        live = [at for at in heirs[memory.ids[owner]] if at in row]
        if len(live) > 1:
            likeness = bound.rows[[row[at] for at in live]] @ vector.astype(np.float32)
            live = [live[int(likeness.argmax())]]
        nodes.append(live[0] if live else None)
    return memory.renamed(nodes)


def _heirs(tree: Tree, old: NodeId) -> tuple[NodeId, ...]:
    """The live nodes that stand where this one stood: itself, or those that its redirects lead to."""
    successors = tree.redirects[old].targets if old in tree.redirects and old not in tree else (old,)
    found = (_live(tree, at) for at in successors)
    return tuple(dict.fromkeys(at for at in found if at is not None))


def _live(tree: Tree, node_id: NodeId) -> NodeId | None:
    try:
        live = tree.resolve(node_id)
    except UnknownId:
        return None
    return None if live == ROOT_ID else live
