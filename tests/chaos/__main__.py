"""Many editors, kill -9, and the question whether anything was lost: `python -m tests.chaos`.

::

    director ──starts, kills──> editor ... editor ──edits──> Postgres <──kills── director
                                  └──journal, on disk before and after every request

`verify` then holds what the store has against what the journals say was acknowledged.

As it is, nothing may be wrong; with the tree lock taken out, something must be.
"""

import argparse
import sys

from tests.chaos.director import Plan
from tests.chaos.report import chaos


def main() -> int:
    """Run what was asked for; 0 if nothing was lost, or if it was noticed that the lock is gone."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--editors", type=int, default=20)
    parser.add_argument("--edits", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without-lock", action="store_true", help="must then fail")
    told = parser.parse_args()
    plan = Plan(told.editors, told.edits, told.kills, told.seed, lock=not told.without_lock)
    report = chaos(plan)
    print(report.text())
    return int(bool(report.faults) if plan.lock else not report.damage)


if __name__ == "__main__":
    sys.exit(main())
