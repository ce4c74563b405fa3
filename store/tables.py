"""The tables, as SQLAlchemy Core: what is where, and why.

::

    taxonomies ─┬─ nodes, branches, names    the head of each tree: who is below whom, as paths, to search
                ├─ redirects, pins           what became of retired ids; queries sent to a node
                ├─ change_sets ── comments   what was proposed, decided and said
                │    └── reports             what speaks for a tree that was built
                ├─ versions, audit, touches  how it came to be: steps, their edits, what each wrote
                ├─ releases ── promotions    what was published, each with its whole tree; models compared
                └─┬ assignments, placements  where products stand: by machines, by people
    catalogs ─────┼─ products, imports
                  ├─ suggestions, answers    what people are asked about products, and what they said
                  └─ jobs ── shards, tag_history, suggestion_history   re-tagging: what was before

Foreign keys are where rows are few. `products` and `assignments` are written by the hundred million and have
none: the repositories look catalogue and taxonomy up before they write, no product or taxonomy is ever
deleted, and a read joins products and nodes, so that a row of an unknown one is never seen.

Ids are compared byte by byte (collation "C"): faster, the same on every machine, and as Python sorts them.
"""

from typing import Any

from sqlalchemy import (
    ARRAY,
    REAL,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    Enum,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import UserDefinedType

from taxonomy.changes import State
from taxonomy.jobs import JobKind, JobState
from taxonomy.product import Source
from taxonomy.review import Verdict

__all__ = [
    "LTree",
    "answers",
    "assignment_history",
    "assignments",
    "audit",
    "branches",
    "catalogs",
    "change_sets",
    "comments",
    "imports",
    "jobs",
    "metadata",
    "model_revisions",
    "names",
    "nodes",
    "pins",
    "placements",
    "products",
    "promotions",
    "redirects",
    "releases",
    "reports",
    "shards",
    "suggestion_history",
    "suggestions",
    "tag_history",
    "taxonomies",
    "touches",
    "versions",
]


class LTree(UserDefinedType[str]):
    """Postgres's `ltree`: labels joined by dots. Six lines, where a package of types would be loaded."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in SQL."""
        return "LTREE"


metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)

_Id = Text(collation="C")
_Ids = ARRAY(Text(collation="C"))
_source, _state, _job_kind, _job_state, _verdict = (
    Enum(kinds, name=name, values_callable=lambda kinds: [str(kind) for kind in kinds])
    for name, kinds in (
        ("source", Source),
        ("state", State),
        ("job_kind", JobKind),
        ("job_state", JobState),
        ("verdict", Verdict),
    )
)


def _surrogate() -> Column[int]:
    return Column("id", Integer, Identity(always=True), primary_key=True)


def _now(name: str) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now())


def _taxonomy(*, primary_key: bool = False) -> Column[int]:
    return Column("taxonomy_id", ForeignKey("taxonomies.id"), primary_key=primary_key, nullable=False)


taxonomies = Table(
    "taxonomies",
    metadata,
    _surrogate(),
    Column("name", _Id, nullable=False, unique=True),
    Column("version", Integer, nullable=False, server_default="0"),
    _now("created_at"),
)

nodes = Table(  # who is live, and below whom: all that the rest of the store asks
    "nodes",
    metadata,
    _taxonomy(primary_key=True),
    Column("id", _Id, primary_key=True),
    # NULL for a top category: the hidden root has no row. This is the truth; paths in `branches` follow.
    Column("parent_id", _Id),
    ForeignKeyConstraint(
        ["taxonomy_id", "parent_id"], ["nodes.taxonomy_id", "nodes.id"], deferrable=True, initially="DEFERRED"
    ),
    Index(None, "taxonomy_id", "parent_id"),
)

branches = Table(  # what is said of nodes, by path: a subtree is one stretch, read without a join
    "branches",
    metadata,
    _taxonomy(primary_key=True),
    # Ids from the top category to the node. A move rewrites it for all that is below, so that it must
    # stand in one index only: with another by id, moving 10,000 nodes took twice as long.
    Column("path", LTree, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("locked", Boolean, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("scope_note", Text, nullable=False),
    Column("details", JSONB(none_as_null=True)),  # labels, attributes ...: NULL for none
)

names = Table(  # names and labels, folded, to search in: a table of its own, for a move does not change them
    "names",
    metadata,
    _taxonomy(primary_key=True),
    Column("node_id", _Id, primary_key=True),
    Column("text", _Id, primary_key=True),
    Index("names_text_idx", "text", postgresql_using="gin", postgresql_ops={"text": "gin_trgm_ops"}),
)

redirects = Table(
    "redirects",
    metadata,
    _taxonomy(primary_key=True),
    Column("node_id", _Id, primary_key=True),
    Column("targets", _Ids, nullable=False),
    Column("shares", ARRAY(Double), nullable=False),
    # The live node at the end of the chain ('root': none), kept on every save so that reads are one join.
    Column("live_id", _Id, nullable=False),
    Index(None, "taxonomy_id", "live_id"),
)

pins = Table(
    "pins",
    metadata,
    _taxonomy(primary_key=True),
    Column("query", _Id, primary_key=True),  # folded
    Column("node_id", _Id, nullable=False),  # may have retired since: redirects lead on
)

change_sets = Table(
    "change_sets",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("ordinal", BigInteger, Identity(always=True), nullable=False, unique=True),
    _taxonomy(),
    Column("state", _state, nullable=False),
    Column("author", Text, nullable=False),
    Column("source", _source, nullable=False),
    Column("reason", Text, nullable=False),
    Column("base_version", Integer, nullable=False),
    Column("applied_version", Integer),
    Column("reverts", _Id, ForeignKey("change_sets.id")),
    Column("model_revision", Text, nullable=False),
    _now("created_at"),
    Column("edits", JSONB, nullable=False),
    Column("inverse", JSONB, nullable=False),
    Column("decided_by", Text, nullable=False, server_default=""),
    Column("rest_of", _Id, ForeignKey("change_sets.id")),
    Column("conflicts", JSONB, nullable=False, server_default="[]"),
    Column("request_key", Text),  # of whoever may repeat the request; NULL: nobody
    Column("request_body", Text, nullable=False, server_default=""),
    Index(None, "taxonomy_id", "applied_version"),
    Index(None, "taxonomy_id", "ordinal"),
    Index(None, "taxonomy_id", "request_key", unique=True),
)

reports = Table(  # append-only; apart from change sets, for lists of these need none of it
    "reports",
    metadata,
    Column("change_set_id", _Id, ForeignKey("change_sets.id"), primary_key=True),
    Column("body", JSONB, nullable=False),
)

comments = Table(  # append-only, as are versions, audit and touches: a trigger refuses anything else
    "comments",
    metadata,
    _surrogate(),
    Column("change_set_id", _Id, ForeignKey("change_sets.id"), nullable=False, index=True),
    Column("author", Text, nullable=False),
    Column("text", Text, nullable=False),
    _now("at"),
)

versions = Table(
    "versions",
    metadata,
    _taxonomy(primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("change_set_id", _Id, ForeignKey("change_sets.id"), nullable=False),
    Column("digest", Text, nullable=False),  # empty: of before digests were kept
    Column("author", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)

touches = Table(  # what each edit wrote: the index by which a stale edit finds who was first
    "touches",
    metadata,
    _taxonomy(primary_key=True),
    Column("key", _Id, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("aspect", _Id, primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
)

audit = Table(
    "audit",
    metadata,
    _taxonomy(primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("change_set_id", _Id, ForeignKey("change_sets.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("edit", JSONB, nullable=False),
    Column("before", JSONB, nullable=False),
    Column("after", JSONB, nullable=False),
    Column("author", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)

releases = Table(
    "releases",
    metadata,
    _surrogate(),
    _taxonomy(),
    Column("tree_version", Integer, nullable=False),
    Column("model_revision", Text, nullable=False),
    Column("model_dir", Text, nullable=False),
    Column("author", Text, nullable=False),
    _now("published_at"),
    Column("tree", LargeBinary, nullable=False),  # as `store.tree_rows.pack` writes it
    _now("takes_effect_at"),
    Column("restores", Integer, ForeignKey("releases.id")),  # published again ...
    Column("rolls_back", Integer, ForeignKey("releases.id")),  # ... in the place of this one
    Column("cancelled_at", DateTime(timezone=True)),  # before it took effect
    Index(None, "taxonomy_id", "id"),
    Index(None, "taxonomy_id", "takes_effect_at", "id"),
    Index(None, "taxonomy_id", "tree_version"),
)

catalogs = Table(
    "catalogs",
    metadata,
    _surrogate(),
    Column("name", _Id, nullable=False, unique=True),
    _now("created_at"),
)

imports = Table(
    "imports",
    metadata,
    _surrogate(),
    Column("catalog_id", ForeignKey("catalogs.id"), nullable=False),
    Column("digest", Text, nullable=False),
    Column("rows_done", BigInteger, nullable=False, server_default="0"),
    Column("n_new", BigInteger, nullable=False, server_default="0"),
    Column("n_changed", BigInteger, nullable=False, server_default="0"),
    Column("n_unchanged", BigInteger, nullable=False, server_default="0"),
    _now("updated_at"),
    Column("finished_at", DateTime(timezone=True)),
    Index(None, "catalog_id", "id"),
)

products = Table(
    "products",
    metadata,
    Column("catalog_id", Integer, primary_key=True, autoincrement=False),
    Column("id", _Id, primary_key=True),
    Column("title", Text, nullable=False),
    Column("brand", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("category_path", ARRAY(Text), nullable=False),
    Column("price", Double),
    Column("image", Text, nullable=False),
    Column("split", Text, nullable=False),
    Column("attributes", JSONB, nullable=False),
    Column("content_hash", LargeBinary, nullable=False),
    Column("import_id", Integer, nullable=False),  # the last import that saw the product
    Column("retired_at", DateTime(timezone=True)),
    Index("products_title_idx", "title", postgresql_using="gin", postgresql_ops={"title": "gin_trgm_ops"}),
    postgresql_partition_by="HASH (id)",
)

model_revisions = Table(  # written out, they would be half of an assignment's row
    "model_revisions",
    metadata,
    _surrogate(),
    Column("revision", Text, nullable=False, unique=True),
)

assignments = Table(
    "assignments",
    metadata,
    Column("taxonomy_id", Integer, primary_key=True, autoincrement=False),
    Column("catalog_id", Integer, primary_key=True, autoincrement=False),
    Column("product_id", _Id, primary_key=True),
    Column("node_id", _Id, nullable=False),
    Column("probability", REAL, nullable=False),
    Column("source", _source, nullable=False),
    Column("revision_id", Integer, nullable=False),
    Column("tree_version", Integer, nullable=False),
    Index(None, "taxonomy_id", "catalog_id", "node_id"),
    postgresql_partition_by="HASH (product_id)",
)

assignment_history = Table(  # append-only; what a machine's change set replaced, all NULL: there was nothing
    "assignment_history",
    metadata,
    Column("change_set_id", _Id, primary_key=True),
    Column("catalog_id", Integer, primary_key=True, autoincrement=False),
    Column("product_id", _Id, primary_key=True),
    Column("node_id", _Id),
    Column("probability", REAL),
    Column("source", _source),
    Column("revision_id", Integer),
    Column("tree_version", Integer),
)

placements = Table(
    "placements",
    metadata,
    _taxonomy(primary_key=True),
    Column("catalog_id", ForeignKey("catalogs.id"), primary_key=True, nullable=False),
    Column("product_id", _Id, primary_key=True),
    Column("node_id", _Id, nullable=False),
    Column("author", Text, nullable=False),
    _now("placed_at"),
    Column("tree_version", Integer, nullable=False),
    Index(None, "taxonomy_id", "catalog_id", "node_id"),
)

jobs = Table(
    "jobs",
    metadata,
    _surrogate(),
    _taxonomy(),
    Column("catalog_id", ForeignKey("catalogs.id"), nullable=False),
    Column("kind", _job_kind, nullable=False),
    Column("state", _job_state, nullable=False),
    Column("since", Integer, nullable=False),
    Column("tree_version", Integer, nullable=False),
    Column("model_revision", Text, nullable=False),
    Column("model_dir", Text, nullable=False),
    Column("precision", Double, nullable=False),
    Column("everything", Boolean, nullable=False),
    Column("undoes", ForeignKey("jobs.id")),
    Column("tree", LargeBinary),  # as `store.tree_rows.pack` writes it; NULL for a rollback
    Column("node_ids", _Ids),  # products stored under one of these are meant; NULL: under any
    _now("created_at"),
    Column("run_at", DateTime(timezone=True)),  # the latest start
    Column("finished_at", DateTime(timezone=True)),
    Index(None, "taxonomy_id", "catalog_id", "id"),
    Index(
        "jobs_running_idx",
        "taxonomy_id",
        "catalog_id",
        unique=True,
        postgresql_where=text("state = 'running'"),
    ),
)

shards = Table(
    "shards",
    metadata,
    Column("job_id", ForeignKey("jobs.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("first_id", _Id, nullable=False),
    Column("last_id", _Id, nullable=False),
    Column("n_products", Integer, nullable=False),
    Column("worker", Text),
    Column("leased_until", DateTime(timezone=True)),
    Column("done_at", DateTime(timezone=True)),
    Column("n_tagged", Integer, nullable=False, server_default="0"),
    Column("n_changed", Integer, nullable=False, server_default="0"),
    Column("n_errors", Integer, nullable=False, server_default="0"),
    Column("error", Text, nullable=False, server_default=""),
)

tag_history = Table(  # append-only; without foreign keys, as assignments
    "tag_history",
    metadata,
    Column("job_id", Integer, primary_key=True, autoincrement=False),
    Column("product_id", _Id, primary_key=True),
    *(
        Column(f"{when}_{name}", kind)  # NULL: no assignment
        for when in ("old", "new")
        for name, kind in (
            ("node_id", _Id),
            ("probability", REAL),
            ("source", _source),
            ("revision_id", Integer),
            ("tree_version", Integer),
        )
    ),
)


def _suggested(*, nullable: bool) -> tuple[Column[Any], ...]:
    return (
        Column("node_ids", _Ids, nullable=nullable),  # likeliest first; may have retired since
        Column("probabilities", ARRAY(REAL), nullable=nullable),
        Column("worth", REAL, nullable=nullable),
        Column("leader_id", _Id, nullable=nullable),
        Column("revision_id", Integer, nullable=nullable),
        Column("tree_version", Integer, nullable=nullable),
        Column("text_hash", LargeBinary, nullable=nullable),  # as `store.product_rows.text_hash` says
    )


suggestions = Table(  # replaced by each classifying, in parts by re-tagging; no foreign keys, as assignments
    "suggestions",
    metadata,
    Column("taxonomy_id", Integer, primary_key=True, autoincrement=False),
    Column("catalog_id", Integer, primary_key=True, autoincrement=False),
    Column("product_id", _Id, primary_key=True),
    *_suggested(nullable=False),
)

suggestion_history = Table(  # append-only; what a job replaced, all NULL: nothing was suggested before
    "suggestion_history",
    metadata,
    Column("job_id", Integer, primary_key=True, autoincrement=False),
    Column("product_id", _Id, primary_key=True),
    *_suggested(nullable=True),
)

answers = Table(  # append-only
    "answers",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _taxonomy(),
    Column("catalog_id", ForeignKey("catalogs.id"), nullable=False),
    Column("product_id", _Id, nullable=False),
    Column("verdict", _verdict, nullable=False),
    Column("node_id", _Id),
    Column("author", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("node_ids", _Ids, nullable=False),  # what had been suggested
    Column("probabilities", ARRAY(REAL), nullable=False),
    Column("revision_id", Integer, nullable=False),
    Column("tree_version", Integer, nullable=False),
    Column("text_hash", LargeBinary, nullable=False),
    Column("is_placed", Boolean, nullable=False),
    Column("before", _Id),  # where a person had placed it; NULL: nobody had
    Column("request_key", Text),  # of whoever may repeat the request; NULL: nobody
    Column("undoes", ForeignKey("answers.id")),
    Index("answers_undoes_idx", "undoes", unique=True),
    Index(None, "taxonomy_id", "catalog_id", "product_id"),
    Index(None, "taxonomy_id", "request_key", "catalog_id", "product_id", unique=True),
)

promotions = Table(  # append-only
    "promotions",
    metadata,
    _surrogate(),
    _taxonomy(),
    Column("model_revision", Text, nullable=False),
    Column("model_dir", Text, nullable=False),
    Column("serving_revision", Text, nullable=False),  # empty: none was serving
    Column("author", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("release_id", ForeignKey("releases.id")),  # NULL: it was refused
    Column("reason", Text, nullable=False),  # why it was promoted against the figures
    Column("figures", JSONB, nullable=False),
    Index(None, "taxonomy_id", "id"),
)
