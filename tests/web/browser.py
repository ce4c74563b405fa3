"""A Chromium without a window, and the app over the sample store for it to look at."""

import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Locator, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
START_TIMEOUT_S = 120
PATIENCE_MS = 60_000  # for a page to show what it should, on a machine that is busy

expect.set_options(timeout=PATIENCE_MS)


@contextmanager
def served(script: Path = ROOT / "tests" / "web" / "page.py") -> Iterator[str]:
    """The address of the app, served by a process of its own until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Streamlit reads the settings in the folder that it runs in.
    command = [sys.executable, "-m", "streamlit", "run", str(script)]
    command += [f"--server.port={port}", "--server.address=127.0.0.1", "--server.fileWatcherType=none"]
    process = subprocess.Popen(
        command, cwd=ROOT / "ui" / "web", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _await(f"{address}/_stcore/health", process)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextmanager
def browser_page(address: str, *, width: int = 1280, height: int = 800) -> Iterator[Page]:
    """The app in Chromium, its tree drawn."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            page = chromium.new_page(viewport={"width": width, "height": height})
            page.set_default_timeout(PATIENCE_MS)
            page.goto(address)
            page.locator(".wb-title").first.wait_for()
            yield page
        finally:
            chromium.close()


def node(page: Page, name: str) -> Locator:
    """The row of the tree with this name."""
    return page.locator(".wb-node").filter(has=page.get_by_text(name, exact=True))


def go_to(page: Page, name: str) -> None:
    """Open one of the pages."""
    page.locator(".st-key-page").get_by_text(name).first.click()
    page.get_by_role("heading", level=2, name=name).wait_for()
    wait_for_calm(page)


def wait_for_calm(page: Page) -> None:
    """Return when the page has drawn the answer to the last click."""
    page.wait_for_timeout(400)  # selecting is sent a moment after the last key
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    page.wait_for_timeout(300)  # a button hears its key a moment after it is drawn


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(START_TIMEOUT_S * 5):
        if process.poll() is not None:
            raise RuntimeError(f"the app ended at once, with exit code {process.returncode}")
        try:
            with urllib.request.urlopen(url):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    raise TimeoutError(f"{url} did not answer in {START_TIMEOUT_S} s")
