"""A subtree as one stretch of a table, and names to search in every language.

`nodes` keeps who is below whom; what is said of nodes goes to `branches`, by path.
"""

from collections.abc import Iterator
from typing import Any

from alembic import op
from sqlalchemy import text

from taxonomy.text import fold

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE branches (
    taxonomy_id integer NOT NULL REFERENCES taxonomies (id),
    path ltree NOT NULL,
    position integer NOT NULL,
    name text NOT NULL,
    locked boolean NOT NULL,
    external_id text NOT NULL,
    scope_note text NOT NULL,
    details jsonb,
    PRIMARY KEY (taxonomy_id, path)
);
INSERT INTO branches
    SELECT taxonomy_id, path, position, name, locked, external_id, scope_note, details
    FROM nodes ORDER BY taxonomy_id, path;

CREATE TABLE names (
    taxonomy_id integer NOT NULL REFERENCES taxonomies (id),
    node_id text COLLATE "C" NOT NULL,
    text text COLLATE "C" NOT NULL,
    PRIMARY KEY (taxonomy_id, node_id, text)
);
"""

REST = """
CREATE INDEX names_text_idx ON names USING gin (text gin_trgm_ops);
ALTER TABLE nodes DROP COLUMN position, DROP COLUMN path, DROP COLUMN name, DROP COLUMN locked,
    DROP COLUMN external_id, DROP COLUMN scope_note, DROP COLUMN details;
"""

REMOVAL = """
ALTER TABLE nodes ADD COLUMN position integer, ADD COLUMN path ltree, ADD COLUMN name text,
    ADD COLUMN locked boolean, ADD COLUMN external_id text, ADD COLUMN scope_note text,
    ADD COLUMN details jsonb;
UPDATE nodes SET position = b.position, path = b.path, name = b.name, locked = b.locked,
    external_id = b.external_id, scope_note = b.scope_note, details = b.details
    FROM branches b WHERE b.taxonomy_id = nodes.taxonomy_id AND subpath(b.path, -1)::text = nodes.id;
ALTER TABLE nodes ALTER COLUMN position SET NOT NULL, ALTER COLUMN path SET NOT NULL,
    ALTER COLUMN name SET NOT NULL, ALTER COLUMN locked SET NOT NULL, ALTER COLUMN external_id SET NOT NULL,
    ALTER COLUMN scope_note SET NOT NULL;
CREATE INDEX ON nodes USING gist (path);
CREATE INDEX ON nodes USING gin (name gin_trgm_ops);
DROP TABLE branches, names;
"""


def upgrade() -> None:
    """Part the table, and fold names in Python: the server has no such function."""
    op.execute(TABLES)
    connection = op.get_bind()
    rows = connection.execute(text("SELECT taxonomy_id, id, name, details -> 'labels' AS labels FROM nodes"))
    if found := list(_names(rows)):
        connection.execute(text("INSERT INTO names VALUES (:t, :n, :s) ON CONFLICT DO NOTHING"), found)
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    op.execute(REST)


def downgrade() -> None:
    """One table again."""
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    op.execute(REMOVAL)


def _names(rows: Any) -> Iterator[dict[str, object]]:
    for number, node_id, name, labels in rows:
        for one in (name, *(label["text"] for label in labels or ())):
            yield {"t": number, "n": node_id, "s": fold(one)}
