"""What is said of a category beside its name and place."""

from taxonomy.edits import Relabel, Relate, Rename, Restrict, SetAttributes, SetCrosswalk
from taxonomy.node import (
    Attribute,
    AttributeKind,
    Label,
    LabelKind,
    Match,
    Relation,
    RelationKind,
    Restriction,
    RestrictionKind,
)
from taxonomy.service.browsing import shelves
from tests.web.screens import COFFEE, TEA, act, detail, field, opened, press, seen
from tests.web.shop import CATALOG, TAXONOMY, Shop


def test_labels_are_kept_per_language_with_the_scope_note(shop: Shop) -> None:
    tea = shop.at(*TEA)
    at = act(opened(node_id=tea), "Details")
    field(at, "Language").set_value("de").run()
    field(at, "Name in this language").set_value("Tee").run()
    field(at, "Other names, one a line").set_value("Tees\nTeesorten").run()
    field(at, "Misspellings that search should know, one a line").set_value("The").run()
    field(at, "Says what belongs in it").set_value("Leaves to be brewed").run()

    press(at, "apply")

    node = shop.tree.nodes[tea]
    assert node.name == "Tea"
    assert node.name_in("de") == "Tee"
    assert node.alt_labels == ("Tees", "Teesorten")
    assert Label("The", LabelKind.HIDDEN, "de") in node.labels
    assert node.scope_note == "Leaves to be brewed"


def test_a_category_is_related_to_another_and_no_longer(shop: Shop) -> None:
    tea, coffee = shop.at(*TEA), shop.at(*COFFEE)
    at = detail(act(opened(node_id=tea), "Details"), "Relations")
    field(at, "How").set_value(RelationKind.SUBSTITUTE).run()
    field(at, "Which category").set_value(coffee).run()
    at = press(at, "apply")

    assert shop.tree.nodes[tea].relations == (Relation(RelationKind.SUBSTITUTE, coffee),)

    at = detail(act(at, "Details"), "Relations")
    field(at, "Relation").select_index(1).run()
    press(at, "apply")

    assert shop.tree.nodes[tea].relations == ()


def test_a_category_is_restricted_to_regions(shop: Shop) -> None:
    tea = shop.at(*TEA)
    at = detail(act(opened(node_id=tea), "Details"), "Restrictions")
    pills = next(one for one in at.get("button_group") if str(one.key).startswith("limits"))
    pills.set_value([RestrictionKind.REGION]).run()
    field(at, "Sold in (codes, parted by commas)").set_value("de, at").run()

    press(at, "apply")

    assert shop.tree.restrictions(tea) == (Restriction(RestrictionKind.REGION, ("DE", "AT")),)


def test_that_a_category_has_no_match_elsewhere_can_be_said(shop: Shop) -> None:
    tea = shop.at(*TEA)
    at = detail(act(opened(node_id=tea), "Details"), "Elsewhere")
    field(at, "It has none there").check().run()

    press(at, "apply")

    assert shop.tree.nodes[tea].crosswalk == (Match("google", ""),)


def test_subcategories_are_put_in_the_order_of_their_size(shop: Shop) -> None:
    drinks = shop.at("Grocery & Drinks", "Drinks")
    at = detail(act(opened(node_id=drinks), "Details"), "Order")
    field(at, "Order of the subcategories").set_value("Largest first").run()

    press(at, "apply")

    with shop.uow() as uow:
        totals = shelves(uow, TAXONOMY, CATALOG).total
    sizes = [totals[at] for at in shop.tree.children_of(drinks)]
    assert sizes == sorted(sizes, reverse=True)


def test_attributes_from_above_are_told_with_the_own_ones(shop: Shop) -> None:
    drinks, tea = shop.at("Grocery & Drinks", "Drinks"), shop.at(*TEA)
    shop.edit(SetAttributes(drinks, (Attribute("Volume", AttributeKind.NUMBER, "l"),)))

    at = detail(act(opened(node_id=tea), "Details"), "Attributes")

    assert "From above: Volume" in seen(at)


def test_a_category_tells_what_is_said_of_it(shop: Shop) -> None:
    tea, coffee = shop.at(*TEA), shop.at(*COFFEE)
    shop.edit(
        Relabel(tea, "de", "Tee", scope_note="Leaves to be brewed"),
        Relate(tea, RelationKind.SUBSTITUTE, coffee),
        Restrict(tea, (Restriction(RestrictionKind.REGION, ("DE",)),)),
        SetCrosswalk(tea, "google", "2073"),
    )

    told = seen(opened(node_id=tea))

    for part in ("Leaves to be brewed", "Tee (de)", "Coffee", "only in DE", "google: 2073"):
        assert part in told


def test_searches_are_led_here_and_let_go_in_the_details(shop: Shop) -> None:
    tea = shop.at(*TEA)
    at = detail(act(opened(node_id=tea), "Details"), "Searches")
    field(at, "Always lead this search here").set_value("chai").run()
    at = press(at, "pin ")
    assert shop.tree.pinned("chai") == tea

    press(detail(act(at, "Details"), "Searches"), "unpin chai")

    assert shop.tree.pinned("chai") is None


def test_the_history_of_one_category_tells_only_what_touched_it(shop: Shop) -> None:
    tea, coffee = shop.at(*TEA), shop.at(*COFFEE)
    shop.edit(Rename(tea, "Infusions"), author="Noor")
    shop.edit(Rename(coffee, "Brews"), author="Sam")

    told = seen(detail(act(opened(node_id=tea), "Details"), "History"))

    assert "Noor" in told
    assert "Infusions" in told
    assert "Sam" not in told
