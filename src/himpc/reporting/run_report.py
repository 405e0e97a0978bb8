"""The report of a run: one HTML file with rank lists, curves, maps, groups, settings, and a player of recordings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc._files import write_atomically
from himpc.errors import count_noun
from himpc.recordings import Recording
from himpc.reporting.charts import draw_cmc, draw_distances, draw_matrix
from himpc.reporting.comparison import Comparison, spread
from himpc.reporting.maps import draw_map
from himpc.reporting.pages import build_page, describe_recording, table, to_html
from himpc.reporting.report_page import ReportPage, render
from himpc.reporting.report_sections import add_benchmarks, add_history, add_tables, add_weights
from himpc.reporting.run_data import RunData, collect
from himpc.reporting.run_files import read_run

MAX_PLAYED = 60
"""Recordings that the report holds to play; of more, those of the first rank lists."""

MAX_FRAMES = 240
MAX_PROBES = 300
"""Rank lists; of more, those that begin with another person come first, then evenly spaced ones."""

MAX_GROUPS, MAX_MEMBERS, MAX_MAPPED = 300, 30, 2000
NEAREST = 5


def write_report(run: str | Path, path: str | Path, recordings: Sequence[Recording] = ()) -> dict[str, Any]:
    """Write the report of a run as one HTML file, which loads nothing from anywhere.

    A report of recordings of people holds their movement, names and similarity: protect it like the recordings.

    Parameters
    ----------
    run : path
        The folder of a training, of a benchmark, or of a grouping (`write_groups`).
    path : path
        The file to write.
    recordings : sequence of Recording, optional
        Recordings to rank and play, such as those of the training. Without them, the report of a training or a
        benchmark has what the folder holds: curves, settings and tables. People, if known, tell right from wrong.

    Returns
    -------
    dict
        As plain data: the kind of the run, the sections of the report, what it lacks and why, and the number of
        recordings that it compares and plays.

    Raises
    ------
    RunFolderError
        If the folder is no run, or the file cannot be written.
    FormatError
        If the main file of the run is damaged.
    DataError, LayoutError, ModelError
        If the recordings do not fit the model.
    """
    data = collect(read_run(run), recordings)
    page = ReportPage(missing=list(data.problems))
    comparison = data.comparison
    comparable = comparison is not None and len(comparison.vectors) > 1 and comparison.vectors.shape[1]
    nearest = comparison.nearest(NEAREST) if comparison is not None and comparable else None
    probes = [] if comparison is None or nearest is None else _choose_probes(comparison, nearest[0])
    playable = [] if nearest is None else _choose_played(data, probes, nearest[0])
    page.played = {i: number for number, i in enumerate(playable)}
    add_benchmarks(page, data)
    if comparison is None:
        page.missing.append("Rank lists, distances, map and groups: no recordings and no vectors were given")
    else:
        if nearest is not None:
            _add_rank_lists(page, comparison, probes, nearest)
            _add_comparison(page, comparison)
        if (comparison.groups > 0).any():
            remarks = [f"<p>{to_html(remark)}</p>" for remark in data.remarks]
            page.add("Groups", *remarks, _group_table(comparison))
    add_history(page, data)
    weights = add_weights(page, data, playable)
    add_tables(page, data)
    played = [describe_recording(data.players[i], MAX_FRAMES, weights.get(i)) for i in playable]
    title = f"Report of a {data.files.kind}: {data.files.path.resolve().name}"
    total = 0 if comparison is None else len(comparison.vectors)
    body = render(page, total, len(data.players))
    package = resources.files("himpc.reporting")
    files = [(package / name).read_text(encoding="utf-8") for name in ("report.js", "report.css")]
    write_atomically(path, build_page(title, body, {"recordings": played}, *files))
    return {
        "kind": data.files.kind,
        "sections": [title for title, _ in page.sections],
        "missing": page.missing,
        "compared": total,
        "played": len(played),
        "path": str(path),
    }


def _choose_probes(comparison: Comparison, nearest: NDArray[np.int64]) -> list[int]:
    """Return the probes to list: those whose nearest is another person first, then evenly spaced ones; in order."""
    persons = comparison.persons
    wrong = [i for i, row in enumerate(nearest) if _mark(persons, i, int(row[0])) == "wrong"][:MAX_PROBES]
    others = np.setdiff1d(np.arange(len(nearest)), wrong)
    rest = others[spread(len(others), MAX_PROBES - len(wrong))]
    return [*wrong, *rest.tolist()]


def _choose_played(data: RunData, probes: Sequence[int], nearest: NDArray[np.int64]) -> list[int]:
    """Return the recordings to play: each probe with its nearest, until there are enough."""
    wanted = dict.fromkeys(int(i) for probe in probes for i in (probe, *nearest[probe]) if int(i) in data.players)
    return list(wanted)[:MAX_PLAYED]


def _mark(persons: Sequence[str | None], probe: int, entry: int) -> str:
    if persons[probe] is None or persons[entry] is None:
        return ""
    return "right" if persons[probe] == persons[entry] else "wrong"


def _add_rank_lists(
    page: ReportPage,
    comparison: Comparison,
    probes: Sequence[int],
    nearest: tuple[NDArray[np.int64], NDArray[np.float64]],
) -> None:
    blocks = []
    for probe in probes:
        entries = []
        for entry, distance in zip(nearest[0][probe].tolist(), nearest[1][probe].tolist(), strict=True):
            mark = _mark(comparison.persons, probe, entry)
            shown = f' <span class="mark-{mark}">{"✓ right" if mark == "right" else "✗ wrong"}</span>' if mark else ""
            name = f"{_name(comparison, entry)}</span>: {distance:.3g}{shown}{page.play(probe, entry)}"
            entries.append(f'<li><span class="source">{name}</li>')
        first = _mark(comparison.persons, probe, int(nearest[0][probe][0]))
        blocks.append(
            f'<div class="probe {first}"><strong class="source">{_name(comparison, probe)}</strong>{page.play(probe)}'
            f"<ol>{''.join(entries)}</ol></div>"
        )
    choice = ""
    if comparison.has_persons:
        options = (("all", "all"), ("wrong", "whose nearest is wrong"), ("right", "whose nearest is right"))
        listed = "".join(f'<option value="{value}">{text}</option>' for value, text in options)
        choice = f'<p><label>Show probes <select id="filter">{listed}</select></label></p>'
    else:
        page.missing.append("Right and wrong, CMC and distances by person: the people of the recordings are not known")
    total = len(comparison.vectors)
    part = (
        f"{len(probes)} of {total} probes, those with a wrong nearest first"
        if len(probes) < total
        else f"{total} probes"
    )
    note = f"Each recording is searched among all others: {part}; the {NEAREST} nearest, and their distances."
    page.add("Rank lists", f"<p>{to_html(note)}</p>", choice, '<div class="scroll">', *blocks, "</div>")


def _name(comparison: Comparison, i: int) -> str:
    person = comparison.persons[i]
    group = f", group {comparison.groups[i]}" if comparison.groups[i] > 0 else ""
    return to_html(f"{comparison.sources[i]}{f' ({person}{group})' if person is not None else group}")


def _add_comparison(page: ReportPage, comparison: Comparison) -> None:
    ranking = comparison.ranking()
    if ranking is not None:
        numbers = ", ".join(f"Rank-{k} {100 * value:.1f} %" for k, value in ranking.rank.items())
        skipped = f"; {count_noun(ranking.n_skipped, 'probe')} without another recording" if ranking.n_skipped else ""
        note = (
            f"{numbers}, mAP {100 * ranking.metrics['mAP']:.1f} % of {count_noun(ranking.n_queries, 'probe')}{skipped}."
        )
        page.picture("CMC", lambda: draw_cmc({"recordings": ranking.cmc.tolist()}), note)
    genuine, impostor = comparison.distances()
    if len(genuine) or len(impostor):
        page.picture("Distance distributions", lambda: draw_distances(genuine, impostor))
    chosen = spread(len(comparison.vectors), MAX_MAPPED).tolist()
    vectors, groups = comparison.vectors[chosen], comparison.groups[chosen]
    sources, persons = [comparison.sources[i] for i in chosen], [comparison.persons[i] for i in chosen]
    named = persons if comparison.has_persons else None
    part = (
        f"{len(chosen)} of {len(comparison.vectors)} recordings, evenly spaced."
        if len(chosen) < len(comparison.vectors)
        else ""
    )
    page.picture("Map", lambda: draw_map(vectors, groups, sources, named), part)
    page.picture("Distance matrix", lambda: draw_matrix(vectors, groups, sources, named), part)


def _group_table(comparison: Comparison) -> str:
    numbers = np.unique(comparison.groups[comparison.groups > 0])
    rows = []
    for number in numbers[:MAX_GROUPS]:
        members = np.flatnonzero(comparison.groups == number).tolist()
        people = Counter(comparison.persons[i] for i in members if comparison.persons[i] is not None)
        sure = comparison.confidence[members]
        more = f" and {len(members) - MAX_MEMBERS} more" if len(members) > MAX_MEMBERS else ""
        rows.append(
            (
                number,
                len(members),
                ", ".join(f"{name} ({count})" for name, count in people.most_common(MAX_MEMBERS)) or "not known",
                "" if np.isnan(sure).all() else f"{np.nanmean(sure):.2f}",
                ", ".join(comparison.sources[i] for i in members[:MAX_MEMBERS]) + more,
            )
        )
    note = f"<p>The first {MAX_GROUPS} of {len(numbers)} groups.</p>" if len(numbers) > MAX_GROUPS else ""
    return note + table(("group", "recordings", "true people", "mean confidence", "members"), rows)
