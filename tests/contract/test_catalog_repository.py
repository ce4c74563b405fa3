"""Products: imported again and again, each counted once, retired when a file no longer has them."""

from dataclasses import replace

import pytest

from taxonomy.errors import InputError, StoreError, UnknownId
from taxonomy.ports import UnitOfWork
from taxonomy.product import Product, ProductId
from taxonomy.records import Upserted
from tests.contract.given import POPPY, SHELF, SPADE, WOK, imported


def test_products_come_back_as_they_were_in_the_order_of_their_ids(uow: UnitOfWork) -> None:
    odd = Product(
        ProductId("Z\t1"), 'Tab\t"quote" \\N {a,b} 中文', category_path=("A, B", 'C "D"', "NULL"), price=0.1
    )
    with uow:
        imported(uow, [WOK, odd, SPADE, POPPY])

        assert list(uow.catalogs.products("shop")) == [odd, SPADE, POPPY, WOK]


@pytest.mark.parametrize("batch_size", [1, 2, 3, 7])
def test_every_batch_size_streams_each_product_once(uow: UnitOfWork, batch_size: int) -> None:
    with uow:
        imported(uow, SHELF)

        assert list(uow.catalogs.products("shop", batch_size=batch_size)) == list(SHELF)


def test_a_stream_of_products_outlives_a_commit(uow: UnitOfWork) -> None:
    with uow:
        imported(uow, SHELF)
        seen = []
        for product in uow.catalogs.products("shop", batch_size=1):
            seen.append(product)
            uow.commit()

    assert seen == list(SHELF)


def test_an_unknown_catalogue_is_answered_with_those_that_exist(uow: UnitOfWork) -> None:
    with uow:
        uow.catalogs.create("shop")

        with pytest.raises(UnknownId, match=r"no catalog 'shoe'.*shop"):
            uow.catalogs.count("shoe")
        with pytest.raises(UnknownId):
            uow.catalogs.products("shoe")
        with pytest.raises(UnknownId):
            uow.catalogs.begin_import("shoe", "one")
        with pytest.raises(UnknownId):
            uow.catalogs.get("shoe", [])
        with pytest.raises(UnknownId):
            uow.catalogs.search("shoe", "wok")


def test_creating_a_catalogue_twice_changes_nothing(uow: UnitOfWork) -> None:
    with uow:
        imported(uow, SHELF)
        uow.catalogs.create("Shop")

        assert [(one.name, one.n_products) for one in uow.catalogs.names()] == [("shop", 3)]


def test_a_catalogue_tells_when_it_was_imported(uow: UnitOfWork) -> None:
    with uow:
        uow.catalogs.create("empty")
        imported(uow, SHELF)

        empty, shop = uow.catalogs.names()

    assert empty.updated_at is None
    assert shop.updated_at is not None


def test_a_bad_catalogue_name_is_refused(uow: UnitOfWork) -> None:
    with uow, pytest.raises(InputError, match="cannot be the name of a catalog"):
        uow.catalogs.create("my shop")


def test_a_second_import_counts_new_changed_and_unchanged(uow: UnitOfWork) -> None:
    fresh = Product(ProductId("p9"), "Kettle")
    with uow:
        imported(uow, SHELF)

        mark, retired = imported(uow, [SPADE, replace(POPPY, price=2.0), WOK, fresh], "two")

        assert mark.upserted == Upserted(new=1, changed=1, unchanged=2)
        assert (retired, uow.catalogs.count("shop")) == (0, 4)


@pytest.mark.parametrize(
    "changed",
    [
        replace(SPADE, title="Spade"),
        replace(SPADE, brand=""),
        replace(SPADE, description="x"),
        replace(SPADE, category_path=("Garden > Tools",)),
        replace(SPADE, price=None),
        replace(SPADE, image="x"),
        replace(SPADE, split="x"),
        replace(SPADE, attributes={"a": "b"}),
    ],
)
def test_every_field_makes_a_product_changed(uow: UnitOfWork, changed: Product) -> None:
    with uow:
        imported(uow, [SPADE])

        mark, _ = imported(uow, [changed], "two")

        assert mark.upserted == Upserted(changed=1)
        assert uow.catalogs.get("shop", [SPADE.id]) == [changed]


def test_the_order_of_attributes_does_not_count(uow: UnitOfWork) -> None:
    with uow:
        imported(uow, [POPPY])

        mark, _ = imported(uow, [replace(POPPY, attributes={"season": "spring", "colour": "red"})], "two")

    assert mark.upserted == Upserted(unchanged=1)


def test_products_that_a_file_lacks_retire_and_come_back_as_new(uow: UnitOfWork) -> None:
    with uow:
        imported(uow, SHELF)
        _, retired = imported(uow, [SPADE], "two")
        assert retired == 2
        assert list(uow.catalogs.products("shop")) == [SPADE]
        assert uow.catalogs.get("shop", [WOK.id, SPADE.id]) == [WOK, SPADE]

        mark, retired = imported(uow, [SPADE, WOK], "one")

        assert (mark.upserted, retired) == (Upserted(new=1, unchanged=1), 0)
        assert uow.catalogs.count("shop") == 2


def test_retiring_stays_within_its_catalogue(uow: UnitOfWork) -> None:
    with uow:
        imported(uow, SHELF)
        uow.catalogs.create("other")
        mark = uow.catalogs.begin_import("other", "one")
        uow.catalogs.finish_import("other", uow.catalogs.upsert("other", mark, [SPADE]))

        assert (uow.catalogs.count("shop"), uow.catalogs.count("other")) == (3, 1)


def test_an_unfinished_import_goes_on_where_it_was(uow: UnitOfWork) -> None:
    with uow:
        uow.catalogs.create("shop")
        mark = uow.catalogs.upsert("shop", uow.catalogs.begin_import("shop", "one"), SHELF[:2])
        uow.commit()
        uow.catalogs.upsert("shop", mark, SHELF[2:])  # lost: not committed
    with uow:
        resumed = uow.catalogs.begin_import("shop", "one")
        assert resumed == mark
        assert resumed.rows_done == 2

        done = uow.catalogs.upsert("shop", resumed, SHELF[2:])

        assert (done.rows_done, done.upserted) == (3, Upserted(new=3))
        assert uow.catalogs.finish_import("shop", done) == 0


def test_a_finished_import_begins_anew(uow: UnitOfWork) -> None:
    with uow:
        mark, _ = imported(uow, SHELF)

        again = uow.catalogs.begin_import("shop", "one")

        assert (again.rows_done, again.upserted, again.finished) == (0, Upserted(), False)
        assert again.id != mark.id


def test_an_import_that_another_followed_begins_anew(uow: UnitOfWork) -> None:
    with uow:
        uow.catalogs.create("shop")
        old = uow.catalogs.upsert("shop", uow.catalogs.begin_import("shop", "one"), [SPADE])
        uow.catalogs.begin_import("shop", "two")

        with pytest.raises(StoreError, match="overtaken"):
            uow.catalogs.upsert("shop", old, [POPPY])
        with pytest.raises(StoreError, match="overtaken"):
            uow.catalogs.finish_import("shop", old)
        assert uow.catalogs.begin_import("shop", "one").rows_done == 0


def test_two_processes_cannot_write_the_same_part_of_an_import(uow: UnitOfWork) -> None:
    with uow:
        uow.catalogs.create("shop")
        mark = uow.catalogs.begin_import("shop", "one")
        uow.catalogs.upsert("shop", mark, SHELF[:2])

        with pytest.raises(StoreError, match="overtaken"):
            uow.catalogs.upsert("shop", mark, SHELF[:2])


def test_an_id_twice_in_a_batch_is_refused(uow: UnitOfWork) -> None:
    with uow:
        uow.catalogs.create("shop")
        mark = uow.catalogs.begin_import("shop", "one")

        with pytest.raises(InputError, match="twice"):
            uow.catalogs.upsert("shop", mark, [SPADE, WOK, SPADE])


def test_an_empty_batch_is_no_change(uow: UnitOfWork) -> None:
    with uow:
        uow.catalogs.create("shop")
        mark = uow.catalogs.begin_import("shop", "one")

        assert uow.catalogs.upsert("shop", mark, []) == mark
        assert uow.catalogs.get("shop", []) == []


@pytest.mark.parametrize("title", ["a\0b", "a\ud800b"])
@pytest.mark.parametrize("where", ["title", "attributes"])
def test_text_that_cannot_be_stored_is_one_clear_error(uow: UnitOfWork, title: str, where: str) -> None:
    bad = replace(SPADE, title=title) if where == "title" else replace(SPADE, attributes={"a": title})
    with uow:
        uow.catalogs.create("shop")
        mark = uow.catalogs.begin_import("shop", "one")

        with pytest.raises(InputError, match="cannot be stored"):
            uow.catalogs.upsert("shop", mark, [bad])


def test_products_are_got_in_the_order_asked_for_without_the_unknown(uow: UnitOfWork) -> None:
    with uow:
        imported(uow, SHELF)

        assert uow.catalogs.get("shop", [WOK.id, ProductId("x"), SPADE.id]) == [WOK, SPADE]


def test_search_finds_similar_titles_of_live_products_best_first(uow: UnitOfWork) -> None:
    kettle = Product(ProductId("p4"), "Copper kettle")
    settle = Product(ProductId("p5"), "Kettles, steel, 2 l")
    with uow:
        imported(uow, [*SHELF, kettle, settle])
        imported(uow, [*SHELF[:2], kettle, settle], "two")

        assert uow.catalogs.search("shop", "kettle") == [kettle, settle]
        assert uow.catalogs.search("shop", "KETTLE", limit=1) == [kettle]
        assert uow.catalogs.search("shop", "wok") == []
        assert uow.catalogs.search("shop", "") == []
