"""Tables of a benchmark: published results, ours, and what there is, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from himpc.evaluation import LevelEvaluation, markdown_table, percent
from himpc.model import BASELINES
from himpc.research.benchmark.published import PublishedResult
from himpc.research.data import BenchmarkSet

__all__ = ["Results", "ViewResult", "counts_table", "method_table", "rank_1_and_map", "view_table"]


@dataclass(frozen=True)
class ViewResult:
    """How the probes of one view fared, shares of 1."""

    rank_1: float
    mAP: float
    queries: int


Results = Mapping[str, Mapping[str, LevelEvaluation]]
"""By split and method."""

Views = Mapping[str, Mapping[str, ViewResult]]
"""By split and view of the probe."""

Published = Mapping[str, Mapping[str, PublishedResult]]

_Row = tuple[str, str, Mapping[str, str]]
"""Method, whose it is, and a cell a split."""


def rank_1_and_map(rank_1: float, mAP: float) -> str:
    """Return both in percent.

    >>> rank_1_and_map(0.475, 0.174)
    '47.5 / 17.4'
    """
    return f"{percent(rank_1)} / {percent(mAP)}"


def method_table(variants: Mapping[str, Results], published: Published | None = None) -> str:
    """Return Rank-1 / mAP in percent: a column a split; a row a method and variant, the published ones first.

    Variants in which a method fares the same, as a baseline mostly does, share its row.

    Parameters
    ----------
    variants : mapping of str to results
        By name; a single one needs none.
    published : mapping, optional
        Results to stand above ours; then, or with several variants, a column ``by`` tells whose each row is.
    """
    splits = list(dict.fromkeys(split for results in variants.values() for split in results))
    rows = _published_rows(splits, published or {})
    for method in _methods(variants):
        rows += _our_rows(variants, method)
    several = published or len(variants) > 1
    return markdown_table(
        [
            {"method": method, **({"by": by} if several else {})} | {split: cells.get(split, "") for split in splits}
            for method, by, cells in rows
        ]
    )


def _published_rows(splits: list[str], published: Published) -> list[_Row]:
    theirs = {split: published.get(split, {}) for split in splits}
    methods = dict.fromkeys(method for rows in theirs.values() for method in rows)
    return [
        (
            method,
            "published",
            {s: rank_1_and_map(rows[method].rank_1, rows[method].mAP) for s, rows in theirs.items() if method in rows},
        )
        for method in methods
    ]


def _our_rows(variants: Mapping[str, Results], method: str) -> list[_Row]:
    """Return a row for each different outcome of a method, with the names of its variants."""
    outcomes: list[tuple[list[str], Mapping[str, str]]] = []
    for name, results in variants.items():
        cells = _cells(results, method)
        alike = next((names for names, other in outcomes if other == cells), None)
        if alike is not None:
            alike.append(name)
        elif cells:
            outcomes.append(([name], cells))
    return [
        (method, "himpc" if len(names) == len(variants) else f"himpc: {'; '.join(names)}", cells)
        for names, cells in outcomes
    ]


def _methods(variants: Mapping[str, Results]) -> list[str]:
    """Return the methods of all variants, what was trained before the baselines."""
    found = dict.fromkeys(m for results in variants.values() for methods in results.values() for m in methods)
    baselines = {baseline.title for baseline in BASELINES.values()}
    return sorted(found, key=lambda method: method in baselines)


def _cells(results: Results, method: str) -> dict[str, str]:
    return {
        split: rank_1_and_map(found.ranking.rank[1], found.ranking.mAP)
        for split, methods in results.items()
        if (found := methods.get(method)) is not None
    }


def view_table(variants: Mapping[str, Views]) -> str:
    """Return Rank-1 / mAP by the view of the probe: a row a view and variant; empty where views are not known."""
    names = sorted({view for results in variants.values() for views in results.values() for view in views})
    rows = []
    for view in names:
        for name, results in variants.items():
            cells = {split: views[view] for split, views in results.items() if view in views}
            by = {"by": f"himpc: {name}"} if len(variants) > 1 else {}
            found = {split: rank_1_and_map(cell.rank_1, cell.mAP) for split, cell in cells.items()}
            rows.append({"view": view, **by, **found})
    return markdown_table(rows)


def counts_table(data: BenchmarkSet) -> str:
    """Return what was found, and how many people are published where any are, as a Markdown table."""
    rows = []
    for part, counts in data.counts.items():
        found = {name: "–" if number is None else str(number) for name, number in counts.to_dict().items()}
        persons = data.protocol.persons
        published = {"persons published": str(persons.get(part, "–"))} if persons else {}
        rows.append({"part": part, **found, **published})
    return markdown_table(rows)
