"""Tables that compare methods over seeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from himpc.evaluation import markdown_table, percent

__all__ = ["markdown_table", "mean_and_spread"]


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
