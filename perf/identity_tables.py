"""The tables that perf/identity.py prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from himpc.evaluation import markdown_table
from identity_measures import LEVELS, Scores

BINS = (0.0, 0.3, 0.5, 0.7, 0.9, 0.95)
"""Lower ends of the intervals of confidence."""

MEASURES = tuple(f"{level} {title}" for level in LEVELS for title in ("Rank-1", "mAP"))
OPEN_SET = {"FMR": ("false matches", "impostors"), "FNMR": ("misses", "genuine"), "FPIR": ("named unknown", "unknown")}
OPEN_SET |= {"found": ("found", "known"), "wrong names": ("wrong names", "known")}

Results = Mapping[str, Mapping[str, Sequence[Scores]]]
"""Scores of seeds by set and method."""


def ranking_table(results: Results, raw: str, bound: str) -> str:
    """Return the rankings, and in brackets the share of the gap between raw pose and upper bound."""
    rows = []
    for name, runs in results.items():
        for method, seeds in runs.items():
            row = {"set": name, "method": method}
            for measure in MEASURES:
                value = mean(seeds, measure)
                low, high = (mean(runs.get(each, ()), measure) for each in (raw, bound))
                row[measure] = "-" if value is None else f"{value:.1f}"
                if None not in (value, low, high) and method not in (raw, bound) and high - low >= 5:
                    row[measure] += f" ({(value - low) / (high - low):.2f})"
            rows.append(row)
    return markdown_table(rows)


def grouping_table(results: Results, bound: str) -> str:
    """Return the groupings, with the ARI as a share of that of the upper bound given the number."""
    rows = []
    for name, runs in results.items():
        reference = mean(runs.get(bound, ()), "ARI given")
        for method, seeds in runs.items():
            if (value := mean(seeds, "ARI estimated")) is None:
                continue
            counts = [count for scores in seeds for count in scores.get("groups of one person", ())]
            ranges = [scores["plausible"] for scores in seeds if scores.get("plausible")]
            rows.append(
                {"set": name, "method": method, "people": number(seeds, "people", 0)}
                | {"groups": number(seeds, "groups")}
                | {"plausible": "{} to {}".format(*np.median(ranges, axis=0).astype(int)) if ranges else "-"}
                | {"in no group, %": number([{"n": 100 * scores["ungrouped"]} for scores in seeds], "n")}
                | {
                    "ARI": f"{value:.2f}",
                    "of grouped": number(seeds, "ARI of grouped", 2),
                    "share of the bound's": f"{value / reference:.2f}" if reference else "-",
                }
                | {"ARI given the number": number(seeds, "ARI given", 2)}
                | {"confidence": number(seeds, "mean confidence", 2)}
                | {"groups of one person": ", ".join(map(str, counts)) or "-"}
            )
    return markdown_table(rows)


def confidence_table(results: Results, method: str) -> str:
    """Return, by confidence, the mean precision of groups and the number of recordings, for all sets and each."""
    pooled = {name: _precision(runs.get(method, ())) for name, runs in results.items()}
    pooled = {"all": [pair for pairs in pooled.values() for pair in pairs]} | pooled
    rows = []
    for name, pairs in pooled.items():
        if not pairs:
            continue
        confidence, precision = np.array(pairs).T
        place = np.digitize(confidence, BINS[1:])
        row = {"precision by confidence": name}
        for n, low in enumerate(BINS):
            chosen = precision[place == n]
            row[f"from {low:g}"] = f"{chosen.mean():.2f} ({len(chosen)})" if len(chosen) else "-"
        rows.append(row)
    return markdown_table(rows)


def _precision(seeds: Sequence[Scores]) -> list[Any]:
    return [pair for scores in seeds for pair in scores.get("precision", ())]


def open_set_table(results: Results, key: str) -> str:
    """Return the measured rates of galleries, pooled over seeds, in %; `key` is that of the counts in the scores."""
    rows = []
    for name, runs in results.items():
        for method, seeds in runs.items():
            draws = [each for scores in seeds for each in scores.get(key, ())]
            counts = [each for each in draws if "stated" in each]
            if not counts:
                continue
            row = {"set": name, "method": method, "galleries": str(len(counts))}
            stated = [100 * each["stated"] for each in counts]
            row["stated FMR"] = f"{min(stated):.1f}" + (f" to {max(stated):.1f}" if max(stated) > min(stated) else "")
            for title, (part, whole) in OPEN_SET.items():
                total = sum(each[whole] for each in counts)
                row[title] = f"{100 * sum(each[part] for each in counts) / total:.1f}" if total else "-"
            rows.append(row)
    return markdown_table(rows) if rows else "No gallery could set a threshold."


def ablation_table(results: Results, methods: Sequence[str]) -> str:
    """Return recording Rank-1 / mAP and the ARI of each ablation, a column per set."""
    rows = []
    for method in methods:
        row = {"method": method}
        for name, runs in results.items():
            seeds = runs.get(method, ())
            cells = [
                number(seeds, "recording Rank-1"),
                number(seeds, "recording mAP"),
                number(seeds, "ARI estimated", 2),
            ]
            row[name] = " / ".join(cells)
        rows.append(row)
    return markdown_table(rows)


def mean(seeds: Sequence[Scores], measure: str) -> Any:
    """Return the mean over the seeds that have a measure; None without any."""
    values = [scores[measure] for scores in seeds if scores.get(measure) is not None]
    return float(np.mean(values)) if values else None


def number(seeds: Sequence[Scores], measure: str, digits: int = 1) -> str:
    """Return the mean over seeds as text; a dash without any."""
    value = mean(seeds, measure)
    return "-" if value is None else f"{value:.{digits}f}"
