"""Hand edits in as far as somebody wants them to go: a draft, a proposal, or applied at once."""

from collections.abc import Sequence

from taxonomy.changes import ChangeSet, State
from taxonomy.edits import Edit
from taxonomy.errors import InputError
from taxonomy.ports import UnitOfWork
from taxonomy.product import Source
from taxonomy.service import editing

__all__ = ["STAGES", "hand_in"]

STAGES = (State.DRAFT, State.PROPOSED, State.APPLIED)
"""How far a person's edits may go at once."""


def hand_in(
    uow: UnitOfWork,
    taxonomy: str,
    edits: Sequence[Edit],
    *,
    state: State,
    author: str,
    reason: str = "",
    base_version: int | None = None,
    key: str = "",
) -> ChangeSet:
    """The change set that a person's edits become, committed.

    Parameters
    ----------
    state : State
        One of `STAGES`.
    base_version, key
        As for `taxonomy.service.editing.edit`, and so are the errors.

    Raises
    ------
    InputError
        There are no edits, or the state is another.
    """
    if not edits:
        raise InputError("there are no edits: name at least one")
    match state:
        case State.DRAFT:
            return editing.draft(
                uow, taxonomy, edits, author=author, reason=reason, base_version=base_version, key=key
            )
        case State.PROPOSED:
            return editing.propose(
                uow,
                taxonomy,
                edits,
                author=author,
                source=Source.PERSON,
                reason=reason,
                base_version=base_version,
                key=key,
            )
        case State.APPLIED:
            return editing.edit(
                uow, taxonomy, edits, author=author, reason=reason, base_version=base_version, key=key
            )
    raise InputError(f"edits cannot be handed in as {state}: take {', '.join(STAGES)}")
