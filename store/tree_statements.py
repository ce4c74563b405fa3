"""The statements on a tree's head, written out: each is planned for, and measured by `shelftree bench tree`.

`branches` has no index by id, so that a path is found by going up in `nodes`, a few rows, and a subtree is a
range of paths: ids are made of 0-9 and a-v, hence 'x.y0' is the first path that may follow all of 'x.y...'.
"""

from typing import Any, Final

from sqlalchemy import JSON, ScalarSelect, Table, Text, func, literal, select
from sqlalchemy import cast as as_type
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.elements import ColumnElement

from store.tables import branches, pins, redirects, taxonomies, versions

__all__ = [
    "BELOW",
    "CLEAR",
    "DESCRIBE",
    "EDITS",
    "EVERYTHING",
    "HEAD",
    "LIKENESS",
    "MARKS",
    "NAMED",
    "NAMED_IN_ANY_SCRIPT",
    "RELINK",
    "SHIFT",
    "STATE",
    "TOLERANT",
    "end_of",
]

LIKENESS: Final = (0.6, 0.3)
"""How alike what is sought and the words of a name must be, in 0..1: where the first limit finds nothing, the
second may ('sheos' is 0.33 of 'shoes'). The lower alone would look at many times more names."""

STATE: Final = sql(
    "SELECT t.id, t.version, v.digest FROM taxonomies t"
    " LEFT JOIN versions v ON v.taxonomy_id = t.id AND v.number = t.version WHERE t.name = :name"
)
"""Number, version and what its digest was recorded as (NULL: it was not)."""

MARKS: Final = sql(
    "SELECT digest FROM versions WHERE taxonomy_id = :number AND number BETWEEN :since AND :until"
    " ORDER BY number"
)

EDITS: Final = sql(
    "SELECT version, edit FROM audit WHERE taxonomy_id = :number AND version > :since AND version <= :until"
    " ORDER BY version, ordinal LIMIT :limit"
)

_FIELDS = "path::text, name, locked, external_id, scope_note, details"

EVERYTHING: Final = sql(
    f"SELECT position, {_FIELDS} FROM branches WHERE taxonomy_id = :number"
    " ORDER BY branches.path LIMIT :limit"
)

BELOW: Final = sql(f"""
WITH RECURSIVE up (parent_id, path) AS (
    SELECT parent_id, id FROM nodes WHERE taxonomy_id = :number AND id = :node_id
    UNION ALL
    SELECT n.parent_id, n.id || '.' || up.path
    FROM up JOIN nodes n ON n.taxonomy_id = :number AND n.id = up.parent_id
), top AS MATERIALIZED (SELECT path FROM up WHERE parent_id IS NULL)
SELECT position, {_FIELDS} FROM branches
WHERE taxonomy_id = :number
    AND path >= (SELECT path::ltree FROM top) AND path < (SELECT (path || '0')::ltree FROM top)
ORDER BY branches.path LIMIT :limit
""")

TOLERANT: Final = sql("SELECT set_config('pg_trgm.strict_word_similarity_threshold', :least, true)")
"""Before `NAMED`; nobody else uses this limit."""

_NAMED = """
WITH RECURSIVE found AS (
    SELECT node_id, max(strict_word_similarity(:sought, text)) AS part,
        max(similarity(:sought, text)) AS whole, min(char_length(text)) AS size
    FROM names WHERE taxonomy_id = :number AND ({alike})
    GROUP BY node_id ORDER BY part DESC, whole DESC, size, node_id LIMIT :limit
), up (node_id, parent_id, path) AS (
    SELECT n.id, n.parent_id, n.id FROM found JOIN nodes n ON n.taxonomy_id = :number AND n.id = found.node_id
    UNION ALL
    SELECT up.node_id, n.parent_id, n.id || '.' || up.path
    FROM up JOIN nodes n ON n.taxonomy_id = :number AND n.id = up.parent_id
)
SELECT b.path::text, name, locked, external_id, scope_note, details
FROM found JOIN up USING (node_id) JOIN branches b ON b.taxonomy_id = :number AND b.path = up.path::ltree
WHERE up.parent_id IS NULL ORDER BY part DESC, whole DESC, size, node_id
"""

NAMED: Final = sql(_NAMED.format(alike=":sought <<% text"))

NAMED_IN_ANY_SCRIPT: Final = sql(_NAMED.format(alike=":sought <<% text OR strpos(text, :sought) > 0"))
"""pg_trgm may see Latin letters only (it asks the database's locale): others are looked for as they are."""

RELINK: Final = sql(
    "UPDATE nodes SET parent_id = m.parent_id"
    " FROM unnest(CAST(:ids AS text[]), CAST(:parents AS text[])) AS m (id, parent_id)"
    " WHERE nodes.taxonomy_id = :number AND nodes.id = m.id"
)

CLEAR: Final = sql(
    "DELETE FROM branches WHERE taxonomy_id = :number AND path = ANY (CAST(:paths AS ltree[]))"
)

SHIFT: Final = sql(
    "UPDATE branches SET path = CAST(:above AS ltree) || subpath(path, :depth)"
    " WHERE taxonomy_id = :number AND path >= CAST(:old AS ltree) AND path < CAST(:end AS ltree)"
)
"""A node and all below it go elsewhere: `depth` labels of the old path give way to the path `above`."""

DESCRIBE: Final = sql("""
UPDATE branches SET position = r.position, name = r.name, locked = r.locked, external_id = r.external_id,
    scope_note = r.scope_note, details = CAST(r.details AS jsonb)
FROM json_to_recordset(CAST(:rows AS json)) AS r (path ltree, position integer, name text, locked boolean,
    external_id text, scope_note text, details text)
WHERE branches.taxonomy_id = :number AND branches.path = r.path
""")


def end_of(path: str) -> str:
    """The first path after a node and all below it."""
    return f"{path}0"


def _gathered(
    table: Table, fields: tuple[ColumnElement[Any], ...], order: ColumnElement[Any]
) -> ScalarSelect[Any]:
    rows = func.json_agg(aggregate_order_by(func.json_build_array(*fields), order), type_=JSON)
    everything = func.coalesce(rows, literal([], JSON), type_=JSON)
    return select(everything).where(table.c.taxonomy_id == taxonomies.c.id).scalar_subquery()


_said = tuple(branches.c[name] for name in ("name", "locked", "external_id", "scope_note", "details"))

HEAD: Final = (
    select(
        taxonomies.c.id,
        versions.c.digest,
        taxonomies.c.version,
        _gathered(branches, (as_type(branches.c.path, Text), *_said), branches.c.position),
        _gathered(
            redirects, (redirects.c.node_id, redirects.c.targets, redirects.c.shares), redirects.c.node_id
        ),
        _gathered(pins, (pins.c.query, pins.c.node_id), pins.c.query),
    )
    .select_from(taxonomies)
    .outerjoin(
        versions, (versions.c.taxonomy_id == taxonomies.c.id) & (versions.c.number == taxonomies.c.version)
    )
)
"""A whole tree in one statement, hence of one moment; as JSON, the fastest to load."""
