"""Bring a catalogue or a published taxonomy into the store."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from taxonomy.errors import UnknownId
from taxonomy.formats.entries import Entry, plan
from taxonomy.ports import Progress, Silent, UnitOfWork, Upserted
from taxonomy.product import Product, Source
from taxonomy.service import editing

__all__ = ["ImportedCatalog", "ImportedTaxonomy", "import_catalog", "import_taxonomy"]

BATCH_SIZE = 2000  # products a transaction: what an interrupted import has to read again at most


@dataclass(frozen=True, slots=True)
class ImportedCatalog:
    """What an import did to a catalogue, in products."""

    upserted: Upserted
    n_retired: int
    n_resumed: int


@dataclass(frozen=True, slots=True)
class ImportedTaxonomy:
    """What an import did to a taxonomy."""

    n_edits: int
    version: int
    findings: tuple[str, ...]


def import_catalog(
    uow: UnitOfWork, name: str, products: Iterable[Product], *, digest: str, progress: Progress | None = None
) -> ImportedCatalog:
    """Write products in batches, each committed; then retire those that the file no longer has.

    Parameters
    ----------
    digest : str
        Identifies the file and how it is read; an interrupted import of the same goes on where it stopped.

    Returns
    -------
    ImportedCatalog
        Counts over the whole import, the interrupted part included.
    """
    progress = progress or Silent()
    uow.catalogs.create(name)
    mark = uow.catalogs.begin_import(name, digest)
    n_resumed = mark.rows_done
    uow.commit()
    progress.start(f"importing into {name}")
    rows = iter(products)
    progress.advance(sum(1 for _ in islice(rows, n_resumed)))
    for batch in _batches(rows):
        mark = uow.catalogs.upsert(name, mark, batch)
        uow.commit()
        progress.advance(len(batch))
    n_retired = uow.catalogs.finish_import(name, mark)
    uow.commit()
    return ImportedCatalog(mark.upserted, n_retired, n_resumed)


def import_taxonomy(
    uow: UnitOfWork, name: str, entries: Sequence[Entry], *, author: str, reason: str = ""
) -> ImportedTaxonomy:
    """Bring the taxonomy, made if it is new, to what the entries say; nothing is retired.

    Raises
    ------
    EditError
        An entry breaks a rule, or a locked node would change; nothing was imported.
    """
    try:
        tree = uow.trees.lock(name)
    except UnknownId:
        tree = uow.trees.create(name)
    found = plan(entries, tree)
    if not found.edits:
        uow.commit()
        return ImportedTaxonomy(0, tree.version, found.findings)
    change = editing.edit(uow, name, found.edits, author=author, source=Source.IMPORT, reason=reason)
    return ImportedTaxonomy(len(found.edits), change.applied_version or 0, found.findings)


def _batches(products: Iterator[Product]) -> Iterator[list[Product]]:
    while batch := list(islice(products, BATCH_SIZE)):
        yield batch
