"""What edits would do, told before they are applied."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from taxonomy.changes import apply
from taxonomy.edits import Assign, Create, Edit, Lock, Merge, Move, Rename, Retire, Split
from taxonomy.errors import InputError
from taxonomy.node import ROOT_ID, NodeId
from taxonomy.service.browsing import Shelves
from taxonomy.tree import Tree
from ui.web.words import Names, describe, many, quoted

__all__ = ["Preview", "preview"]


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen, as sentences; or, in `problem`, why it cannot happen."""

    effects: tuple[str, ...] = ()
    problem: str = ""


def preview(shelves: Shelves, edits: Sequence[Edit]) -> Preview:
    """Try the edits on the tree that is shown, change nothing, and say what they would do."""
    try:
        after = apply(shelves.tree, edits).tree
    except InputError as error:
        return Preview(problem=str(error))
    effects = [sentence for edit in edits for sentence in _effects(shelves, edit)]
    gone = [at for at in after.redirects if at not in shelves.tree.redirects]
    if gone:
        names = " and ".join(_name(shelves, at) for at in gone)
        effects.append(f"Links and searches that know {names} are led on to where the products go.")
    return Preview((*effects, *_searches(shelves.tree, after)))


def _searches(before: Tree, after: Tree) -> Iterator[str]:
    for query in before.pins:
        old, new = before.pinned(query), after.pinned(query)
        if old is not None and old != new:
            goal = quoted(after.label(new)) if new else "wherever the machine says"
            yield f"Searches for {quoted(query)}, pinned by a person, will lead to {goal}."


def _effects(shelves: Shelves, edit: Edit) -> Iterator[str]:
    tree = shelves.tree
    match edit:
        case Rename(node_id, name):
            yield f"{_name(shelves, node_id)} will be called {quoted(name)}."
            yield f"It keeps {_content(shelves, node_id)}; links to it go on working."
        case Move(node_id, parent_id):
            yield (
                f"{_name(shelves, node_id)} goes from {_name(shelves, tree.nodes[node_id].parent_id)} "
                f"to {_name(shelves, parent_id)}, with {_content(shelves, node_id)}."
            )
        case Merge(node_ids, into_id):
            for node_id in node_ids:
                yield f"{_name(shelves, node_id)} goes away."
                content, into = _content(shelves, node_id), _name(shelves, into_id)
                yield f"Its {content} go to {into}."
        case Retire(node_id, to_id):
            goal = tree.nodes[node_id].parent_id if to_id is None else to_id
            yield f"{_name(shelves, node_id)} is removed."
            yield from _left_behind(shelves, node_id, goal)
        case Split(node_id, parts):
            rest = shelves.total.get(node_id, 0)
            for part in parts[1:]:
                rest -= len(part.product_ids)
                yield f"{quoted(part.name)} gets {many(len(part.product_ids), 'product')}, placed by you."
            n_children = len(tree.children_of(node_id))
            below = f" and {many(n_children, 'subcategory')}" if n_children else ""
            yield f"{quoted(parts[0].name)} gets the other {many(rest, 'product')}{below}."
        case Create(node):
            yield f"An empty category {quoted(node.name)} is added {_under(shelves, node.parent_id)}."
        case Lock(node_id, locked):
            yield (
                f"Nobody, no machine either, changes {_name(shelves, node_id)} until it is unlocked."
                if locked
                else f"{_name(shelves, node_id)} can be changed again."
            )
        case Assign(_, node_id, product_ids):
            yield (
                f"{many(len(product_ids), 'product')} will stand in {_name(shelves, node_id)}, "
                "placed by you: no machine moves them again."
            )
        case _:
            yield f"{describe(edit, Names(tree))}."


def _left_behind(shelves: Shelves, node_id: NodeId, goal: NodeId) -> Iterator[str]:
    own, children = shelves.own.get(node_id, 0), len(shelves.tree.children_of(node_id))
    if children:
        yield f"Its {many(children, 'subcategory')} move to {_name(shelves, goal)}."
    if own and goal == ROOT_ID:
        yield f"Its own {many(own, 'product')} will stand in no category."
    elif own:
        yield f"Its own {many(own, 'product')} go to {_name(shelves, goal)}."


def _content(shelves: Shelves, node_id: NodeId) -> str:
    n_below = sum(1 for _ in shelves.tree.descendants(node_id))
    products = many(shelves.total.get(node_id, 0), "product")
    return f"{products} and {many(n_below, 'subcategory')}" if n_below else products


def _name(shelves: Shelves, node_id: NodeId) -> str:
    return "the top of the tree" if node_id == ROOT_ID else quoted(shelves.tree.nodes[node_id].name)


def _under(shelves: Shelves, node_id: NodeId) -> str:
    return "at the top of the tree" if node_id == ROOT_ID else f"under {_name(shelves, node_id)}"
