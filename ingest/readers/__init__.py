"""Catalogues and other tables in, tables out; all streamed."""

from ingest.readers.catalog import Catalog, open_catalog
from ingest.readers.records import Counts
from ingest.readers.table import Table, read_fields, read_table
from ingest.readers.writing import write_table

__all__ = ["Catalog", "Counts", "Table", "open_catalog", "read_fields", "read_table", "write_table"]
