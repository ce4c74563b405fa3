"""kill -9 of the server in the middle of an import: nothing is lost, nothing is twice."""

from collections.abc import Iterator

import psutil
import pytest

from store.embedded import Cluster
from store.engine import connect
from store.migrate import upgrade
from store.unit_of_work import PostgresUnitOfWork
from taxonomy.errors import DatabaseUnavailable
from taxonomy.ports import UnitOfWork
from taxonomy.product import Product, ProductId
from taxonomy.records import Upserted
from tests.database import guarded_folder

BATCH = 50
FILE = [Product(ProductId(f"p{n:04}"), f"Product number {n}") for n in range(500)]


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A server of this test's own, for it will be killed."""
    with guarded_folder() as folder:
        yield Cluster(folder / "home")


def kill(cluster: Cluster) -> None:
    """End the server and all its children at once, as a power cut does."""
    server = psutil.Process(cluster.status().pid)
    family = [server, *server.children(recursive=True)]
    for process in family:
        process.kill()
    psutil.wait_procs(family, timeout=20)


def import_from(uow: UnitOfWork, *, stop_after: int | None = None) -> Upserted:
    """Import the file from where its mark stands, a commit a batch; stop inside the batch after this row."""
    mark = uow.catalogs.begin_import("shop", "digest")
    uow.commit()
    for start in range(mark.rows_done, len(FILE), BATCH):
        mark = uow.catalogs.upsert("shop", mark, FILE[start : start + BATCH])
        if stop_after is not None and mark.rows_done > stop_after:
            return mark.upserted
        uow.commit()
    uow.catalogs.finish_import("shop", mark)
    uow.commit()
    return mark.upserted


def test_an_import_goes_on_after_the_server_was_killed(cluster: Cluster) -> None:
    url = cluster.ensure_running()
    upgrade(url)
    engine = connect(url)
    uow = PostgresUnitOfWork(engine)
    with uow:
        uow.catalogs.create("shop")
        uow.commit()
        import_from(uow, stop_after=220)
        kill(cluster)
        with pytest.raises(DatabaseUnavailable):
            uow.commit()
    with pytest.raises(DatabaseUnavailable), uow:
        pass

    cluster.ensure_running()
    with uow:
        assert uow.catalogs.begin_import("shop", "digest").rows_done == 200
        assert import_from(uow) == Upserted(new=500)

        assert list(uow.catalogs.products("shop")) == FILE
        assert uow.catalogs.count("shop") == 500
    engine.dispose()
