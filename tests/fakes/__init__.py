"""The store in memory: every repository and the unit of work, held to the same contract as Postgres.

One block at a time; nothing here waits for a lock.
"""

from tests.fakes.unit_of_work import FakeUnitOfWork

__all__ = ["FakeUnitOfWork"]
