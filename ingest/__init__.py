"""Products to labels and proposed edits."""
