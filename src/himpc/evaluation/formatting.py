"""Formats of results: percentages with one decimal, and Markdown tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np


def percent(share: float) -> str:
    """Format a share of 1 as a percentage with one decimal, without the sign; NaN as a dash.

    >>> percent(0.5271), percent(1.0), percent(float("nan"))
    ('52.7', '100.0', '–')
    """
    return "–" if math.isnan(share) else f"{100 * share:.1f}"


def percent_interval(share: float, low: float, high: float) -> str:
    """Format a share with its interval.

    >>> percent_interval(0.527, 0.4, 0.65), percent_interval(0.527, float("nan"), float("nan"))
    ('52.7 (40.0–65.0)', '52.7')
    """
    if math.isnan(low) or math.isnan(high):
        return percent(share)
    return f"{percent(share)} ({percent(low)}–{percent(high)})"


def mean_and_spread(shares: Sequence[float]) -> str:
    """Return the mean of fractions in percent and, for two or more, their standard deviation (n - 1).

    >>> mean_and_spread([0.52, 0.54, 0.56]), mean_and_spread([0.52])
    ('54.0 ± 2.0', '52.0')
    """
    if not len(shares):
        return percent(float("nan"))
    if len(shares) == 1:
        return percent(shares[0])
    return f"{percent(float(np.mean(shares)))} ± {percent(float(np.std(shares, ddof=1)))}"


def markdown_table(rows: Sequence[Mapping[str, str]]) -> str:
    """Format rows as a Markdown table that is also readable as plain text; the first column is aligned left.

    Columns are in the order of their first appearance; a row may lack some.

    >>> print(markdown_table([{"method": "D13", "Rank-1": "39.4"}, {"method": "Hi-MPC", "Rank-1": "69.6"}]))
    | method | Rank-1 |
    | :----- | -----: |
    | D13    |   39.4 |
    | Hi-MPC |   69.6 |
    """
    columns = list(dict.fromkeys(column for row in rows for column in row))
    if not columns:
        return ""
    cells = [columns, *([_escape(row.get(column, "")) for column in columns] for row in rows)]
    widths = [max(3, *(len(line[i]) for line in cells)) for i in range(len(columns))]

    def line(values: Sequence[str]) -> str:
        first = values[0].ljust(widths[0])
        rest = [value.rjust(width) for value, width in zip(values[1:], widths[1:], strict=True)]
        return "| " + " | ".join([first, *rest]) + " |"

    rule = [":" + "-" * (widths[0] - 1), *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(cells[0]), line(rule), *(line(row) for row in cells[1:])])


def _escape(cell: str) -> str:
    return " ".join(cell.split()).replace("|", r"\|")
