"""What a machine's change set replaced among assignments, so that taking it back brings it back."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE assignment_history (
    change_set_id text COLLATE "C" NOT NULL,
    catalog_id integer NOT NULL,
    product_id text COLLATE "C" NOT NULL,
    node_id text COLLATE "C",
    probability real,
    source source,
    revision_id integer,
    tree_version integer,
    PRIMARY KEY (change_set_id, catalog_id, product_id)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON assignment_history
    EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Add the table."""
    op.execute(TABLE)


def downgrade() -> None:
    """Remove it; products stay where they stand."""
    op.execute("DROP TABLE assignment_history")
