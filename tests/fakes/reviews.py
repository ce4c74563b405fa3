"""The review queue and its answers, in memory."""

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from taxonomy.errors import StoreError, UnknownId
from taxonomy.jobs import Job, Shard
from taxonomy.product import Product, ProductId, Source
from taxonomy.review import Answer, Figures, Guess, Queued, Suggestion, Verdict
from tests.fakes.assignments import FakeAssignments
from tests.fakes.contents import Desk


class FakeReviews:
    """`ReviewRepository` in memory."""

    def __init__(self, desk: Desk, assignments: FakeAssignments) -> None:
        self.desk, self.assignments = desk, assignments

    def refill(self, catalog: str, taxonomy: str, suggestions: Iterable[Suggestion]) -> int:
        self.assignments._require(catalog, taxonomy)
        place = (catalog.lower(), taxonomy.lower())
        table = self.desk.now.suggestions
        for key in [key for key in table if key[:2] == place]:
            del table[key]
        self._keep(place, suggestions)
        return sum(key[:2] == place for key in table)

    def put(self, job: Job, product_ids: Collection[ProductId], suggestions: Sequence[Suggestion]) -> None:
        self.assignments._require(job.catalog, job.taxonomy)
        place = (job.catalog.lower(), job.taxonomy.lower())
        table, history = self.desk.now.suggestions, self.desk.now.suggestion_history
        before = {at: table.pop((*place, at), None) for at in product_ids}
        self._keep(place, suggestions)
        history.update({(job.id, at): was for at, was in before.items() if was or (*place, at) in table})

    def put_back(self, job: Job, shard: Shard, *, but: Collection[ProductId] = ()) -> None:
        table, written = self.desk.now.suggestions, (job.model_revision, job.tree_version)
        for (job_id, at), was in self.desk.now.suggestion_history.items():
            if job_id != job.id or at in but or not shard.first_id <= at <= shard.last_id:
                continue
            key = (job.catalog.lower(), job.taxonomy.lower(), at)
            if key in table and (table[key][0].model_revision, table[key][0].tree_version) == written:
                del table[key]
            if was is not None:
                table.setdefault(key, was)

    def stored(self, catalog: str, taxonomy: str) -> list[Suggestion]:
        self.assignments._require(catalog, taxonomy)
        return [one for _, one in sorted(self._fitting(catalog, taxonomy), key=lambda pair: pair[0].id)]

    def suggested(
        self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]
    ) -> dict[ProductId, Suggestion]:
        return {
            product.id: one for product, one in self._open(catalog, taxonomy) if product.id in product_ids
        }

    def queue(self, catalog: str, taxonomy: str, *, limit: int = 20, offset: int = 0) -> list[Queued]:
        groups = {one.leader_id for _, one in self._open(catalog, taxonomy)}
        first = [self.alike(catalog, taxonomy, at, limit=1)[0] for at in groups]
        first.sort(key=lambda one: (-one.suggestion.worth, one.product.id))
        return first[offset : offset + limit]

    def alike(
        self, catalog: str, taxonomy: str, leader_id: ProductId, *, limit: int = 100, offset: int = 0
    ) -> list[Queued]:
        group = [pair for pair in self._open(catalog, taxonomy) if pair[1].leader_id == leader_id]
        group.sort(key=lambda pair: (pair[0].id != leader_id, -pair[1].worth, pair[0].id))
        shown = group[offset : offset + limit]
        return [Queued(product, one, len(group), _text_hash(product)) for product, one in shown]

    def record(self, catalog: str, taxonomy: str, answers: Sequence[Answer]) -> list[Answer]:
        self.assignments._require(catalog, taxonomy)
        place, made = (catalog.lower(), taxonomy.lower()), []
        for one in answers:
            if (kept := self.desk.now.products.get((place[0], one.product_id))) is None:
                raise UnknownId("product", one.product_id, f"catalog {catalog!r} never had it")
            for shop, tree, other in self.desk.now.answers.values():
                repeated = one.key and (tree, other.key) == (place[1], one.key)
                if repeated and (shop, other.product_id) == (place[0], one.product_id):
                    raise StoreError("the key was used already")
                if one.undoes is not None and other.undoes == one.undoes:
                    raise StoreError("the answer was taken back already")
            fresh = replace(
                one,
                id=next(self.desk.numbers),
                at=datetime.now(UTC),
                text_hash=_text_hash(kept.product),
                guesses=_rounded(one.guesses),
            )
            self.desk.now.answers[fresh.id] = (*place, fresh)
            made.append(fresh)
        return made

    def get(self, catalog: str, taxonomy: str, answer_id: int) -> Answer:
        for one in self._said(catalog, taxonomy):
            if one.id == answer_id:
                return one
        raise UnknownId("answer", str(answer_id))

    def by_key(self, catalog: str, taxonomy: str, key: str) -> list[Answer]:
        return [one for one in self._said(catalog, taxonomy) if one.key == key]

    def log(self, catalog: str, taxonomy: str, *, limit: int = 50) -> list[Answer]:
        return self._said(catalog, taxonomy)[::-1][:limit]

    def counting(
        self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]
    ) -> dict[ProductId, Answer]:
        effective = (
            one
            for one in self._said(catalog, taxonomy)
            if one.undone_by is None and (one.is_placed or one.verdict in (Verdict.NONE, Verdict.SKIP))
        )
        return {one.product_id: one for one in effective if one.product_id in product_ids}

    def figures(self, catalog: str, taxonomy: str) -> Figures:
        waiting = [one for _, one in self._open(catalog, taxonomy)]
        said = self._said(catalog, taxonomy)
        last = self.counting(catalog, taxonomy, [one.product_id for one in said]).values()
        placed = [one for one in last if one.verdict is Verdict.PLACE]
        suggested = [[guess.node_id for guess in one.guesses] for one in placed]
        return Figures(
            n_open=len(waiting),
            n_groups=len({one.leader_id for one in waiting}),
            worth_left=sum(one.worth for one in waiting),
            n_placed=len(placed),
            n_none=sum(one.verdict is Verdict.NONE for one in last),
            n_skipped=sum(one.verdict is Verdict.SKIP for one in last),
            n_undone=sum(one.verdict is Verdict.UNDO for one in said),
            n_first=sum(one.node_id in ids[:1] for one, ids in zip(placed, suggested, strict=True)),
            n_suggested=sum(one.node_id in ids for one, ids in zip(placed, suggested, strict=True)),
        )

    def _keep(self, place: tuple[str, str], suggestions: Iterable[Suggestion]) -> None:
        for one in suggestions:
            if (kept := self.desk.now.products.get((place[0], one.product_id))) is not None:
                rounded = replace(one, worth=_real(one.worth), guesses=_rounded(one.guesses))
                kept_as = (rounded, _text_hash(kept.product))
                self.desk.now.suggestions.setdefault((*place, one.product_id), kept_as)

    def _said(self, catalog: str, taxonomy: str) -> list[Answer]:
        self.assignments._require(catalog, taxonomy)
        rows = self.desk.now.answers.values()
        mine = [one for *place, one in rows if place == [catalog.lower(), taxonomy.lower()]]
        undone = {one.undoes: one.id for one in mine if one.undoes is not None}
        return [replace(one, undone_by=undone.get(one.id)) for one in mine]

    def _open(self, catalog: str, taxonomy: str) -> list[tuple[Product, Suggestion]]:
        standing = self.assignments._standing(catalog, taxonomy)
        said = [one for one in self._said(catalog, taxonomy) if one.undone_by is None]
        found = []
        for product, one in self._fitting(catalog, taxonomy):
            place = standing.get(product.id)
            if place is not None and place.source is Source.PERSON:
                continue
            if not any(_settles(answer, one, _text_hash(product)) for answer in said):
                found.append((product, one))
        return found

    def _fitting(self, catalog: str, taxonomy: str) -> list[tuple[Product, Suggestion]]:
        found = []
        for product in self.desk.now.live(catalog):
            key = (catalog.lower(), taxonomy.lower(), product.id)
            one, digest = self.desk.now.suggestions.get(key, (None, ""))
            if one is not None and digest == _text_hash(product):
                found.append((product, one))
        return found


def _settles(answer: Answer, one: Suggestion, digest: str) -> bool:
    if (answer.product_id, answer.text_hash) != (one.product_id, digest):
        return False
    refused = {guess.node_id for guess in answer.guesses}
    all_refused = {guess.node_id for guess in one.guesses} <= refused
    return answer.verdict is Verdict.SKIP or (answer.verdict is Verdict.NONE and all_refused)


def _text_hash(product: Product) -> str:
    told = (product.title, product.brand, product.description, json.dumps(dict(product.attributes)))
    return hashlib.sha256("\x1f".join(told).encode()).hexdigest()


def _real(number: float) -> float:
    return float(np.float32(number))


def _rounded(guesses: Iterable[Guess]) -> tuple[Guess, ...]:
    return tuple(replace(one, probability=_real(one.probability)) for one in guesses)
