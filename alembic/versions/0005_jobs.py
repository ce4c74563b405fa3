"""Re-tagging jobs, their shards, and what each changed."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = """
CREATE TYPE job_kind AS ENUM ('structure', 'model', 'rollback');
CREATE TYPE job_state AS ENUM ('planned', 'running', 'finished', 'rolled back');

CREATE TABLE jobs (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    taxonomy_id integer NOT NULL REFERENCES taxonomies (id),
    catalog_id integer NOT NULL REFERENCES catalogs (id),
    kind job_kind NOT NULL,
    state job_state NOT NULL,
    since integer NOT NULL,
    tree_version integer NOT NULL,
    model_revision text NOT NULL,
    model_dir text NOT NULL,
    precision double precision NOT NULL,
    everything boolean NOT NULL,
    undoes integer REFERENCES jobs (id),
    tree bytea,
    node_ids text[] COLLATE "C",
    created_at timestamptz NOT NULL DEFAULT now(),
    run_at timestamptz,
    finished_at timestamptz
);
CREATE INDEX ON jobs (taxonomy_id, catalog_id, id);
CREATE UNIQUE INDEX jobs_running_idx ON jobs (taxonomy_id, catalog_id) WHERE state = 'running';

CREATE TABLE shards (
    job_id integer NOT NULL REFERENCES jobs (id),
    ordinal integer NOT NULL,
    first_id text COLLATE "C" NOT NULL,
    last_id text COLLATE "C" NOT NULL,
    n_products integer NOT NULL,
    worker text,
    leased_until timestamptz,
    done_at timestamptz,
    n_tagged integer NOT NULL DEFAULT 0,
    n_changed integer NOT NULL DEFAULT 0,
    n_errors integer NOT NULL DEFAULT 0,
    error text NOT NULL DEFAULT '',
    PRIMARY KEY (job_id, ordinal)
);

CREATE TABLE tag_history (
    job_id integer NOT NULL,
    product_id text COLLATE "C" NOT NULL,
    old_node_id text COLLATE "C",
    old_probability real,
    old_source source,
    old_revision_id integer,
    old_tree_version integer,
    new_node_id text COLLATE "C",
    new_probability real,
    new_source source,
    new_revision_id integer,
    new_tree_version integer,
    PRIMARY KEY (job_id, product_id)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tag_history
    EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Add the tables."""
    op.execute(TABLES)


def downgrade() -> None:
    """Remove them; assignments stay as the jobs left them."""
    op.execute("DROP TABLE tag_history, shards, jobs")
    op.execute("DROP TYPE job_kind, job_state")
