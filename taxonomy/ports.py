"""What the tree's use cases need from the outside, as Protocols between the packages."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from taxonomy.changes import ChangeSet, State, Written
from taxonomy.jobs import Change, Job, Shard, Tally
from taxonomy.node import Node, NodeId
from taxonomy.product import Assignment, Product, ProductId
from taxonomy.proposal import Report
from taxonomy.records import (
    AuditRow,
    CatalogSummary,
    Comment,
    Held,
    ImportMark,
    Promotion,
    Release,
    Version,
)
from taxonomy.review import Answer, Figures, Queued, Suggestion
from taxonomy.tree import Tree

__all__ = [
    "AssignmentRepository",
    "CatalogRepository",
    "ChangeRepository",
    "Encoder",
    "Floats",
    "JobLedger",
    "Progress",
    "PromotionRepository",
    "ReleaseRepository",
    "ReviewRepository",
    "Silent",
    "TreeRepository",
    "UnitOfWork",
]

Floats = NDArray[np.float32]


class Progress(Protocol):
    """Hears how far a long task is. Calls are cheap; a caller may make one per product."""

    def start(self, task: str, total: int | None = None) -> None:
        """A task begins; `total` counts its units where that is known."""

    def advance(self, n: int = 1) -> None:
        """`n` more units of the current task are done."""

    def note(self, message: str) -> None:
        """One line worth showing."""


class Silent:
    """A `Progress` that nobody watches."""

    def start(self, task: str, total: int | None = None) -> None:
        """Say nothing."""

    def advance(self, n: int = 1) -> None:
        """Say nothing."""

    def note(self, message: str) -> None:
        """Say nothing."""


class Encoder(Protocol):
    """Text to vectors."""

    @property
    def revision(self) -> str:
        """Identifies weights, tokenizer, pooling and precision; vectors of two revisions never meet."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    def encode(self, texts: Sequence[str], *, progress: Progress = ...) -> Floats:
        """Vectors of the texts: (n_texts, dim) float32, unit rows, in the order given.

        No texts give an array of shape (0, dim).
        """


class TreeRepository(Protocol):
    """Named trees at their head."""

    def names(self) -> list[str]:
        """All taxonomies, sorted."""

    def create(self, name: str) -> Tree:
        """A new, empty tree; InputError if the name is taken or not [a-z0-9._-]{1,64} (case folded)."""

    def head(self, name: str) -> Tree:
        """The tree with everything applied; UnknownId("taxonomy", ...) names those that exist."""

    def lock(self, name: str) -> Tree:
        """The head, held against all other writers until the unit of work ends."""

    def save(self, name: str, before: Tree, after: Tree) -> None:
        """Write the difference between two versions in bulk; StaleEdit if `before` is not the head."""

    def below(self, name: str, node_id: NodeId, *, limit: int = 1000) -> list[Node]:
        """A node of the head and what is below it, parents before children, siblings in order; one query.

        The root gives the whole tree. Empty for an id that is not live. At most `limit` nodes, and none
        without its parent.
        """

    def named(self, name: str, text: str, *, limit: int = 20) -> list[Node]:
        """Nodes of the head that have a name or label, in any language, like the text; the likest first.

        Case and accents do not count, and a slip of the pen does not hide a node.
        """


class ChangeRepository(Protocol):
    """Change sets, what was said about them, and the append-only history of each tree."""

    def add(self, change: ChangeSet, *, key: str = "", body: str = "") -> None:
        """Keep a new change set, in whatever state it is.

        A `key` is given once by whoever may have to repeat a request; `body` identifies what was asked for.
        """

    def by_key(self, taxonomy: str, key: str) -> tuple[ChangeSet, str] | None:
        """The change set that was added with this key, and its body; None if none was."""

    def get(self, change_id: str) -> ChangeSet:
        """By id; UnknownId("change set", ...)."""

    def lock(self, change_id: str) -> ChangeSet:
        """By id, held against all others who would decide on it until the unit of work ends."""

    def update(self, change: ChangeSet) -> None:
        """Store everything but taxonomy, author, source and date, which never change."""

    def log(self, taxonomy: str, *, state: State | None = None, limit: int = 50) -> list[ChangeSet]:
        """Newest first."""

    def comment(self, change_id: str, *, author: str, text: str) -> None:
        """Say something about a change set; nobody can change or delete it."""

    def comments(self, change_id: str) -> list[Comment]:
        """Oldest first."""

    def attach(self, change_id: str, report: Report) -> None:
        """Keep what speaks for a proposed tree with its change set; nobody can change or delete it."""

    def report(self, change_id: str) -> Report | None:
        """What was attached to a change set; None if nothing was."""

    def record(
        self, taxonomy: str, version: Version, rows: Iterable[AuditRow], written: Iterable[Written]
    ) -> None:
        """Add a version, its edits and what they wrote; nobody can change or delete them."""

    def written(self, taxonomy: str, keys: Iterable[str], *, since: int) -> list[Written]:
        """What was written at these keys above a version, oldest first."""

    def audit(
        self, taxonomy: str, *, limit: int = 100, before: int | None = None, key: str = ""
    ) -> list[AuditRow]:
        """Edits below a version (all), of everything or those that wrote at a key; newest first."""

    def steps(self, taxonomy: str, *, after: int = 0, until: int | None = None) -> Iterator[AuditRow]:
        """Edits of the versions above `after` up to `until`, oldest first, streamed."""

    def versions(self, taxonomy: str, *, limit: int = 100, before: int | None = None) -> list[Version]:
        """Versions below a number (all), newest first."""


class CatalogRepository(Protocol):
    """Products by catalogue."""

    def names(self) -> list[CatalogSummary]:
        """All catalogues, sorted by name."""

    def create(self, name: str) -> None:
        """Make sure that the catalogue exists; InputError for a name not [a-z0-9._-]{1,64}."""

    def begin_import(self, name: str, digest: str) -> ImportMark:
        """The catalogue's latest import if it is unfinished and of this digest, else a new mark at row 0."""

    def upsert(self, name: str, mark: ImportMark, products: Sequence[Product]) -> ImportMark:
        """Write one batch and move the mark on in the same transaction (bulk, by COPY).

        A product is `changed` when a field differs from what is stored, `new` also when it had retired.
        InputError if an id occurs twice in the batch or a text cannot be stored; StoreError if another import
        into the catalogue has overtaken this one.
        """

    def finish_import(self, name: str, mark: ImportMark) -> int:
        """Retire live products that this import did not see; close the mark; how many retired."""

    def products(self, name: str, *, batch_size: int = 2000) -> Iterator[Product]:
        """Live products in the order of their ids, streamed; UnknownId("catalog", ...)."""

    def get(self, name: str, product_ids: Sequence[ProductId]) -> list[Product]:
        """Those of the products that exist, in the order asked for."""

    def count(self, name: str) -> int:
        """Live products; UnknownId("catalog", ...)."""

    def search(self, name: str, text: str, *, limit: int = 50) -> list[Product]:
        """Live products whose title is similar to the text, most similar first (pg_trgm)."""


class AssignmentRepository(Protocol):
    """Where products stand in a tree. Reads resolve redirects and let people's placements win.

    A placement or assignment whose node went without a successor does not count.
    """

    def write(self, catalog: str, taxonomy: str, assignments: Iterable[Assignment]) -> int:
        """Bulk upsert of machines' and imports' assignments, the last of each product; how many changed.

        Probabilities are kept in 32 bits. A row that would differ in its tree version alone is not written.
        """

    def place(
        self, catalog: str, taxonomy: str, node_id: NodeId, product_ids: Sequence[ProductId], *, author: str
    ) -> None:
        """A person puts products into a node; UnknownId("product", ...) if one does not exist."""

    def unplace(self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]) -> None:
        """Forget people's placements of these products."""

    def placed(
        self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]
    ) -> dict[ProductId, NodeId]:
        """People's placements of these products, as stored (not resolved)."""

    def stored(
        self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]
    ) -> dict[ProductId, Assignment]:
        """Machines' and imports' assignments of these products, as stored (not resolved)."""

    def remove(self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]) -> None:
        """Forget machines' assignments of these products."""

    def remember(self, change: ChangeSet, catalog: str, product_ids: Sequence[ProductId]) -> None:
        """Keep for `put_back` what machines say of these products before a change set is applied."""

    def put_back(self, change: ChangeSet) -> None:
        """Say again what machines said before an applied change set, where what it wrote stands still.

        What was written since, by whomever, stays.
        """

    def held(self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]) -> dict[ProductId, Held]:
        """What is stored of those of these products that are live, also where that is nothing."""

    def tally(
        self, catalog: str, taxonomy: str, node_ids: Collection[NodeId] | None = None
    ) -> dict[Held, int]:
        """How many live products are held alike, those of which nothing is stored left out; one query.

        With `node_ids`, those alone that are held by one of these, as stored.
        """

    def counts(self, catalog: str, taxonomy: str) -> dict[NodeId, int]:
        """Live products standing in each node itself (not below it), redirects resolved; one query."""

    def of_node(
        self, catalog: str, taxonomy: str, node_ids: Sequence[NodeId], *, limit: int = 100, offset: int = 0
    ) -> list[tuple[Product, Assignment]]:
        """A page of the live products in any of these nodes: placed by people first, then by probability."""

    def of_products(
        self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]
    ) -> dict[ProductId, Assignment]:
        """Where these products stand, resolved."""

    def unplaced(self, catalog: str, taxonomy: str, *, limit: int = 100, offset: int = 0) -> list[Product]:
        """Live products that stand in no live node."""


class ReleaseRepository(Protocol):
    """Published versions, each with the whole tree it pins.

    In effect is the release that took effect last, by the store's clock, and was not cancelled.
    """

    def publish(
        self,
        taxonomy: str,
        tree: Tree,
        *,
        model_revision: str,
        model_dir: str,
        author: str,
        takes_effect_at: datetime | None = None,
        restores: int | None = None,
        rolls_back: int | None = None,
    ) -> Release:
        """Add a release, in effect at once unless a time is given.

        The tree is stored with it, so that later edits cannot change it.
        """

    def cancel(self, release_id: int) -> Release:
        """Take back a release before it takes effect; InputError if it has, or was cancelled; UnknownId."""

    def in_effect(self, taxonomy: str, *, at: datetime | None = None) -> Release | None:
        """The release in effect at a time (now); None before the first. Cheap: its tree is not read."""

    def current(self, taxonomy: str, *, at: datetime | None = None) -> tuple[Release, Tree] | None:
        """The release in effect at a time (now) and its tree; None before the first."""

    def get(self, taxonomy: str, release_id: int) -> tuple[Release, Tree]:
        """A release of the taxonomy and its tree, whether or not in effect; UnknownId("release", ...)."""

    def nearest(self, taxonomy: str, version: int) -> Tree | None:
        """The latest tree that a release pins, up to this version; None if there is none."""

    def log(self, taxonomy: str, *, limit: int = 50) -> list[Release]:
        """Newest published first, scheduled and cancelled ones included."""


class JobLedger(Protocol):
    """Re-tagging jobs, who works on which of their shards, and what they changed."""

    def add(
        self, job: Job, tree: Tree | None, node_ids: Collection[NodeId] | None, *, shard_size: int
    ) -> Job:
        """Plan a job: cut its products into shards of at most this many; the job with its id.

        Meant are live products that no person has placed: those stored under one of the ids (None: under
        any), and for a job with a model those stored under none. A rollback has no tree and no ids: it gets
        the shards in which the job that it undoes changed something, and is running at once.
        """

    def get(self, job_id: int) -> Job:
        """By id; UnknownId("job", ...)."""

    def lock(self, job_id: int) -> Job:
        """By id, held against all others who would decide on it until the unit of work ends."""

    def log(self, *, catalog: str = "", taxonomy: str = "", limit: int = 50) -> list[Job]:
        """Newest first, of one catalogue or taxonomy where these are given."""

    def tree(self, job_id: int) -> Tree:
        """The tree that the job is pinned to; StoreError for a rollback, which has none."""

    def tally(self, job_id: int) -> Tally:
        """How far it is."""

    def left_to_people(self, job_id: int) -> int:
        """How many products the job would mean, had a person not placed them."""

    def oldest_version(self, catalog: str, taxonomy: str) -> int | None:
        """The lowest tree version among the catalogue's assignments; None if it has none."""

    def start(self, job_id: int) -> None:
        """The job runs, and shards that were given up get another chance.

        StoreError if another job of the same catalogue and taxonomy is running.
        """

    def close(self, job_id: int) -> bool:
        """A running job whose shards are all done is finished; whether it was so."""

    def withdraw(self, job_id: int) -> None:
        """The job counts as rolled back; what its workers have not written yet they cannot write any more."""

    def claim(self, job_id: int, worker: str, *, lease_s: float) -> Shard | None:
        """A shard of the running job that is neither done nor leased nor given up, now leased to this worker.

        None if there is none at this moment. Two workers never get the same.
        """

    def renew(self, worker: str, *, lease_s: float) -> None:
        """Put the end of the worker's leases off to so many seconds from now."""

    def release(self, shard: Shard, worker: str, *, error: str = "") -> None:
        """Give a shard back undone; after three errors it is given up."""

    def hold(self, shard: Shard, worker: str) -> bool:
        """Whether the shard is still this worker's to write, and if so held until the unit of work ends."""

    def mark(self, shard: Shard, *, n_tagged: int, n_changed: int) -> None:
        """The shard is done."""

    def meant(self, shard: Shard) -> dict[ProductId, Assignment | None]:
        """The shard's products by id, each with its assignment as stored (not resolved)."""

    def record(self, job_id: int, changes: Sequence[Change]) -> list[Change]:
        """Of these changes those whose product is still stored as it was before; they enter the history.

        The rows are held until the unit of work ends, for the caller to write. The history is append-only
        and has at most one row of a product for each job: a second is a StoreError.
        """

    def changes(self, job_id: int, shard: Shard) -> list[Change]:
        """What a job changed among the products of a shard (of its own, or of the rollback's)."""


class ReviewRepository(Protocol):
    """What people are asked about products, and what they said: a queue, and answers that nobody can change.

    A product waits for an answer if it is live, its text is what the suggestion was made for, no person has
    placed it in a node that is live or has a successor, it was not skipped with this text, and not all of the
    nodes suggested were refused.
    """

    def refill(self, catalog: str, taxonomy: str, suggestions: Iterable[Suggestion]) -> int:
        """Put these suggestions in the place of all that there were, in bulk; how many went in.

        Those of products that the catalogue does not have are left out.
        """

    def put(self, job: Job, product_ids: Collection[ProductId], suggestions: Sequence[Suggestion]) -> None:
        """Make a job's suggestions, of some of these products, all that there are of these products."""

    def put_back(self, job: Job, shard: Shard, *, but: Collection[ProductId] = ()) -> None:
        """Suggest again for the products of a shard what was before the job, where its own stands still.

        What something else suggested since stays, and so do all suggestions for the products in `but`.
        """

    def stored(self, catalog: str, taxonomy: str) -> list[Suggestion]:
        """All suggestions for live products whose text they were made for, in the order of product ids.

        Those of products that do not wait are among them.
        """

    def suggested(
        self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]
    ) -> dict[ProductId, Suggestion]:
        """What is suggested for those of these products that wait, as stored (redirects not followed)."""

    def queue(self, catalog: str, taxonomy: str, *, limit: int = 20, offset: int = 0) -> list[Queued]:
        """The products that wait, one of each group that looks alike, worth most first."""

    def alike(
        self, catalog: str, taxonomy: str, leader_id: ProductId, *, limit: int = 100, offset: int = 0
    ) -> list[Queued]:
        """The products that wait and follow this leader, itself first, then worth most first."""

    def record(self, catalog: str, taxonomy: str, answers: Sequence[Answer]) -> list[Answer]:
        """Add answers about different products; with their ids, times and hashes, in the order given.

        UnknownId if the catalogue never had a product; StoreError if a key or an undone answer comes twice.
        """

    def get(self, catalog: str, taxonomy: str, answer_id: int) -> Answer:
        """By id; UnknownId("answer", ...)."""

    def by_key(self, catalog: str, taxonomy: str, key: str) -> list[Answer]:
        """The answers that were added with this key, oldest first."""

    def log(self, catalog: str, taxonomy: str, *, limit: int = 50) -> list[Answer]:
        """All answers, newest first."""

    def counting(
        self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]
    ) -> dict[ProductId, Answer]:
        """The latest answer about each of these products that was not taken back and had its effect."""

    def figures(self, catalog: str, taxonomy: str) -> Figures:
        """How far the review is."""


class PromotionRepository(Protocol):
    """Models that were compared with the serving one: append-only."""

    def add(self, promotion: Promotion) -> Promotion:
        """Keep it; with its id and time."""

    def log(self, taxonomy: str, *, limit: int = 50) -> list[Promotion]:
        """Newest first."""


class UnitOfWork(Protocol):
    """One transaction over all repositories; only it commits. Leaving the block without commit rolls back."""

    trees: TreeRepository
    changes: ChangeRepository
    catalogs: CatalogRepository
    assignments: AssignmentRepository
    releases: ReleaseRepository
    jobs: JobLedger
    reviews: ReviewRepository
    promotions: PromotionRepository

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def commit(self) -> None:
        """Make everything since the last commit permanent; the block may go on."""

    def rollback(self) -> None:
        """Forget everything since the last commit."""
