"""Trees kept in memory, so that an edit of one node does not load all the others."""

from collections import OrderedDict
from threading import Lock
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from taxonomy.tree import Tree

__all__ = ["Heads", "heads_of"]

KEPT = 8
"""Trees a process keeps: 100,000 nodes are about 60 MB, and the versions of one tree share most of theirs."""


class Heads:
    """Committed versions of trees, the least recently used forgotten. Threads may share it.

    A tree goes by its taxonomy's number and the digest that its version was recorded with: a restored backup
    or a server that lost its last commits may count the same versions again, with other trees.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._trees: OrderedDict[tuple[int, str], Tree] = OrderedDict()
        self._one_at_a_time = Lock()

    def get(self, number: int, version: int, digest: str) -> Tree | None:
        """The tree of this version with this digest; None if it is not kept."""
        with self._one_at_a_time:
            found = self._trees.get((number, digest))
            if found is None or found.version != version:  # an undo brings an old digest back
                return None
            self._trees.move_to_end((number, digest))
            return found

    def older(self, number: int, version: int) -> tuple[str, Tree] | None:
        """The newest tree kept from before a version of a taxonomy, with its digest."""
        with self._one_at_a_time:
            held = [(at, tree) for (of, at), tree in self._trees.items() if of == number]
        return max(
            (one for one in held if one[1].version < version), key=lambda one: one[1].version, default=None
        )

    def keep(self, number: int, digest: str, tree: Tree) -> None:
        """Keep a committed tree in place of the older ones of its taxonomy."""
        with self._one_at_a_time:
            past = [
                key for key, one in self._trees.items() if key[0] == number and one.version <= tree.version
            ]
            for key in past:
                del self._trees[key]
            self._trees[number, digest] = tree
            while len(self._trees) > self._kept:
                self._trees.popitem(last=False)


_HEADS: WeakKeyDictionary[Engine, Heads] = WeakKeyDictionary()


def heads_of(engine: Engine) -> Heads:
    """The trees kept for the database of an engine, as long as the engine lives."""
    return _HEADS.setdefault(engine, Heads())
