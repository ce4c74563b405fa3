"""The unit of work, in memory."""

from types import TracebackType
from typing import Self

from tests.fakes.assignments import FakeAssignments
from tests.fakes.catalogs import FakeCatalogs
from tests.fakes.changes import FakeChanges
from tests.fakes.contents import Contents, Desk
from tests.fakes.ledger import FakeLedger
from tests.fakes.promotions import FakePromotions
from tests.fakes.releases import FakeReleases
from tests.fakes.reviews import FakeReviews
from tests.fakes.trees import FakeTrees


class FakeUnitOfWork:
    """`UnitOfWork` in memory; may be entered again, and keeps what was committed."""

    def __init__(self) -> None:
        self._kept = Contents()
        self._desk = Desk(self._kept.copy())
        self.trees = FakeTrees(self._desk)
        self.changes = FakeChanges(self._desk)
        self.catalogs = FakeCatalogs(self._desk)
        self.assignments = FakeAssignments(self._desk)
        self.releases = FakeReleases(self._desk)
        self.jobs = FakeLedger(self._desk, self.assignments)
        self.reviews = FakeReviews(self._desk, self.assignments)
        self.promotions = FakePromotions(self._desk)

    def __enter__(self) -> Self:
        self.rollback()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.rollback()

    def commit(self) -> None:
        self._kept = self._desk.now.copy()

    def rollback(self) -> None:
        self._desk.now = self._kept.copy()
