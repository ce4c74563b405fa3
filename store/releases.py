"""Published versions, each with the whole tree that it pins."""

from typing import Any

from sqlalchemy import Select, insert, select

from store.names import taxonomy_id
from store.tables import releases, taxonomies
from store.transaction import Transaction
from store.tree_rows import pack, unpack
from taxonomy.ports import Release
from taxonomy.tree import Tree

__all__ = ["PostgresReleases"]


class PostgresReleases:
    """`taxonomy.ports.ReleaseRepository` in Postgres."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def publish(
        self, taxonomy: str, tree: Tree, *, model_revision: str, model_dir: str, author: str
    ) -> Release:
        """Add a release; the tree is stored with it, so that later edits cannot change it."""
        fresh = insert(releases).values(
            taxonomy_id=taxonomy_id(self._transaction, taxonomy),
            tree_version=tree.version,
            model_revision=model_revision,
            model_dir=model_dir,
            author=author,
            tree=pack(tree),
        )
        number, at = self._transaction.run(fresh.returning(releases.c.id, releases.c.published_at)).one()
        return Release(number, taxonomy.lower(), tree.version, model_revision, model_dir, author, at)

    def current(self, taxonomy: str) -> tuple[Release, Tree] | None:
        """The latest release and its tree; None before the first."""
        newest = self._newest(taxonomy).add_columns(releases.c.tree).limit(1)
        found = self._transaction.run(newest).one_or_none()
        return None if found is None else (Release(*found[:-1]), unpack(found[-1]))

    def log(self, taxonomy: str, *, limit: int = 50) -> list[Release]:
        """Newest first."""
        return [Release(*row) for row in self._transaction.run(self._newest(taxonomy).limit(limit))]

    def _newest(self, taxonomy: str) -> Select[Any]:
        columns = (
            releases.c[name]
            for name in ("tree_version", "model_revision", "model_dir", "author", "published_at")
        )
        found = select(releases.c.id, taxonomies.c.name, *columns).join(taxonomies)
        mine = found.where(releases.c.taxonomy_id == taxonomy_id(self._transaction, taxonomy))
        return mine.order_by(releases.c.id.desc())
