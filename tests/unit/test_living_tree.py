"""Several people and a machine edit one tree at random; after every step everything still holds.

The real thing (`taxonomy.service.editing` on the store in memory) is held to `plain_tree.PlainTree`, which is
written from the rules alone. `make test-long` takes SHELFTREE_LIVING_STEPS steps instead of 20,000.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from taxonomy import changes, invariants
from taxonomy.changes import ChangeSet, State, replay
from taxonomy.codec import edit_from_json, edit_to_json
from taxonomy.edits import (
    Assign,
    Create,
    Edit,
    Lock,
    Merge,
    Move,
    Part,
    Pin,
    Relabel,
    Relate,
    Rename,
    Reorder,
    Restore,
    Restrict,
    Retire,
    SetAttributes,
    SetCrosswalk,
    Split,
    Unassign,
    structure,
)
from taxonomy.errors import InputError, StaleEdit, TaxonomyError
from taxonomy.node import (
    ROOT_ID,
    Attribute,
    MatchKind,
    Node,
    NodeId,
    RelationKind,
    Restriction,
    RestrictionKind,
)
from taxonomy.product import Product, ProductId, Source
from taxonomy.redirects import Redirect
from taxonomy.service import applying, editing
from taxonomy.tree import Draft, Tree
from tests.fakes import FakeUnitOfWork
from tests.unit.plain_tree import PLAIN_NAMES, ROOT, PlainTree, Refused, facts_of

STEPS = 50  # an example
IN_CI = 20_000
N_STEPS = int(os.environ.get("SHELFTREE_LIVING_STEPS", IN_CI))
MAX_DEPTH = 3  # instead of 50, so that the rule is met
HOME, SHOP = "home", "shop"
NAMES = list(PLAIN_NAMES)
PRODUCTS = [ProductId(f"p{at}") for at in range(6)]
QUERIES = ["Tea", "tea", "jam"]
EDITORS = ["ann", "bob", "cyd"]
LANGUAGES = ["de", "fr"]
KINDS = ["create", "rename", "relabel", "attributes", "relate", "restrict", "crosswalk", "move", "reorder",
         "lock", "unlock", "merge", "retire", "share out", "split", "assign", "unassign", "pin"]  # fmt: skip
Spec = tuple[str, int, int, int]
Row = tuple[NodeId, int]
"""Where a machine put a product, and the version in which it did."""

specs = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 999), st.integers(0, 999), st.integers(0, 99)),
    min_size=1,
    max_size=3,
)
editors = st.sampled_from(EDITORS)
picks = st.integers(0, 99)


class LivingTree(RuleBasedStateMachine):
    """One taxonomy, three editors who each saw some version, and a build that proposes."""

    n_steps = 0

    @initialize()
    def plant(self) -> None:
        self.uow, self.n_ids = FakeUnitOfWork(), 0
        self.uow.trees.create(HOME)
        self.uow.catalogs.create(SHOP)
        mark = self.uow.catalogs.begin_import(SHOP, "one")
        self.uow.catalogs.upsert(SHOP, mark, [Product(at, str(at)) for at in PRODUCTS])
        self.uow.commit()
        self.history = [PlainTree(MAX_DEPTH)]  # by version
        self.applied: list[ChangeSet] = []
        self.open: list[str] = []
        self.requests: list[tuple[str, Sequence[Edit], str, int, ChangeSet]] = []
        self.seen = dict.fromkeys(EDITORS, 0)
        self.rows: dict[ProductId, Row] = {}  # what machines say
        self.replaced: dict[str, dict[ProductId, Row | None]] = {}  # by change set
        self.shadow, self.looked_at, self.ids = Tree(), Tree(), set[NodeId]()
        trees = [Create(Node(self.fresh(), name)) for name in ("Ash", "Birch", "Cedar")]
        below = [Create(Node(self.fresh(), name, one.node.id)) for one in trees for name in ("Elm", "Fir")]
        self.edit_now("ann", [*trees, *below], 0)
        self.seen = dict.fromkeys(EDITORS, 1)

    # What people and machines do.

    @rule(editor=editors)
    def look(self, editor: str) -> None:
        self.seen[editor] = self.version

    @rule(editor=editors, wanted=specs)
    def edit(self, editor: str, wanted: list[Spec]) -> None:
        base = self.seen[editor]
        self.edit_now(editor, self.made(wanted, self.history[base]), base)

    @rule(editor=editors, wanted=specs)
    def look_and_edit(self, editor: str, wanted: list[Spec]) -> None:
        self.look(editor)
        self.edit(editor, wanted)

    @rule(source=st.sampled_from([Source.PERSON, Source.BUILD]), wanted=specs)
    def propose(self, source: Source, wanted: list[Spec]) -> None:
        made, plain = self.made(wanted, self.model), source is Source.PERSON
        change = self.agreed(
            lambda: self.model.after(made, by_person=plain),
            lambda: editing.propose(self.uow, HOME, made, author="build", source=source),
        )
        if change:
            self.open.append(change.id)

    @rule(editor=editors, wanted=specs)
    def draft(self, editor: str, wanted: list[Spec]) -> None:
        made = self.made(wanted, self.model)
        self.open.append(editing.draft(self.uow, HOME, made, author=editor).id)

    @precondition(lambda self: self.open)
    @rule(pick=picks, wanted=specs)
    def amend(self, pick: int, wanted: list[Spec]) -> None:
        change = self.picked(pick, State.DRAFT, State.CONFLICTED)
        if change:
            editing.amend(self.uow, change.id, self.made(wanted, self.model))

    @precondition(lambda self: self.open)
    @rule(pick=picks)
    def submit(self, pick: int) -> None:
        change = self.picked(pick, State.DRAFT, State.CONFLICTED)
        if not change:
            return
        is_new = change.base_version == self.version
        try:
            done = editing.submit(self.uow, change.id)
        except InputError as error:
            self.uow.rollback()
            assert not self.model.takes(change), f"the model has nothing against what was refused: {error}"
            return
        if done.state is State.CONFLICTED:
            assert done.conflicts and not is_new
        else:
            assert (done.state, done.conflicts) == (State.PROPOSED, ())
            assert self.model.takes(change), "the model refused"
        assert done.base_version == self.version

    @precondition(lambda self: self.open)
    @rule(pick=picks)
    def approve(self, pick: int) -> None:
        if change := self.picked(pick, State.PROPOSED):
            editing.approve(self.uow, change.id, author="ann")

    @precondition(lambda self: self.open)
    @rule(pick=picks)
    def reject(self, pick: int) -> None:
        if change := self.picked(pick, State.PROPOSED, State.CONFLICTED):
            editing.reject(self.uow, change.id, author="ann", reason="no")
            self.open.remove(change.id)

    @precondition(lambda self: self.open)
    @rule(pick=picks)
    def accept(self, pick: int) -> None:
        change = self.picked(pick, State.PROPOSED, State.APPROVED)
        if not change:
            return
        if change.base_version == self.version:
            self.agreed(
                lambda: self.model.after(change.edits, by_person=change.source is Source.PERSON),
                lambda: self.accepted(change),
            )
        else:
            self.accepted(change)

    @rule(pick=picks, editor=editors)
    def revert(self, pick: int, editor: str) -> None:
        if self.applied:
            self.revert_now(self.applied[pick % len(self.applied)], editor)

    @rule(editor=editors)
    def revert_the_last(self, editor: str) -> None:
        if self.applied and self.applied[-1].applied_version == self.version:
            self.revert_now(self.applied[-1], editor)

    @rule(pick=picks)
    def repeat_a_request(self, pick: int) -> None:
        if self.requests:
            key, made, author, base, change = self.requests[pick % len(self.requests)]
            again = editing.edit(self.uow, HOME, made, author=author, base_version=base, key=key)
            assert (again.id, again.applied_version) == (change.id, change.applied_version)

    # What must hold after every step.

    @invariant()
    def all_is_well(self) -> None:
        type(self).n_steps += 1
        assert self.standing(PRODUCTS) == self.model_standing(self.model)
        if self.head is not self.looked_at:  # a tree cannot change under our hands
            self.looked_at = self.head
            assert invariants.check(self.head) == []
            self.the_tree_is_the_models()
            self.every_id_ever_given_out_leads_somewhere()
            self.the_log_leads_to_the_same_tree()

    def the_tree_is_the_models(self) -> None:
        head, model = self.head, self.model
        assert len(self.history) == head.version + 1
        assert {at: node.parent_id for at, node in head.nodes.items()} == model.parent
        assert head.children == {at: tuple(ids) for at, ids in model.children.items() if ids}
        assert {at: facts_of(node) for at, node in head.nodes.items()} == {
            at: model.facts[at] for at in model.parent
        }
        assert head.pins == model.pins

    def every_id_ever_given_out_leads_somewhere(self) -> None:
        for at in self.ids:
            assert self.head.resolve(at) == self.model.end(at)
            shares = self.head.successors(at)
            assert all(end in self.head for end in shares)
            assert abs(sum(shares.values()) - 1) < 1e-9
        for query, at in self.head.pins.items():
            assert self.head.pinned(query) == (None if self.model.end(at) == ROOT else self.model.end(at))

    def the_log_leads_to_the_same_tree(self) -> None:
        rows = self.uow.changes.steps(HOME, after=self.shadow.version)
        self.shadow = replay(self.shadow, ((row.version, edit_from_json(row.edit)) for row in rows))
        recorded = self.uow.changes.versions(HOME, limit=1)[0]
        assert (recorded.number, recorded.digest) == (self.head.version, self.shadow.digest())
        assert self.head.digest() == recorded.digest

    def teardown(self) -> None:
        """Every version once more from nothing, with nothing remembered of the digest before."""
        tree, rows = Tree(), list(self.uow.changes.steps(HOME))
        for version in reversed(self.uow.changes.versions(HOME, limit=1000)):
            mine = [(row.version, edit_from_json(row.edit)) for row in rows if row.version == version.number]
            tree = replay(tree, mine)
            assert from_scratch(tree) == version.digest

    # How the above is done.

    @property
    def head(self) -> Tree:
        return self.uow.trees.head(HOME)

    @property
    def version(self) -> int:
        return self.head.version

    @property
    def model(self) -> PlainTree:
        return self.history[-1]

    def fresh(self) -> NodeId:
        self.n_ids += 1
        return NodeId(f"n{self.n_ids}")

    def standing(self, products: Sequence[ProductId]) -> dict[ProductId, str]:
        found = self.uow.assignments.of_products(SHOP, HOME, products)
        return {at: one.node_id for at, one in found.items()}

    def model_standing(self, model: PlainTree) -> dict[ProductId, str]:
        return {at: end for at in PRODUCTS if (end := model.standing(at)) is not None}

    def picked(self, pick: int, *states: State) -> ChangeSet | None:
        fitting = [one for one in map(self.uow.changes.get, self.open) if one.state in states]
        return fitting[pick % len(fitting)] if fitting else None

    def agreed(self, by_model: Callable[[], PlainTree], done: Callable[[], ChangeSet]) -> ChangeSet | None:
        """Both refuse, or none does."""
        try:
            by_model()
            reason = ""
        except Refused as refused:
            reason = f"the model refused: {refused}"
        try:
            change = done()
        except InputError as error:
            self.uow.rollback()
            assert reason, f"the model has nothing against what was refused: {error}"
            return None
        assert not reason, reason
        return change

    def edit_now(self, editor: str, made: Sequence[Edit], base: int) -> None:
        key = f"k{len(self.requests)}"
        try:
            change = editing.edit(self.uow, HOME, made, author=editor, base_version=base, key=key)
        except InputError as error:
            self.uow.rollback()
            self.refused(made, base, error)
            return
        self.requests.append((key, made, editor, base, change))
        self.went_in(change, base)

    def refused(self, made: Sequence[Edit], base: int, error: InputError) -> None:
        """Only for a reason: a rule, or somebody named the same since."""
        try:
            self.model.after(made, by_person=True)
        except Refused:
            return
        since = self.uow.changes.steps(HOME, after=base)
        others = {name for row in since for name in named(edit_from_json(row.edit))}
        mine = {name for one in made for name in named(one)}
        assert isinstance(error, StaleEdit), f"the model has nothing against what was refused: {error}"
        assert mine & others, f"nobody wrote what was refused as stale: {error}"

    def accepted(self, change: ChangeSet) -> ChangeSet:
        base = change.base_version
        outcome = editing.accept(self.uow, change.id, author="ann")
        taken = outcome.applied.edits if outcome.applied else ()
        rest = outcome.rest.edits if outcome.rest else ()
        assert sorted(map(repr, (*taken, *rest))) == sorted(map(repr, change.edits))
        self.open.remove(change.id)
        if outcome.rest:
            assert [one.ordinal for one in outcome.rest.conflicts] == list(range(1, len(rest) + 1))
            assert all(one.message for one in outcome.rest.conflicts)
            self.open.append(outcome.rest.id)
        if outcome.applied:
            self.went_in(outcome.applied, base)
        return outcome.applied or change

    def revert_now(self, change: ChangeSet, editor: str) -> None:
        if not change.inverse:  # a machine's estimates alone
            with pytest.raises(InputError, match="estimates"):
                editing.revert(self.uow, change.id, author=editor)
            return
        is_last = change.applied_version == self.version
        assert change.applied_version is not None
        before, after = self.history[change.applied_version - 1], self.history[change.applied_version]
        try:
            back = editing.revert(self.uow, change.id, author=editor)
        except StaleEdit:
            self.uow.rollback()
            assert not is_last, "nothing came after it"
            return
        self.applied.remove(change)
        self.went_in(back, change.applied_version)
        self.machine_takes_back(change)
        now = self.model
        assert set(now.parent) & (before.parent.keys() ^ after.parent.keys()) <= before.parent.keys()
        for at in before.parent.keys() & (after.facts.keys() if is_last else after.parent.keys()):
            for aspect in before.facts[at].keys() | after.facts[at].keys():
                was = before.facts[at].get(aspect)
                assert was == after.facts[at].get(aspect) or now.facts[at].get(aspect) == was
            assert before.parent[at] == after.parent.get(at) or now.parent[at] == before.parent[at]
        if is_last:
            assert (now.parent, now.children, now.pins) == (before.parent, before.children, before.pins)
            # To take back what took a build's places back does not make a machine say them again.
            is_again = change.source is Source.PERSON
            kept = [at for at in PRODUCTS if not is_again or before.said.get(at) == after.said.get(at)]
            then = self.model_standing(before)
            assert self.standing(kept) == {at: then[at] for at in kept if at in then}

    def went_in(self, change: ChangeSet, base: int) -> None:
        """Carry an applied change set over to the model, and see that it overwrote nobody."""
        by_person = change.source is Source.PERSON
        after = self.model.after(change.edits, by_person=by_person)
        mine = told(self.model, after)
        for then, next_ in zip(self.history[base:-1], self.history[base + 1 :], strict=True):
            overwritten = mine & told(then, next_)
            assert not overwritten, f"written by two who did not know of each other: {overwritten}"
        self.history.append(after)
        if not by_person:
            self.machine_says(change)
        self.applied.append(self.uow.changes.get(change.id))
        self.ids |= self.head.nodes.keys() | self.head.redirects.keys()

    def machine_says(self, change: ChangeSet) -> None:
        """A row that says the same already stays as it is, its version included."""
        was = self.replaced.setdefault(change.id, {})
        for one in applying._assigns(change.edits):
            assert isinstance(one, Assign)
            for at in one.product_ids:
                was.setdefault(at, self.rows.get(at))
                if at not in self.rows or self.rows[at][0] != one.node_id:
                    self.rows[at] = (one.node_id, self.version)

    def machine_takes_back(self, change: ChangeSet) -> None:
        """Rows that it wrote go, and what was there before comes back where none is."""
        for at, row in self.replaced.get(change.id, {}).items():
            if at in self.rows and self.rows[at][1] == change.applied_version:
                del self.rows[at]
            if row is not None:
                self.rows.setdefault(at, row)
        self.model.said = {at: node for at, (node, _) in self.rows.items()}

    def made(self, wanted: list[Spec], view: PlainTree) -> list[Edit]:
        """Edits by somebody who looks at a version of the tree, with a slip here and there."""
        found: list[Edit] = []
        for kind, one, other, third in wanted:
            found.append(self.one_made(kind, one, other, third, view))
        return found

    def one_made(self, kind: str, one: int, other: int, third: int, view: PlainTree) -> Edit:
        live = [NodeId(at) for at in (*view.parent, *(view.went if third % 8 == 0 else ()))] or [ROOT_ID]
        at, to, name = live[one % len(live)], live[other % len(live)], NAMES[third % len(NAMES)]
        any_parent = ROOT_ID if other % 5 == 0 else to
        products = tuple(PRODUCTS[third % 5 : third % 5 + 2])
        word = NAMES[other % len(NAMES)]
        match kind:
            case "create":
                position = None if third % 2 else other % 4
                new = at if third % 10 == 0 else self.fresh()  # an id is not given out twice
                return Create(Node(new, name, any_parent), position)
            case "rename":
                return Rename(at, name, "en" if other % 3 == 0 else None)
            case "relabel":
                language = LANGUAGES[third % 2]
                return Relabel(
                    at, language, word if one % 2 else "", (name,), (), word if third % 3 == 0 else None
                )
            case "attributes":
                return SetAttributes(at, (Attribute(name), Attribute("Size"))[third % 3 :])
            case "relate":
                return Relate(at, list(RelationKind)[third % 2], to, bool(third % 3))
            case "restrict":
                return Restrict(at, (Restriction(RestrictionKind.REGION, (word,)),)[third % 2 :])
            case "crosswalk":
                return SetCrosswalk(
                    at, LANGUAGES[third % 2], (None, "", word)[other % 3], list(MatchKind)[third % 2]
                )
            case "move":
                return Move(at, any_parent, None if third % 2 else other % 4)
            case "reorder":
                family = [NodeId(child) for child in view.children.get(any_parent, [])]
                return Reorder(any_parent, tuple(reversed(family))[: 1 + third % 3])
            case "lock" | "unlock":
                return Lock(at, kind == "lock")
            case "merge":
                also = (live[third % len(live)],) if third % 3 == 0 else ()
                return Merge((at, *also), to)
            case "retire":
                return Retire(at, None if other % 2 else any_parent)
            case "share out":
                return Retire(at, to, (live[third % len(live)],), (0.75, 0.25))
            case "split":
                parts = (Part(self.fresh(), name), Part(self.fresh(), word, products))
                return Split(at, parts, SHOP, third % 3)
            case "assign":
                return Assign(SHOP, at, products)
            case "unassign":
                return Unassign(SHOP, products)
            case _:
                return Pin(QUERIES[third % 3], at if other % 4 else None)


def from_scratch(tree: Tree) -> str:
    """The digest without anything remembered."""
    return Tree(tree.nodes, tree.children, tree.redirects, pins=tree.pins).digest()


def named(edit: Edit) -> set[str]:
    """Every text in an edit: ids, products and queries are among them."""
    found, stack = set[str](), [edit_to_json(edit)]
    while stack:
        value: object = stack.pop()
        if isinstance(value, str):
            found.add(value.lower())
        elif isinstance(value, dict):
            stack.extend(one for name, one in value.items() if name not in ("kind", "name", "catalog"))
        elif isinstance(value, list):
            stack.extend(value)
    return found


def told(before: PlainTree, after: PlainTree) -> set[tuple[str, str]]:
    """What of a tree differs because somebody said so, by id and aspect."""
    both = before.parent.keys() & after.parent.keys()
    found = {
        (at, aspect)
        for at in both
        if before.facts[at] != after.facts[at]
        for aspect in before.facts[at].keys() | after.facts[at].keys()
        if before.facts[at].get(aspect) != after.facts[at].get(aspect)
    }
    for at in both:  # below what was dissolved or restored, children only follow
        old, new = before.parent[at], after.parent[at]
        if old != new and (old == ROOT or old in after.parent) and (new == ROOT or new in before.parent):
            found.add((at, "parent"))
    for one, other in ((before.placed, after.placed), (before.pins, after.pins)):
        found |= {(at, "is") for at in one.keys() | other.keys() if one.get(at) != other.get(at)}
    return found


def live(n_steps: int, *, derandomize: bool = True) -> None:
    """Run the machine for about so many steps."""
    with patch.object(invariants, "MAX_DEPTH", MAX_DEPTH):
        run_state_machine_as_test(
            LivingTree,
            settings=settings(
                max_examples=n_steps // (STEPS - 10),  # some end early
                stateful_step_count=STEPS,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                phases=[
                    Phase.generate
                ],  # a history of 50 steps takes minutes to shrink, and reads well whole
                report_multiple_bugs=False,
                derandomize=derandomize,
                database=None,
            ),
        )


def test_a_tree_that_several_edit_stays_whole() -> None:
    LivingTree.n_steps = 0

    live(N_STEPS, derandomize=N_STEPS == IN_CI)  # a long run looks somewhere else each time

    assert LivingTree.n_steps >= N_STEPS


def nothing(*_: object, **__: object) -> None:
    """A protection that does not protect."""


def childless(draft: Draft, node_id: NodeId, way: Redirect) -> Restore:
    return replace(DISSOLVE(draft, node_id, way), child_ids=())


def forgetful(rename: Rename, draft: Draft) -> tuple[Edit, ...]:
    RENAME(rename, draft)
    return (rename,)


FOUND = (AssertionError, Refused, TaxonomyError, LookupError)
DISSOLVE, RENAME = structure._dissolve, Rename.apply
WITHOUT: dict[str, tuple[object, str, object]] = {
    "the check for cycles": (invariants, "require_no_cycle", nothing),
    "the check for locks": (invariants, "require_unlocked", nothing),
    "the check for depth": (invariants, "require_depth", nothing),
    "the check of names": (changes, "require_unique_children", nothing),
    "fresh ids": (invariants, "require_fresh", nothing),
    "redirects": (Draft, "redirect", nothing),
    "shares that add up": (Split, "_shares", lambda split: (1.0,) * len(split.parts)),
    "the children in an inverse": (structure, "_dissolve", childless),
    "the old name in an inverse": (Rename, "apply", forgetful),
    "a look at what others wrote": (changes, "clash", lambda edit, written: []),
    "saying what was written": (applying, "_touches", lambda change, number: ()),
    "putting placements back": (applying, "_placements", lambda uow, change, head: ()),
    "telling requests apart": (editing, "_repeated", nothing),
    "a digest that follows": (Draft, "replace", lambda draft, node: draft.nodes.update({node.id: node})),
    "every edit in the log": (applying, "edit_to_json", lambda edit: edit_to_json(Lock(ROOT_ID))),
}


@pytest.mark.parametrize("protection", WITHOUT)
def test_a_protection_taken_out_is_missed(protection: str) -> None:
    place, name, without = WITHOUT[protection]

    with (
        patch.object(place, name, without),
        pytest.raises((AssertionError, Refused, TaxonomyError, LookupError)),
    ):
        live(IN_CI)
