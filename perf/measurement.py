"""Helpers that several measurements share."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch

from himpc.recordings import Windows, clean
from himpc.simulation import simulate

LENGTH, STRIDE = 6, 3
RECORDINGS = 42
WINDOWS_PER_PERSON = 1590
"""About; a recording loses the frames that its simulated sensor made unusable."""

T = TypeVar("T")


class IgnoreWarnings:
    """A training callback that ignores warnings."""

    def on_warning(self, message: str) -> None:
        """Ignore the warning."""


def use_one_thread() -> None:
    """Limit torch to one thread, so that parallel processes do not compete for cores."""
    torch.set_num_threads(1)


def simulate_windows(n: int) -> Windows:
    """Return n windows of simulated walkers; more windows show more people."""
    recordings = simulate(people=n // WINDOWS_PER_PERSON + 2, recordings=RECORDINGS, seconds=4.0, seed=1)
    windows = Windows.cut([part for each in recordings for part in clean(each)], LENGTH, STRIDE)
    if len(windows) < n:
        raise SystemExit(f"the simulated people gave {len(windows)} windows, expected {n}")
    return windows.part(slice(0, n))


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Return the seconds that a function takes, and its result."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def replace_section(page: Path, start: str, end: str, text: str) -> None:
    """Replace the text between two comments of a page."""
    before, found_start, rest = page.read_text(encoding="utf-8").partition(start)
    _, found_end, after = rest.partition(end)
    if not (found_start and found_end):
        raise SystemExit(f"{page}: has no pair of comments {start.strip()} and {end} to write between")
    page.write_text(f"{before}{start}\n{text}\n{end}{after}", encoding="utf-8")
