"""The one kind of change: an edit is a value that is applied to a draft and gives what takes it back.

Structure never rewrites products: a retired id leaves a redirect, and reads follow it. That is why a merge
can be undone by `Restore`: the products assigned to the old id are its own again.

Each edit also says what it writes and what it needs, so that two people's edits can be told apart: those
that clash from those that go together (`clash`).
"""

from taxonomy.edits.edit import WHOLE, Edit, Touch, clash
from taxonomy.edits.placing import Assign, Pin, Unassign
from taxonomy.edits.said import Lock, Relabel, Relate, Rename, Renumber, Restrict, SetAttributes, SetCrosswalk
from taxonomy.edits.structure import Create, Merge, Move, Part, Reorder, Restore, Retire, Split

__all__ = [
    "WHOLE",
    "Assign",
    "Create",
    "Edit",
    "Lock",
    "Merge",
    "Move",
    "Part",
    "Pin",
    "Relabel",
    "Relate",
    "Rename",
    "Renumber",
    "Reorder",
    "Restore",
    "Restrict",
    "Retire",
    "SetAttributes",
    "SetCrosswalk",
    "Split",
    "Touch",
    "Unassign",
    "clash",
]
