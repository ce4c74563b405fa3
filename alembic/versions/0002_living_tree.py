"""What is said of nodes, states of change sets, and a history that can be replayed.

What earlier versions wrote is carried over: alternative labels become labels, in nodes, edits and releases.
"""

import json
import zlib
from typing import Any

from alembic import op
from sqlalchemy import text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = """
ALTER TYPE source ADD VALUE IF NOT EXISTS 'audit';
ALTER TYPE state ADD VALUE IF NOT EXISTS 'draft' BEFORE 'proposed';
ALTER TYPE state ADD VALUE IF NOT EXISTS 'approved' AFTER 'proposed';
ALTER TYPE state ADD VALUE IF NOT EXISTS 'conflicted' AFTER 'reverted';

ALTER TABLE nodes ADD COLUMN details jsonb;
UPDATE nodes SET details = jsonb_build_object('labels', (
    SELECT jsonb_agg(jsonb_build_object('text', label)) FROM unnest(alt_labels) AS label
)) WHERE cardinality(alt_labels) > 0;
ALTER TABLE nodes DROP COLUMN alt_labels;

CREATE TABLE pins (
    taxonomy_id integer NOT NULL REFERENCES taxonomies (id),
    query text COLLATE "C" NOT NULL,
    node_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (taxonomy_id, query)
);

ALTER TABLE change_sets
    ADD COLUMN decided_by text NOT NULL DEFAULT '',
    ADD COLUMN rest_of text COLLATE "C" REFERENCES change_sets (id),
    ADD COLUMN conflicts jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN request_key text,
    ADD COLUMN request_body text NOT NULL DEFAULT '';
CREATE UNIQUE INDEX ON change_sets (taxonomy_id, request_key);

CREATE TABLE comments (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    change_set_id text COLLATE "C" NOT NULL REFERENCES change_sets (id),
    author text NOT NULL,
    text text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON comments (change_set_id);

CREATE TABLE versions (
    taxonomy_id integer NOT NULL REFERENCES taxonomies (id),
    number integer NOT NULL,
    change_set_id text COLLATE "C" NOT NULL REFERENCES change_sets (id),
    digest text NOT NULL,
    author text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (taxonomy_id, number)
);
INSERT INTO versions
    SELECT DISTINCT ON (taxonomy_id, version) taxonomy_id, version, change_set_id, '', author, at FROM audit;

CREATE TABLE touches (
    taxonomy_id integer NOT NULL REFERENCES taxonomies (id),
    key text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    aspect text COLLATE "C" NOT NULL,
    ordinal integer NOT NULL,
    PRIMARY KEY (taxonomy_id, key, version, aspect, ordinal)
);
"""

REMOVAL = """
DROP TABLE touches, versions, comments, pins;
ALTER TABLE nodes ADD COLUMN alt_labels text[] NOT NULL DEFAULT '{}';
UPDATE nodes SET alt_labels = ARRAY(
    SELECT one ->> 'text' FROM jsonb_array_elements(details -> 'labels') AS one
    WHERE coalesce(one ->> 'kind', 'alternative') = 'alternative'
) WHERE details ? 'labels';
ALTER TABLE nodes ALTER COLUMN alt_labels DROP DEFAULT, DROP COLUMN details;
UPDATE change_sets SET state = 'proposed' WHERE state IN ('draft', 'approved', 'conflicted');
ALTER TABLE change_sets DROP COLUMN decided_by, DROP COLUMN rest_of, DROP COLUMN conflicts,
    DROP COLUMN request_key, DROP COLUMN request_body;
"""

APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Add what is new and carry over what was written."""
    op.execute(TABLES)
    op.execute("ALTER TABLE audit DISABLE TRIGGER append_only")
    for table, key, columns in (
        ("change_sets", ("id",), ("edits", "inverse")),
        ("audit", ("taxonomy_id", "version", "ordinal"), ("edit", "before", "after")),
    ):
        _carry_over(table, key, columns)
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    op.execute("ALTER TABLE audit ENABLE TRIGGER append_only")
    _touch()
    _repack()
    for table in ("versions", "touches", "comments"):
        op.execute(APPEND_ONLY.format(table=table))


def downgrade() -> None:
    """Remove what is new; what was said of nodes beside their names is lost, but for alternative labels."""
    op.execute(REMOVAL)


def _carry_over(table: str, key: tuple[str, ...], columns: tuple[str, ...]) -> None:
    connection = op.get_bind()
    found = " OR ".join(f"{column}::text LIKE '%alt_labels%'" for column in columns)
    rows = connection.execute(text(f"SELECT {', '.join((*key, *columns))} FROM {table} WHERE {found}"))
    values = ", ".join(f"{column} = CAST(:{column} AS jsonb)" for column in columns)
    where = " AND ".join(f"{name} = :{name}" for name in key)
    for row in rows.mappings().all():
        fresh = {column: json.dumps(_relabelled(row[column])) for column in columns}
        connection.execute(text(f"UPDATE {table} SET {values} WHERE {where}"), {**row, **fresh})


def _relabelled(value: Any) -> Any:
    """The same JSON with `alt_labels` of nodes as labels."""
    if isinstance(value, list):
        return [_relabelled(one) for one in value]
    if not isinstance(value, dict):
        return value
    old = value.get("alt_labels")
    rest = {name: _relabelled(one) for name, one in value.items() if name != "alt_labels"}
    return {**rest, "labels": [{"text": one} for one in old]} if old else rest


def _touch() -> None:
    """Say of every earlier edit that it wrote the nodes it touched, whole: which part is not known."""
    op.execute(
        "INSERT INTO touches SELECT DISTINCT taxonomy_id, node_id, version, '*', ordinal"
        " FROM audit, jsonb_object_keys(audit.after) AS node_id WHERE node_id <> 'root'"
    )


def _repack() -> None:
    """Write the trees of releases as this version reads them: nodes as objects."""
    connection = op.get_bind()
    for number, packed in connection.execute(text("SELECT id, tree FROM releases")).all():
        version, nodes, redirects = json.loads(zlib.decompress(packed))
        fields = ("id", "parent_id", "name", "locked", "external_id", "alt_labels", "scope_note")
        objects = [_relabelled(dict(zip(fields, one, strict=True))) for one in nodes]
        fresh = zlib.compress(json.dumps([version, objects, redirects, []]).encode())
        connection.execute(text("UPDATE releases SET tree = :t WHERE id = :i"), {"t": fresh, "i": number})
