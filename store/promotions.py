"""Models that were compared with the serving one, and what came of it."""

from typing import Any

from sqlalchemy import Row, insert, select

from store.names import taxonomy_id
from store.tables import promotions
from store.transaction import Transaction
from taxonomy.records import Promotion

__all__ = ["PostgresPromotions"]

_FIELDS = tuple(name for name in Promotion.__dataclass_fields__ if name != "taxonomy")
_GIVEN = tuple(name for name in _FIELDS if name not in ("id", "at"))


class PostgresPromotions:
    """`taxonomy.ports.PromotionRepository` in Postgres."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, promotion: Promotion) -> Promotion:
        """Keep it; with its id and time."""
        number = taxonomy_id(self._transaction, promotion.taxonomy)
        values = {name: getattr(promotion, name) for name in _GIVEN} | {"figures": dict(promotion.figures)}
        fresh = insert(promotions).values(taxonomy_id=number, **values).returning(promotions)
        return _promotion(self._transaction.run(fresh).one(), promotion.taxonomy)

    def log(self, taxonomy: str, *, limit: int = 50) -> list[Promotion]:
        """Newest first."""
        mine = promotions.c.taxonomy_id == taxonomy_id(self._transaction, taxonomy)
        newest = select(promotions).where(mine).order_by(promotions.c.id.desc()).limit(limit)
        return [_promotion(row, taxonomy) for row in self._transaction.run(newest)]


def _promotion(row: Row[Any], taxonomy: str) -> Promotion:
    return Promotion(taxonomy=taxonomy.lower(), **{name: getattr(row, name) for name in _FIELDS})
