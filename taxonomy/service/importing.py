"""Bring a catalogue or a published taxonomy into the store."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from taxonomy.errors import UnknownId
from taxonomy.formats.entries import Contents, Entry
from taxonomy.formats.planning import plan
from taxonomy.ports import Progress, Silent, UnitOfWork
from taxonomy.product import Product, Source
from taxonomy.records import Upserted
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
    """What an import did to a taxonomy, or would do where it was only proposed.

    `counts` are edits by kind; `change_id` is the change set's, empty where there was nothing to do.
    """

    n_edits: int
    version: int
    findings: tuple[str, ...]
    counts: Mapping[str, int] = field(default_factory=dict)
    change_id: str = ""


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
    uow: UnitOfWork,
    name: str,
    contents: Contents | Sequence[Entry],
    *,
    author: str,
    reason: str = "",
    language: str = "",
    edition_of: re.Pattern[str] | None = None,
    propose: bool = False,
) -> ImportedTaxonomy:
    """Bring the taxonomy, made if it is new, to what the file says.

    `language` and `edition_of` are as for `plan`.

    Parameters
    ----------
    propose : bool
        Leave the change set for a person to accept.

    Raises
    ------
    EditError
        An entry breaks a rule; nothing was imported.
    InputError
        The file is no later edition of what the taxonomy has.
    """
    try:
        tree = uow.trees.lock(name)
    except UnknownId:
        tree = uow.trees.create(name)
    found = plan(contents, tree, language=language, edition_of=edition_of)
    if not found.edits:
        uow.commit()
        return ImportedTaxonomy(0, tree.version, found.findings)
    enter = editing.propose if propose else editing.edit
    change = enter(uow, name, found.edits, author=author, source=Source.IMPORT, reason=reason)
    version = tree.version if change.applied_version is None else change.applied_version
    return ImportedTaxonomy(len(found.edits), version, found.findings, found.counts, change.id)


def _batches(products: Iterator[Product]) -> Iterator[list[Product]]:
    while batch := list(islice(products, BATCH_SIZE)):
        yield batch
