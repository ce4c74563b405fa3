"""One open transaction: the only door that the repositories use to the database.

It runs statements, copies rows in bulk, and says in our own words what went wrong.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, cast

import psycopg
from sqlalchemy import (
    ARRAY,
    Column,
    Connection,
    CursorResult,
    Engine,
    Executable,
    Table,
    Text,
    any_,
    literal,
    text,
)
from sqlalchemy import table as reference
from sqlalchemy.exc import DataError, DBAPIError, SQLAlchemyError
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.expression import TableClause

from store.engine import translated
from taxonomy.errors import DatabaseUnavailable, InputError, StoreError

__all__ = ["Transaction", "among"]

_FRESH_SHARE = 0.1  # of the rows: when autovacuum finds a table worth another look, too


class Transaction:
    """A connection in a transaction; after `commit` and `rollback` the next statement begins a new one.

    Raises
    ------
    DatabaseUnavailable
        From every method: the server went away; nothing since the last commit is kept.
    StoreError
        From every method: the server refused; roll back before going on.
    InputError
        From every method: a text cannot be stored (a NUL, or half of a surrogate pair).
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._listeners: list[Callable[[bool], None]] = []
        with self._explained():
            self._connection: Connection = engine.connect()

    def run(self, statement: Executable) -> CursorResult[*tuple[Any, ...]]:
        """Execute one statement."""
        with self._explained():
            return self._connection.execute(statement)

    def stage(
        self, table: Table, columns: Sequence[Column[Any]], rows: Iterable[Sequence[object]]
    ) -> TableClause:
        """Rows copied into a temporary table with these columns of a table, to be merged into it.

        One staging table a table: staging again empties it.
        """
        staged = reference(f"staged_{table.name}", *(Column(c.name, c.type) for c in columns))
        names = ", ".join(c.name for c in columns)
        self.run(
            text(
                f"CREATE TEMPORARY TABLE IF NOT EXISTS {staged.name} ON COMMIT DELETE ROWS"
                f" AS SELECT {names} FROM {table.name} WITH NO DATA"
            )
        )
        self.run(text(f"TRUNCATE {staged.name}"))
        self.copy(staged.name, columns, rows)
        return staged

    def copy(self, table: str, columns: Sequence[Column[Any]], rows: Iterable[Sequence[object]]) -> None:
        """Append rows to a table by COPY; values in the order of the columns."""
        names = ", ".join(c.name for c in columns)
        with self._explained():
            driver = cast("psycopg.Connection[Any]", self._connection.connection.driver_connection)
            with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)

    def learn(self, table: Table, n_written: int) -> None:
        """Have the planner look at a table of which a good part was just written.

        Until autovacuum comes by, a minute later, it takes the table for nearly empty, and a join of 40,000
        products that takes 0.2 s took 10 s. Of a large table little is new, and looking would cost seconds.
        """
        known = text("SELECT reltuples FROM pg_class WHERE oid = to_regclass(:name)")
        n_known = self.run(known.bindparams(name=table.name)).scalar_one()
        if n_written > _FRESH_SHARE * n_known:
            self.run(text(f"ANALYZE (SKIP_LOCKED) {table.name}"))

    def commit(self) -> None:
        """Keep everything since the last commit."""
        with self._explained():
            self._connection.commit()
        self._tell(committed=True)

    def rollback(self) -> None:
        """Forget everything since the last commit."""
        with self._explained():
            self._connection.rollback()
        self._tell(committed=False)

    def on_end(self, listener: Callable[[bool], None]) -> None:
        """Call it after every commit (with True) that succeeded, and every rollback (with False)."""
        self._listeners.append(listener)

    def close(self) -> None:
        """Forget what was not committed and give the connection back."""
        self._listeners.clear()  # they refer to us in turn
        with (
            suppress(DatabaseUnavailable),
            self._explained(),
        ):  # a server that is away has forgotten by itself
            self._connection.close()

    def _tell(self, *, committed: bool) -> None:
        for listener in self._listeners:
            listener(committed)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            with translated(self.engine.url):
                yield
        except DatabaseUnavailable:
            self._drop()
            raise
        except UnicodeEncodeError as error:
            raise InputError(f"a text cannot be stored: {error.reason} (clean it, then try again)") from error
        except (DBAPIError, psycopg.Error) as error:
            raise _refused(error) from error
        except SQLAlchemyError as error:
            raise StoreError(f"the database cannot be used so: {error}") from error

    def _drop(self) -> None:
        """Give a connection up whose server is away: SQLAlchemy does not see what breaks in a COPY."""
        if hasattr(self, "_connection") and not (self._connection.closed or self._connection.invalidated):
            self._connection.invalidate()


def among(column: ColumnElement[str], values: Iterable[str]) -> ColumnElement[bool]:
    """Whether the column is one of the values, however many: they travel as one array."""
    return column == any_(literal(list(values), ARRAY(Text)))


def _refused(error: DBAPIError | psycopg.Error) -> InputError | StoreError:
    cause = error.orig if isinstance(error, DBAPIError) else error
    said = str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
    if isinstance(error, DataError | psycopg.DataError):
        return InputError(f"a value cannot be stored: {said} (correct it, then try again)")
    return StoreError(f"the database refused: {said}")
