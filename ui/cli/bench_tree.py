"""`shelftree bench tree`: reading, moving and searching a large tree, beside a recursive query."""

import gc
import time
from collections.abc import Callable, Sequence

import numpy as np
from sqlalchemy import Engine

from store.bench_tree import BENCH, Reader, Readers, Row, creations, milliseconds, scratch, stock, summary
from store.engine import connect
from store.unit_of_work import PostgresUnitOfWork
from taxonomy.edits import Edit, Merge, Move, Rename
from taxonomy.errors import InputError, StoreError
from taxonomy.node import ROOT_ID, NodeId
from taxonomy.product import Source
from taxonomy.service import editing
from taxonomy.service.previewing import impact_of_edits
from taxonomy.text import fold
from taxonomy.tree import Tree
from ui.cli.progress import Bar

__all__ = ["bench_tree"]

SMALL = 200
"""Nodes of a subtree that a screen shows."""

FEW = 20
"""Runs of what takes long, and names that a search gives."""

MOVES = 6


def bench_tree(
    url: str, *, n_nodes: int, n_products: int, n_reads: int, seed: int, bar: Bar
) -> dict[str, Row]:
    """Figures by name, each part beside its peer, measured in a database of its own that goes afterwards.

    Raises
    ------
    StoreError
        The two versions of a read disagree, or a reader had to wait for a move.
    """
    if n_nodes < 2 * SMALL:
        raise InputError(f"--nodes: a tree of {n_nodes} has nothing to measure, take {2 * SMALL} or more")
    with scratch(url) as engine:
        bar.start(f"making {n_nodes} nodes")
        rows = {"setup: import, whole use case": _imported(engine, n_nodes, seed)}
        with PostgresUnitOfWork(engine) as uow:
            tree = uow.trees.head(BENCH)
        busy = _leaves(tree)
        bar.start(f"making {n_products} products")
        started = time.perf_counter()
        stock(engine, n_products, busy)
        rows["setup: products"] = {"seconds": time.perf_counter() - started}
        bar.start("measuring")
        reader = Reader(engine)
        try:
            rows |= _reads(reader, tree, n_reads, seed)
            rows |= _searches(reader, tree, n_reads, seed)
            rows |= _moves(engine, reader, tree, seed)
        finally:
            reader.close()
        rows |= _edits(engine, tree)
        rows["impact of a merge"] = _impact(engine, busy)
    return rows


def _imported(engine: Engine, n_nodes: int, seed: int) -> Row:
    edits = creations(n_nodes, seed=seed)
    started = time.perf_counter()
    with PostgresUnitOfWork(engine) as uow:
        uow.trees.create(BENCH)
        uow.catalogs.create(BENCH)
        editing.edit(uow, BENCH, edits, author="bench", source=Source.IMPORT)
    return {"seconds": time.perf_counter() - started}


def _reads(reader: Reader, tree: Tree, n_reads: int, seed: int) -> dict[str, Row]:
    gc.freeze()  # else the collector walks the whole tree in the middle of a read, for 30 ms
    sizes = _sizes(tree)
    small = [at for at, size in sizes.items() if 1 < size <= SMALL]
    chosen = [small[at] for at in np.random.default_rng(seed).integers(len(small), size=n_reads)]
    large = min(sizes, key=lambda at: (abs(sizes[at] - len(tree) // 10), at))
    for at in {*chosen[:FEW], large}:
        _agree(reader, at, sizes[at])
    rows = dict[str, Row]()
    for name, ids in ((f"read up to {SMALL} nodes", chosen), (f"read {sizes[large]} nodes", [large] * FEW)):
        rows |= _beside(
            name,
            "recursive query",
            lambda run, ids=ids: reader.below(ids[run], len(tree)),  # type: ignore[misc]
            lambda run, ids=ids: reader.peer_below(ids[run], len(tree)),  # type: ignore[misc]
            len(ids),
        )
    return rows


def _agree(reader: Reader, node_id: NodeId, size: int) -> None:
    """Both versions give the same nodes, all of them."""
    ours = {
        (place, *str(path).split(".")[-1:], *said)
        for place, path, *said in _hashable(reader.below(node_id, size))
    }
    theirs = {(place, at, *said) for place, at, _, *said in _hashable(reader.peer_below(node_id, size))}
    if ours != theirs or len(ours) != size:
        raise StoreError(
            f"the two ways to read below {node_id} disagree: {len(ours)} and {len(theirs)} nodes"
        )


def _hashable(rows: Sequence[Sequence[object]]) -> list[tuple[object, ...]]:
    return [(*row[:-1], str(row[-1])) for row in rows]


def _searches(reader: Reader, tree: Tree, n_reads: int, seed: int) -> dict[str, Row]:
    names = sorted(fold(node.name) for node in tree.nodes.values())
    chosen = [
        names[at] for at in np.random.default_rng(seed).integers(len(names), size=max(n_reads // 10, FEW))
    ]
    for name in chosen[:FEW]:
        if len(reader.peer_named(name, FEW)) > len(reader.named(name, FEW)):
            raise StoreError(f"the search for {name!r} misses a name that contains it")
        typed = name[:2] + name[3:]  # one letter left out
        if name not in {fold(row[1]) for row in reader.named(typed, FEW)}:
            raise StoreError(f"the search for {typed!r} does not find {name!r}")
    words = [" ".join(name.split()[1:]) for name in chosen]
    rows = dict[str, Row]()
    for kind, texts in (("a whole name", chosen), ("two words", words)):
        rows |= _beside(
            f"search {kind}",
            "ILIKE",
            lambda run, texts=texts: reader.named(texts[run], FEW),  # type: ignore[misc]
            lambda run, texts=texts: reader.peer_named(texts[run], len(names)),  # type: ignore[misc]
            len(texts),
        )
    return rows


def _moves(engine: Engine, reader: Reader, tree: Tree, seed: int) -> dict[str, Row]:
    """A tenth of the tree goes under another top category and back, while others read."""
    sizes = _sizes(tree)
    large = min(tree.children_of(ROOT_ID), key=lambda at: (abs(sizes[at] - len(tree) // 10), at))
    other = next(at for at in tree.children_of(ROOT_ID) if at != large)
    below = {at: size for at, size in sizes.items() if tree.nodes[at].parent_id != ROOT_ID}
    small = {at: size for at, size in below.items() if 1 < size <= SMALL}
    with Readers(engine, small, seed=seed) as quiet:
        time.sleep(1)
    there_and_back = [Move(large, other), Move(large, ROOT_ID, 0)] * (MOVES // 2)
    with PostgresUnitOfWork(engine) as uow:
        uow.trees.head(BENCH).digest()
    alone = milliseconds(lambda run: _edit(engine, there_and_back[run]), MOVES)
    with Readers(engine, small, seed=seed) as readers:
        moved = milliseconds(lambda run: _edit(engine, there_and_back[run]), MOVES)
    return {
        f"move {sizes[large]} nodes, whole use case": alone,
        "  the same, while two threads read": moved,
        "  their reads meanwhile, none waited": summary(readers.seconds) | {"reads": len(readers.seconds)},
        "  their reads before": summary(quiet.seconds) | {"reads": len(quiet.seconds)},
        "  an adjacency list's bare UPDATE": milliseconds(
            lambda run: reader.peer_move(large, (other, None)[run % 2]), MOVES
        ),
    }


def _edits(engine: Engine, tree: Tree) -> dict[str, Row]:
    """One rename, by a process that has the tree and by one that has to load it first."""
    at = next(tree.leaves())
    names = [f"Renamed {run}" for run in range(FEW)]
    warm = milliseconds(lambda run: _edit(engine, Rename(at, names[run])), FEW)
    fresh = connect(engine.url.render_as_string(hide_password=False))
    try:
        cold = milliseconds(lambda run: _edit(fresh, Rename(at, "Renamed at last")), 1)
        caught_up = milliseconds(lambda run: _head(engine), 1)
    finally:
        fresh.dispose()
    return {
        "rename one node, whole use case": warm,
        "  the first of a process": cold,
        "  what another process wrote, caught up": caught_up,
    }


def _impact(engine: Engine, busy: tuple[NodeId, NodeId]) -> Row:
    def told(run: int) -> None:
        with PostgresUnitOfWork(engine) as uow:
            found = impact_of_edits(uow, BENCH, [Merge((busy[0],), busy[1])])
        if found.n_moved != n_held:
            raise StoreError(f"the merge moves {n_held} products, and the impact says {found.n_moved}")

    with PostgresUnitOfWork(engine) as uow:
        n_held = uow.assignments.counts(BENCH, BENCH).get(busy[0], 0)
    return milliseconds(told, FEW // 4)


def _beside(
    name: str, peer: str, ours: Callable[[int], object], theirs: Callable[[int], object], times: int
) -> dict[str, Row]:
    """Both in turns of one run each would share caches unfairly little: they go one after the other, warm."""
    for work in (ours, theirs):
        for run in range(min(times, FEW)):
            work(run)
    return {name: milliseconds(ours, times), f"  by {peer}: {name}": milliseconds(theirs, times)}


def _edit(engine: Engine, edit: Edit) -> None:
    with PostgresUnitOfWork(engine) as uow:
        editing.edit(uow, BENCH, [edit], author="bench")


def _head(engine: Engine) -> Tree:
    with PostgresUnitOfWork(engine) as uow:
        return uow.trees.head(BENCH)


def _sizes(tree: Tree) -> dict[NodeId, int]:
    """How many nodes each subtree has, its top included."""
    sizes = dict.fromkeys(tree.descendants(), 1)
    for at in reversed(list(sizes)):
        if (parent_id := tree.nodes[at].parent_id) != ROOT_ID:
            sizes[parent_id] += sizes[at]
    return sizes


def _leaves(tree: Tree) -> tuple[NodeId, NodeId]:
    leaves = tree.leaves()
    return next(leaves), next(leaves)
