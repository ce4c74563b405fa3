"""Each contract test runs twice: on the store in memory and on Postgres."""

import pytest

from store.unit_of_work import PostgresUnitOfWork
from taxonomy.ports import UnitOfWork
from tests.fakes import FakeUnitOfWork


@pytest.fixture(params=["memory", "postgres"])
def uow(request: pytest.FixtureRequest) -> UnitOfWork:
    """A unit of work on an empty store."""
    if request.param == "memory":
        return FakeUnitOfWork()
    return PostgresUnitOfWork(request.getfixturevalue("engine"))
