"""How well a gallery is ranked for each probe: Rank-k, CMC, mAP and mINP."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError, DataError
from himpc.evaluation.distances import Rows, blocks, euclidean

__all__ = ["Exclude", "RankingResult", "WithoutMatch", "evaluate_distances", "evaluate_ranking"]

WithoutMatch = Literal["error", "skip", "count"]
Labels = Sequence[Hashable] | NDArray[Any]
Exclude = NDArray[np.bool_] | tuple[Labels, Labels]


@dataclass(frozen=True, eq=False)
class RankingResult:
    """How well a gallery was ranked; every rate lies in [0, 1].

    Attributes
    ----------
    rank : dict of int to float
        Rank-k for each k that was asked: the share of queries with a match among the first k of the gallery.
    cmc : array ``(G,)``
        Cumulative matching characteristic: ``cmc[k - 1]`` is Rank-k.
    mAP, mINP : float
        Means of `average_precision` and `inverse_negative_penalty`.
    n_queries, n_skipped : int
        Queries that count, and queries that were left out because they have no match.
    query : int array ``(Q,)``
        Which probe each of the arrays below speaks of.
    first_match : int array ``(Q,)``
        Rank of the best match, from 1; G + 1 for a query that has none.
    average_precision, inverse_negative_penalty : array ``(Q,)``
        Per query.
    """

    rank: dict[int, float]
    cmc: NDArray[np.float64]
    mAP: float
    mINP: float
    n_queries: int
    n_skipped: int
    query: NDArray[np.int64]
    first_match: NDArray[np.int64]
    average_precision: NDArray[np.float64]
    inverse_negative_penalty: NDArray[np.float64]


def evaluate_ranking(
    probe: NDArray[np.floating],
    gallery: NDArray[np.floating],
    probe_ids: Labels,
    gallery_ids: Labels,
    *,
    ks: Sequence[int] = (1, 5, 10),
    exclude: Exclude | None = None,
    same: bool = False,
    without_match: WithoutMatch = "error",
) -> RankingResult:
    r"""Rank the gallery by Euclidean distance for each probe and measure where its matches stand.

    For a query with :math:`n` matches in the gallery, at ranks :math:`r_1 < ... < r_n`:

    - Rank-k is 1 if :math:`r_1 \le k`, else 0; the CMC is Rank-k for every k.
    - average precision :math:`\frac1n \sum_j j / r_j` (Zheng et al., "Scalable person re-identification", ICCV 2015).
    - inverse negative penalty :math:`n / r_n`, how far down the hardest match is (Ye et al., "Deep learning for person
      re-identification: a survey and outlook", TPAMI 2021, section 4.1).

    Equal distances count against the query: what is no match ranks before the match. Average precision is then read
    at the end of each run of equal distances, as `sklearn.metrics.average_precision_score` does.

    Parameters
    ----------
    probe, gallery : array ``(P, D)``, ``(G, D)``
        Embeddings.
    probe_ids, gallery_ids : sequence ``(P,)``, ``(G,)``
        Who each one shows; the same kind of label on both sides.
    ks : sequence of int
        The ranks to report.
    exclude : bool array ``(P, G)`` or pair of sequences ``(P,)``, ``(G,)``, optional
        True where a probe must not be compared with a gallery entry. Or the cameras (or sessions) of both sides: then
        entries of the same person and camera are left out, the rule of Market-1501 (Zheng et al. 2015).
    same : bool
        Probe and gallery are one set: a query is never its own match.
    without_match : {"error", "skip", "count"}
        A query with no match in what is left of its gallery is an error, is left out of every mean, or counts as
        a failure (0 everywhere).

    Raises
    ------
    DataError
        If a set is empty, holds values that are not finite, or sizes do not fit; if a query has no match and that is
        an error; if no query is left.
    ConfigError
        If `ks` or `without_match` is none of the above.
    """
    rows = euclidean(probe, gallery)
    return _evaluate(rows, probe_ids, gallery_ids, (len(probe), len(gallery)), ks, exclude, same, without_match)


def evaluate_distances(
    distances: NDArray[np.floating],
    probe_ids: Labels,
    gallery_ids: Labels,
    *,
    ks: Sequence[int] = (1, 5, 10),
    exclude: Exclude | None = None,
    same: bool = False,
    without_match: WithoutMatch = "error",
) -> RankingResult:
    """Measure a ranking by any distances ``(P, G)``, smaller is nearer; for the rest see `evaluate_ranking`."""
    if distances.ndim != 2 or 0 in distances.shape:
        raise DataError(f"distances have shape {distances.shape}, expected (probes, gallery), both 1 or more")
    if not np.isfinite(distances).all():
        raise DataError("distances hold values that are not finite; use exclude to leave pairs out")

    def rows(block: slice) -> NDArray[np.float64]:
        return np.array(distances[block], dtype=np.float64)

    shape = (distances.shape[0], distances.shape[1])
    return _evaluate(rows, probe_ids, gallery_ids, shape, ks, exclude, same, without_match)


def _evaluate(
    rows: Rows,
    probe_ids: Labels,
    gallery_ids: Labels,
    shape: tuple[int, int],
    ks: Sequence[int],
    exclude: Exclude | None,
    same: bool,
    without_match: WithoutMatch,
) -> RankingResult:
    if without_match not in ("error", "skip", "count"):
        raise ConfigError(f"without_match must be 'error', 'skip' or 'count', found {without_match!r}")
    if not ks or min(ks) < 1:
        raise ConfigError(f"ks must be ranks of 1 or more, found {tuple(ks)}")
    probes, entries = _codes(probe_ids, gallery_ids, shape, "ids")
    excluded = _exclusion(exclude, probes, entries, shape)
    if same and shape[0] != shape[1]:
        raise DataError(f"probe and gallery are not the same set: {shape[0]} and {shape[1]} embeddings")
    parts = []
    for block in blocks(*shape):
        distances = rows(block)
        out = excluded(block)
        if same:
            out[np.arange(len(out)), np.arange(block.start, block.stop)] = True
        match = (probes[block, None] == entries) & ~out
        distances[out] = np.inf  # ranks behind everything that is compared, and is never a match
        parts.append(_measure(distances, match))
    first, precision, penalty = (np.concatenate(part) for part in zip(*parts, strict=True))
    return _result(first, precision, penalty, shape[1], ks, without_match)


def _measure(
    distances: NDArray[np.float64], match: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return rank of the first match, average precision and inverse negative penalty of each row."""
    n, g = distances.shape
    order = np.argsort(distances, axis=1)
    distances = np.take_along_axis(distances, order, axis=1)
    match = np.take_along_axis(match, order, axis=1)
    last_of_run = np.ones((n, g), dtype=bool)
    last_of_run[:, :-1] = distances[:, 1:] != distances[:, :-1]
    # For each place, how many entries are no farther: the end of its run of equal distances.
    reach = np.minimum.accumulate(np.where(last_of_run, np.arange(1, g + 1), g)[:, ::-1], axis=1)[:, ::-1]
    hits = np.take_along_axis(np.cumsum(match, axis=1), reach - 1, axis=1)
    total = match.sum(axis=1)
    some = total > 0
    divisor = np.maximum(total, 1)
    best, worst = match.argmax(axis=1), g - 1 - match[:, ::-1].argmax(axis=1)
    row = np.arange(n)
    first = np.where(some, reach[row, best] - hits[row, best] + 1, g + 1)
    precision = np.einsum("pg,pg->p", match, hits / reach) / divisor
    penalty = np.where(some, total / reach[row, worst], 0.0)
    return first, precision, penalty


def _result(
    first: NDArray[np.int64],
    precision: NDArray[np.float64],
    penalty: NDArray[np.float64],
    size: int,
    ks: Sequence[int],
    without_match: WithoutMatch,
) -> RankingResult:
    lost = np.flatnonzero(first > size)
    if len(lost) and without_match == "error":
        raise DataError(
            f"{len(lost)} of {len(first)} queries have no match in the gallery, the first is number {lost[0]}; "
            "leave them out with without_match='skip', or count them as failures with 'count'"
        )
    query = np.arange(len(first))
    if without_match == "skip":
        query = np.delete(query, lost)
    if not len(query):
        raise DataError("no query has a match in the gallery: there is nothing to measure")
    first, precision, penalty = first[query], precision[query], penalty[query]
    cmc = np.cumsum(np.bincount(first - 1, minlength=size + 1))[:size] / len(query)
    return RankingResult(
        rank={k: float(cmc[min(k, size) - 1]) for k in ks},
        cmc=cmc,
        mAP=float(precision.mean()),
        mINP=float(penalty.mean()),
        n_queries=len(query),
        n_skipped=len(lost) if without_match == "skip" else 0,
        query=query,
        first_match=first,
        average_precision=precision,
        inverse_negative_penalty=penalty,
    )


def _exclusion(
    exclude: Exclude | None, probes: NDArray[np.int64], entries: NDArray[np.int64], shape: tuple[int, int]
) -> Callable[[slice], NDArray[np.bool_]]:
    """Return what tells, for rows of the matrix, which pairs are not compared."""
    if exclude is None:
        return lambda block: np.zeros((block.stop - block.start, shape[1]), dtype=bool)
    if isinstance(exclude, tuple):
        left, right = _codes(*exclude, shape, "marks in exclude")
        return lambda block: (probes[block, None] == entries) & (left[block, None] == right)
    if exclude.shape != shape or exclude.dtype != bool:
        raise DataError(f"exclude is {exclude.dtype} of shape {exclude.shape}, expected bool of shape {shape}")
    return lambda block: exclude[block].copy()


def _codes(
    probe: Labels, gallery: Labels, shape: tuple[int, int], what: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return two sets of labels as whole numbers: equal where the labels are."""
    if (len(probe), len(gallery)) != shape:
        raise DataError(f"{len(probe)} and {len(gallery)} {what}, expected {shape[0]} and {shape[1]}")
    number: dict[Hashable, int] = {}
    left, right = (
        np.array([number.setdefault(label, len(number)) for label in labels], dtype=np.int64)
        for labels in (probe, gallery)
    )
    if None in number:
        raise DataError(f"some {what} are None: what is not known cannot be compared")
    return left, right
