"""Findings put together in change sets that can be applied."""

from taxonomy.audit import Finding, Kind, audit, plan
from taxonomy.changes import apply
from taxonomy.edits import Edit, Merge, Rename, Retire
from taxonomy.node import ROOT_ID, Node, NodeId
from taxonomy.product import Source
from taxonomy.tree import Draft, Tree

A, B, C, D = (NodeId(name) for name in "abcd")


def tree_of(*nodes: tuple[str, str, str]) -> Tree:
    """Nodes as id, name, parent's id."""
    draft = Draft(Tree())
    for node_id, name, parent_id in nodes:
        draft.add(Node(NodeId(node_id), name, NodeId(parent_id)))
    return draft.tree()


FLAT = tree_of(("a", "Tools", ROOT_ID), ("b", "Seeds", ROOT_ID), ("c", "Pots", ROOT_ID), ("d", "Pans", "c"))


def finding(kind: Kind, *edits: Edit) -> Finding:
    return Finding(kind, (edits[0].touches()[0],) if edits else (A,), 1.0, "because", edits=edits)


def test_findings_of_a_kind_go_into_one_set() -> None:
    one, other = finding(Kind.LABEL, Rename(A, "Tool")), finding(Kind.LABEL, Rename(B, "Seed"))

    (planned,), waiting = plan(FLAT, [one, other])

    assert planned.edits == (Rename(A, "Tool"), Rename(B, "Seed"))
    assert waiting == []


def test_of_two_kinds_that_touch_a_node_the_later_waits() -> None:
    one, other = finding(Kind.LABEL, Rename(A, "Tool")), finding(Kind.SAME, Merge((A,), B))

    planned, waiting = plan(FLAT, [one, other])

    assert [found.kind for found in planned] == [Kind.LABEL]
    assert waiting == [other]


def test_what_would_make_siblings_of_one_name_waits() -> None:
    one, other = finding(Kind.LABEL, Rename(A, "Pot")), finding(Kind.LABEL, Rename(B, "POT"))

    (planned,), waiting = plan(FLAT, [one, other])

    assert (planned.findings, waiting) == ((one,), [other])
    assert apply(FLAT, planned.edits, Source.AUDIT).tree.nodes[A].name == "Pot"


def test_what_cannot_be_applied_leaves_no_trace() -> None:
    gone, late = finding(Kind.SAME, Merge((A,), B)), finding(Kind.SAME, Rename(C, "Jars"), Rename(A, "Tool"))
    last = finding(Kind.SAME, Rename(D, "Woks"))

    (planned,), waiting = plan(FLAT, [gone, late, last])

    assert (planned.findings, waiting) == ((gone, last), [late])
    assert apply(FLAT, planned.edits, Source.AUDIT).tree.nodes[C].name == "Pots"


def test_namesakes_that_an_import_brought_do_not_block_their_family() -> None:
    tree = tree_of(("a", "Tools", ROOT_ID), ("b", "TOOLS", ROOT_ID), ("c", "Pots", ROOT_ID))
    beside, worse = finding(Kind.SINGLE, Rename(C, "Jars")), finding(Kind.SINGLE, Rename(C, "tools"))

    (planned,), waiting = plan(tree, [beside, worse])

    assert (planned.findings, waiting) == ((beside,), [worse])
    assert apply(tree, planned.edits, Source.AUDIT).tree.nodes[C].name == "Jars"


def test_findings_without_edits_are_in_no_set() -> None:
    assert plan(FLAT, [finding(Kind.LABEL)]) == ([], [])


def test_a_node_and_its_child_can_both_go() -> None:
    (planned,), _ = plan(FLAT, [finding(Kind.BRAND, Retire(C)), finding(Kind.BRAND, Retire(D))])

    assert set(apply(FLAT, planned.edits, Source.AUDIT).tree.nodes) == {A, B}


def test_sets_of_one_audit_can_be_accepted_one_after_another() -> None:
    tree = Tree.from_paths(
        [
            ("Tops;", "Tops;"),
            ("Tops;", "SILK TUNICS"),
            ("Tops;", "Vests"),
            ("Tops;", "Shirts"),
            ("Hats", "Caps"),
        ]
    )
    planned, waiting = plan(tree, audit(tree))

    assert len(planned) > 1
    for one in planned:
        tree = apply(tree, one.edits, Source.AUDIT).tree
    assert len(audit(tree)) <= len(waiting)
