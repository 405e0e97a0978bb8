"""What `himpc group` leaves behind: a table of who is who, and two pictures."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from himpc._files import make_folder, write_atomically
from himpc.evaluation import grouping_agreement
from himpc.learning import Grouping
from himpc.recordings import Recording
from himpc.reporting.figures import save_figure
from himpc.reporting.maps import draw_map
from himpc.reporting.skeletons import draw_groups

__all__ = ["GroupReport", "write_groups"]


@dataclass(frozen=True)
class GroupReport:
    """What was written, and what to say about it.

    Attributes
    ----------
    paths : tuple of Path
        The files.
    text : str
        A few lines for people.
    document : dict
        The same for machines.
    """

    paths: tuple[Path, ...]
    text: str
    document: dict[str, Any]


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
    write_atomically(paths[0], _csv(rows))
    persons = [r.person for r in recordings]
    placed = np.flatnonzero(grouping.groups > 0).tolist()
    picture = draw_groups(recordings, grouping.groups, confidence=grouping.confidence, note=grouping.doubt)
    save_figure(picture, paths[1])
    save_figure(
        draw_map(
            grouping.vectors[placed],
            grouping.groups[placed],
            [recordings[i].source for i in placed],
            persons=[persons[i] for i in placed],
        ),
        paths[2],
    )
    document: dict[str, Any] = {"people": grouping.people, "recordings": rows, "files": [str(p) for p in paths]}
    text = _text(recordings, grouping)
    if grouping.doubt:
        document["doubt"] = grouping.doubt
        text += f"\n\n{grouping.doubt}"
    if any(person is not None for person in persons):
        agreement = grouping_agreement(np.where(grouping.groups > 0, grouping.groups, -1), persons)
        document["agreement"] = agreement.to_dict()
        alone = "; a recording in no group counts as one of its own" if len(placed) < len(recordings) else ""
        text += f"\n\nAgreement with the true persons, which were not used{alone}\n"
        text += f"(precision, recall and F1 of pairs of recordings):\n{agreement.table()}"
    return GroupReport(paths, text, document)


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    table = io.StringIO()
    writer = csv.DictWriter(table, ["recording", "group", "confidence"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return table.getvalue()


def _text(recordings: Sequence[Recording], grouping: Grouping) -> str:
    found = "found" if grouping.chosen else "made, as asked,"
    people = "1 person" if grouping.people == 1 else f"{grouping.people} people"
    lines = [f"{found} {people} in {len(recordings)} recordings"]
    for number in range(1, min(grouping.people, 20) + 1):
        members = np.flatnonzero(grouping.groups == number)
        shown = ", ".join(recordings[i].source for i in members[:4]) + (" ..." if len(members) > 4 else "")
        confidence = float(grouping.confidence[members].mean())
        count = f"{len(members)} recording{'s' if len(members) > 1 else ''}"
        sure = "" if np.isnan(confidence) else f", confidence {confidence:.2f}"
        lines.append(f"  group {number}: {count}{sure}: {shown}")
    if grouping.people > 20:
        lines.append(f"  ... and {grouping.people - 20} more groups")
    if left := int((grouping.groups == 0).sum()):
        lines.append(f"  {left} recordings are shorter than a window and belong to no group")
    return "\n".join(lines)
