"""The report files of a grouping and of an identification: a table and figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from himpc._files import make_folder, remove_file, write_atomically, write_csv
from himpc.errors import Reference, count_noun
from himpc.evaluation import Agreement, grouping_agreement
from himpc.learning import Grouping
from himpc.recordings import Recording, count_recordings
from himpc.reporting.charts import draw_matrix
from himpc.reporting.figures import save_figures
from himpc.reporting.maps import draw_map
from himpc.reporting.run_files import GROUPS_FILE, VECTORS_FILE
from himpc.reporting.skeletons import draw_group_pages

if TYPE_CHECKING:
    from himpc.gallery import Answer

_GROUP_COLUMNS = ("recording", "group", "confidence")
_ANSWER_COLUMNS = (
    "recording", "start", "end", "answer", "person", "probability", "nearest", "distance", "threshold", "windows",
    "reason",
)  # fmt: skip
_MAX_GROUPS_LISTED = 20
_MAX_MEMBERS_LISTED = 4


@dataclass(frozen=True)
class GroupReport:
    """The files of a report, and its content as text and data."""

    paths: tuple[Path, ...]
    """The files."""
    text: str
    """A summary of a few lines."""
    document: dict[str, Any]
    """The content as plain data."""


def write_groups(
    folder: Path,
    recordings: Sequence[Recording],
    grouping: Grouping,
    formats: Sequence[str] = ("png",),
    spell: Callable[[Reference], str] = str,
) -> GroupReport:
    """Write a grouping: a table, the compared vectors, and figures.

    The files are ``groups.csv`` (recording, group, confidence, and person if any is known), ``groups.npz``
    (the vectors and remarks, for `write_report`), and the figures ``groups`` (pages of skeletons, all groups), ``map``
    and ``distances``.

    Parameters
    ----------
    folder : Path
    recordings : sequence of Recording
    grouping : Grouping
    formats : sequence of {"png", "svg", "pdf"}
        The formats of the figures.
    spell : callable, optional
        Spells the parameters that a warning names; as in Python if not given.

    Raises
    ------
    RunFolderError
        If the folder cannot be written.
    """
    make_folder(folder)
    doubts = grouping.render_doubts(spell)
    warning = grouping.render_warning(spell)
    rows = _group_rows(recordings, grouping)
    tables = folder / GROUPS_FILE, folder / VECTORS_FILE
    remove_file(tables[0])  # of an earlier run: the table is written last, and a folder without it is no grouping
    content = BytesIO()
    remarks = [remark for remark in (grouping.note, *doubts) if remark]
    np.savez(content, vectors=grouping.vectors.astype(np.float32), remarks=np.array(remarks, dtype=str))
    write_atomically(tables[1], content.getvalue())
    grouped = np.flatnonzero(grouping.groups > 0).tolist()
    compared = (
        grouping.vectors[grouped],
        grouping.groups[grouped],
        [recordings[i].source for i in grouped],
        [recordings[i].person for i in grouped],
    )
    pages = draw_group_pages(recordings, grouping.groups, confidence=grouping.confidence, note=warning)
    paths = (
        *tables,
        *save_figures(pages, folder / "groups", formats),
        *save_figures([draw_map(*compared)], folder / "map", formats),
        *save_figures([draw_matrix(*compared)], folder / "distances", formats),
    )
    write_csv(tables[0], tuple(rows[0]) if rows else _GROUP_COLUMNS, rows)
    document: dict[str, Any] = {
        "people": grouping.people,
        "recordings": rows,
        "files": [str(p) for p in paths],
        "ungrouped": grouping.ungrouped,
        "kept_apart": grouping.kept_apart,
        "views": None if grouping.views is None else asdict(grouping.views),
        "view_effect_removed": grouping.view_effect_removed,
        "systems": None if grouping.systems is None else asdict(grouping.systems),
    }
    paragraphs = [_summarise(recordings, grouping)]
    if grouping.kept_apart:
        paragraphs.append(
            f"{count_noun(grouping.kept_apart, 'pair')} of recordings overlap in time and were kept apart"
        )
    paragraphs += remarks
    if warning:
        document["doubt"] = warning
    if any(each.person is not None for each in recordings):
        agreement = _agreement(recordings, grouping)
        document["agreement"] = agreement.to_dict()
        alone = "; a recording without a group counts as a group of one" if len(grouped) < len(recordings) else ""
        paragraphs.append(
            f"Agreement with the true people, which were not used{alone}\n"
            f"(purity in %; precision, recall and F1 of pairs of recordings, in %):\n{agreement.table()}"
        )
    return GroupReport(paths, "\n\n".join(paragraphs), document)


def _group_rows(recordings: Sequence[Recording], grouping: Grouping) -> list[dict[str, Any]]:
    """Return the rows of ``groups.csv``, with the person if any is known."""
    has_persons = any(each.person is not None for each in recordings)
    return [
        {
            "recording": r.source,
            "group": int(g) or None,
            "confidence": None if np.isnan(c) else round(float(c), 3),
            **({"person": r.person} if has_persons else {}),
        }
        for r, g, c in zip(recordings, grouping.groups, grouping.confidence, strict=True)
    ]


def _agreement(recordings: Sequence[Recording], grouping: Grouping) -> Agreement:
    groups = np.where(grouping.groups > 0, grouping.groups, -1)
    return grouping_agreement(groups, [each.person for each in recordings])


def _summarise(recordings: Sequence[Recording], grouping: Grouping) -> str:
    groups = f"{count_noun(grouping.people, 'group')}{'' if grouping.estimated else ', as requested,'}"
    lines = [f"{groups} in {count_recordings(recordings)}"]
    for number in range(1, min(grouping.people, _MAX_GROUPS_LISTED) + 1):
        members = np.flatnonzero(grouping.groups == number)
        listed = ", ".join(recordings[i].source for i in members[:_MAX_MEMBERS_LISTED])
        listed += " ..." if len(members) > _MAX_MEMBERS_LISTED else ""
        mean = float(grouping.confidence[members].mean())
        confidence = "" if np.isnan(mean) else f", confidence {mean:.2f}"
        count = count_recordings([recordings[i] for i in members.tolist()])
        lines.append(f"  group {number}: {count}{confidence}: {listed}")
    if grouping.people > _MAX_GROUPS_LISTED:
        lines.append(f"  ... and {count_noun(grouping.people - _MAX_GROUPS_LISTED, 'more group')}")
    has_window = np.isfinite(grouping.vectors).all(axis=1)
    for reason, mask in (("in no group", has_window), ("shorter than a window and without a group", ~has_window)):
        if len(without := np.flatnonzero(mask & (grouping.groups == 0))):
            lines.append(f"  {reason}: {count_recordings([recordings[i] for i in without.tolist()])}")
    return "\n".join(lines)


def write_identified(
    folder: Path,
    recordings: Sequence[Recording],
    answers: Sequence[Answer],
    times: dict[str, tuple[float, float]],
    formats: Sequence[str] = ("png",),
) -> tuple[Path, ...]:
    """Write ``identified.csv``, a row per answer, and the figure ``identified``, the skeletons by person.

    Parameters
    ----------
    folder : Path
    recordings : sequence of Recording
    answers : sequence of Answer
        One per whole recording.
    times : dict
        First and last second of each whole recording, by source, if known.
    formats : sequence of {"png", "svg", "pdf"}
        The formats of the figure, which may have several pages.

    Raises
    ------
    RunFolderError
        If the folder cannot be written.
    """
    make_folder(folder)
    path = folder / "identified.csv"
    rows = [_answer_row(answer, *times.get(answer.source, (None, None))) for answer in answers]
    write_csv(path, _ANSWER_COLUMNS, rows)
    answer_of = {answer.source: answer for answer in answers}
    matched = [answer_of.get(recording.whole_source) for recording in recordings]
    names = sorted({each.person for each in matched if each is not None and each.person is not None})
    number_of = {name: number for number, name in enumerate(names, start=1)}
    groups = [len(names) + 1 if each is None else number_of.get(each.person or "", len(names) + 1) for each in matched]
    confidence = [np.nan if each is None or each.probability is None else each.probability for each in matched]
    unknown = sum(answer.person is None for answer in answers)
    known = count_noun(len(names), "known person", "known people")
    title = f"{known}, {unknown} of {count_noun(len(answers), 'recording')} of unknown people"
    titles = dict(enumerate([*names, "unknown"], start=1))
    pages = draw_group_pages(recordings, groups, confidence=confidence, names=titles, title=title)
    return (path, *save_figures(pages, folder / "identified", formats))


def _answer_row(answer: Answer, start: float | None, end: float | None) -> dict[str, object]:
    best = answer.matches[0] if answer.matches else None
    return {
        "recording": answer.source,
        "start": _rounded(start, 3),
        "end": _rounded(end, 3),
        "answer": answer.verdict,
        "person": answer.person or "unknown",
        "probability": _rounded(answer.probability, 3),
        "nearest": best.person if best else "",
        "distance": _rounded(best.distance, 4) if best else "",
        "threshold": _rounded(answer.threshold, 4),
        "windows": answer.windows,
        "reason": answer.reason,
    }


def _rounded(value: float | None, digits: int) -> float | str:
    return "" if value is None else round(float(value), digits)
