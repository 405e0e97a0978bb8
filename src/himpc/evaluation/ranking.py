"""Ranking of a gallery for each probe: Rank-k, CMC, and the metrics of `himpc.evaluation.metrics`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError, DataError
from himpc.evaluation.distances import DistanceRows, blocks, euclidean, negative_ratios
from himpc.evaluation.label_codes import Labels, encode_labels
from himpc.evaluation.metrics import METRICS
from himpc.model import IdentityScoring, RankingScoring

WithoutMatch = Literal["error", "skip", "count"]
Exclude = NDArray[np.bool_] | tuple[Labels, Labels]


@dataclass(frozen=True, eq=False)
class RankingResult:
    """Metrics of a ranking of Q probes; every rate lies in [0, 1].

    Attributes
    ----------
    cmc : array ``(G,)``
        Cumulative matching characteristic: ``cmc[k - 1]`` is Rank-k, the share of probes with a match among the first
        k entries of the gallery.
    rank : dict of int to float
        Rank-k for each requested k.
    metrics : dict of str to float
        ``"rank_1"``, ..., and the mean of each metric of `METRICS`.
    mAP, mINP : float
        The means of these two metrics.
    n_queries, n_skipped : int
        Probes that count, and probes that were skipped because they have no match.
    query : int array ``(Q,)``
        The index of each probe that counts.
    first_match : int array ``(Q,)``
        Rank of the best match, from 1; G + 1 for a probe without a match.
    per_query : dict of str to array ``(Q,)``
        Each metric of `METRICS` per probe.
    """

    cmc: NDArray[np.float64]
    rank: dict[int, float]
    n_skipped: int
    query: NDArray[np.int64]
    first_match: NDArray[np.int64]
    per_query: dict[str, NDArray[np.float64]]

    @property
    def n_queries(self) -> int:
        """Number of probes that count."""
        return len(self.query)

    @property
    def metrics(self) -> dict[str, float]:
        """Each metric by its name."""
        means = {name: float(values.mean()) for name, values in self.per_query.items()}
        return {f"rank_{k}": value for k, value in self.rank.items()} | means

    @property
    def mAP(self) -> float:
        """Mean average precision."""
        return float(self.per_query["mAP"].mean())

    @property
    def mINP(self) -> float:
        """Mean inverse negative penalty."""
        return float(self.per_query["mINP"].mean())


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
    scoring: IdentityScoring | RankingScoring | None = None,
) -> RankingResult:
    """Rank the gallery for each probe and compute the metrics of the ranking.

    Equal distances count against the probe: an entry of another person ranks before a match.

    Parameters
    ----------
    probe, gallery : array ``(P, D)``, ``(G, D)``
        Embeddings.
    probe_ids, gallery_ids : sequence ``(P,)``, ``(G,)``
        The person of each.
    ks : sequence of int
        The ranks to report.
    exclude : bool array ``(P, G)`` or pair of sequences ``(P,)``, ``(G,)``, optional
        True where a probe must not be compared with a gallery entry. Or the cameras (or sessions) of both sides: then
        entries of the same person and camera are excluded, the rule of Market-1501 (Zheng et al., ICCV 2015).
    same : bool
        Whether probe and gallery are one set, in one order: then a probe is never its own match.
    without_match : {"error", "skip", "count"}
        Treatment of a probe without a match in its gallery: raise an error, skip it, or count it as a failure (0 in
        every metric).
    scoring : IdentityScoring or RankingScoring, optional
        That of an adapted model (`himpc.Model.scoring`): entries are ranked by the log-likelihood ratio of one person
        against two. By default they are ranked by Euclidean distance.

    Raises
    ------
    DataError
        If a set is empty, has values that are not finite, or sizes do not fit; if a probe has no match and
        `without_match` is "error"; if no probe is left.
    ConfigError
        If `ks` or `without_match` is invalid.

    Examples
    --------
    >>> result = evaluate_ranking(np.array([[0.0]]), np.array([[1.0], [2.0]]), ["ann"], ["bob", "ann"])
    >>> result.metrics
    {'rank_1': 0.0, 'rank_5': 1.0, 'rank_10': 1.0, 'mAP': 0.5, 'mINP': 0.5}
    """
    rows = euclidean(probe, gallery) if scoring is None else negative_ratios(probe, gallery, scoring)
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
    """Compute the metrics of a ranking by any distances ``(P, G)``; otherwise as `evaluate_ranking`."""
    if distances.ndim != 2 or 0 in distances.shape:
        raise DataError(f"distances have shape {distances.shape}, expected (probes, gallery), both 1 or more")
    if not np.isfinite(distances).all():
        raise DataError("distances hold values that are not finite", hint="exclude pairs with {exclude}")

    def rows(block: slice) -> NDArray[np.float64]:
        return np.array(distances[block], dtype=np.float64)

    shape = (distances.shape[0], distances.shape[1])
    return _evaluate(rows, probe_ids, gallery_ids, shape, ks, exclude, same, without_match)


def _evaluate(
    rows: DistanceRows,
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
    probes, entries = _encode(probe_ids, gallery_ids, shape, "ids")
    excluded = _exclusion(exclude, probes, entries, shape)
    if same and shape[0] != shape[1]:
        raise DataError(f"probe and gallery are not the same set: {shape[0]} and {shape[1]} embeddings")
    first_match, metrics = [], []
    for block in blocks(*shape):
        distances = rows(block)
        out = excluded(block)
        if same:
            out[np.arange(len(out)), np.arange(block.start, block.stop)] = True
        match, rank = _rank(distances, (probes[block, None] == entries) & ~out, out)
        first_match.append(_first_match(match, rank))
        metrics.append([metric(match, rank) for metric in METRICS.values()])
    per_query = [np.concatenate(values) for values in zip(*metrics, strict=True)]
    return _result(np.concatenate(first_match), dict(zip(METRICS, per_query, strict=True)), shape[1], ks, without_match)


def _rank(
    distances: NDArray[np.float64], match: NDArray[np.bool_], excluded: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Sort each row from near to far and return the sorted matches and the ranks; excluded entries come last."""
    n, g = distances.shape
    distances[excluded] = np.inf
    order = np.argsort(distances, axis=1)
    distances = np.take_along_axis(distances, order, axis=1)
    last_of_ties = np.ones((n, g), dtype=bool)
    last_of_ties[:, :-1] = distances[:, 1:] != distances[:, :-1]
    rank = np.minimum.accumulate(np.where(last_of_ties, np.arange(1, g + 1), g)[:, ::-1], axis=1)[:, ::-1]
    return np.take_along_axis(match, order, axis=1), rank


def _first_match(match: NDArray[np.bool_], rank: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rank of the best match of each probe, behind all other entries at its distance; G + 1 for none."""
    reach = rank[np.arange(len(match)), match.argmax(axis=1)]
    matches = (match & (rank <= reach[:, None])).sum(axis=1)
    first: NDArray[np.int64] = np.where(match.any(axis=1), reach - matches + 1, match.shape[1] + 1)
    return first


def _result(
    first_match: NDArray[np.int64],
    per_query: dict[str, NDArray[np.float64]],
    size: int,
    ks: Sequence[int],
    without_match: WithoutMatch,
) -> RankingResult:
    lost = np.flatnonzero(first_match > size)
    if len(lost) and without_match == "error":
        raise DataError(
            f"{len(lost)} of {len(first_match)} probes have no match in the gallery, the first is number {lost[0]}",
            hint="skip them with {without_match=skip} or count them as failures with {without_match=count}",
        )
    query = np.arange(len(first_match))
    if without_match == "skip":
        query = np.delete(query, lost)
    if not len(query):
        raise DataError(
            "no probe has a match in the gallery: there is nothing to measure",
            hint="add other recordings of the same people to the gallery",
        )
    cmc = np.cumsum(np.bincount(first_match[query] - 1, minlength=size + 1))[:size] / len(query)
    return RankingResult(
        cmc=cmc,
        rank={k: float(cmc[min(k, size) - 1]) for k in ks},
        n_skipped=len(lost) if without_match == "skip" else 0,
        query=query,
        first_match=first_match[query],
        per_query={name: values[query] for name, values in per_query.items()},
    )


def _exclusion(
    exclude: Exclude | None, probes: NDArray[np.int64], entries: NDArray[np.int64], shape: tuple[int, int]
) -> Callable[[slice], NDArray[np.bool_]]:
    """Return a function that computes, for a slice of rows, the pairs that are excluded."""
    if exclude is None:
        return lambda block: np.zeros((block.stop - block.start, shape[1]), dtype=bool)
    if isinstance(exclude, tuple):
        left, right = _encode(*exclude, shape, "labels in exclude")
        return lambda block: (probes[block, None] == entries) & (left[block, None] == right)
    if exclude.shape != shape or exclude.dtype != bool:
        raise DataError(f"exclude is {exclude.dtype} of shape {exclude.shape}, expected bool of shape {shape}")
    return lambda block: exclude[block].copy()


def _encode(
    probe: Labels, gallery: Labels, shape: tuple[int, int], what: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if (len(probe), len(gallery)) != shape:
        raise DataError(f"{len(probe)} and {len(gallery)} {what}, expected {shape[0]} and {shape[1]}")
    if any(label is None for labels in (probe, gallery) for label in labels):
        raise DataError(f"some {what} are None, expected known labels only")
    (left, right), _ = encode_labels(probe, gallery)
    return left, right
