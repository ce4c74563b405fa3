"""Measures of quality, each checked against a hand-worked case."""
