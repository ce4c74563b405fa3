"""Every version can be read, every id and path is answered for, and the log is checked."""

from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxonomy.edits import (
    Create,
    Edit,
    Lock,
    Merge,
    Move,
    Part,
    Pin,
    Relabel,
    Rename,
    Reorder,
    Retire,
    SetAttributes,
    Split,
)
from taxonomy.errors import EditError, InputError, StoreError, UnknownId
from taxonomy.node import ROOT_ID, Attribute, Node, NodeId
from taxonomy.product import Path
from taxonomy.service import editing, events, history, releasing
from taxonomy.tree import Tree
from tests.fakes import FakeUnitOfWork

A, B, C, D = map(NodeId, "abcd")
Step = tuple[str, int, int, str]
STEP = st.tuples(
    st.sampled_from(
        ["create", "rename", "move", "merge", "retire", "share", "split", "reorder", "label", "pin", "lock"]
    ),
    st.integers(0, 50),
    st.integers(0, 50),
    st.sampled_from(["Ash", "Birch", "Cedar", "Elm"]),
)
HISTORIES = st.lists(
    st.one_of(st.lists(STEP, min_size=1, max_size=3), st.sampled_from(["revert", "publish"]))
)


def shop(*versions: list[Edit]) -> FakeUnitOfWork:
    """The taxonomy `home` with these change sets applied."""
    uow = FakeUnitOfWork()
    uow.trees.create("home")
    for edits in versions:
        editing.edit(uow, "home", edits, author="Ann", reason="spring")
    return uow


def garden() -> FakeUnitOfWork:
    """Version 1: Garden with Tools and Seeds, and Kitchen."""
    nodes = [Node(A, "Garden"), Node(B, "Tools", A), Node(C, "Seeds", A), Node(D, "Kitchen")]
    return shop([Create(node) for node in nodes])


def edits_of(steps: list[Step], tree: Tree, new_id: "count[int]") -> list[Edit]:
    known = sorted(tree.nodes) or [ROOT_ID]
    made: list[Edit] = []
    for kind, first, second, name in steps:
        one, other = known[first % len(known)], known[second % len(known)]
        fresh = [NodeId(f"n{next(new_id)}") for _ in range(2)]
        parts = (Part(fresh[0], name), Part(fresh[1], name + " 2"))
        kinds: dict[str, Edit] = {
            "create": Create(Node(fresh[0], name, one)),
            "rename": Rename(one, name),
            "move": Move(one, other),
            "merge": Merge((one,), other),
            "retire": Retire(one),
            "share": Retire(
                one, other, (tree.nodes[one].parent_id,) if known != [ROOT_ID] else (), (0.75, 0.25)
            ),
            "split": Split(one, parts, "shop", n_rest=3),
            "reorder": Reorder(one, tuple(reversed(tree.children_of(one)))),
            "label": Relabel(one, "de", name),
            "pin": Pin(name, one),
            "lock": Lock(one, bool(second % 2)),
        }
        made.append(kinds[kind])
    return made


def lived(plan: list[list[Step] | str]) -> tuple[FakeUnitOfWork, list[Tree]]:
    """A taxonomy that was edited so, and each of its versions."""
    uow, new_id = garden(), count()
    uow.catalogs.create("shop")
    versions = [Tree(), uow.trees.head("home")]
    for step in plan:
        head = uow.trees.head("home")
        try:
            if step == "publish":
                releasing.publish(uow, "home", author="Ann")
            elif step == "revert":
                editing.revert(uow, uow.changes.log("home", limit=1)[0].id, author="Ann")
            elif isinstance(step, list):
                editing.edit(uow, "home", edits_of(step, head, new_id), author="Ann")
        except InputError:
            uow.rollback()
        if uow.trees.head("home").version > head.version:
            versions.append(uow.trees.head("home"))
    return uow, versions


def paths(tree: Tree) -> dict[Path, set[NodeId]]:
    found: dict[Path, set[NodeId]] = {}
    for one in tree.nodes:
        found.setdefault(tree.path(one), set()).add(one)
    return found


@given(HISTORIES)
@settings(max_examples=60, deadline=None)
def test_every_version_is_read_as_it_was_recorded(plan: list[list[Step] | str]) -> None:
    uow, versions = lived(plan)

    read = [history.at(uow, "home", one.version) for one in versions]

    assert read == versions
    recorded = {one.number: one.digest for one in uow.changes.versions("home", limit=1000)}
    assert recorded == {one.version: one.digest() for one in read[1:]}
    assert history.verify(uow, "home") == history.Verified(len(versions) - 1, len(versions) - 1, 0)


@given(HISTORIES, st.integers(0, 100))
@settings(max_examples=60, deadline=None)
def test_every_id_resolves_to_live_nodes_and_tells_its_last_path(
    plan: list[list[Step] | str], pick: int
) -> None:
    uow, versions = lived(plan)
    head, seen = versions[-1], versions[pick % len(versions)]

    for one in [*head.nodes, *head.redirects]:
        found = history.resolve(uow, "home", one, version=seen.version)
        assert sum(end.share for end in found.leads) == pytest.approx(1)
        assert all(end.node_id in head and end.path == head.path(end.node_id) for end in found.leads)
        assert found.lives == (one in head) and found.lived == (one in seen)
        before = [tree.path(one) for tree in versions[: seen.version + 1] if one in tree]
        if found.lived:
            assert found.path == before[-1]
        elif one not in seen.redirects:
            assert found.path == ()


@given(HISTORIES, st.integers(0, 100))
@settings(max_examples=60, deadline=None)
def test_each_path_that_was_left_since_a_version_leads_on(plan: list[list[Step] | str], pick: int) -> None:
    uow, versions = lived(plan)
    head, since = versions[-1], pick % len(versions)

    found = history.redirects(uow, "home", since=since)

    had: dict[Path, set[NodeId]] = {}
    for tree in versions[since:]:
        had |= paths(tree)  # the last version that had it
    left = {path: ids for path, ids in had.items() if path not in paths(head)}
    assert {one.old_path for one in found} == left.keys()
    assert all(one.node_id in left[one.old_path] for one in found)
    for path in left:
        rows = [one for one in found if one.old_path == path]
        assert sum(one.share for one in rows) == pytest.approx(1)
        assert all(one.new_path == head.path(one.to_id) for one in rows)


@pytest.mark.parametrize("version", [-1, 2])
def test_a_version_that_never_was_is_refused_with_those_there_are(version: int) -> None:
    with pytest.raises(InputError, match=f"no version {version}: there are 0 to 1"):
        history.at(garden(), "home", version)


def test_a_version_is_read_from_the_release_before_it() -> None:
    uow = garden()
    releasing.publish(uow, "home", author="Ann")
    for name in ("Yard", "Outdoors"):
        editing.edit(uow, "home", [Rename(A, name)], author="Ann")
    uow.changes.desk.now.audit["home"] = tuple(
        row for row in uow.changes.desk.now.audit["home"] if row.version > 1
    )

    assert history.at(uow, "home", 2).label(B) == "Yard > Tools"


def test_a_log_that_does_not_reach_a_version_is_named() -> None:
    uow = shop()
    uow.trees.save("home", Tree(), Tree(version=2))

    with pytest.raises(StoreError, match="ends at version 0, before 1"):
        history.at(uow, "home", 1)


def damaged(uow: FakeUnitOfWork, version: int, name: str) -> None:
    """Another name in an edit of the log."""
    rows = uow.changes.desk.now.audit["home"]
    uow.changes.desk.now.audit["home"] = tuple(
        replace(row, edit={**row.edit, "name": name}) if row.version == version else row for row in rows
    )


def renamed_twice() -> FakeUnitOfWork:
    uow = garden()
    for name in ("Yard", "Outdoors"):
        editing.edit(uow, "home", [Rename(A, name)], author="Ann")
    return uow


def test_verify_names_the_first_version_that_differs() -> None:
    uow = renamed_twice()
    damaged(uow, 2, "Forged")

    found = history.verify(uow, "home")

    assert (found.n_versions, found.n_compared) == (2, 2)
    assert found.difference == "version 2 differs from what was recorded when it was made"


def test_verify_skips_and_counts_versions_without_a_digest_but_compares_the_head() -> None:
    uow = renamed_twice()
    there = uow.changes.desk.now.versions["home"]
    uow.changes.desk.now.versions["home"] = tuple(replace(one, digest="") for one in there)
    assert history.verify(uow, "home") == history.Verified(3, 0, 3)

    damaged(uow, 3, "Forged")

    assert "not the head" in history.verify(uow, "home").difference


def test_verify_compares_the_trees_that_releases_pin() -> None:
    uow = renamed_twice()
    release = releasing.publish(uow, "home", author="Ann")
    uow.releases.desk.now.releases[release.id] = (release, Tree(version=3))

    assert history.verify(uow, "home").difference == f"release {release.id} pins another tree than version 3"


def test_verify_names_a_version_that_is_missing() -> None:
    uow = renamed_twice()
    rows = uow.changes.desk.now.audit["home"]
    uow.changes.desk.now.audit["home"] = tuple(row for row in rows if row.version != 2)

    assert history.verify(uow, "home").difference == "the log goes from version 1 to 3"


def test_an_id_is_told_as_it_was_in_the_version_that_saw_it() -> None:
    uow = garden()
    editing.edit(uow, "home", [Rename(A, "Yard")], author="Ann")
    editing.edit(uow, "home", [Merge((B,), C)], author="Ann")

    now, then = (history.resolve(uow, "home", B, version=version) for version in (None, 1))

    assert (now.path, now.lived, now.version) == (("Yard", "Tools"), False, 3)
    assert (then.path, then.lived, then.version) == (("Garden", "Tools"), True, 1)
    assert [end.path for end in now.leads] == [end.path for end in then.leads] == [("Yard", "Seeds")]


def test_an_id_of_later_than_the_version_has_no_path_in_it() -> None:
    found = history.resolve(garden(), "home", B, version=0)

    assert (found.path, found.lived, found.lives) == ((), False, True)


def test_an_id_that_came_and_went_in_one_change_set_tells_its_last_path() -> None:
    uow = garden()
    fresh = NodeId("f")
    edits: list[Edit] = [Create(Node(fresh, "Pots", A)), Rename(A, "Yard"), Merge((fresh,), B)]
    editing.edit(uow, "home", edits, author="Ann")

    assert history.resolve(uow, "home", fresh).path == ("Yard", "Pots")


def test_an_id_that_was_never_given_out_is_unknown() -> None:
    for ask in (history.resolve, events.of_node):
        with pytest.raises(UnknownId, match="never given out"):
            ask(garden(), "home", NodeId("nobody"))  # type: ignore[operator]


def test_a_chain_of_split_merge_and_retirement_ends_in_shares() -> None:
    uow = garden()
    parts = (Part(NodeId("x"), "Spades"), Part(NodeId("y"), "Rakes"))
    editing.edit(uow, "home", [Retire(B, C, (D,), (0.75, 0.25))], author="Ann")
    editing.edit(uow, "home", [Merge((D,), C)], author="Ann")
    editing.edit(uow, "home", [Split(C, parts, "shop", n_rest=0)], author="Ann")

    rows = history.redirects(uow, "home")

    assert {(one.old_path, one.new_path, one.share) for one in rows if one.node_id == B} == {
        (("Garden", "Tools"), ("Garden", "Spades"), 1.0),
        (("Garden", "Tools"), ("Garden", "Rakes"), 0.0),
    }


def test_what_lay_below_a_renamed_node_is_redirected_and_a_way_back_is_not() -> None:
    uow = garden()
    editing.edit(uow, "home", [Rename(A, "Yard")], author="Ann")
    assert [(one.old_path, one.new_path) for one in history.redirects(uow, "home")] == [
        (("Garden",), ("Yard",)),
        (("Garden", "Seeds"), ("Yard", "Seeds")),
        (("Garden", "Tools"), ("Yard", "Tools")),
    ]
    assert history.redirects(uow, "home", since=2) == []

    editing.edit(uow, "home", [Rename(A, "Garden")], author="Ann")

    assert {one.old_path[0] for one in history.redirects(uow, "home")} == {"Yard"}


@pytest.mark.parametrize("said", ["", "two", "release:", "release:x", "tag:1", ":1", "-1"])
def test_what_is_no_version_is_refused(said: str) -> None:
    with pytest.raises(InputError, match="no version: write"):
        history.version_of(garden(), "home", said)


def test_a_version_is_named_by_number_or_release() -> None:
    uow = renamed_twice()
    release = releasing.publish(uow, "home", author="Ann")

    assert history.version_of(uow, "home", "2") == 2
    assert history.version_of(uow, "home", f"release:{release.id}") == 3
    with pytest.raises(UnknownId, match="release"):
        history.version_of(uow, "home", "release:999")


def test_the_history_of_a_node_is_told_in_words() -> None:
    uow = garden()
    editing.edit(uow, "home", [Rename(B, "Gear"), Lock(B)], author="Bob", reason="clearer")
    editing.edit(uow, "home", [Lock(B, False), Move(B, D)], author="Ann")
    editing.edit(uow, "home", [Merge((C,), B)], author="Ann")
    editing.edit(uow, "home", [SetAttributes(B, (Attribute("Size"),))], author="Ann")
    editing.edit(uow, "home", [Retire(B)], author="Ann")

    told = events.of_node(uow, "home", B)

    assert [(one.version, one.author, one.reason) for one in told][-2:] == [
        (2, "Bob", "clearer"),
        (1, "Ann", "spring"),
    ]
    assert [one.sentences for one in told] == [
        ("'Gear' was retired",),
        ("'Gear': attributes: with 'Size' (text)",),
        ("took over what was in 'Seeds'",),
        ("'Gear' was unlocked", "'Gear' moved from 'Garden' to 'Kitchen'"),
        ("'Tools' is now called 'Gear'", "'Tools' was locked"),
        ("'Tools' was made below 'Garden'",),
    ]


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (Merge((B,), C), "'Tools' was merged into another"),
        (Split(B, (Part(NodeId("x"), "X"), Part(NodeId("y"), "Y"))), "'Tools' was split"),
    ],
)
def test_the_end_of_a_node_is_told_by_its_kind(edit: Edit, words: str) -> None:
    uow = garden()
    editing.edit(uow, "home", [edit], author="Ann")

    assert events.of_node(uow, "home", B)[0].sentences == (words,)


def test_the_limit_bounds_what_is_told_of_a_node() -> None:
    uow = renamed_twice()

    assert [one.version for one in events.of_node(uow, "home", A, limit=1)] == [3]


def test_a_refused_edit_leaves_no_version() -> None:
    uow = garden()
    with pytest.raises(EditError):
        editing.edit(uow, "home", [Move(A, B)], author="Ann")

    assert history.verify(uow, "home").n_versions == 1
