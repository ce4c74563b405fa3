"""A generated tree with products in a database of its own, for `shelftree bench tree`.

The peer is what you would write instead: an adjacency list, read by a recursive query over `parent_id`, its
names searched by ILIKE. It holds the same nodes and has the indexes that it needs.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any, Final
from uuid import uuid4

import numpy as np
import psycopg
from sqlalchemy import Engine, TextClause
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine import URL, make_url

from store.engine import connect, translated
from store.migrate import upgrade
from store.tree_statements import BELOW, LIKENESS, NAMED
from taxonomy.edits import Create, Edit
from taxonomy.errors import StoreError
from taxonomy.node import ROOT_ID, Node, NodeId, seeded_ids

__all__ = ["BENCH", "Reader", "Readers", "Row", "creations", "milliseconds", "scratch", "stock", "summary"]

BENCH: Final = "bench"
"""The name of the taxonomy and of the catalogue."""

CHILDREN: Final = 10
"""Of every inner node: 100,000 nodes are five levels, a top category has 11,111, a shelf 111 or 11."""

WORDS: Final = 5000
"""Of which names are made, three each, some of them often: about as in published taxonomies."""

SYLLABLES: Final = tuple(one + other for one in "bcdfghjklmnpqrstvwxz" for other in "aeiou")

Row = dict[str, float]


def creations(n_nodes: int, *, seed: int) -> list[Edit]:
    """The edits that make a tree of so many nodes, ten below each inner one; names tell nodes apart."""
    draw = seeded_ids(str(seed))
    ids = [ROOT_ID, *(draw() for _ in range(n_nodes))]
    rng = np.random.default_rng(seed)
    words = ["".join(rng.choice(SYLLABLES, rng.integers(2, 5))) for _ in range(WORDS)]
    chosen = (WORDS * rng.random((n_nodes, 3)) ** 2).astype(int)
    names = (" ".join(words[at] for at in row) for row in chosen.tolist())
    parents = (ids[at // CHILDREN] for at in range(n_nodes))
    return [Create(Node(*one)) for one in zip(ids[1:], names, parents, strict=True)]


@contextmanager
def scratch(url: str) -> Iterator[Engine]:
    """An engine on a fresh, migrated database of the server at a URL; it is dropped afterwards.

    Raises
    ------
    StoreError
        The user may not create databases.
    """
    server = make_url(url).set(drivername="postgresql")
    name = f"shelftree_bench_{uuid4().hex[:12]}"
    try:
        _on_server(server, f'CREATE DATABASE "{name}" TEMPLATE template0')
    except psycopg.errors.InsufficientPrivilege as error:
        raise StoreError(
            "the user of this server may not create databases, and a bench needs one of its own"
        ) from error
    try:
        made = make_url(url).set(database=name)
        upgrade(made.render_as_string(hide_password=False))
        engine = connect(made.render_as_string(hide_password=False))
        try:
            yield engine
        finally:
            engine.dispose()
    finally:
        _on_server(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def stock(engine: Engine, n_products: int, busy: tuple[NodeId, NodeId]) -> None:
    """Products into the catalogue, each assigned by a model, and the peer's table of the same nodes.

    A twentieth of the products stands in each of the two busy nodes, the others in leaves.
    """
    with _driver(engine) as connection:
        for statement in _STOCK:
            connection.execute(statement, {"n": n_products, "one": busy[0], "other": busy[1], "name": BENCH})


class Reader:
    """A connection on which statements are prepared and timed at the driver, rows fetched and all.

    One that is not `patient` is told by an error when it has to wait for a lock at all, and the bench fails.
    """

    def __init__(self, engine: Engine, *, patient: bool = True) -> None:
        self._connection = psycopg.connect(_plain(engine.url), autocommit=True)
        self._connection.execute(f"SET pg_trgm.strict_word_similarity_threshold = {LIKENESS[0]}")
        if not patient:
            self._connection.execute("SET lock_timeout = '1ms'")
        self._number = 1

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def below(self, node_id: NodeId, limit: int) -> list[Any]:
        """A subtree as `TreeRepository.below` asks for it."""
        return self._rows(_BELOW, {"number": self._number, "node_id": node_id, "limit": limit})

    def peer_below(self, node_id: NodeId, limit: int) -> list[Any]:
        """The same rows by a recursive query over `parent_id`."""
        return self._rows(_PEER_BELOW, {"node_id": node_id, "limit": limit})

    def named(self, text: str, limit: int) -> list[Any]:
        """Names as `TreeRepository.named` seeks them, `text` folded."""
        return self._rows(_NAMED, {"number": self._number, "sought": text, "limit": limit})

    def peer_named(self, text: str, limit: int) -> list[Any]:
        """Names that contain the text, by ILIKE."""
        return self._rows(_PEER_NAMED, {"pattern": f"%{text}%", "limit": limit})

    def peer_move(self, node_id: NodeId, parent_id: NodeId | None) -> None:
        """What a move is to an adjacency list: one row, no rule, no history."""
        self._connection.execute(_PEER_MOVE, {"node_id": node_id, "parent_id": parent_id}, prepare=True)

    def _rows(self, statement: str, given: dict[str, object]) -> list[Any]:
        return self._connection.execute(statement, given, prepare=True).fetchall()


class Readers:
    """Threads that read subtrees over and over, until told to stop; each on a connection of its own."""

    def __init__(self, engine: Engine, sizes: dict[NodeId, int], *, n: int = 2, seed: int = 0) -> None:
        self.seconds: list[float] = []
        self.errors: list[BaseException] = []
        self._stop = Event()
        self._threads = [Thread(target=self._read, args=(engine, sizes, seed + at)) for at in range(n)]

    def __enter__(self) -> "Readers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if self.errors:
            raise StoreError(f"a reader was held up or misled: {self.errors[0]}") from self.errors[0]

    def _read(self, engine: Engine, sizes: dict[NodeId, int], seed: int) -> None:
        reader, rng, ids = Reader(engine, patient=False), np.random.default_rng(seed), list(sizes)
        try:
            while not self._stop.is_set():
                at = ids[rng.integers(len(ids))]
                started = time.perf_counter()
                rows = reader.below(at, sizes[at] + 1)
                self.seconds.append(time.perf_counter() - started)
                if len(rows) != sizes[at]:
                    raise StoreError(f"{len(rows)} nodes below {at}, where there are {sizes[at]}")
        except (psycopg.Error, StoreError) as error:
            self.errors.append(error)
        finally:
            reader.close()


def milliseconds(work: Callable[[int], object], times: int) -> Row:
    """p50, p99 and the longest of so many runs, each given its number, in milliseconds."""
    seconds = []
    for run in range(times):
        started = time.perf_counter()
        work(run)
        seconds.append(time.perf_counter() - started)
    return summary(seconds)


def summary(seconds: list[float]) -> Row:
    """p50, p99 and the longest in milliseconds; nothing of none."""
    if not seconds:
        return {}
    p50, p99 = np.percentile(seconds, [50, 99]) * 1000
    return {"p50_ms": float(p50), "p99_ms": float(p99), "max_ms": max(seconds) * 1000}


def _text(statement: TextClause) -> str:
    """The statement as the driver takes it."""
    return str(statement.compile(dialect=PGDialect_psycopg()))  # type: ignore[no-untyped-call]


def _plain(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def _driver(engine: Engine) -> Iterator[psycopg.Connection[Any]]:
    with translated(engine.url), psycopg.connect(_plain(engine.url), autocommit=True) as connection:
        yield connection


def _on_server(server: URL, statement: str) -> None:
    with (
        translated(server),
        psycopg.connect(server.render_as_string(hide_password=False), autocommit=True) as one,
    ):
        one.execute(statement)


_BELOW, _NAMED = _text(BELOW), _text(NAMED)

_FIELDS = "position, id, parent_id, name, locked, external_id, scope_note, details"

_PEER_BELOW = f"""
WITH RECURSIVE below AS (
    SELECT * FROM peer WHERE id = %(node_id)s
    UNION ALL
    SELECT peer.* FROM below JOIN peer ON peer.parent_id = below.id
)
SELECT {_FIELDS} FROM below LIMIT %(limit)s
"""

_PEER_NAMED = "SELECT id FROM peer WHERE name ILIKE %(pattern)s LIMIT %(limit)s"

_PEER_MOVE = "UPDATE peer SET parent_id = %(parent_id)s WHERE id = %(node_id)s"

_STOCK = (
    "DROP INDEX products_title_idx",  # nothing here searches products, and filling it takes minutes
    """
    INSERT INTO products
        SELECT c.id, 'p' || at, 'Product ' || at, '', '', '{}', NULL, '', '', '{}', '', 0, NULL
        FROM catalogs c, generate_series(1, %(n)s) AS at WHERE c.name = %(name)s
    """,
    "INSERT INTO model_revisions (revision) VALUES ('bench')",
    """
    WITH leaves AS (
        SELECT row_number() OVER (ORDER BY id) - 1 AS place, id, count(*) OVER () AS n FROM nodes leaf
        WHERE NOT EXISTS (SELECT FROM nodes below WHERE below.parent_id = leaf.id)
    )
    INSERT INTO assignments
        SELECT t.id, c.id, 'p' || at,
            CASE at %% 20 WHEN 0 THEN %(one)s WHEN 1 THEN %(other)s ELSE leaves.id END,
            0.9, 'model', m.id, t.version
        FROM taxonomies t, catalogs c, model_revisions m, generate_series(1, %(n)s) AS at
        JOIN leaves ON leaves.place = at %% (SELECT max(n) FROM leaves)
        WHERE t.name = %(name)s AND c.name = %(name)s
    """,
    """
    CREATE TABLE peer AS
        SELECT n.id, n.parent_id, position, name, locked, external_id, scope_note, details
        FROM branches b JOIN nodes n ON n.id = subpath(b.path, -1)::text COLLATE "C" ORDER BY b.path
    """,
    "ALTER TABLE peer ADD PRIMARY KEY (id)",
    "CREATE INDEX ON peer (parent_id)",
    "VACUUM (ANALYZE)",
)
