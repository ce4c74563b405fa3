"""Clustering products into a named category tree: reduce, join, condense, attach, arrange, name."""
