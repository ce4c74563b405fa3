"""What search and tagging use."""

from taxonomy.edits import Lock, Rename
from taxonomy.service import releasing
from tests.web.screens import TEA, badges, opened, press, seen
from tests.web.shop import TAXONOMY, Shop
from ui.web.state import Page
from ui.web.views.releases import redirects_sheet


def test_publishing_makes_the_shown_version_the_release(shop: Shop) -> None:
    at = opened()
    at.button(key="publish").click().run()
    shop.edit(Lock(shop.at(*TEA)))

    assert shop.store.releases.log(TAXONOMY)[0].tree_version == 1
    assert "Search and tagging use version 1, 1 change ago." in seen(at.run())


def test_a_release_is_rolled_back_to_the_one_before(shop: Shop) -> None:
    tea = shop.at(*TEA)
    with shop.uow() as uow:
        first = releasing.publish(uow, TAXONOMY, author="Noor")
    shop.edit(Rename(tea, "Teas"))
    with shop.uow() as uow:
        releasing.publish(uow, TAXONOMY, author="Noor")

    at = press(opened(Page.RELEASES), f"back_{first.id}")

    current = shop.store.releases.in_effect(TAXONOMY)
    assert current is not None
    assert (current.restores, current.tree_version) == (first.id, 1)
    assert "back at version 1" in seen(at)


def test_a_release_is_scheduled_and_cancelled(shop: Shop) -> None:
    at = press(opened(Page.RELEASES), "schedule")
    assert "scheduled" in badges(at)
    assert shop.store.releases.in_effect(TAXONOMY) is None

    press(at, f"cancel_{shop.store.releases.log(TAXONOMY)[0].id}")

    assert shop.store.releases.log(TAXONOMY)[0].cancelled_at


def test_what_changed_since_the_release_is_told(shop: Shop) -> None:
    with shop.uow() as uow:
        releasing.publish(uow, TAXONOMY, author="Noor")
    shop.edit(Rename(shop.at(*TEA), "Teas"))

    told = seen(opened(Page.RELEASES, compare=True))

    assert "Renamed" in told
    assert "Teas" in told


def test_differences_and_redirects_can_be_taken_away_as_files(shop: Shop) -> None:
    tea = shop.at(*TEA)
    with shop.uow() as uow:
        releasing.publish(uow, TAXONOMY, author="Noor")
    shop.edit(Rename(tea, "=Teas"))

    at = opened(Page.RELEASES, compare=True)
    sheet = redirects_sheet(TAXONOMY, since=1).decode("utf-8-sig")

    assert [one.label for one in at.get("download_button")] == ["Differences (JSON)", "Redirects (CSV)"]
    assert "Grocery & Drinks > Drinks > Tea,Grocery & Drinks > Drinks > =Teas,1.000" in sheet


def test_a_path_that_a_spreadsheet_would_calculate_is_made_harmless(shop: Shop) -> None:
    garden = shop.at("Garden & Outdoor")
    shop.edit(Rename(garden, "=1+1"))

    assert ",'=1+1," in redirects_sheet(TAXONOMY, since=1).decode("utf-8-sig")


def test_trees_are_compared_only_when_somebody_asks(shop: Shop) -> None:
    with shop.uow() as uow:
        releasing.publish(uow, TAXONOMY, author="Noor")
    shop.edit(Rename(shop.at(*TEA), "Teas"))

    assert "Renamed" not in seen(opened(Page.RELEASES))
