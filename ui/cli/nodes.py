"""Nodes and change sets as people name them on the command line."""

import re
from typing import Annotated

import typer

from taxonomy.changes import ChangeSet, State
from taxonomy.errors import InputError, UnknownId
from taxonomy.formats.saying import tree_in
from taxonomy.node import ROOT_ID, NodeId
from taxonomy.product import split_path
from taxonomy.tree import Tree

__all__ = [
    "Apply",
    "ChangeId",
    "Draft",
    "Name",
    "Propose",
    "kinds",
    "language_option",
    "named_in",
    "node_of",
    "stage",
    "summary",
]

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")

Name = Annotated[str, typer.Option("--name", help="The taxonomy.")]
ChangeId = Annotated[str, typer.Argument(help="A change set, as `shelftree taxonomy log` lists them.")]
Draft = Annotated[bool, typer.Option("--draft", help="Keep it unfinished.")]
Propose = Annotated[bool, typer.Option("--propose", help="Let somebody decide; so it is if nothing is said.")]
Apply = Annotated[bool, typer.Option("--apply", help="Change the tree now.")]


def node_of(tree: Tree, said: str) -> NodeId:
    """The live node of an id, live or retired, or of a path joined by ` > `.

    Raises
    ------
    UnknownId
        There is neither.
    """
    if (at := NodeId(said)) in tree.nodes:
        return at
    if (found := tree.find(split_path(said))) is not None:
        return found
    if at in tree.redirects and (live := tree.resolve(at)) != ROOT_ID:
        return live
    raise UnknownId("category", said, "give an id or a path, as `shelftree taxonomy show` prints them")


def stage(*, draft: bool = False, propose: bool = False, apply: bool = False) -> State:
    """How far edits go: proposed if nothing is said; InputError for two ways at once."""
    if draft + propose + apply > 1:
        raise InputError("take one of --draft, --propose and --apply")
    return State.DRAFT if draft else State.APPLIED if apply else State.PROPOSED


def summary(change: ChangeSet) -> dict[str, object]:
    """What a command says of a change set."""
    return {
        "id": change.id,
        "state": change.state,
        "author": change.author,
        "source": change.source,
        "reason": change.reason,
        "version": change.applied_version,
        "edits": kinds(change),
    }


def kinds(change: ChangeSet) -> str:
    """How many edits of which kinds there are, in one line."""
    kinds = [edit.kind for edit in change.edits]
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))


def named_in(tree: Tree, language: str, name: str) -> Tree:
    """The tree with its names in a language; InputError if the taxonomy `name` has none in it."""
    if not language:
        return tree
    spoken = {node.language for node in tree.nodes.values()}
    spoken |= {one.language for node in tree.nodes.values() for one in node.labels}
    if language not in spoken:
        known = ", ".join(sorted(spoken - {""})) or "none that it says"
        raise InputError(f"{name} has no name in {language!r}; its languages: {known}")
    return tree_in(tree, language)


def language_option(value: str) -> str:
    """What `--lang` was given, if it can be a language; InputError otherwise."""
    if value and not _LANGUAGE.fullmatch(value):
        raise InputError(f"--lang {value}: a language tag is expected, as en, de or zh-CN")
    return value
