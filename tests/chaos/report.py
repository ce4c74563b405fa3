"""A whole run, from the first start of the server to the last check, and what is said about it."""

from collections import Counter
from dataclasses import dataclass

from store.embedded import Cluster
from store.engine import connect
from tests.chaos.director import Director, Plan, Run
from tests.chaos.journal import Answer, read
from tests.chaos.verify import faults
from tests.database import guarded_folder

SHOWN = 12  # faults of a kind that says enough


@dataclass(frozen=True)
class Report:
    """A run, what the editors were told, and what is wrong with the store."""

    plan: Plan
    run: Run
    answers: tuple[Answer, ...]
    damage: tuple[str, ...]

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong with the store, and what went wrong on the way."""
        return (*self.damage, *self.run.faults)

    def text(self) -> str:
        """The figures, a line each, and the first faults."""
        done = [one for one in self.answers if one.version]
        killed = ", ".join(f"{n} x {who}" for who, n in sorted(self.run.killed.items()))
        n_edits = sum(len(one.edits) for one in done)
        again = Counter(one.n_tries > 1 for one in self.answers)[True]
        lines = [
            f"tree lock:     {'in place' if self.plan.lock else 'TAKEN OUT'}",
            f"acknowledged:  {len(done)} change sets with {n_edits} edits by {self.plan.n_editors} editors"
            f" in {self.run.seconds:.0f} s, {len(done) / self.run.seconds:.0f} a second",
            f"refused:       {sum(bool(one.refusal) for one in self.answers)} (stale, or against a rule)",
            f"killed by -9:  {killed}",
            f"asked again:   {again} requests, with their keys, after the database was away",
            f"faults:        {len(self.faults)}",
            *(f"    {one}" for one in self.faults[:SHOWN]),
        ]
        return "\n".join(lines)


def chaos(plan: Plan) -> Report:
    """Run a plan in a server of its own and hold the store against the journals."""
    with guarded_folder() as folder:
        director = Director(folder, plan)
        run = director.direct()
        answers = [one for path in director.journals.values() for one in read(path)[1]]
        engine = connect(Cluster(director.home).ensure_running())
        found = tuple(faults(engine, answers))
        engine.dispose()
    return Report(plan, run, tuple(answers), found)
