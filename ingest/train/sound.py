"""What a model folder must hold to be believed, beyond being what its manifest says."""

from collections.abc import Collection, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ingest.classify.calibrate import Calibration
from ingest.classify.head import Head
from ingest.classify.memory import Memory
from ingest.classify.wording import Wording
from taxonomy.errors import ModelError, UnknownId
from taxonomy.node import NodeId
from taxonomy.tree import Tree

__all__ = ["refuse_strangers", "refuse_unsound"]

_ENDINGS = (".json", ".safetensors", ".md", ".txt")  # what cannot carry code
_INDEX = ".index.json"  # names files that weights lie in, wherever these are
_MOST_TEXT = 64 * 2**20  # bytes of any file but weights; a tree of 100,000 nodes takes 20 MB


def refuse_strangers(folder: Path, listed: Collection[str]) -> None:
    """See that a folder holds nothing but what its manifest lists, and no kind of file that can carry code.

    A library that opens the folder may read files that no manifest vouches for: an adapter, more tokens, a
    list of weights elsewhere.

    Raises
    ------
    ModelError
        It holds something else, or a text file is too large to be one of ours.
    """
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink():
            continue
        if path.name not in listed:
            raise ModelError(f"{path}: training did not write this; move it out of the model's folder")
        if path.suffix not in _ENDINGS or path.name.endswith(_INDEX):
            raise ModelError(f"{path}: no model of ours holds such a file; train it again")
        if path.suffix != ".safetensors" and path.stat().st_size > _MOST_TEXT:
            raise ModelError(
                f"{path}: {path.stat().st_size:,} bytes, too many for such a file; train it again"
            )


def refuse_unsound(
    head: Head,
    memory: Memory,
    wording: Wording | None,
    tree: Tree,
    calibration: Calibration,
    texts: tuple[str, ...],
    *,
    dim: int,
) -> None:
    """See that the parts of a model are what they should be and fit each other, and vectors of length `dim`.

    Raises
    ------
    ValueError
        They are or do not; the message says which.
    """
    for fault in (
        *_head_faults(head, tree, dim),
        *_memory_faults(memory, tree, dim),
        *(_wording_faults(wording, tree) if wording else ()),
        *_tree_faults(tree),
        *_curve_faults(calibration),
    ):
        raise ValueError(fault)
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("a sample text is no text")


def _head_faults(head: Head, tree: Tree, dim: int) -> Iterator[str]:
    if head.rows.shape != (len(head.ids), dim) or head.bias.shape != (len(head.ids),) or not head.ids:
        yield f"the head of {len(head.ids)} nodes has rows of shape {head.rows.shape}"
    if not np.isfinite(head.rows).all() or not np.isfinite(head.bias).all():
        yield "the head holds what is no number"
    if len(set(head.ids)) < len(head.ids):
        yield "two rows of the head stand for one node"
    if not all(at in tree for at in head.ids):
        yield "the head is of another tree"


def _memory_faults(memory: Memory, tree: Tree, dim: int) -> Iterator[str]:
    if len(memory) and memory.vectors.shape != (len(memory.owners), dim):
        yield f"it remembers {len(memory.owners)} products by vectors of shape {memory.vectors.shape}"
    if not np.isfinite(memory.vectors).all():
        yield "it remembers what is no number"
    if not all(at in tree for at in memory.ids):
        yield "what it remembers is of another tree"


def _wording_faults(wording: Wording, tree: Tree) -> Iterator[str]:
    yield from wording.faults()
    if not all(at in tree for at in wording.ids):
        yield "its words are of another tree"


def _tree_faults(tree: Tree) -> Iterator[str]:
    """Its shape alone: what its nodes may be called is no question of safety."""
    reached = list(tree.descendants())
    if len(reached) > len(set(reached)) or tree.nodes.keys() - set(reached):
        yield "the tree's nodes do not hang together"
    if not all(_ends(tree, at) for at in tree.redirects):
        yield "a retired node of the tree leads nowhere"


def _ends(tree: Tree, node_id: NodeId) -> bool:
    try:
        return tree.resolve(node_id) in tree
    except UnknownId:
        return False


def _curve_faults(calibration: Calibration) -> Iterator[str]:
    numbers = [value for kept in asdict(calibration).values() for value in np.ravel(kept)]
    if not np.isfinite(np.array(numbers, dtype=np.float64)).all() or calibration.temperature <= 0:
        yield "the calibration holds what is no number, or a temperature that is none"
    shares = (calibration.wording_share, calibration.memory_share, calibration.settles)
    if not all(0 <= share <= 1 for share in shares):
        yield "the calibration shares out more than there is, or less than nothing"
    if not len(calibration.prices) == len(calibration.given) == len(calibration.wrong):
        yield "the calibration's curve has columns of different length"
    if list(calibration.prices) != sorted(calibration.prices):
        yield "the calibration's prices do not rise"
    if not all(
        0 <= wrong <= given for wrong, given in zip(calibration.wrong, calibration.given, strict=False)
    ):
        yield "the calibration counts more errors than products"
