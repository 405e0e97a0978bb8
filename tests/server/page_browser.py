"""A headless Chromium that records errors of the page and requests to other hosts."""

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
SHOTS = os.environ.get("HIMPC_PAGE_SHOTS")
"""The folder for screenshots; none are taken without it."""


def chromium() -> str:
    """Return the path of Chromium, or skip the test."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    return path


@contextmanager
def browser() -> Iterator[Any]:
    """Start Chromium with a new profile."""
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as play:
        process = play.chromium.launch(executable_path=chromium(), headless=True, args=FLAGS)
        yield process
        process.close()
    assert asyncio._get_running_loop() is None, "Playwright left its event loop running in this thread"


class Visit:
    """A page of the server, with the errors and requests it made; skeletons stand still, since drawing takes time."""

    def __init__(self, process: Any, address: str, **context: Any) -> None:
        usual = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}
        self.context = process.new_context(**(usual | context))
        self.context.set_default_timeout(60_000)
        self.page = self.context.new_page()
        self.address, self.errors, self.requests = address, [], []
        self.expected: list[str] = []
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("dialog", lambda dialog: (self.errors.append(dialog.message), dialog.dismiss()))

    def _on_console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def open(self, view: str = "search") -> Any:
        """Open a view and wait until the gallery is loaded."""
        self.page.goto(f"{self.address}/#{view}")
        self.page.locator("#gallery-counts").filter(has_text="recordings").wait_for()
        return self.page

    def shoot(self, name: str, *, whole: bool = True) -> None:
        """Save a screenshot, if there is a folder for them."""
        if SHOTS:
            self.page.evaluate("document.documentElement.scrollTop = 0")
            self.page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=whole)

    def close(self) -> None:
        """Close the page, and fail on errors that contain no text of `expected`, or on requests to other hosts."""
        self.context.close()
        unexpected = [text for text in self.errors if not any(each in text for each in self.expected)]
        assert not unexpected, unexpected
        foreign = {url for url in self.requests if urlsplit(url).netloc != urlsplit(self.address).netloc}
        assert not {url for url in foreign if not url.startswith(("about:", "blob:", "data:"))}, foreign
