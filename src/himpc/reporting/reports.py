"""The report files of a grouping and of an identification: a table and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from himpc._files import make_folder, write_csv
from himpc.errors import count_noun
from himpc.evaluation import grouping_agreement
from himpc.learning import Grouping
from himpc.recordings import Recording
from himpc.reporting.figures import save_figure
from himpc.reporting.maps import draw_map
from himpc.reporting.skeletons import draw_groups

if TYPE_CHECKING:
    from himpc.gallery import Answer

_GROUP_COLUMNS = ("recording", "group", "confidence")
_ANSWER_COLUMNS = ("recording", "start", "end", "person", "probability", "nearest", "distance", "threshold", "windows")
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


def write_groups(folder: Path, recordings: Sequence[Recording], grouping: Grouping) -> GroupReport:
    """Write ``groups.csv`` (recording, group, confidence), ``groups.png`` and ``map.png``.

    Raises
    ------
    RunFolderError
        If the folder cannot be written.
    """
    make_folder(folder)
    rows = [
        {"recording": r.source, "group": int(g) or None, "confidence": None if np.isnan(c) else round(float(c), 3)}
        for r, g, c in zip(recordings, grouping.groups, grouping.confidence, strict=True)
    ]
    paths = tuple(folder / name for name in ("groups.csv", "groups.png", "map.png"))
    write_csv(paths[0], _GROUP_COLUMNS, rows)
    figure = draw_groups(recordings, grouping.groups, confidence=grouping.confidence, note=grouping.warning)
    save_figure(figure, paths[1])
    persons = [r.person for r in recordings]
    grouped = np.flatnonzero(grouping.groups > 0).tolist()
    sources = [recordings[i].source for i in grouped]
    vectors, groups = grouping.vectors[grouped], grouping.groups[grouped]
    save_figure(draw_map(vectors, groups, sources, persons=[persons[i] for i in grouped]), paths[2])
    document: dict[str, Any] = {"people": grouping.people, "recordings": rows, "files": [str(p) for p in paths]}
    document["kept_apart"] = grouping.kept_apart
    text = _summarise(recordings, grouping)
    if grouping.kept_apart:
        text += f"\n\n{count_noun(grouping.kept_apart, 'pair')} of recordings overlap in time and were kept apart"
    if grouping.warning:
        document["doubt"] = grouping.warning
        text += f"\n\n{grouping.warning}"
    if any(person is not None for person in persons):
        agreement = grouping_agreement(np.where(grouping.groups > 0, grouping.groups, -1), persons)
        document["agreement"] = agreement.to_dict()
        alone = "; a recording without a group counts as a group of one" if len(grouped) < len(recordings) else ""
        text += f"\n\nAgreement with the true people, which were not used{alone}\n"
        text += f"(precision, recall and F1 of pairs of recordings):\n{agreement.table()}"
    return GroupReport(paths, text, document)


def _summarise(recordings: Sequence[Recording], grouping: Grouping) -> str:
    groups = f"{count_noun(grouping.people, 'group')}{'' if grouping.estimated else ', as requested,'}"
    lines = [f"{groups} in {count_noun(len(recordings), 'recording')}"]
    for number in range(1, min(grouping.people, _MAX_GROUPS_LISTED) + 1):
        members = np.flatnonzero(grouping.groups == number)
        listed = ", ".join(recordings[i].source for i in members[:_MAX_MEMBERS_LISTED])
        listed += " ..." if len(members) > _MAX_MEMBERS_LISTED else ""
        mean = float(grouping.confidence[members].mean())
        confidence = "" if np.isnan(mean) else f", confidence {mean:.2f}"
        lines.append(f"  group {number}: {count_noun(len(members), 'recording')}{confidence}: {listed}")
    if grouping.people > _MAX_GROUPS_LISTED:
        lines.append(f"  ... and {count_noun(grouping.people - _MAX_GROUPS_LISTED, 'more group')}")
    if ungrouped := int((grouping.groups == 0).sum()):
        lines.append(f"  shorter than a window and without a group: {count_noun(ungrouped, 'recording')}")
    return "\n".join(lines)


def write_identified(
    folder: Path, recordings: Sequence[Recording], answers: Sequence[Answer], times: dict[str, tuple[float, float]]
) -> tuple[Path, Path]:
    """Write ``identified.csv``, a row per answer, and ``identified.png``, the skeletons by person.

    Parameters
    ----------
    folder : Path
    recordings : sequence of Recording
    answers : sequence of Answer
        One per whole recording.
    times : dict
        First and last second of each whole recording, by source, if known.

    Raises
    ------
    RunFolderError
        If the folder cannot be written.
    """
    make_folder(folder)
    paths = folder / "identified.csv", folder / "identified.png"
    rows = [_answer_row(answer, *times.get(answer.source, (None, None))) for answer in answers]
    write_csv(paths[0], _ANSWER_COLUMNS, rows)
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
    save_figure(draw_groups(recordings, groups, confidence=confidence, names=titles, title=title), paths[1])
    return paths


def _answer_row(answer: Answer, start: float | None, end: float | None) -> dict[str, object]:
    best = answer.matches[0] if answer.matches else None
    return {
        "recording": answer.source,
        "start": _rounded(start, 3),
        "end": _rounded(end, 3),
        "person": answer.person or "unknown",
        "probability": _rounded(answer.probability, 3),
        "nearest": best.person if best else "",
        "distance": _rounded(best.distance, 4) if best else "",
        "threshold": _rounded(answer.threshold, 4),
        "windows": answer.windows,
    }


def _rounded(value: float | None, digits: int) -> float | str:
    return "" if value is None else round(float(value), digits)
