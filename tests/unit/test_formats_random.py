"""Any sound tree goes out and comes in again the same, whatever its texts hold."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from taxonomy.errors import RuleBroken
from taxonomy.formats import read_contents, sheet, write_tree
from taxonomy.formats.planning import plan
from taxonomy.invariants import check, require_name
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
from taxonomy.redirects import Redirect
from taxonomy.text import fold
from taxonomy.tree import Draft, Tree
from tests.unit.rich_tree import read_into

NASTY = st.text("=+-@'\"|,;\t> \\ab\r\n<>{}&#", min_size=1, max_size=8)
TEXTS = NASTY | st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=12
)


def is_name(text: str) -> bool:
    """Whether a tree takes it as a name."""
    try:
        require_name(text)
    except RuleBroken:
        return False
    return True


NAMES = TEXTS.map(str.strip).filter(is_name)
LANGUAGES = st.sampled_from(["", "en", "EN", "zh-CN", "en_US", "x y"])
NODES = st.builds(
    Node,
    st.just(NodeId("")),
    NAMES,
    locked=st.booleans(),
    external_id=st.sampled_from(["", "e"]),
    language=LANGUAGES,
    labels=st.lists(
        st.builds(Label, NAMES, st.sampled_from(LabelKind), LANGUAGES),
        max_size=3,
        unique_by=lambda one: one.language,
    ).map(lambda found: tuple(sorted(found))),
    scope_note=TEXTS | st.just(""),
    attributes=st.lists(
        st.builds(Attribute, TEXTS, st.just(AttributeKind.NUMBER), TEXTS, required=st.booleans()), max_size=1
    ).map(tuple),
    restrictions=st.sets(
        st.builds(Restriction, st.just(RestrictionKind.REGION), st.tuples(TEXTS, TEXTS), TEXTS), max_size=2
    ).map(lambda found: tuple(sorted(found))),
    crosswalk=st.lists(
        st.builds(Match, TEXTS, TEXTS | st.just(""), st.sampled_from(MatchKind)),
        max_size=3,
        unique_by=lambda one: one.scheme,
    ).map(lambda found: tuple(sorted(found))),
)


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Up to six live nodes, some retired into one or two others, and pinned queries."""
    ids = [
        NodeId(at)
        for at in draw(
            st.lists(st.text("ab01_Z", min_size=1, max_size=4), min_size=2, unique=True, max_size=8)
        )
    ]
    n_live = draw(st.integers(1, min(6, len(ids))))
    draft, known = Draft(Tree()), list[NodeId]()
    for at in ids[:n_live]:
        others = st.sampled_from([one for one in ids if one != at])
        links = draw(st.sets(st.builds(Relation, st.sampled_from(RelationKind), others), max_size=2))
        parent_id = draw(st.sampled_from([ROOT_ID, *known]))
        node = replace(draw(NODES), id=at, parent_id=parent_id, relations=tuple(sorted(links)))
        node = replace(node, external_id=node.external_id and f"{node.external_id} {at}")
        draft.add(node, draw(st.integers(0, len(draft.children_of(parent_id)))))
        known.append(at)
    for at in ids[n_live:]:
        ends = draw(st.lists(st.sampled_from(known), min_size=1, max_size=2, unique=True))
        draft.redirect(at, Redirect(tuple(ends), (1.0,) if len(ends) == 1 else (0.1, 0.9)))
        known.append(at)
    for query in draw(st.lists(TEXTS.map(fold).filter(bool), max_size=2)):
        draft.pin(query, draw(st.sampled_from(known)))
    return draft.tree()


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.json", "t.ttl"])
@settings(max_examples=15, deadline=None)
@given(tree=trees())
def test_any_tree_reads_back_as_itself(name: str, tree: Tree) -> None:
    assume(not check(tree, unique_siblings=False))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        format_ = {"t.json": "json", "t.ttl": "skos"}.get(name, "table")
        write_tree(tree, path, format=format_)

        assert read_into(path).digest() == tree.digest()
        assert plan(read_contents(path), tree).edits == ()


@settings(max_examples=15, deadline=None)
@given(tree=trees())
def test_an_unchanged_sheet_of_any_tree_asks_for_nothing(tree: Tree) -> None:
    assume(not check(tree, unique_siblings=False))
    with tempfile.TemporaryDirectory() as folder:
        sheet.write(tree, Path(folder, "s.csv"))

        assert sheet.edits(sheet.read(Path(folder, "s.csv")), tree) == []
