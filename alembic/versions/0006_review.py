"""What people are asked about products, what they answered, and which models were promoted."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = """
CREATE TYPE verdict AS ENUM ('place', 'none', 'skip', 'undo');

CREATE TABLE suggestions (
    taxonomy_id integer NOT NULL,
    catalog_id integer NOT NULL,
    product_id text COLLATE "C" NOT NULL,
    node_ids text[] COLLATE "C" NOT NULL,
    probabilities real[] NOT NULL,
    worth real NOT NULL,
    leader_id text COLLATE "C" NOT NULL,
    revision_id integer NOT NULL,
    tree_version integer NOT NULL,
    text_hash bytea NOT NULL,
    PRIMARY KEY (taxonomy_id, catalog_id, product_id)
);

CREATE TABLE answers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    taxonomy_id integer NOT NULL REFERENCES taxonomies (id),
    catalog_id integer NOT NULL REFERENCES catalogs (id),
    product_id text COLLATE "C" NOT NULL,
    verdict verdict NOT NULL,
    node_id text COLLATE "C",
    author text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    node_ids text[] COLLATE "C" NOT NULL,
    probabilities real[] NOT NULL,
    revision_id integer NOT NULL,
    tree_version integer NOT NULL,
    text_hash bytea NOT NULL,
    is_placed boolean NOT NULL,
    before text COLLATE "C",
    request_key text,
    undoes bigint REFERENCES answers (id)
);
CREATE UNIQUE INDEX answers_undoes_idx ON answers (undoes);
CREATE INDEX ON answers (taxonomy_id, catalog_id, product_id);
CREATE UNIQUE INDEX ON answers (taxonomy_id, request_key, catalog_id, product_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON answers
    EXECUTE FUNCTION refuse_change();

CREATE TABLE promotions (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    taxonomy_id integer NOT NULL REFERENCES taxonomies (id),
    model_revision text NOT NULL,
    model_dir text NOT NULL,
    serving_revision text NOT NULL,
    author text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    release_id integer REFERENCES releases (id),
    reason text NOT NULL,
    figures jsonb NOT NULL
);
CREATE INDEX ON promotions (taxonomy_id, id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON promotions
    EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Add the tables."""
    op.execute(TABLES)


def downgrade() -> None:
    """Remove them; products stay where answers placed them."""
    op.execute("DROP TABLE promotions, answers, suggestions")
    op.execute("DROP TYPE verdict")
