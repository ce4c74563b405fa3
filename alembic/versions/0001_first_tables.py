"""The first tables.

Plain SQL, so that what the database holds can be read here; `alembic check` compares it with
`store/tables.py`, where each table's why is written.
"""

from alembic import op
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from taxonomy.errors import StoreError

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

N_PARTITIONS = 8  # of the hash of the product: a billion rows make parts of about 10 GB each

TABLES = """
CREATE TYPE source AS ENUM ('person', 'import', 'model', 'build');
CREATE TYPE state AS ENUM ('proposed', 'applied', 'rejected', 'reverted');

CREATE TABLE taxonomies (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE,
    version integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE nodes (
    taxonomy_id integer NOT NULL REFERENCES taxonomies (id),
    id text COLLATE "C" NOT NULL,
    parent_id text COLLATE "C",
    position integer NOT NULL,
    path ltree NOT NULL,
    name text NOT NULL,
    locked boolean NOT NULL,
    external_id text NOT NULL,
    alt_labels text[] NOT NULL,
    scope_note text NOT NULL,
    PRIMARY KEY (taxonomy_id, id),
    FOREIGN KEY (taxonomy_id, parent_id) REFERENCES nodes (taxonomy_id, id) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX ON nodes (taxonomy_id, parent_id);
CREATE INDEX ON nodes USING gist (path);
CREATE INDEX ON nodes USING gin (name gin_trgm_ops);

CREATE TABLE redirects (
    taxonomy_id integer NOT NULL REFERENCES taxonomies (id),
    node_id text COLLATE "C" NOT NULL,
    targets text[] COLLATE "C" NOT NULL,
    shares double precision[] NOT NULL,
    live_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (taxonomy_id, node_id)
);
CREATE INDEX ON redirects (taxonomy_id, live_id);

CREATE TABLE change_sets (
    id text COLLATE "C" PRIMARY KEY,
    ordinal bigint NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
    taxonomy_id integer NOT NULL REFERENCES taxonomies (id),
    state state NOT NULL,
    author text NOT NULL,
    source source NOT NULL,
    reason text NOT NULL,
    base_version integer NOT NULL,
    applied_version integer,
    reverts text COLLATE "C" REFERENCES change_sets (id),
    model_revision text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    edits jsonb NOT NULL,
    inverse jsonb NOT NULL
);
CREATE INDEX ON change_sets (taxonomy_id, applied_version);
CREATE INDEX ON change_sets (taxonomy_id, ordinal);

CREATE TABLE audit (
    taxonomy_id integer NOT NULL REFERENCES taxonomies (id),
    version integer NOT NULL,
    ordinal integer NOT NULL,
    change_set_id text COLLATE "C" NOT NULL REFERENCES change_sets (id),
    kind text NOT NULL,
    edit jsonb NOT NULL,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    author text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (taxonomy_id, version, ordinal)
);
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP;
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit EXECUTE FUNCTION refuse_change();

CREATE TABLE releases (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    taxonomy_id integer NOT NULL REFERENCES taxonomies (id),
    tree_version integer NOT NULL,
    model_revision text NOT NULL,
    model_dir text NOT NULL,
    author text NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now(),
    tree bytea NOT NULL
);
CREATE INDEX ON releases (taxonomy_id, id);

CREATE TABLE catalogs (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE imports (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    catalog_id integer NOT NULL REFERENCES catalogs (id),
    digest text NOT NULL,
    rows_done bigint NOT NULL DEFAULT 0,
    n_new bigint NOT NULL DEFAULT 0,
    n_changed bigint NOT NULL DEFAULT 0,
    n_unchanged bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
CREATE INDEX ON imports (catalog_id, id);

CREATE TABLE products (
    catalog_id integer NOT NULL,
    id text COLLATE "C" NOT NULL,
    title text NOT NULL,
    brand text NOT NULL,
    description text NOT NULL,
    category_path text[] NOT NULL,
    price double precision,
    image text NOT NULL,
    split text NOT NULL,
    attributes jsonb NOT NULL,
    content_hash bytea NOT NULL,
    import_id integer NOT NULL,
    retired_at timestamptz,
    PRIMARY KEY (catalog_id, id)
) PARTITION BY HASH (id);
CREATE INDEX ON products USING gin (title gin_trgm_ops);

CREATE TABLE model_revisions (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    revision text NOT NULL UNIQUE
);

CREATE TABLE assignments (
    taxonomy_id integer NOT NULL,
    catalog_id integer NOT NULL,
    product_id text COLLATE "C" NOT NULL,
    node_id text COLLATE "C" NOT NULL,
    probability real NOT NULL,
    source source NOT NULL,
    revision_id integer NOT NULL,
    tree_version integer NOT NULL,
    PRIMARY KEY (taxonomy_id, catalog_id, product_id)
) PARTITION BY HASH (product_id);
CREATE INDEX ON assignments (taxonomy_id, catalog_id, node_id);

CREATE TABLE placements (
    taxonomy_id integer NOT NULL REFERENCES taxonomies (id),
    catalog_id integer NOT NULL REFERENCES catalogs (id),
    product_id text COLLATE "C" NOT NULL,
    node_id text COLLATE "C" NOT NULL,
    author text NOT NULL,
    placed_at timestamptz NOT NULL DEFAULT now(),
    tree_version integer NOT NULL,
    PRIMARY KEY (taxonomy_id, catalog_id, product_id)
);
CREATE INDEX ON placements (taxonomy_id, catalog_id, node_id);
"""

PARTITION = "CREATE TABLE {table}_p{n} PARTITION OF {table} FOR VALUES WITH (MODULUS {of}, REMAINDER {n});"


def upgrade() -> None:
    """Make everything, on an empty database."""
    for name in ("ltree", "pg_trgm"):
        if not _extend(name):
            raise StoreError(
                f"the database lacks the extension {name}: install Postgres's contrib modules on its server"
                f" and, as its owner, run CREATE EXTENSION {name}"
            )
    _extend("vector")  # used where it is there
    op.execute(TABLES)
    for table in ("products", "assignments"):
        for n in range(N_PARTITIONS):
            op.execute(PARTITION.format(table=table, n=n, of=N_PARTITIONS))


def downgrade() -> None:
    """Remove everything but the extensions, which others may use."""
    op.execute(
        "DROP TABLE placements, assignments, model_revisions, products, imports, catalogs, releases, audit,"
        " change_sets, redirects, nodes, taxonomies"
    )
    op.execute("DROP FUNCTION refuse_change")
    op.execute("DROP TYPE source, state")


def _extend(name: str) -> bool:
    """Whether the extension is there now; False where the server lacks it or we may not add it."""
    connection = op.get_bind()
    try:
        with connection.begin_nested():
            connection.execute(text(f"CREATE EXTENSION IF NOT EXISTS {name}"))
    except DBAPIError as error:
        # 0A000: the server has no such extension; 58P01: its file is missing; 42501: a superuser must add it.
        if getattr(error.orig, "sqlstate", None) not in ("0A000", "58P01", "42501"):
            raise
        return False
    return True
