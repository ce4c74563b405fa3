"""Releases that take effect later, and that say what they roll back."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COLUMNS = """
ALTER TABLE releases
    ADD COLUMN takes_effect_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN restores integer REFERENCES releases (id),
    ADD COLUMN rolls_back integer REFERENCES releases (id),
    ADD COLUMN cancelled_at timestamptz;
UPDATE releases SET takes_effect_at = published_at;
CREATE INDEX ON releases (taxonomy_id, takes_effect_at, id);
CREATE INDEX ON releases (taxonomy_id, tree_version);
"""

REMOVAL = """
UPDATE releases SET restores = NULL, rolls_back = NULL;
DELETE FROM releases WHERE cancelled_at IS NOT NULL OR takes_effect_at > now();
DROP INDEX releases_taxonomy_id_takes_effect_at_id_idx, releases_taxonomy_id_tree_version_idx;
ALTER TABLE releases
    DROP COLUMN takes_effect_at, DROP COLUMN restores, DROP COLUMN rolls_back, DROP COLUMN cancelled_at;
"""


def upgrade() -> None:
    """Add when a release takes effect: earlier ones did when they were published."""
    op.execute(COLUMNS)


def downgrade() -> None:
    """Remove the columns; releases that were never in effect go, for nothing would say so any more."""
    op.execute(REMOVAL)
