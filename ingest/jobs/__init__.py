"""Bulk jobs: what a worker needs of a model, and processes that work side by side."""
