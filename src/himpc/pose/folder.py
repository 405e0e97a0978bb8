"""What `himpc pose` leaves behind: for each video its recordings and a report, and a table of all tracks."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from himpc.data import save
from himpc.data.sources import Source
from himpc.pose.people import People
from himpc.writing import make_folder, remove, write_atomically

__all__ = [
    "COLUMNS",
    "RECORDINGS",
    "done_before",
    "fingerprint",
    "place_of",
    "report_of",
    "write_people",
    "write_table",
]

COLUMNS = (
    *("recording", "start", "end", "frames", "score", "cycles", "stride_seconds", "heading", "walking", "standing"),
    *("seated", "added", "filled", "guessed", "swapped", "bones", "smoothed", "turned", "left_out"),
)
"""Of the table; what they mean is said by `himpc.pose.Cleaned` and `Changes`."""


RECORDINGS = "recordings"
"""The folder, within that of a run, in which the recordings are."""


def report_of(place: Path) -> Path:
    """Return where the report of a video stands, given the file of its recordings."""
    return place.parent.parent / f"{place.stem}.json"


def fingerprint(path: Path, settings: Sequence[object]) -> str:
    """Return what tells whether a video and the settings are those of another time: size, time of change, settings."""
    status = path.stat()
    told = json.dumps([status.st_size, status.st_mtime_ns, *map(str, settings)])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def place_of(folder: Path, source: Source, taken: set[Path]) -> Path:
    """Return the file for the recordings of a video: its name, with a number where another video has the same.

    They are alone in a folder of their own, so that it can be given to any verb.
    """
    stem = Path(source.name).name
    place, number = folder / RECORDINGS / f"{stem}.npz", 2
    while place in taken:
        place, number = folder / RECORDINGS / f"{stem}-{number}.npz", number + 1
    taken.add(place)
    return place


def done_before(place: Path, print_: str) -> dict[str, Any] | None:
    """Return the report of a video that was done with the same settings; None where it was not."""
    try:
        report = json.loads(report_of(place).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    whole = isinstance(report, dict) and report.get("fingerprint") == print_
    return report if whole and (place.is_file() or not report.get("recordings")) else None


def write_people(place: Path, people: People, print_: str) -> dict[str, Any]:
    """Write the recordings of a video, and its report last, and return the report.

    Raises
    ------
    RunError
        If it cannot be written.
    """
    make_folder(place.parent)
    if people.cleaned:
        save(people.recordings, place)
    else:
        remove(place)
    report = {**people.to_dict(), "fingerprint": print_}
    write_atomically(report_of(place), json.dumps(report, indent=1) + "\n")
    return report


def write_table(path: Path, reports: Sequence[dict[str, Any]]) -> None:
    """Write ``tracks.csv``: a row for each recording, and for each track that is too short.

    Raises
    ------
    RunError
        If it cannot be written.
    """
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, restval="", extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    for report in reports:
        table.writerows({**each, "recording": each["source"]} for each in report["recordings"])
        for short in report["short"]:
            name = f"{report['video']}#{short['track']}"
            table.writerow(
                {"recording": name, "score": "too short", **{k: short[k] for k in ("start", "end", "frames")}}
            )
    write_atomically(path, text.getvalue())
