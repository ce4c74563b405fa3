"""Which model serves since when, in memory."""

import json
from dataclasses import replace
from datetime import UTC, datetime

from taxonomy.records import (
    Promotion,
)
from tests.fakes.contents import Desk


class FakePromotions:
    """`PromotionRepository` in memory."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def add(self, promotion: Promotion) -> Promotion:
        self.desk.now.tree(promotion.taxonomy)
        number, figures = next(self.desk.numbers), json.loads(json.dumps(dict(promotion.figures)))
        name = promotion.taxonomy.lower()
        kept = replace(promotion, id=number, at=datetime.now(UTC), taxonomy=name, figures=figures)
        self.desk.now.promotions[number] = kept
        return kept

    def log(self, taxonomy: str, *, limit: int = 50) -> list[Promotion]:
        self.desk.now.tree(taxonomy)
        newest = reversed(self.desk.now.promotions.values())
        return [one for one in newest if one.taxonomy == taxonomy.lower()][:limit]
