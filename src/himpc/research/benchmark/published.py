"""Published results, to stand beside ours in a table."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["PublishedResult", "published_results", "published_source"]


@dataclass(frozen=True)
class PublishedResult:
    """One published result, shares of 1."""

    rank_1: float
    mAP: float


@cache
def published_results() -> Mapping[str, Mapping[str, PublishedResult]]:
    """Return the published results by split (``"BIWI-S"``) and method (``"Hi-MPC"``), in the order of the paper.

    Examples
    --------
    >>> published_results()["BIWI-S"]["Hi-MPC"]
    PublishedResult(rank_1=0.475, mAP=0.174)
    """
    table = _table()
    return {
        split: {
            method: PublishedResult(round(rank_1 / 100, 4), round(mAP / 100, 4))
            for method, (rank_1, mAP) in rows.items()
        }
        for split, rows in table.items()
        if isinstance(rows, dict)
    }


def published_source() -> str:
    """Return where the published results stand."""
    return str(_table()["source"])


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads((files("himpc.research.benchmark") / "published.toml").read_text(encoding="utf-8"))
