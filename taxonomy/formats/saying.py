"""What a file says of a node that is there already, as edits; and names in another language."""

from collections.abc import Iterator
from dataclasses import replace

from taxonomy.edits import Edit, Relabel, Rename, Renumber, Restrict, SetAttributes, SetCrosswalk
from taxonomy.formats.entries import Entry
from taxonomy.node import Label, LabelKind, Node
from taxonomy.tree import Tree

__all__ = ["in_language", "retold", "tree_in"]


def in_language(node: Node, language: str) -> Node:
    """The node under its preferred label in a language, as it is where it has none; the old name is a label.

    >>> from taxonomy.node import NodeId
    >>> tea = Node(NodeId("a"), "Tea", language="en", labels=(Label("茶", LabelKind.PREFERRED, "zh"),))
    >>> in_language(tea, "zh").name, in_language(in_language(tea, "zh"), "en") == tea
    ('茶', True)
    """
    if language == node.language:
        return node
    wanted = [one for one in node.labels if one.kind is LabelKind.PREFERRED and one.language == language]
    if not wanted:
        return node
    rest = {*node.labels, Label(node.name, LabelKind.PREFERRED, node.language)} - {wanted[0]}
    return replace(node, name=wanted[0].text, language=language, labels=tuple(sorted(rest)))


def tree_in(tree: Tree, language: str) -> Tree:
    """The tree with names in a language, wherever it has them."""
    nodes = {at: in_language(node, language) for at, node in tree.nodes.items()}
    return replace(tree, nodes=nodes)


def retold(node: Node, entry: Entry, language: str) -> Iterator[Edit]:
    """The edits after which a node says of itself what the entry says of it, but for its place and relations.

    `language` is what the entry's name is in, where the entry does not say so itself.
    """
    if entry.external_id and entry.external_id != node.external_id:
        yield Renumber(node.id, entry.external_id)
    name = entry.path[-1]
    if entry.said is None:
        if not language or language == node.language:
            if name != node.name:
                yield Rename(node.id, name)
        elif name != node.name and name != node.name_in(language):
            yield replace(Relabel.of(node, language), preferred=name)
        return
    unsaid = "" if entry.said.id else language  # of one of ours we know what was not said
    said = replace(entry.said, name=name, language=entry.said.language or unsaid)
    yield from _names(node, said if said.language == node.language else in_language(said, node.language))
    if said.attributes != node.attributes and (said.attributes or said.id):
        yield SetAttributes(node.id, said.attributes)
    if said.restrictions != node.restrictions and (said.restrictions or said.id):
        yield Restrict(node.id, said.restrictions)
    yield from _crosswalk(node, said)


def _names(node: Node, said: Node) -> Iterator[Edit]:
    """A file of ours says everything; another only of the languages that it has labels in."""
    same = said.language == node.language or not node.language or not said.language
    if same and (said.name, said.language) != (node.name, node.language):
        yield Rename(node.id, said.name, said.language or None)
    if not same:
        preferred = Label(said.name, LabelKind.PREFERRED, said.language)
        said = replace(said, labels=tuple(sorted({*said.labels, preferred})))
    languages = {one.language for one in said.labels}
    if said.id:
        languages |= {one.language for one in node.labels}
    note = said.scope_note if said.scope_note != node.scope_note and (said.scope_note or said.id) else None
    for language in sorted(languages):
        wanted = replace(Relabel.of(said, language), node_id=node.id)
        if wanted != Relabel.of(node, language):
            yield replace(wanted, scope_note=note)
            note = None
    if note is not None:
        yield Relabel.of(node, said.language, scope_note=note)


def _crosswalk(node: Node, said: Node) -> Iterator[Edit]:
    held = {one.scheme: one for one in node.crosswalk}
    for one in said.crosswalk:
        if held.pop(one.scheme, None) != one:
            yield SetCrosswalk(node.id, one.scheme, one.target, one.kind)
    if said.id:
        for scheme in held:
            yield SetCrosswalk(node.id, scheme, None)
