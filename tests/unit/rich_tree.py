"""A tree that has something in every field, made by edits."""

from pathlib import Path

from taxonomy.changes import apply
from taxonomy.edits import Create, Edit, Merge, Pin, Reorder, Retire
from taxonomy.formats import read_contents
from taxonomy.formats.planning import plan
from taxonomy.node import (
    ROOT_ID,
    Attribute,
    AttributeKind,
    Label,
    LabelKind,
    Match,
    MatchKind,
    Node,
    NodeId,
    Relation,
    RelationKind,
    Restriction,
    RestrictionKind,
)
from taxonomy.product import Source
from taxonomy.tree import Tree

__all__ = ["read_into", "rich_tree"]

A, B, C, D, E, F, G, H = (NodeId(f"0node{letter}0000000") for letter in "abcdefgh")


NOTE = ' "All" for\r\nthe garden\t'
RELATIONS = (Relation(RelationKind.COMPLEMENT, B), Relation(RelationKind.RELATED, A))
LAST, UNDONE = NodeId("0last"), NodeId("0undone")


def rich_tree() -> Tree:
    """Names, labels, links, locks, redirects to several and through retired ones, pins, an own order."""
    nodes = [
        Node(
            A, "=Garden & 'Home'", external_id="g 1", language="en", scope_note=' "All" for\r\nthe garden\t'
        ),
        Node(B, "Tools", A, language="en", labels=tuple(sorted(_labels())), attributes=_attributes()),
        Node(
            C,
            "Tools",
            A,
            locked=True,
            relations=RELATIONS,
        ),
        Node(D, "-Spades", B, crosswalk=tuple(sorted(_matches()))),
        Node(E, "a >", C, language="x_odd", labels=(Label("ä", LabelKind.PREFERRED, "de"),)),
        Node(F, "Below", E, locked=True, restrictions=_restrictions(), language="zh-CN"),
        Node(G, "Gone into two"),
        Node(H, "Gone"),
    ]
    edits: list[Edit] = [Create(node) for node in nodes]
    edits += [
        Pin("Spade", D),
        Pin("gone > query", H),
        Retire(G, C, (H, A), (0.1, 0.2, 0.7)),
        Merge((H,), D),
        Reorder(A, (C, B)),
    ]
    extra = [
        Create(Node(NodeId("0last"), "Z")),
        Create(Node(NodeId("0undone"), "Undone")),
        Retire(NodeId("0undone")),
    ]
    tree = apply(Tree(), [*edits, *extra, Reorder(ROOT_ID, (LAST, A))], Source.IMPORT)
    return tree.tree


def read_into(path: Path, tree: Tree | None = None, **options: str) -> Tree:
    """The tree after an import of the file."""
    tree = tree or Tree()
    edits = plan(read_contents(path), tree, **options).edits
    return apply(tree, edits, Source.IMPORT).tree if edits else tree


def _labels() -> list[Label]:
    return [
        Label("implements | and \\ more", LabelKind.ALTERNATIVE, "en"),
        Label("tolls", LabelKind.HIDDEN, "en"),
        Label("Werkzeug", LabelKind.PREFERRED, "de"),
        Label("工具", LabelKind.PREFERRED, "zh-CN"),
        Label("没有语言", LabelKind.ALTERNATIVE),
        Label("odd", LabelKind.HIDDEN, "en_US.UTF-8"),
        Label("'=1+1", LabelKind.HIDDEN),
        Label("Tools", LabelKind.PREFERRED, "EN"),
    ]


def _attributes() -> tuple[Attribute, ...]:
    return (
        Attribute("Length", AttributeKind.NUMBER, "cm", required=True),
        Attribute("Colour", AttributeKind.CHOICE, values=("red, dark", 'blue "navy"')),
        Attribute("Note"),
    )


def _matches() -> list[Match]:
    return [
        Match("google", "3237"),
        Match("shopify", "", MatchKind.EXACT),
        Match("own:odd scheme", "a:b/c #1", MatchKind.NARROW),
        Match("http://example.org/id/", "Q2", MatchKind.BROAD),
        Match("none", "", MatchKind.CLOSE),
    ]


def _restrictions() -> tuple[Restriction, ...]:
    return (
        Restriction(RestrictionKind.ADULT, note="18+, by law"),
        Restriction(RestrictionKind.REGION, ("DE", "FR")),
    )
