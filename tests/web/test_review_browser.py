"""Review in a real browser, where keys are pressed."""

import pytest
from playwright.sync_api import expect

from tests.web.browser import CHROMIUM, browser_page, go_to, served, wait_for_calm

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs the system's package `chromium`"),
]


def test_answers_are_given_and_taken_back_by_keys_which_letters_in_a_field_are_not() -> None:
    with served() as address, browser_page(address) as page:
        go_to(page, "Review")
        question = page.locator(".st-key-question h4")
        first = question.inner_text()

        page.keyboard.press("1")
        expect(question).not_to_have_text(first)
        expect(page.locator(".st-key-notice_done")).to_contain_text("Put 2 products into “Tea”")
        wait_for_calm(page)

        page.keyboard.press("u")
        expect(question).to_have_text(first)
        wait_for_calm(page)

        box = page.get_by_role("combobox", name="Another category")
        box.click()
        box.press_sequentially("next 1")
        wait_for_calm(page)
        expect(question).to_have_text(first)
        expect(page.locator(".st-key-notice_done")).to_contain_text("Took back")
