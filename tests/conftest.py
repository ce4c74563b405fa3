"""Fixtures that many tests share."""

from tests.database import database_url, engine, migrated_template, migrated_url, server_url

__all__ = ["database_url", "engine", "migrated_template", "migrated_url", "server_url"]
