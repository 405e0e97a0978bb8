"""Metrics of a ranked gallery: pure functions on arrays, in one table.

A metric takes what a ranking gives for Q probes and a gallery of G entries:

- `match`, bool array ``(Q, G)``: the gallery from near to far, True where the entry shows the person of the probe;
- `rank`, int array ``(Q, G)``: the rank of each of these entries, from 1. Entries at equal distances share the last of
  their ranks, so that ties count against the probe.

It returns one value in [0, 1] per probe, ``(Q,)``: 0 for a probe without a match. Evaluations report the mean over the
probes, with a bootstrap interval over people.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from himpc.evaluation.metrics.average_precision import average_precision
from himpc.evaluation.metrics.inverse_negative_penalty import inverse_negative_penalty

__all__ = ["METRICS", "RankingMetric", "average_precision", "inverse_negative_penalty"]

RankingMetric = Callable[[NDArray[np.bool_], NDArray[np.int64]], NDArray[np.float64]]

METRICS: dict[str, RankingMetric] = {
    "mAP": average_precision,
    "mINP": inverse_negative_penalty,
}
"""The metrics of every evaluation beside Rank-k, by the name of their mean over probes."""
