"""Take the pictures in docs/: `python -m tests.web.screenshot [ADDRESS [CATEGORY [QUERY]]]`.

Without an address the sample store in memory is shown; with one, the app that runs there, for example after
`shelftree ui`.
"""

import sys
from contextlib import nullcontext
from pathlib import Path

from playwright.sync_api import Page

from tests.web.browser import ROOT, browser_page, go_to, node, served, wait_for_calm

DOCS = ROOT / "docs"


def main(address: str = "", category: str = "Drinks", query: str = "coffee beans") -> None:
    """Write screenshot.png (a category), screenshot-search.png and screenshot-changes.png."""
    DOCS.mkdir(exist_ok=True)
    with nullcontext(address) if address else served() as at, browser_page(at) as page:
        page.get_by_placeholder("Find a category").fill(category)
        node(page, category).first.locator(".wb-title").click()
        page.get_by_placeholder("Find a category").fill("")
        _take(page, DOCS / "screenshot.png")
        page.get_by_placeholder("Try a shopper's search").fill(query)
        page.keyboard.press("Enter")
        page.get_by_role("heading", level=2).filter(has_text=query).wait_for(timeout=120_000)
        _take(page, DOCS / "screenshot-search.png")
        go_to(page, "Changes")
        _take(page, DOCS / "screenshot-changes.png")


def _take(page: Page, path: Path) -> None:
    wait_for_calm(page)
    page.mouse.move(0, 0)
    page.wait_for_timeout(1000)  # tables fade in
    page.screenshot(path=path)


if __name__ == "__main__":
    main(*sys.argv[1:])
