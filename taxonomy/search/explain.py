"""A routing in sentences, for people."""

from taxonomy.product import join_path
from taxonomy.search.route import Intent, RankedNode, Routing
from taxonomy.tree import Tree

__all__ = ["explain", "explain_node"]

_SUMMARIES = {
    Intent.NARROW: "“{query}” means one category.",
    Intent.BROAD: "“{query}” is broad: it means all of {first}.",
    Intent.AMBIGUOUS: "“{query}” may mean different things.",
    Intent.NONE: "Nothing in this tree clearly answers “{query}”; these are the nearest categories.",
}


def explain(routing: Routing, tree: Tree, *, top: int = 3) -> list[str]:
    """What the query means in one sentence, then one for each of the `top` nodes and why.

    The query is repeated as typed; whoever prints it as HTML escapes it.
    """
    if not routing.ranked:
        return ["The tree has no categories yet."]
    first = join_path(tree.path(routing.ranked[0].node_id))
    summary = _SUMMARIES[routing.intent].format(query=_short(routing.query), first=first)
    return [summary, *(explain_node(node, tree) for node in routing.ranked[:top])]


def explain_node(node: RankedNode, tree: Tree) -> str:
    """One node: its path, its probability and each leg's reason.

    >>> from taxonomy.search.route import Evidence
    >>> tree = Tree.from_paths([("Pets", "Dog Food")])
    >>> node = RankedNode(next(tree.leaves()), 0.9, (Evidence("words", 1.0, 'name matches "dog"'),))
    >>> explain_node(node, tree)
    'Pets > Dog Food (90%): name matches "dog"'
    """
    reasons = "; ".join(evidence.text for evidence in node.why if evidence.text)
    return f"{join_path(tree.path(node.node_id))} ({node.probability:.0%}): {reasons or 'a guess'}"


def _short(query: str) -> str:
    return query if len(query) <= 80 else query[:79] + "…"
