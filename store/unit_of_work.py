"""One transaction over all repositories."""

from types import TracebackType
from typing import Self

from sqlalchemy import Engine

from store.assignments import PostgresAssignments
from store.catalogs import PostgresCatalogs
from store.changes import PostgresChanges
from store.ledger import PostgresLedger
from store.promotions import PostgresPromotions
from store.releases import PostgresReleases
from store.reviews import PostgresReviews
from store.transaction import Transaction
from store.trees import PostgresTrees
from taxonomy.ports import (
    AssignmentRepository,
    CatalogRepository,
    ChangeRepository,
    JobLedger,
    PromotionRepository,
    ReleaseRepository,
    ReviewRepository,
    TreeRepository,
)

__all__ = ["PostgresUnitOfWork"]


class PostgresUnitOfWork:
    """`taxonomy.ports.UnitOfWork` in Postgres; may be entered again, one block at a time.

    Each statement sees what is committed when it begins (Postgres's READ COMMITTED): what must be of one
    moment is read by one statement, what must not change meanwhile is locked.

    Raises
    ------
    DatabaseUnavailable
        From entering and from every method of every repository: nothing since the last commit is kept.
    StoreError
        From every method: the database refused; the block must be left or rolled back.
    """

    trees: TreeRepository
    changes: ChangeRepository
    catalogs: CatalogRepository
    assignments: AssignmentRepository
    releases: ReleaseRepository
    jobs: JobLedger
    reviews: ReviewRepository
    promotions: PromotionRepository

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __enter__(self) -> Self:
        self._transaction = Transaction(self._engine)
        self.trees = PostgresTrees(self._transaction)
        self.changes = PostgresChanges(self._transaction)
        self.catalogs = PostgresCatalogs(self._transaction)
        self.assignments = PostgresAssignments(self._transaction)
        self.releases = PostgresReleases(self._transaction)
        self.jobs = PostgresLedger(self._transaction)
        self.reviews = PostgresReviews(self._transaction)
        self.promotions = PostgresPromotions(self._transaction)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._transaction.close()

    def commit(self) -> None:
        """Make everything since the last commit permanent; the block may go on."""
        self._transaction.commit()

    def rollback(self) -> None:
        """Forget everything since the last commit."""
        self._transaction.rollback()
