"""The app in a real browser: what AppTest cannot reach, above all the tree."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.web.browser import CHROMIUM, browser_page, go_to, node, served, wait_for_calm

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs the system's package `chromium`"),
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as one:
        yield one


@pytest.fixture
def page(address: str) -> Iterator[Page]:
    with browser_page(address) as one:
        yield one


def test_a_merchandiser_renames_moves_undoes_and_searches(page: Page, tmp_path: Path) -> None:
    heading = page.get_by_role("heading", level=2).first  # a second one may be fading out
    foreign: list[str] = []
    page.on("request", lambda request: foreign.append(request.url) if _is_foreign(request.url) else None)

    # Select: the click opens the category and its page.
    node(page, "Drinks").locator(".wb-title").click()
    expect(heading).to_have_text("Drinks")
    expect(node(page, "Tea")).to_have_attribute("data-count", "9")

    # Rename in the tree, with the keyboard.
    node(page, "Tea").locator(".wb-title").click()
    expect(heading).to_have_text("Tea")
    wait_for_calm(page)
    page.keyboard.press("F2")
    page.locator(".wb-input-edit").fill("Infusions")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Renamed “Tea” to “Infusions”")).to_be_visible()
    expect(heading).to_have_text("Infusions")

    # Undo: the true name is back in the tree, and the category is still selected.
    page.get_by_role("button", name="Undo").click()
    expect(node(page, "Tea")).to_be_visible()
    expect(page.locator(".wb-row.wb-active")).to_have_text("Tea")
    wait_for_calm(page)

    # A refused rename says why, and the tree shows what is true.
    node(page, "Tea").locator(".wb-title").dblclick()
    page.locator(".wb-input-edit").fill("Coffee")
    page.keyboard.press("Enter")
    expect(page.get_by_text("There would be two categories 'Coffee'")).to_be_visible()
    expect(node(page, "Coffee")).to_have_count(1)
    expect(node(page, "Tea")).to_be_visible()
    wait_for_calm(page)

    # Move by drag and drop.
    node(page, "Snacks").drag_to(node(page, "Drinks"))
    expect(page.get_by_text("Moved “Snacks” under “Drinks”")).to_be_visible()
    expect(node(page, "Drinks")).to_have_attribute("data-count", "45")
    wait_for_calm(page)

    # Find a category by a part of its name.
    page.get_by_placeholder("Find a category").fill("WHITENING")
    expect(page.get_by_text("No category has this in its name.")).to_be_visible()
    page.get_by_placeholder("Find a category").fill("beans")
    expect(node(page, "Coffee Beans")).to_be_visible()
    expect(node(page, "Garden & Outdoor")).to_have_count(0)
    page.get_by_placeholder("Find a category").fill("")

    # Search as a shopper, and go where it leads.
    page.get_by_placeholder("Try a shopper's search").fill("coffee beans")
    page.keyboard.press("Enter")
    expect(heading).to_have_text("“coffee beans” means one category.")
    page.get_by_role("button", name="Coffee Beans").click()
    expect(heading).to_have_text("Coffee Beans")
    expect(page.locator(".wb-row.wb-active")).to_have_text("Coffee Beans")

    page.screenshot(path=tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 20_000
    assert foreign == []


def test_a_draft_is_proposed_accepted_and_published_and_the_release_taken_back(page: Page) -> None:
    # Keep a rename for later: nothing happens yet.
    page.get_by_placeholder("Find a category").fill("garden")
    node(page, "Garden & Outdoor").locator(".wb-title").click()
    expect(page.get_by_role("heading", level=2).first).to_have_text("Garden & Outdoor")
    page.locator(".st-key-action").get_by_text("Rename").click()
    page.get_by_label("New name").fill("Garden")
    expect(page.get_by_text("will be called “Garden”")).to_be_visible()
    page.get_by_role("button", name="Keep for later").click()
    expect(page.get_by_text("nothing has happened yet")).to_be_visible()
    expect(node(page, "Garden & Outdoor")).to_be_visible()

    # Propose and accept it: the tree follows.
    go_to(page, "Changes")
    page.get_by_role("button", name="Propose", exact=True).click()
    expect(page.get_by_text("Proposed: Rename")).to_be_visible()
    wait_for_calm(page)
    mine = page.locator("[class*='st-key-change_']").filter(has_text="“Garden”")
    mine.get_by_role("button", name="Accept").click()
    expect(node(page, "Garden")).to_be_visible()
    expect(mine).to_have_count(0)

    # Publish, and go back to what was in effect before.
    go_to(page, "Releases")
    page.locator(".st-key-publish_now").get_by_role("button").click()
    expect(page.get_by_text("search and tagging use it from now on")).to_be_visible()
    page.get_by_role("button", name="Go back to it").click()
    expect(page.get_by_text("Search and tagging are back at version 2")).to_be_visible()
    expect(node(page, "Garden")).to_be_visible()


def test_what_a_later_edit_stands_against_says_who_was_first(page: Page) -> None:
    go_to(page, "Changes")
    stale = page.locator("[class*='st-key-change_']").filter(has_text="As our rivals say")

    stale.get_by_role("button", name="Accept").click()

    expect(page.get_by_text("1 edit did not go in and waits")).to_be_visible()
    expect(page.get_by_text("Noor changed 'Beauty & Health > Perfumes'")).to_be_visible()
    page.get_by_placeholder("Find a category").fill("scents")
    expect(node(page, "Candles & Scents")).to_be_visible()


def test_the_page_fits_a_narrow_screen(page: Page) -> None:
    page.set_viewport_size({"width": 480, "height": 800})
    page.reload()
    expect(page.get_by_placeholder("Try a shopper's search")).to_be_visible()

    overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")

    assert overflow <= 0


def _is_foreign(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:"))
