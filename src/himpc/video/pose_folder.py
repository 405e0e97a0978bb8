"""What `himpc pose` leaves behind: for each video its recordings and a report, and a table of all tracks."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from himpc._files import make_folder, number_names, remove_file, write_atomically
from himpc._version import __version__
from himpc.errors import DataError
from himpc.reading.discovery import Source
from himpc.recordings import save
from himpc.video.encoding import OVERLAY_SUFFIX
from himpc.video.overlay import write_overlay
from himpc.video.video_result import VideoResult, describe_empty

__all__ = ["COLUMNS", "RECORDINGS", "PoseFolder"]

COLUMNS = (
    *("recording", "status", "start", "end", "frames", "score", "cycles", "stride_seconds", "heading"),
    *("walking", "standing", "seated", "added", "impossible", "filled", "guessed", "swapped", "bones", "smoothed"),
    *("turned", "left_out"),
)
"""Of the table; docs/video.md says what they mean, and so do `himpc.video.Cleaned` and `Changes`."""


_LONGEST = 200
"""Bytes of a video's name that are kept in those of its files; file systems take 255."""

RECORDINGS = "recordings"
"""The folder, within that of a run, in which the recordings are."""

_REPORT: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("video", "fingerprint", "file"), (str,)),
    **dict.fromkeys(("nobody", "overlay"), (str, type(None))),
    **dict.fromkeys(("recordings", "short", "notes"), (list,)),
    **dict.fromkeys(("tracks", "seconds"), (int, float)),
}
"""What a report holds at least."""


class PoseFolder:
    """A folder of what was found in videos: recordings and a report of each, which are not made twice.

    Parameters
    ----------
    path : Path
        Made, with its parents, if it is not there.
    settings : sequence
        What the recordings depend on beside the video: things whose text differs where they do.
    overlay : {"ground", "pictures"}, optional
        Write a film of each video, too, drawn on an empty ground or on the pictures.

    Raises
    ------
    RunFolderError
        If it cannot be made.

    Examples
    --------
    ::

        folder = PoseFolder(Path("poses"), [estimator.name])
        for video in videos:
            if folder.report(video) is None:
                folder.add(video, estimate(video.path, estimator, name=video.name))
        folder.write_table()
    """

    def __init__(
        self, path: Path, settings: Sequence[object] = (), *, overlay: Literal["ground", "pictures"] | None = None
    ) -> None:
        self.path = make_folder(path)
        self._settings, self._overlay = settings, overlay
        self._places: dict[Path, Path] = {}
        self._fingerprints: dict[Path, str] = {}

    def report(self, video: Source) -> dict[str, Any] | None:
        """Return the report of a video that was done with the same settings; None where it was not.

        Raises
        ------
        DataError
            If the video is not there.
        """
        place = self._place(video)
        report = _read(_report_of(place))
        if report is None or report["fingerprint"] != self._fingerprint(video):
            return None
        if report["recordings"] and not place.is_file():
            return None
        drawn = report["overlay"] == self._overlay and _film_of(place).is_file()
        return report if drawn or not self._overlay or not report["tracks"] else None

    def add(self, video: Source, people: VideoResult) -> dict[str, Any]:
        """Write what was found in a video, its report last, and return the report.

        Raises
        ------
        RunFolderError
            If it cannot be written.
        """
        place = self._place(video)
        if self._overlay and people.tracks:
            write_overlay(_film_of(place), people, pictures=self._overlay == "pictures")
        make_folder(place.parent)
        if people.cleaned:
            save(people.recordings, place)
        else:
            remove_file(place)
        report = {
            **people.to_dict(),
            "nobody": None if people.cleaned else describe_empty(people),
            "fingerprint": self._fingerprint(video),
            "file": _digest(str(video.path.resolve())),
            "overlay": self._overlay,
        }
        write_atomically(_report_of(place), json.dumps(report, indent=1) + "\n")
        return report

    def write_table(self) -> Path:
        """Write ``tracks.csv``, the tracks in all videos that were done into the folder, and return it.

        Raises
        ------
        RunFolderError
            If it cannot be written.
        """
        found = (_read(path) for path in sorted(self.path.glob("*.json")))
        table = self.path / "tracks.csv"
        write_atomically(table, _table([report for report in found if report is not None]))
        return table

    def _fingerprint(self, video: Source) -> str:
        """Return what tells whether a video and the settings are those of another time.

        It is made of the size of the file, when it was changed, the settings, and the version of himpc.
        """
        if video.path not in self._fingerprints:  # a file that changes while it is looked at is done again next time
            try:
                status = video.path.stat()
            except OSError as error:
                raise DataError(f"{video.path}: cannot be read: {error.strerror or error}") from error
            settings = (*self._settings, sorted(video.known.items()))
            told = json.dumps([status.st_size, status.st_mtime_ns, __version__, *map(str, settings)])
            self._fingerprints[video.path] = _digest(told)
        return self._fingerprints[video.path]

    def _place(self, video: Source) -> Path:
        """Return the file for the recordings of a video: its name, with a number where another video has the same.

        They are alone in a folder of their own, so that it can be given to any verb. A report of another time keeps
        its place, unless it is of the same file, or of one that is the same to the last setting.
        """
        if video.path not in self._places:
            name = Path(video.name).name
            stem = name if len(name.encode()) <= _LONGEST else f"{name[:40]}...{_digest(name)}"
            places = number_names(self.path / RECORDINGS, stem, ".npz")
            self._places[video.path] = next(place for place in places if self._is_free(place, video))
        return self._places[video.path]

    def _is_free(self, place: Path, video: Source) -> bool:
        if place in self._places.values():
            return False
        report = _read(_report_of(place))
        if report is None or report["fingerprint"] == self._fingerprint(video):
            return True
        return bool(report["file"] == _digest(str(video.path.resolve())))


def _report_of(place: Path) -> Path:
    """Return where the report of a video stands, given the file of its recordings."""
    return place.parent.parent / f"{place.stem}.json"


def _film_of(place: Path) -> Path:
    return _report_of(place).with_suffix(OVERLAY_SUFFIX)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _read(path: Path) -> dict[str, Any] | None:
    """Return a report that `PoseFolder.add` left; None where there is none, or it is damaged."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(report, dict) or any(not isinstance(report.get(key, ...), kind) for key, kind in _REPORT.items()):
        return None
    return report


def _table(reports: Sequence[dict[str, Any]]) -> str:
    """Return a row for each recording, and for each track that is too short."""
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
    return text.getvalue()
