"""What `himpc pose` leaves behind: for each video its recordings and a report, and a table of all tracks."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from himpc import __version__
from himpc.data import save
from himpc.data.sources import Source
from himpc.pose.people import People
from himpc.writing import make_folder, remove, write_atomically

__all__ = [
    "COLUMNS",
    "RECORDINGS",
    "all_reports",
    "done_before",
    "fingerprint",
    "place_of",
    "read_report",
    "report_of",
    "write_people",
    "write_table",
]

COLUMNS = (
    *("recording", "status", "start", "end", "frames", "score", "cycles", "stride_seconds", "heading"),
    *("walking", "standing", "seated", "added", "impossible", "filled", "guessed", "swapped", "bones", "smoothed"),
    *("turned", "left_out"),
)
"""Of the table; docs/video.md says what they mean, and so do `himpc.pose.Cleaned` and `Changes`."""


_LONGEST = 200
"""Bytes of a video's name that are kept in those of its files; file systems take 255."""

RECORDINGS = "recordings"
"""The folder, within that of a run, in which the recordings are."""


def report_of(place: Path) -> Path:
    """Return where the report of a video stands, given the file of its recordings."""
    return place.parent.parent / f"{place.stem}.json"


def fingerprint(path: Path, settings: Sequence[object]) -> str:
    """Return what tells whether a video and the settings are those of another time.

    It is made of the size of the file, when it was changed, the settings, and the version of himpc.
    """
    status = path.stat()
    told = json.dumps([status.st_size, status.st_mtime_ns, __version__, *map(str, settings)])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def place_of(folder: Path, source: Source, print_: str, taken: set[Path]) -> Path:
    """Return the file for the recordings of a video: its name, with a number where another video has the same.

    They are alone in a folder of their own, so that it can be given to any verb. A report of another time keeps its
    place, unless it is of the same file, or of one that is the same to the last setting.
    """
    name = Path(source.name).name
    stem = name if len(name.encode()) <= _LONGEST else f"{name[:40]}...{_digest(name)}"
    place, number = folder / RECORDINGS / f"{stem}.npz", 2
    while place in taken or not _is_its_own(place, source.path, print_):
        place, number = folder / RECORDINGS / f"{stem}-{number}.npz", number + 1
    taken.add(place)
    return place


def _is_its_own(place: Path, video: Path, print_: str) -> bool:
    report = read_report(report_of(place))
    return report is None or report["fingerprint"] == print_ or report.get("file") == _digest(str(video.resolve()))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def read_report(path: Path) -> dict[str, Any] | None:
    """Return a report that `write_people` left; None where there is none, or it is damaged."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    lists = isinstance(report, dict) and all(isinstance(report.get(key), list) for key in ("recordings", "short"))
    return report if lists and isinstance(report.get("fingerprint"), str) else None


def all_reports(folder: Path) -> list[dict[str, Any]]:
    """Return the reports of all videos that were done into a folder, in the order of their names."""
    found = (read_report(path) for path in sorted(folder.glob("*.json")))
    return [report for report in found if report is not None]


def done_before(place: Path, print_: str) -> dict[str, Any] | None:
    """Return the report of a video that was done with the same settings; None where it was not."""
    report = read_report(report_of(place))
    if report is None or report["fingerprint"] != print_:
        return None
    return report if place.is_file() or not report["recordings"] else None


def write_people(place: Path, people: People, print_: str, overlay: str | None = None) -> dict[str, Any]:
    """Write the recordings of a video, and its report last, and return the report.

    `overlay` says what its film is drawn on: "ground" or "pictures".

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
    report = {
        **people.to_dict(),
        "fingerprint": print_,
        "file": _digest(str(people.path.resolve())),
        "overlay": overlay,
    }
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
        table.writerows({**each, "recording": each["source"], "status": "kept"} for each in report["recordings"])
        for short in report["short"]:
            name = f"{report['video']}#{short['track']}"
            table.writerow(
                {"recording": name, "status": "too short", **{k: short[k] for k in ("start", "end", "frames")}}
            )
    write_atomically(path, text.getvalue())
