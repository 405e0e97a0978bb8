"""What `himpc identify` leaves behind: a table of who was seen when, and a picture of the skeletons."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from himpc._files import make_folder, write_atomically
from himpc.recordings import Recording
from himpc.reporting.figures import save_figure
from himpc.reporting.skeletons import draw_groups

if TYPE_CHECKING:
    from himpc.gallery import Answer

__all__ = ["write_identified"]

_COLUMNS = ("recording", "start", "end", "person", "probability", "nearest", "distance", "threshold", "windows")


def write_identified(
    folder: Path, recordings: Sequence[Recording], answers: Sequence[Answer], times: dict[str, tuple[float, float]]
) -> tuple[Path, Path]:
    """Write ``identified.csv``, a row for each answer, and ``identified.png``, the skeletons by person.

    Parameters
    ----------
    folder : Path
    recordings : sequence of Recording
    answers : sequence of Answer
        One for each take of the recordings.
    times : dict
        First and last second of each recording, by source, where they are known.

    Raises
    ------
    RunFolderError
        If the folder cannot be written.
    """
    make_folder(folder)
    text = io.StringIO()
    table = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    table.writeheader()
    for answer in answers:
        start, end = times.get(answer.source, ("", ""))
        best = answer.matches[0] if answer.matches else None
        table.writerow(
            {
                "recording": answer.source,
                "start": start if start == "" else round(float(start), 3),
                "end": end if end == "" else round(float(end), 3),
                "person": answer.person or "unknown",
                "probability": "" if answer.probability is None else round(answer.probability, 3),
                "nearest": best.person if best else "",
                "distance": round(best.distance, 4) if best else "",
                "threshold": "" if answer.threshold is None else round(answer.threshold, 4),
                "windows": answer.windows,
            }
        )
    paths = folder / "identified.csv", folder / "identified.png"
    write_atomically(paths[0], text.getvalue())
    who = {answer.source: answer for answer in answers}
    found = [who.get(each.whole_source) for each in recordings]
    names = sorted({answer.person for answer in found if answer is not None and answer.person is not None})
    groups = [len(names) + 1 if each is None or each.person is None else names.index(each.person) + 1 for each in found]
    sure = [np.nan if each is None or each.probability is None else each.probability for each in found]
    titles = dict(enumerate([*names, "unknown"], start=1))
    strangers = sum(answer.person is None for answer in answers)
    title = f"{len(names)} known people, {strangers} of {len(answers)} recordings of somebody unknown"
    save_figure(draw_groups(recordings, groups, confidence=sure, names=titles, title=title), paths[1])
    return paths
