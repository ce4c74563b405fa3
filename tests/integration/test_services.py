"""The use cases on a real database."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from store.unit_of_work import PostgresUnitOfWork
from taxonomy.changes import State
from taxonomy.edits import Assign, Create, Lock, Merge, Move, Part, Rename, Retire, Split
from taxonomy.errors import InputError, NodeLocked, RuleBroken, StaleEdit, UnknownId
from taxonomy.formats.entries import Entry
from taxonomy.node import Node, NodeId
from taxonomy.ports import UnitOfWork
from taxonomy.product import Assignment, Product, ProductId, Source
from taxonomy.service import editing, releasing
from taxonomy.service.browsing import products_below, shelves
from taxonomy.service.importing import import_catalog, import_taxonomy
from taxonomy.service.placing import place_by_label, place_by_model

PRODUCTS = [
    Product(ProductId("1"), "Steel spade", category_path=("Garden", "Tools")),
    Product(ProductId("2"), "Leaf rake", category_path=("Garden", "Tools")),
    Product(ProductId("3"), "Poppy seeds", category_path=("Garden", "Seeds")),
    Product(ProductId("4"), "Mystery box"),
]
ENTRIES = [Entry(("Garden",)), Entry(("Garden", "Tools")), Entry(("Garden", "Seeds")), Entry(("Kitchen",))]
SHOP, TREE = "shop", "tree"


@pytest.fixture
def uow(engine: Engine) -> Iterator[UnitOfWork]:
    with PostgresUnitOfWork(engine) as uow:
        import_catalog(uow, SHOP, PRODUCTS, digest="first")
        import_taxonomy(uow, TREE, ENTRIES, author="ann")
        place_by_label(uow, SHOP, TREE)
        yield uow


def at(uow: UnitOfWork, *path: str) -> NodeId:
    found = uow.trees.head(TREE).find(path)
    assert found is not None, path
    return found


def titles(uow: UnitOfWork, *path: str) -> set[str]:
    return {product.title for product, _ in products_below(uow, TREE, SHOP, at(uow, *path))}


def test_products_stand_where_their_own_category_says(uow: UnitOfWork) -> None:
    seen = shelves(uow, TREE, SHOP)

    assert seen.total[at(uow, "Garden")] == 3
    assert seen.own.get(at(uow, "Garden"), 0) == 0
    assert seen.n_unplaced == 1


def test_an_edit_is_recorded_with_who_and_why(uow: UnitOfWork) -> None:
    change = editing.edit(uow, TREE, [Rename(at(uow, "Kitchen"), "Cooking")], author="bob", reason="clearer")

    row = uow.changes.audit(TREE)[0]
    assert (change.state, change.applied_version) == (State.APPLIED, 2)
    assert (row.author, row.kind, row.version) == ("bob", "rename", 2)
    assert [node["name"] for node in row.before.values() if isinstance(node, dict)] == ["Kitchen"]


def test_merge_shows_the_products_in_the_other_node_and_undo_gives_them_back(uow: UnitOfWork) -> None:
    change = editing.edit(uow, TREE, [Merge((at(uow, "Garden", "Tools"),), at(uow, "Kitchen"))], author="bob")
    merged = titles(uow, "Kitchen")

    editing.revert(uow, change.id, author="bob")

    assert merged == {"Steel spade", "Leaf rake"}
    assert titles(uow, "Garden", "Tools") == merged
    assert titles(uow, "Kitchen") == set()


def test_retiring_a_top_category_leaves_its_products_unplaced(uow: UnitOfWork) -> None:
    editing.edit(uow, TREE, [Retire(at(uow, "Garden", "Seeds")), Retire(at(uow, "Garden"))], author="bob")

    assert {one.title for one in uow.assignments.unplaced(SHOP, TREE)} == {"Poppy seeds", "Mystery box"}


def test_split_moves_the_products_named_for_each_part(uow: UnitOfWork) -> None:
    parts = (Part(NodeId("dig"), "Digging"), Part(NodeId("rake"), "Raking", (ProductId("2"),)))

    change = editing.edit(uow, TREE, [Split(at(uow, "Garden", "Tools"), parts, SHOP)], author="bob")
    split = titles(uow, "Garden", "Digging"), titles(uow, "Garden", "Raking")
    editing.revert(uow, change.id, author="bob")

    assert split == ({"Steel spade"}, {"Leaf rake"})
    assert titles(uow, "Garden", "Tools") == {"Steel spade", "Leaf rake"}


def test_a_placement_by_a_person_outlives_the_machines_word(uow: UnitOfWork) -> None:
    kitchen = at(uow, "Kitchen")
    editing.edit(uow, TREE, [Assign(SHOP, kitchen, (ProductId("1"),))], author="bob")

    n = place_by_model(
        uow, SHOP, TREE, [Assignment(ProductId("1"), at(uow, "Garden", "Seeds"), 0.9, Source.MODEL, "m1")]
    )

    assert n == 1
    assert titles(uow, "Kitchen") == {"Steel spade"}


def test_undoing_a_placement_brings_back_what_was_there(uow: UnitOfWork) -> None:
    kitchen, seeds, one = at(uow, "Kitchen"), at(uow, "Garden", "Seeds"), (ProductId("1"),)
    editing.edit(uow, TREE, [Assign(SHOP, seeds, one)], author="bob")
    second = editing.edit(uow, TREE, [Assign(SHOP, kitchen, one)], author="bob")

    editing.revert(uow, second.id, author="bob")

    assert titles(uow, "Garden", "Seeds") == {"Steel spade", "Poppy seeds"}


def test_a_build_writes_assignments_that_people_may_overrule(uow: UnitOfWork) -> None:
    new = Node(NodeId("boxes"), "Boxes")
    edits = [Create(new), Assign(SHOP, new.id, (ProductId("4"),), (0.7,))]

    editing.edit(uow, TREE, edits, author="build", source=Source.BUILD, model_revision="enc")

    (_, found), *_ = products_below(uow, TREE, SHOP, new.id)
    assert (found.source, round(found.probability, 3), found.model_revision) == (Source.BUILD, 0.7, "enc")


def test_a_disjoint_edit_on_an_old_version_goes_in(uow: UnitOfWork) -> None:
    seen = uow.trees.head(TREE).version
    editing.edit(uow, TREE, [Rename(at(uow, "Kitchen"), "Cooking")], author="ann")

    editing.edit(uow, TREE, [Rename(at(uow, "Garden"), "Outdoor")], author="bob", base_version=seen)

    assert uow.trees.head(TREE).version == seen + 2


def test_a_stale_edit_is_refused_and_says_who_changed_what(uow: UnitOfWork) -> None:
    seen, kitchen = uow.trees.head(TREE).version, at(uow, "Kitchen")
    editing.edit(uow, TREE, [Rename(kitchen, "Cooking")], author="ann")

    with pytest.raises(StaleEdit, match="ann changed 'Cooking'"):
        editing.edit(uow, TREE, [Rename(kitchen, "Cuisine")], author="bob", base_version=seen)


def test_a_refused_edit_leaves_nothing_behind(uow: UnitOfWork) -> None:
    before = uow.trees.head(TREE)

    with pytest.raises(RuleBroken):
        editing.edit(uow, TREE, [Rename(at(uow, "Kitchen"), "Garden")], author="bob")
    uow.rollback()

    assert uow.trees.head(TREE).digest() == before.digest()
    assert len(uow.changes.log(TREE)) == 1


def test_an_old_change_cannot_be_undone_below_a_newer_one(uow: UnitOfWork) -> None:
    kitchen = at(uow, "Kitchen")
    first = editing.edit(uow, TREE, [Rename(kitchen, "Cooking")], author="ann")
    editing.edit(uow, TREE, [Rename(kitchen, "Cuisine")], author="bob")

    with pytest.raises(StaleEdit, match="bob"):
        editing.revert(uow, first.id, author="ann")


def test_a_change_is_undone_once(uow: UnitOfWork) -> None:
    change = editing.edit(uow, TREE, [Rename(at(uow, "Kitchen"), "Cooking")], author="ann")
    editing.revert(uow, change.id, author="ann")

    with pytest.raises(InputError, match="reverted"):
        editing.revert(uow, change.id, author="ann")


def test_an_undo_can_be_undone(uow: UnitOfWork) -> None:
    change = editing.edit(uow, TREE, [Move(at(uow, "Garden", "Seeds"), at(uow, "Kitchen"))], author="ann")
    back = editing.revert(uow, change.id, author="ann")

    editing.revert(uow, back.id, author="ann")

    assert titles(uow, "Kitchen") == {"Poppy seeds"}


def test_a_proposal_changes_nothing_until_it_is_accepted(uow: UnitOfWork) -> None:
    edits = [Rename(at(uow, "Kitchen"), "Cooking")]
    proposal = editing.propose(uow, TREE, edits, author="build", source=Source.BUILD)
    assert uow.trees.head(TREE).version == 1

    editing.accept(uow, proposal.id, author="ann")

    assert uow.trees.head(TREE).label(at(uow, "Cooking")) == "Cooking"


def test_a_rejected_proposal_cannot_be_accepted(uow: UnitOfWork) -> None:
    edits = [Rename(at(uow, "Kitchen"), "Cooking")]
    proposal = editing.propose(uow, TREE, edits, author="build", source=Source.BUILD)
    editing.reject(uow, proposal.id)

    with pytest.raises(InputError, match="rejected"):
        editing.accept(uow, proposal.id, author="ann")


def test_a_machine_cannot_change_what_a_person_locked(uow: UnitOfWork) -> None:
    kitchen = at(uow, "Kitchen")
    editing.edit(uow, TREE, [Lock(kitchen)], author="ann")

    with pytest.raises(NodeLocked):
        editing.edit(uow, TREE, [Rename(kitchen, "X")], author="build", source=Source.BUILD)


def test_a_release_keeps_its_tree_while_the_head_moves_on(uow: UnitOfWork) -> None:
    releasing.publish(uow, TREE, author="ann", model_revision="m1")
    editing.edit(uow, TREE, [Rename(at(uow, "Kitchen"), "Cooking")], author="bob")

    release, tree = releasing.published(uow, TREE)

    assert (release.tree_version, release.model_revision) == (1, "m1")
    assert tree.find(("Kitchen",)) is not None


def test_an_empty_or_unpublished_taxonomy_says_what_to_do(uow: UnitOfWork) -> None:
    uow.trees.create("empty")

    with pytest.raises(InputError, match="before publishing"):
        releasing.publish(uow, "empty", author="ann")
    with pytest.raises(InputError, match="taxonomy publish --name empty"):
        releasing.published(uow, "empty")
    with pytest.raises(UnknownId, match="taxonomy"):
        releasing.published(uow, "nowhere")


def test_a_second_import_updates_and_retires(uow: UnitOfWork) -> None:
    again = [PRODUCTS[0], Product(ProductId("2"), "Leaf rake, wide"), Product(ProductId("5"), "Bulbs")]

    done = import_catalog(uow, SHOP, again, digest="second")

    counts = done.upserted
    assert (counts.new, counts.changed, counts.unchanged, done.n_retired) == (1, 1, 1, 2)
    assert uow.catalogs.count(SHOP) == 3


def test_an_interrupted_import_goes_on_where_it_stopped(uow: UnitOfWork) -> None:
    many = [Product(ProductId(f"p{at:05}"), f"Product {at}") for at in range(5000)]

    def cut() -> Iterator[Product]:
        yield from many[:4500]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_catalog(uow, "big", cut(), digest="d")
    uow.rollback()

    done = import_catalog(uow, "big", many, digest="d")

    assert (done.n_resumed, done.upserted.new, uow.catalogs.count("big")) == (4000, 5000, 5000)


def test_importing_a_taxonomy_again_keeps_its_ids(uow: UnitOfWork) -> None:
    before = uow.trees.head(TREE)

    done = import_taxonomy(uow, TREE, ENTRIES, author="ann")

    assert (done.n_edits, uow.trees.head(TREE).digest()) == (0, before.digest())
