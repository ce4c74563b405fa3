"""What people are asked about products, and what they said."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Integer,
    Row,
    Select,
    and_,
    any_,
    delete,
    func,
    literal,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert

from store.ledger import within
from store.names import catalog_id, revision_ids, taxonomy_id
from store.product_rows import FIELDS, product_of, text_hash
from store.standing import by_people
from store.tables import answers, model_revisions, products, suggestion_history, suggestions
from store.transaction import Transaction, among
from taxonomy.errors import UnknownId
from taxonomy.jobs import Job, Shard
from taxonomy.node import NodeId
from taxonomy.product import ProductId
from taxonomy.review import Answer, Figures, Guess, Queued, Suggestion, Verdict

__all__ = ["PostgresReviews"]

_BATCH = 50_000  # suggestions held in memory at once
_COLUMNS = tuple(column.name for column in suggestions.c)
_KEPT = tuple(name for name in _COLUMNS if name not in ("taxonomy_id", "catalog_id"))


class PostgresReviews:
    """`taxonomy.ports.ReviewRepository` in Postgres."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def refill(self, catalog: str, taxonomy: str, suggestions_: Iterable[Suggestion]) -> int:
        """Put these suggestions in the place of all that there were; how many went in."""
        key = self._numbers(taxonomy, catalog)
        self._transaction.run(delete(suggestions).where(*_mine(suggestions, key)))
        rest, n_kept = iter(suggestions_), 0
        while batch := {one.product_id: one for one in islice(rest, _BATCH)}:
            n_kept += self._write(key, list(batch.values()))
        self._transaction.learn(suggestions, n_kept)
        return n_kept

    def put(self, job: Job, product_ids: Collection[ProductId], suggestions_: Sequence[Suggestion]) -> None:
        """Make a job's suggestions, of some of these products, all that there are of these products."""
        key = self._numbers(job.taxonomy, job.catalog)
        theirs = (*_mine(suggestions, key), among(suggestions.c.product_id, list(product_ids)))
        self._keep(job, select(*(suggestions.c[name] for name in _KEPT)).where(*theirs))
        self._transaction.run(delete(suggestions).where(*theirs))
        if suggestions_:
            self._write(key, suggestions_)
            nothing = (null().cast(suggestions.c[name].type) for name in _KEPT[1:])
            fresh = select(suggestions.c.product_id, *nothing)
            self._keep(job, fresh.where(*theirs))

    def put_back(self, job: Job, shard: Shard, *, but: Collection[ProductId] = ()) -> None:
        """Suggest again for the products of a shard what was before the job, where its own stands still."""
        key = self._numbers(job.taxonomy, job.catalog)
        was = suggestion_history.c
        replaced = and_(
            was.job_id == job.id, within(was.product_id, shard), ~among(was.product_id, list(but))
        )
        theirs = suggestions.c.product_id.in_(select(was.product_id).where(replaced))
        revision = select(model_revisions.c.id).where(model_revisions.c.revision == job.model_revision)
        said = and_(
            suggestions.c.revision_id == revision.scalar_subquery(),
            suggestions.c.tree_version == job.tree_version,
        )
        self._transaction.run(delete(suggestions).where(*_mine(suggestions, key), theirs, said))
        numbers = (literal(key[0], Integer), literal(key[1], Integer))
        rows = select(*numbers, *(was[name] for name in _KEPT)).where(replaced, was.node_ids.is_not(None))
        again = upsert(suggestions).from_select(list(_COLUMNS), rows).on_conflict_do_nothing()
        self._transaction.run(again)

    def stored(self, catalog: str, taxonomy: str) -> list[Suggestion]:
        """All suggestions for live products whose text they were made for, in the order of product ids."""
        these = _fitting(self._numbers(taxonomy, catalog)).order_by(suggestions.c.product_id)
        return [_suggestion(row) for row in self._transaction.run(these)]

    def suggested(
        self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]
    ) -> dict[ProductId, Suggestion]:
        """What is suggested for those of these products that wait, as stored (redirects not followed)."""
        these = _waiting(self._numbers(taxonomy, catalog)).where(among(suggestions.c.product_id, product_ids))
        return {row.product_id: _suggestion(row) for row in self._transaction.run(these)}

    def queue(self, catalog: str, taxonomy: str, *, limit: int = 20, offset: int = 0) -> list[Queued]:
        """The products that wait, one of each group that looks alike, worth most first."""
        place = func.row_number().over(partition_by=suggestions.c.leader_id, order_by=_first())
        n_alike = func.count().over(partition_by=suggestions.c.leader_id)
        key = self._numbers(taxonomy, catalog)
        at = _waiting(key).add_columns(place.label("place"), n_alike.label("n_alike")).subquery()
        ranked = select(at).where(at.c.place == 1).order_by(at.c.worth.desc(), at.c.product_id)
        page = ranked.limit(limit).offset(offset).subquery()  # first, for the texts would be sorted with it
        there = (products.c.catalog_id == key[1]) & (products.c.id == page.c.product_id)
        shown = select(page, *(products.c[name] for name in FIELDS)).select_from(page.join(products, there))
        rows = self._transaction.run(shown.order_by(page.c.worth.desc(), page.c.product_id))
        return [_queued(row) for row in rows]

    def alike(
        self, catalog: str, taxonomy: str, leader_id: ProductId, *, limit: int = 100, offset: int = 0
    ) -> list[Queued]:
        """The products that wait and follow this leader, itself first, then worth most first."""
        group = _waiting(self._numbers(taxonomy, catalog)).where(suggestions.c.leader_id == leader_id)
        n_alike = func.count().over().label("n_alike")
        page = group.add_columns(*(products.c[name] for name in FIELDS), n_alike).order_by(*_first())
        return [_queued(row) for row in self._transaction.run(page.limit(limit).offset(offset))]

    def record(self, catalog: str, taxonomy: str, answers_: Sequence[Answer]) -> list[Answer]:
        """Add answers about different products; with their ids, times and hashes, in the order given."""
        key = self._numbers(taxonomy, catalog)
        hashes = self._hashes(key[1], catalog, [one.product_id for one in answers_])
        number = revision_ids(self._transaction, {one.model_revision for one in answers_})
        ids = self._new_ids(len(answers_))
        rows = (
            {"id": at} | _row(one, key, hashes[one.product_id], number[one.model_revision])
            for at, one in zip(ids, answers_, strict=True)
        )
        columns = [column for column in answers.c if column.name != "at"]  # the server's clock sets it
        self._transaction.copy("answers", columns, ([row[c.name] for c in columns] for row in rows))
        found = _said(key).where(answers.c.id == any_(literal(ids, ARRAY(BigInteger))))
        kept = {row.product_id: _answer(row) for row in self._transaction.run(found)}
        return [kept[one.product_id] for one in answers_]

    def get(self, catalog: str, taxonomy: str, answer_id: int) -> Answer:
        """By id; UnknownId("answer", ...)."""
        wanted = _said(self._numbers(taxonomy, catalog)).where(answers.c.id == answer_id)
        if (row := self._transaction.run(wanted).one_or_none()) is None:
            raise UnknownId("answer", str(answer_id), "the list of answers has those that there are")
        return _answer(row)

    def by_key(self, catalog: str, taxonomy: str, key: str) -> list[Answer]:
        """The answers that were added with this key, oldest first."""
        same = _said(self._numbers(taxonomy, catalog)).where(answers.c.request_key == key)
        return [_answer(row) for row in self._transaction.run(same.order_by(answers.c.id))]

    def log(self, catalog: str, taxonomy: str, *, limit: int = 50) -> list[Answer]:
        """All answers, newest first."""
        newest = _said(self._numbers(taxonomy, catalog)).order_by(answers.c.id.desc()).limit(limit)
        return [_answer(row) for row in self._transaction.run(newest)]

    def counting(
        self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]
    ) -> dict[ProductId, Answer]:
        """The latest answer about each of these products that was not taken back and had its effect."""
        key = self._numbers(taxonomy, catalog)
        effective = _said(key).where(among(answers.c.product_id, product_ids), *_in_force())
        rows = self._transaction.run(effective.order_by(answers.c.id))
        return {row.product_id: _answer(row) for row in rows}  # of several, the last stays

    def figures(self, catalog: str, taxonomy: str) -> Figures:
        """How far the review is."""
        key = self._numbers(taxonomy, catalog)
        at = _waiting(key).subquery()
        counts = select(
            func.count(), func.count(at.c.leader_id.distinct()), func.coalesce(func.sum(at.c.worth), 0.0)
        ).select_from(at)
        n_open, n_groups, worth = self._transaction.run(counts).one()
        counting = select(answers).where(*_mine(answers, key), *_in_force())
        newest = counting.order_by(answers.c.product_id, answers.c.id.desc())
        said = newest.ext(distinct_on(answers.c.product_id)).subquery()
        placed = said.c.verdict == Verdict.PLACE
        tally = select(
            func.count().filter(placed),
            func.count().filter(said.c.verdict == Verdict.NONE),
            func.count().filter(said.c.verdict == Verdict.SKIP),
            func.count().filter(placed, said.c.node_id == said.c.node_ids[1]),
            func.count().filter(placed, said.c.node_id == func.any(said.c.node_ids)),
        ).select_from(said)
        n_placed, n_none, n_skipped, n_first, n_suggested = self._transaction.run(tally).one()
        undone = select(func.count()).where(*_mine(answers, key), answers.c.verdict == Verdict.UNDO)
        n_undone = self._transaction.run(undone).scalar_one()
        return Figures(
            n_open, n_groups, float(worth), n_placed, n_none, n_skipped, n_undone, n_first, n_suggested
        )

    def _keep(self, job: Job, rows: Select[Any]) -> None:
        """Add rows to what the job replaced; what is there already is older and stays."""
        told = rows.add_columns(literal(job.id, Integer))
        fresh = upsert(suggestion_history).from_select([*_KEPT, "job_id"], told)
        self._transaction.run(fresh.on_conflict_do_nothing())

    def _numbers(self, taxonomy: str, catalog: str) -> tuple[int, int]:
        return taxonomy_id(self._transaction, taxonomy), catalog_id(self._transaction, catalog)

    def _write(self, key: tuple[int, int], batch: Sequence[Suggestion]) -> int:
        number = revision_ids(self._transaction, {one.model_revision for one in batch})
        staged = self._transaction.stage(
            suggestions,
            list(suggestions.c),
            (
                (*key, one.product_id, *_guesses(one.guesses).values(), one.worth, one.leader_id,
                 number[one.model_revision], one.tree_version, b"")
                for one in batch
            ),
        )  # fmt: skip
        there = (products.c.catalog_id == key[1]) & (products.c.id == staged.c.product_id)
        told = [text_hash() if name == "text_hash" else staged.c[name] for name in _COLUMNS]
        rows = select(*told).select_from(staged.join(products, there))
        fresh = upsert(suggestions).from_select(list(_COLUMNS), rows).on_conflict_do_nothing()
        return self._transaction.run(fresh.execution_options(preserve_rowcount=True)).rowcount

    def _new_ids(self, n: int) -> list[int]:
        """The next ids of answers, ascending: COPY gives none back."""
        sequence = func.pg_get_serial_sequence("answers", "id")
        drawn = select(func.nextval(sequence).label("id")).select_from(func.generate_series(1, n))
        return sorted(self._transaction.run(drawn).scalars())

    def _hashes(self, shop: int, catalog: str, product_ids: Sequence[ProductId]) -> Mapping[ProductId, bytes]:
        these = (products.c.catalog_id == shop) & among(products.c.id, product_ids)
        rows = self._transaction.run(select(products.c.id, text_hash().label("hash")).where(these))
        found = {ProductId(row.id): bytes(row.hash) for row in rows}
        if missing := [at for at in product_ids if at not in found]:
            raise UnknownId("product", missing[0], f"catalog {catalog!r} never had it: look at its id again")
        return found


def _waiting(key: tuple[int, int]) -> Select[Any]:
    """The suggestions of products that wait for an answer, joined to the products."""
    refused = answers.alias()
    over = answers.alias()
    is_undone = select(over.c.id).where(over.c.undoes == refused.c.id).exists()
    same = refused.c.text_hash == suggestions.c.text_hash
    is_subset = suggestions.c.node_ids.bool_op("<@")(refused.c.node_ids)
    all_refused = (refused.c.verdict == Verdict.NONE) & is_subset
    is_refused = (
        select(refused.c.id)
        .where(*_mine(refused, key), refused.c.product_id == suggestions.c.product_id, same, ~is_undone)
        .where((refused.c.verdict == Verdict.SKIP) | all_refused)
        .correlate(suggestions)
        .exists()
    )
    return _fitting(key).where(~by_people(*key, suggestions.c.product_id), ~is_refused)


def _fitting(key: tuple[int, int]) -> Select[Any]:
    """The suggestions that were made for the text that their live product has, joined to the products."""
    live = (products.c.catalog_id == key[1]) & products.c.retired_at.is_(None)
    there = live & (products.c.id == suggestions.c.product_id)
    revision = func.coalesce(model_revisions.c.revision, "").label("model_revision")
    said = (column for column in suggestions.c if column.name not in ("taxonomy_id", "catalog_id"))
    return (
        select(*said, revision)
        .select_from(
            suggestions.join(products, there).outerjoin(
                model_revisions, model_revisions.c.id == suggestions.c.revision_id
            )
        )
        .where(*_mine(suggestions, key), suggestions.c.text_hash == text_hash())
    )


def _said(key: tuple[int, int]) -> Select[Any]:
    """Answers with the names of their models, and what took them back."""
    undo = answers.alias("undo")
    revision = func.coalesce(model_revisions.c.revision, "").label("model_revision")
    joined = answers.outerjoin(model_revisions, model_revisions.c.id == answers.c.revision_id)
    return (
        select(*answers.c, revision, undo.c.id.label("undone_by"))
        .select_from(joined.outerjoin(undo, undo.c.undoes == answers.c.id))
        .where(*_mine(answers, key))
    )


def _in_force() -> tuple[ColumnElement[bool], ...]:
    """Whether an answer was not taken back and had its effect."""
    over = answers.alias()
    is_undone = select(over.c.id).where(over.c.undoes == answers.c.id).correlate(answers).exists()
    effective = answers.c.is_placed | answers.c.verdict.in_([Verdict.NONE, Verdict.SKIP])
    return ~is_undone, effective


def _first() -> tuple[ColumnElement[Any], ...]:
    """The order within a group: its leader, then worth most first."""
    at = suggestions.c
    return at.product_id != at.leader_id, at.worth.desc(), at.product_id


def _mine(table: Any, key: tuple[int, int]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return table.c.taxonomy_id == key[0], table.c.catalog_id == key[1]


def _guesses(guesses: Sequence[Guess]) -> dict[str, list[Any]]:
    return {
        "node_ids": [one.node_id for one in guesses],
        "probabilities": [one.probability for one in guesses],
    }


def _row(one: Answer, key: tuple[int, int], digest: bytes, revision_id: int) -> dict[str, object]:
    same = ("product_id", "verdict", "node_id", "author", "tree_version", "is_placed", "before", "undoes")
    told = {name: getattr(one, name) for name in same} | _guesses(one.guesses) | {"verdict": str(one.verdict)}
    numbers = {"taxonomy_id": key[0], "catalog_id": key[1], "revision_id": revision_id}
    return told | numbers | {"text_hash": digest, "request_key": one.key or None}


def _suggestion(row: Row[Any]) -> Suggestion:
    return Suggestion(
        row.product_id, _told(row), row.worth, row.leader_id, row.model_revision, row.tree_version
    )


def _queued(row: Row[Any]) -> Queued:
    return Queued(product_of(row), _suggestion(row), row.n_alike, bytes(row.text_hash).hex())


def _answer(row: Row[Any]) -> Answer:
    same = (
        "product_id", "author", "node_id", "model_revision", "tree_version", "is_placed", "before",
        "undoes", "id", "at", "undone_by",
    )  # fmt: skip
    told = {name: getattr(row, name) for name in same}
    return Answer(
        verdict=Verdict(row.verdict),
        guesses=_told(row),
        key=row.request_key or "",
        text_hash=bytes(row.text_hash).hex(),
        **told,
    )


def _told(row: Row[Any]) -> tuple[Guess, ...]:
    pairs = zip(row.node_ids, row.probabilities, strict=True)
    return tuple(Guess(NodeId(at), probability) for at, probability in pairs)
