"""What a re-tagging job replaced in the review queue, so that rolling it back brings it back."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE suggestion_history (
    job_id integer NOT NULL,
    product_id text COLLATE "C" NOT NULL,
    node_ids text[] COLLATE "C",
    probabilities real[],
    worth real,
    leader_id text COLLATE "C",
    revision_id integer,
    tree_version integer,
    text_hash bytea,
    PRIMARY KEY (job_id, product_id)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON suggestion_history
    EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Add the table."""
    op.execute(TABLE)


def downgrade() -> None:
    """Remove it; the queue stays."""
    op.execute("DROP TABLE suggestion_history")
