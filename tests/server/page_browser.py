"""A headless Chromium that is looked after: no complaint of the page and no request elsewhere goes unseen."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SHOTS = Path(os.environ.get("HIMPC_PAGE_SHOTS", Path(__file__).parents[2] / "tests-artefacts"))
"""Where screenshots go; git ignores it."""


def chromium() -> str:
    """Return the program, or skip the test."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    return found


@contextmanager
def browser() -> Iterator[Any]:
    """Start Chromium with a new profile."""
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as play:
        running = play.chromium.launch(executable_path=chromium(), headless=True, args=FLAGS)
        yield running
        running.close()
    assert asyncio._get_running_loop() is None, "Playwright left its event loop running in this thread"


class Visit:
    """A page of the server, and all that it complained of and asked for."""

    def __init__(self, running: Any, address: str, **context: Any) -> None:
        self.context = running.new_context(**({"viewport": {"width": 1280, "height": 800}} | context))
        self.context.set_default_timeout(10_000)
        self.page = self.context.new_page()
        self.address, self.complaints, self.asked = address, [], []
        self.expected: list[str] = []
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))

    def _said(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def open(self, view: str = "search") -> Any:
        """Open a view and wait until the gallery is there."""
        self.page.goto(f"{self.address}/#{view}")
        self.page.locator("#gallery-counts").filter(has_text="recordings").wait_for()
        return self.page

    def shoot(self, name: str, *, whole: bool = True) -> Path:
        """Keep a picture of the page."""
        SHOTS.mkdir(exist_ok=True, parents=True)
        path = SHOTS / f"{name}.png"
        self.page.evaluate("document.documentElement.scrollTop = 0")
        self.page.screenshot(path=path, full_page=whole)
        return path

    def close(self) -> None:
        """Close it, and judge what it did; a text in `expected` excuses the complaints that hold it."""
        self.context.close()
        unexpected = [text for text in self.complaints if not any(each in text for each in self.expected)]
        assert not unexpected, unexpected
        elsewhere = {url for url in self.asked if urlsplit(url).netloc != urlsplit(self.address).netloc}
        assert not {url for url in elsewhere if not url.startswith(("about:", "blob:", "data:"))}, elsewhere
