"""Many editors, kill -9, and the question whether anything was lost: `python -m tests.chaos`.

::

    director ──starts, kills──> editor ... editor ──edits──> Postgres <──kills── director
                                  └──journal, on disk before and after every request

`verify` then holds what the store has against what the journals say was acknowledged.
"""
