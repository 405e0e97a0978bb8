"""Sections of a report that come from the files of the run: epochs, weights of frames, measurements and settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import HimpcError
from himpc.reporting.charts import draw_cmc, draw_weights
from himpc.reporting.comparison import spread
from himpc.reporting.pages import table, to_html
from himpc.reporting.report_page import ReportPage
from himpc.reporting.run_data import RunData
from himpc.reporting.training import draw_training

MAX_EPOCHS, MAX_CURVES, MAX_NOTES = 300, 12, 300
_MAX_TEXT = 400  # letters of one value


def add_history(page: ReportPage, data: RunData) -> None:
    """Add the epochs of the training as curves and as a table."""
    history = data.files.history
    if data.files.kind == "grouping":
        return
    if not history:
        page.missing.append("Timeline of the groups: nothing was trained by epochs, or the folder holds no history")
        return
    note = "Number of groups (pseudo-labels) of each level, windows in none, and agreement with the epoch before."
    page.picture("Groups over training", lambda: draw_training(history), note)
    if page.sections[-1][0] != "Groups over training":
        return
    chosen = spread(len(history), MAX_EPOCHS)
    rows = [
        [_join(record[name]) for name in ("epoch", "loss", "clusters", "noise", "stability")]
        for record in (history[i] for i in chosen)
    ]
    title, html = page.sections.pop()
    page.add(title, html, table(("epoch", "loss", "groups", "windows in none", "stability"), rows))


def add_weights(page: ReportPage, data: RunData, playable: Sequence[int]) -> dict[int, NDArray[np.float32]]:
    """Add the weights of the frames of the recordings that can be played, and return them."""
    try:
        weights = data.frame_weights(playable)
    except HimpcError as error:
        page.missing.append(f"Mining weights over frames: {error}")
        return {}
    if not weights:
        page.missing.append("Mining weights over frames: they need a model and recordings without missing joints")
        return {}
    first = list(weights)[:MAX_CURVES]
    curves = {f"{n}. {data.players[i].source}": (weights[i], data.players[i].fps) for n, i in enumerate(first, 1)}
    by = "people" if data.comparison is not None and data.comparison.has_persons else "groups"
    note = f"Hard skeleton mining with the {by} as prototypes: frames that agree least with their own weigh most."
    page.picture("Mining weights over frames", lambda: draw_weights(curves), note)
    return weights


def add_benchmarks(page: ReportPage, data: RunData) -> None:
    """Add the measurements of a benchmark: tables of scores, and CMC curves."""
    curves, rows = {}, []
    for variant, document in data.files.benchmarks.items():
        for split, result in document["splits"].items():
            for form in ("results", "recordings"):
                for method, scores in _tables(_table(result).get(form)):
                    unit = "window" if form == "results" else "recording"
                    numbers = [scores.get(name) for name in ("rank_1", "rank_5", "rank_10", "mAP")]
                    rows.append((*filter(None, (variant,)), split, unit, method, *map(_percent, numbers)))
                    cmc = scores.get("cmc")
                    if form == "results" and isinstance(cmc, list) and cmc and all(map(_is_number, cmc)):
                        curves[" ".join(filter(None, (variant, split, method)))] = cmc
    if rows:
        head = (*(("variant",) if "" not in data.files.benchmarks else ()), "split", "unit", "method")
        page.add("Results", table((*head, "Rank-1", "Rank-5", "Rank-10", "mAP"), rows))
    if curves:
        chosen = dict(list(curves.items())[:MAX_CURVES])
        page.picture("CMC of the benchmark", lambda: draw_cmc(chosen, "Windows, each by itself"))


def add_tables(page: ReportPage, data: RunData) -> None:
    """Add settings, data, versions and notes."""
    if data.files.settings:
        page.add("Settings", table(("setting", "value"), [(k, _join(v)) for k, v in data.files.settings.items()]))
    facts = [(name, _join(value)) for name, value in data.files.facts.items()]
    page.add("Data and versions", table(("what", "value"), [*facts, *data.facts]))
    notes = [str(note) for each in data.files.benchmarks.values() for note in each.get("notes") or ()]
    if notes:
        page.add("Notes", "<ul>", *(f"<li>{to_html(note[:_MAX_TEXT])}</li>" for note in notes[:MAX_NOTES]), "</ul>")


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _tables(value: object) -> list[tuple[str, Mapping[str, Any]]]:
    return [(str(name), each) for name, each in _table(value).items() if isinstance(each, dict)]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and bool(np.isfinite(value))


def _percent(value: Any) -> str:
    return f"{100 * value:.1f}" if _is_number(value) else ""


def _join(value: object) -> str:
    if isinstance(value, dict):
        text = ", ".join(f"{name}: {_join(each)}" for name, each in value.items())
    elif isinstance(value, list | tuple):
        text = ", ".join(map(_join, value))
    else:
        text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]} …"
