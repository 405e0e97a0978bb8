"""Tables that compare methods over seeds, for the README and the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from himpc.errors import DataError
from himpc.evaluation import markdown_table, percent, percent_interval

__all__ = ["comparison_table", "markdown_table", "mean_and_spread", "percent", "percent_interval"]


def mean_and_spread(shares: Sequence[float]) -> str:
    """Return the mean of shares of 1 in percent, and, of two or more, their standard deviation (n - 1).

    >>> mean_and_spread([0.52, 0.54, 0.56]), mean_and_spread([0.52])
    ('54.0 ± 2.0', '52.0')
    """
    if not len(shares):
        return percent(float("nan"))
    if len(shares) == 1:
        return percent(shares[0])
    return f"{percent(float(np.mean(shares)))} ± {percent(float(np.std(shares, ddof=1)))}"


def comparison_table(results: Mapping[str, Sequence[Mapping[str, float]]], first_column: str = "method") -> str:
    """Return a Markdown table: a row a method, a column a measure, each the mean and spread over runs.

    Parameters
    ----------
    results : mapping
        For each method its runs (seeds), and for each run its measures in [0, 1], by the column's title.
    first_column : str
        The title of the column of methods.

    Raises
    ------
    DataError
        If the runs of a method do not hold the same measures.

    Examples
    --------
    >>> print(comparison_table({"D13": [{"mAP": 0.2}], "Hi-MPC": [{"mAP": 0.3}, {"mAP": 0.4}]}))
    | method |        mAP |
    | :----- | ---------: |
    | D13    |       20.0 |
    | Hi-MPC | 35.0 ± 7.1 |
    """
    rows = []
    for method, runs in results.items():
        if any(run.keys() != runs[0].keys() for run in runs):
            raise DataError(f"the runs of {method!r} hold different measures: they cannot be averaged")
        measures = list(runs[0]) if runs else []
        rows.append({first_column: method} | {name: mean_and_spread([run[name] for run in runs]) for name in measures})
    return markdown_table(rows)
