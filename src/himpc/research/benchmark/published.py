"""Published results, for comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files

from himpc._schema import parse_toml, validated


@dataclass(frozen=True)
class PublishedResult:
    """One published result, as fractions."""

    rank_1: float
    mAP: float


@validated
class _PublishedFile:
    """The content of ``published.toml``: Rank-1 and mAP in percent by split and method."""

    source: str
    results: dict[str, dict[str, tuple[float, float]]]


@cache
def published_results() -> Mapping[str, Mapping[str, PublishedResult]]:
    """Return the published results by split (``"BIWI-S"``) and method (``"Hi-MPC"``), in the order of the paper.

    Examples
    --------
    >>> published_results()["BIWI-S"]["Hi-MPC"]
    PublishedResult(rank_1=0.475, mAP=0.174)
    """
    return {
        split: {
            method: PublishedResult(round(rank_1 / 100, 4), round(mAP / 100, 4))
            for method, (rank_1, mAP) in methods.items()
        }
        for split, methods in _read().results.items()
    }


def published_source() -> str:
    """Return the reference of the published results."""
    return _read().source


@cache
def _read() -> _PublishedFile:
    with as_file(files("himpc.research.benchmark") / "published.toml") as path:
        return parse_toml(_PublishedFile, path)
