"""The tables of a benchmark: published results, our results, and counts, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from himpc.evaluation import LevelEvaluation, markdown_table, percent
from himpc.model import BASELINES
from himpc.research.benchmark.published import PublishedResult
from himpc.research.data import BenchmarkData


@dataclass(frozen=True)
class ViewResult:
    """The result of the probes of one view, as fractions."""

    rank_1: float
    mAP: float
    queries: int


Results = Mapping[str, Mapping[str, LevelEvaluation]]
"""By split and method."""

Views = Mapping[str, Mapping[str, ViewResult]]
"""By split and view of the probe."""

Published = Mapping[str, Mapping[str, PublishedResult]]

_Row = tuple[str, str, Mapping[str, str]]
"""Method, origin of the row, and a cell per split."""


def rank_1_and_map(rank_1: float, mAP: float) -> str:
    """Return both in percent.

    >>> rank_1_and_map(0.475, 0.174)
    '47.5 / 17.4'
    """
    return f"{percent(rank_1)} / {percent(mAP)}"


def method_table(variants: Mapping[str, Results], published: Published | None = None) -> str:
    """Return Rank-1 / mAP in percent: a column per split; a row per method and variant, published results first.

    Variants with equal results of a method, as most baselines have, share its row.

    Parameters
    ----------
    variants : mapping of str to results
        By the name of the variant; the name of a single one may be empty.
    published : mapping, optional
        Published results. With these, or with several variants, a column ``by`` states the origin of each row.
    """
    splits = list(dict.fromkeys(split for results in variants.values() for split in results))
    rows = _published_rows(splits, published or {})
    for method in _methods(variants):
        rows += _measured_rows(variants, method)
    with_origin = published or len(variants) > 1
    return markdown_table(
        [
            {"method": method, **({"by": by} if with_origin else {})}
            | {split: cells.get(split, "") for split in splits}
            for method, by, cells in rows
        ]
    )


def _published_rows(splits: list[str], published: Published) -> list[_Row]:
    results = {split: published.get(split, {}) for split in splits}
    methods = dict.fromkeys(method for rows in results.values() for method in rows)

    def cells(method: str) -> dict[str, str]:
        cell = {split: rows[method] for split, rows in results.items() if method in rows}
        return {split: rank_1_and_map(each.rank_1, each.mAP) for split, each in cell.items()}

    return [(method, "published", cells(method)) for method in methods]


def _measured_rows(variants: Mapping[str, Results], method: str) -> list[_Row]:
    """Return a row per distinct result of a method, with the names of its variants."""
    names_by_cells: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for name, results in variants.items():
        cells = tuple(
            (split, rank_1_and_map(each.ranking.rank[1], each.ranking.mAP))
            for split, methods in results.items()
            if (each := methods.get(method)) is not None
        )
        if cells:
            names_by_cells.setdefault(cells, []).append(name)
    return [
        (method, "himpc" if len(names) == len(variants) else f"himpc: {'; '.join(names)}", dict(cells))
        for cells, names in names_by_cells.items()
    ]


def _methods(variants: Mapping[str, Results]) -> list[str]:
    """Return the methods of all variants, trained ones before baselines."""
    names = dict.fromkeys(m for results in variants.values() for methods in results.values() for m in methods)
    baselines = {baseline.title for baseline in BASELINES.values()}
    return sorted(names, key=lambda method: method in baselines)


def view_table(variants: Mapping[str, Views]) -> str:
    """Return Rank-1 / mAP by the view of the probe: a row per view and variant; empty if views are unknown."""
    views = sorted({view for results in variants.values() for each in results.values() for view in each})
    rows = []
    for view in views:
        for name, results in variants.items():
            cells = {split: each[view] for split, each in results.items() if view in each}
            by = {"by": f"himpc: {name}"} if len(variants) > 1 else {}
            rows.append({"view": view, **by} | {s: rank_1_and_map(cell.rank_1, cell.mAP) for s, cell in cells.items()})
    return markdown_table(rows)


def counts_table(data: BenchmarkData) -> str:
    """Return the counts of each part, and the published number of people if there is one."""
    rows = []
    for part, counts in data.counts.items():
        row = {name: "–" if number is None else str(number) for name, number in asdict(counts).items()}
        persons = data.protocol.persons
        published = {"persons published": str(persons.get(part, "–"))} if persons else {}
        rows.append({"part": part, **row, **published})
    return markdown_table(rows)
