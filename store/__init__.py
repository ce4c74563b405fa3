"""Postgres behind the ports of `taxonomy`: the server, its tables, and a repository per aggregate."""
