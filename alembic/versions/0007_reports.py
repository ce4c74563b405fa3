"""What speaks for a proposed tree, kept beside its change set."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE reports (
    change_set_id text COLLATE "C" PRIMARY KEY REFERENCES change_sets (id),
    body jsonb NOT NULL
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reports
    EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Add the table."""
    op.execute(TABLE)


def downgrade() -> None:
    """Remove it; the proposals stay."""
    op.execute("DROP TABLE reports")
