"""A tree that is built again: what stays, what changes on clear evidence, and what the budget allows."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingest.cluster.build import build
from ingest.cluster.keep import rebuild
from ingest.cluster.outcome import Fate, Rebuilt
from ingest.cluster.shape import Shape
from ingest.cluster.standing import Standing
from ingest.evaluate.build_rebuild import kept_share
from taxonomy.changes import apply
from taxonomy.edits import Assign, Lock
from taxonomy.formats.tree_json import write
from taxonomy.invariants import check
from taxonomy.node import NodeId
from taxonomy.product import Product, ProductId, Source
from tests.unit.known_shop import Shop, node

ALL = 1.0  # a budget that nothing exceeds


def again(
    shop: Shop,
    standing: Standing,
    *,
    churn: float = ALL,
    min_size: int = 6,
    seed: int = 0,
    attach: bool = False,
) -> Rebuilt:
    return rebuild(
        shop.products,
        shop.vectors,
        standing=standing,
        churn=churn,
        shape=Shape(min_size=min_size),
        seed=seed,
        attach=attach,
    )


def place(grown: Rebuilt, product_id: ProductId) -> NodeId | None:
    return grown.built.memberships[product_id].node_id


def fates(grown: Rebuilt) -> dict[NodeId, Fate]:
    return {one.node_id: one.fate for one in grown.outcomes}


def test_the_same_products_leave_the_tree_as_it_is() -> None:
    shop = Shop().stock(20)
    file = shop.file()

    grown = again(shop, Standing.of_file(file))

    assert grown.change_set_edits("shop") == ()
    assert grown.built.tree.digest() == file.tree.digest()
    assert set(fates(grown).values()) == {Fate.KEEP}


def test_arrivals_join_the_node_that_they_fit_and_it_is_said() -> None:
    shop = Shop().stock(20)
    file = shop.file()
    came = shop.add("Pans", 3, tag="new")

    grown = again(shop, Standing.of_file(file))

    pans = node(file.tree, "Kitchen", "Pans")
    assert {place(grown, one) for one in came} == {pans}
    assert grown.moved == set(came)
    assert fates(grown)[pans] is Fate.GROW
    assert [one.product_ids for one in grown.change_set_edits("shop") if isinstance(one, Assign)] == [
        tuple(came)
    ]


def test_a_tenth_more_products_leaves_the_nodes_of_a_built_tree_what_they_are() -> None:
    shop = Shop().stock(20)
    first = build(shop.products, shop.vectors, shape=Shape(max_depth=2, min_size=6))
    for kind in shop.middle:
        shop.add(kind, 2, tag="new")

    grown = again(shop, Standing.of_file(first.file()))

    assert kept_share(first.tree, first.places, grown.built.tree, grown.built.places) >= 0.95


def test_a_kind_that_was_not_there_becomes_a_node_beside_its_like() -> None:
    shop = Shop().stock(20, but=["Knives"])
    file = shop.file()
    came = shop.add("Knives", 20)

    grown = again(shop, Standing.of_file(file), churn=0)

    (new,) = {place(grown, one) for one in came}
    tree = grown.built.tree
    assert new is not None and new not in file.tree
    assert tree.path(new) == ("Kitchen", tree.nodes[new].name)
    assert "Knives" in tree.nodes[new].name
    assert fates(grown)[new] is Fate.NEW


def test_too_few_of_a_new_kind_make_no_node() -> None:
    shop = Shop().stock(20, but=["Knives"])
    file = shop.file()
    shop.add("Knives", 10)

    assert len(again(shop, Standing.of_file(file), min_size=12).built.tree) == len(file.tree)
    assert len(again(shop, Standing.of_file(file), min_size=10).built.tree) == len(file.tree) + 1


def test_a_new_kind_does_not_go_below_a_locked_node() -> None:
    shop = Shop().stock(20, but=["Knives"])
    file = shop.file()
    came = shop.add("Knives", 20)
    locked = apply(file.tree, [Lock(node(file.tree, "Kitchen"))]).tree

    grown = again(shop, Standing.of_file(replace(file, tree=locked)))

    new = place(grown, came[0])
    assert new is not None and grown.built.tree.depth(new) == 1


def test_a_node_of_two_clear_kinds_is_split_and_its_id_leads_to_both() -> None:
    shop = Shop().stock(20)
    file = shop.file({"Rakes": "Speakers"})
    tree = file.tree
    mixed = {**file.members}
    for one in shop.products:
        if one.category_path[1] == "Rakes":
            mixed[one.id] = replace(mixed[one.id], node_id=node(tree, "Audio", "Speakers"))

    grown = again(shop, Standing.of_file(replace(file, members=mixed)))

    old = node(tree, "Audio", "Speakers")
    assert old not in grown.built.tree
    assert place(grown, ProductId("Rakes0")) != place(grown, ProductId("Speakers0"))
    assert set(grown.built.tree.successors(old)) == {
        place(grown, ProductId("Rakes0")), place(grown, ProductId("Speakers0"))
    }  # fmt: skip
    said = next(one for one in grown.outcomes if one.node_id == old)
    assert said.fate is Fate.SPLIT and "two kinds" in said.reason


def twins() -> tuple[Shop, Standing, NodeId, NodeId]:
    """A shop whose pans stand in two nodes by chance; the smaller one, then the larger."""
    shop = Shop().stock(30)
    file = shop.file()
    tree = file.tree
    hoses, pans = node(tree, "Kitchen", "Bowls"), node(tree, "Kitchen", "Pans")
    shop.drop("Bowls")
    members = {
        one.id: replace(file.members[one.id], node_id=hoses)
        if one.category_path[1] == "Pans" and int(one.id[4:]) % 5 < 2
        else file.members[one.id]
        for one in shop.products
    }
    return shop, Standing.of_file(replace(file, members=members)), hoses, pans


def test_siblings_that_are_one_kind_are_merged_into_the_larger() -> None:
    shop, standing, smaller, larger = twins()

    grown = again(shop, standing)

    assert fates(grown)[smaller] is Fate.MERGE
    assert grown.built.tree.resolve(smaller) == larger
    assert place(grown, ProductId("Pans0")) == larger


def test_what_people_hold_is_neither_merged_nor_split_nor_retired() -> None:
    shop, standing, smaller, larger = twins()
    locked = apply(standing.tree, [Lock(smaller), Lock(larger)]).tree

    by_lock = again(shop, replace(standing, tree=locked))
    chosen = frozenset({ProductId("Pans0"), ProductId("Pans2")})
    by_hand = again(shop, replace(standing, by_people=chosen))

    for grown in (by_lock, by_hand):
        assert {smaller, larger} <= grown.built.tree.nodes.keys()
        assert place(grown, ProductId("Pans0")) == smaller
        assert place(grown, ProductId("Pans2")) == larger


def test_of_two_that_are_one_the_node_that_people_hold_stays() -> None:
    shop, standing, smaller, larger = twins()

    grown = again(shop, replace(standing, by_people=frozenset({ProductId("Pans0")})))

    assert grown.built.tree.resolve(larger) == smaller


def test_an_emptied_node_retires_and_so_does_its_parent_when_nothing_is_left() -> None:
    shop = Shop().stock(20)
    file = shop.file()
    kinds = ("Speakers", "Headphones", "Radios", "Amplifiers")
    for kind in kinds:
        shop.drop(kind)

    grown = again(shop, Standing.of_file(file))

    gone = [node(file.tree, "Audio"), *(node(file.tree, "Audio", kind) for kind in kinds)]
    assert {fates(grown)[at] for at in gone} == {Fate.RETIRE}
    assert not set(gone) & grown.built.tree.nodes.keys()
    assert check(grown.built.tree) == []


def test_a_node_that_never_held_a_product_stays() -> None:
    shop = Shop().stock(20)
    file = shop.file()
    shop.drop("Radios")
    never = replace(Standing.of_file(file), before={})

    assert node(file.tree, "Audio", "Radios") in again(shop, never).built.tree


def test_a_node_with_too_few_products_left_goes_into_its_likest_sibling() -> None:
    shop = Shop().stock(20)
    file = shop.file()
    shop.drop("Radios", leave=2)

    grown = again(shop, Standing.of_file(file))

    radios = node(file.tree, "Audio", "Radios")
    assert fates(grown)[radios] is Fate.MERGE
    assert grown.built.tree.path(grown.built.tree.resolve(radios))[0] == "Audio"
    assert "2 products are left of 20" in next(one.reason for one in grown.outcomes if one.node_id == radios)


def test_at_no_budget_nothing_but_arrivals_happens_and_what_was_put_off_is_said() -> None:
    shop, standing, smaller, _ = twins()
    came = shop.add("Knives", 3, tag="new")
    shop.drop("Radios")

    none, all_ = again(shop, standing, churn=0), again(shop, standing)

    assert none.structure == ()
    assert none.moved == set(came)
    put_off = {one.node_id for one in none.outcomes if one.put_off}
    assert smaller in put_off and "put off" in none.summary()
    assert len(all_.structure) >= 2


def test_a_small_budget_takes_the_clearest_case_first() -> None:
    shop, standing, smaller, _ = twins()
    shop.drop("Radios")
    emptied = node(standing.tree, "Audio", "Radios")

    grown = again(shop, standing, churn=0.05)

    assert emptied not in grown.built.tree
    assert smaller in grown.built.tree


def test_two_rebuilds_write_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        shop = Shop().stock(20, but=["Knives"])
        file = shop.file()
        shop.add("Knives", 20)
        write(tmp_path / name, again(shop, Standing.of_file(file)).built.file())

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_ids_of_new_nodes_depend_on_the_seed() -> None:
    shop = Shop().stock(20, but=["Knives"])
    file = shop.file()
    shop.add("Knives", 20)

    one, other = (again(shop, Standing.of_file(file), seed=seed).built.tree for seed in (0, 1))

    assert one.nodes.keys() != other.nodes.keys()


def test_what_was_noise_stays_noise_unless_it_becomes_a_kind() -> None:
    shop = Shop().stock(20)
    file = shop.file()
    odd = Product(ProductId("odd"), "oddity")
    shop.products.append(odd)
    shop.rows.append(np.random.default_rng(0).normal(size=len(shop.rows[0])))
    members = {**file.members, odd.id: replace(file.members[ProductId("Pans0")], node_id=None)}

    grown = again(shop, Standing.of_file(replace(file, members=members)))

    assert place(grown, odd.id) is None


def test_the_edits_of_a_rebuild_make_its_tree_of_the_old_one() -> None:
    shop, standing, *_ = twins()
    shop.add("Knives", 3, tag="new")
    shop.drop("Radios")

    grown = again(shop, standing)

    made = apply(standing.tree, grown.change_set_edits("shop"), Source.BUILD).tree
    assert made.digest() == grown.built.tree.digest()


@pytest.mark.parametrize("churn", [-0.1, 1.1])
def test_a_churn_that_is_no_share_is_refused(churn: float) -> None:
    shop = Shop().stock(6)

    with pytest.raises(ValueError, match="churn"):
        again(shop, Standing.of_file(shop.file()), churn=churn)


def test_a_node_under_another_id_is_not_kept() -> None:
    shop = Shop().stock(10)
    file, other = shop.file(), Shop().stock(10).file({"Rakes": "Forks"})

    assert kept_share(file.tree, file.places, other.tree, other.places) == pytest.approx(14 / 15)


def between(shop: Shop, n: int) -> list[ProductId]:
    """Products that are a bit of every kind of garden things, and of none."""
    names = ("Rakes", "Spades", "Hoses", "Seeds")
    centre = np.mean([shop.middle[one] for one in names], axis=0)
    made = [Product(ProductId(f"stray{i}"), f"curio {'klmnopqrs'[i] * 4}") for i in range(n)]
    shop.products += made
    shop.rows += [centre + shop.rng.normal(size=len(centre)) * 0.1 for _ in made]
    return [one.id for one in made]


def test_what_fits_nowhere_is_attached_above_the_leaves_only_if_asked() -> None:
    shop = Shop().stock(20)
    standing = Standing.of_file(shop.file())
    strays = between(shop, 4)

    left, attached = (again(shop, standing, attach=way) for way in (False, True))

    garden = node(standing.tree, "Garden")
    assert {place(left, one) for one in strays} == {None}
    assert {place(attached, one) for one in strays} == {garden}
    assert left.built.quality.noise_share > attached.built.quality.noise_share == 0
    assert set(strays) <= attached.moved
    (edit,) = [one for one in attached.change_set_edits("shop") if isinstance(one, Assign)]
    assert (edit.node_id, set(edit.product_ids)) == (garden, set(strays))


def test_what_fits_each_node_is_measured_and_an_empty_node_keeps_what_fitted() -> None:
    shop = Shop().stock(20)
    first = again(shop, Standing.of_file(shop.file())).built
    shop.drop("Pans")

    second = again(shop, Standing.of_file(first.file()), churn=0).built

    pans = node(first.tree, "Kitchen", "Pans")
    assert set(first.fits) == set(first.tree.descendants())
    assert second.fits[pans] == first.fits[pans]
    assert second.nowhere is not None and second.nowhere.n_products == len(shop.products)


def test_new_kinds_are_found_by_a_sample_of_very_many_arrivals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.cluster.gaps.MOST_JOINED", 20)
    shop = Shop().stock(20, but=("Pans", "Radios"))
    standing = Standing.of_file(shop.file())
    came = {kind: shop.add(kind, 30) for kind in ("Pans", "Radios")}

    grown = again(shop, standing)

    pans, radios = ([place(grown, one) for one in own] for own in came.values())
    assert Counter(pans).most_common(1)[0][1] >= 27
    assert Counter(radios).most_common(1)[0][1] >= 27
    assert fates(grown)[Counter(pans).most_common(1)[0][0] or NodeId("")] is Fate.NEW
    assert not set(pans) & set(radios) - {None}
