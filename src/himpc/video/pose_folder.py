"""The output folder of pose estimation: recordings and a report for each video, and a table of all tracks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from himpc._files import check_output_folder, make_folder, number_names, remove_file, write_atomically, write_csv
from himpc._schema import parse_json, to_plain, validated
from himpc._version import __version__
from himpc.errors import DataError, FormatError
from himpc.reading import BLURRED_SUFFIX, OVERLAY_SUFFIX, Source
from himpc.recordings import Progress, save
from himpc.video.blur import write_blurred
from himpc.video.overlay import write_overlay
from himpc.video.video_result import VideoResult

TABLE_COLUMNS = (
    *("recording", "status", "start", "end", "frames", "score", "cycles", "stride_seconds", "heading"),
    *("towards", "right", "away", "left"),
    *(
        "walking",
        "standing",
        "seated",
        "unknown",
        "added",
        "impossible",
        "filled",
        "guessed",
        "swapped",
        "bones",
        "smoothed",
    ),
    *("turned", "left_out"),
)
"""Columns of ``tracks.csv``, explained by `CleanedTrack` and `Changes`."""

RECORDINGS_FOLDER = "recordings"
"""The folder, within a pose folder, of the recordings; it contains nothing else."""

MAX_NAME_BYTES = 200
"""Longest part of a video's name in the names of its files; file systems allow 255 bytes."""


@validated
class VideoReport:
    """The report ``NAME.json`` of a video: `VideoResult.report` and what tells whether it is up to date."""

    video: str
    width: int
    height: int
    fps: float
    seconds: float
    pictures: int
    tracks: int
    recordings: list[dict[str, Any]]
    dropped: list[dict[str, Any]]
    endings: dict[str, int]
    joined: int
    refused: dict[str, int]
    doubtful: int
    notes: list[str]
    nobody: str | None
    fingerprint: str
    file: str
    overlay: str | None
    blurred: bool = False
    step: int = 1


class PoseFolder:
    """A folder of recordings and reports; a video is not processed again if nothing has changed.

    Parameters
    ----------
    path : Path
        Created with the first recording or table.
    settings : sequence
        Settings that the recordings depend on; two are the same if their texts are.
    overlay : {"plain", "pictures"}, optional
        Also write an overlay of each video, on a plain background or on its frames.
    blur : bool
        Also write a copy of each video in which people are blurred.
    progress : callable, optional
        Wraps the frames of those copies to show progress.

    Raises
    ------
    RunFolderError
        If the folder cannot be created.

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
        self,
        path: Path,
        settings: Sequence[object] = (),
        *,
        overlay: Literal["plain", "pictures"] | None = None,
        blur: bool = False,
        progress: Progress | None = None,
    ) -> None:
        check_output_folder(path)
        self.path = path
        self._settings, self._overlay, self._blur, self._progress = settings, overlay, blur, progress
        self._targets: dict[Path, Path] = {}
        self._fingerprints: dict[Path, str] = {}

    def report(self, video: Source) -> VideoReport | None:
        """Return the report of a video that was processed with the same settings; None if it was not.

        Raises
        ------
        DataError
            If the video cannot be read.
        """
        target = self._target(video)
        report = _read_report(_report_path(target))
        if report is None or report.fingerprint != self._fingerprint(video):
            return None
        if report.recordings and not target.is_file():
            return None
        if self._blur and not (report.blurred and _report_path(target).with_suffix(BLURRED_SUFFIX).is_file()):
            return None
        has_overlay = report.overlay == self._overlay and _overlay_path(target).is_file()
        return report if has_overlay or not self._overlay or not report.tracks else None

    def add(self, video: Source, result: VideoResult) -> VideoReport:
        """Write the recordings of a video and then its report.

        Raises
        ------
        RunFolderError
            If they cannot be written.
        """
        target = self._target(video)
        make_folder(target.parent)
        if self._overlay and result.tracks:
            write_overlay(_overlay_path(target), result, pictures=self._overlay == "pictures")
        if self._blur:
            write_blurred(_report_path(target).with_suffix(BLURRED_SUFFIX), result, progress=self._progress)
        if result.cleaned:
            save(result.recordings, target)
        else:
            remove_file(target)
        report = VideoReport(
            **result.report(),
            nobody=result.reason_empty,
            fingerprint=self._fingerprint(video),
            file=_digest(str(video.path.resolve())),
            overlay=self._overlay,
            blurred=self._blur,
        )
        write_atomically(_report_path(target), json.dumps(to_plain(report), indent=1) + "\n")
        return report

    def copies(self, video: Source) -> list[Path]:
        """Return the overlay and the blurred copy of a video that were asked for and written."""
        report = _report_path(self._target(video))
        asked = [(self._overlay, OVERLAY_SUFFIX), (self._blur, BLURRED_SUFFIX)]
        return [path for is_asked, end in asked if is_asked and (path := report.with_suffix(end)).is_file()]

    def write_table(self) -> Path:
        """Write ``tracks.csv``, a row for each track of all videos in the folder, and return its path.

        Raises
        ------
        RunFolderError
            If it cannot be written.
        """
        reports = (_read_report(path) for path in sorted(self.path.glob("*.json")))
        table = make_folder(self.path) / "tracks.csv"
        write_csv(table, TABLE_COLUMNS, (row for report in reports if report is not None for row in _rows(report)))
        return table

    def _fingerprint(self, video: Source) -> str:
        """Hash size and modification time of a file, the settings, and the version of himpc.

        A file that changes while it is processed is processed again next time.
        """
        if video.path not in self._fingerprints:
            try:
                status = video.path.stat()
            except OSError as error:
                raise DataError(f"{video.path}: cannot be read: {error.strerror or error}") from error
            settings = (*self._settings, sorted(video.labels.items()))
            text = json.dumps([status.st_size, status.st_mtime_ns, __version__, *map(str, settings)])
            self._fingerprints[video.path] = _digest(text)
        return self._fingerprints[video.path]

    def _target(self, video: Source) -> Path:
        """Return the file for the recordings of a video: its name, numbered if another video has the same.

        A report of an earlier run keeps its name, unless it is of this file or of an identical one.
        """
        if video.path not in self._targets:
            name = Path(video.name).name
            stem = name if len(name.encode()) <= MAX_NAME_BYTES else f"{name[:40]}...{_digest(name)}"
            targets = number_names(self.path / RECORDINGS_FOLDER, stem, ".npz")
            self._targets[video.path] = next(target for target in targets if self._is_free(target, video))
        return self._targets[video.path]

    def _is_free(self, target: Path, video: Source) -> bool:
        if target in self._targets.values():
            return False
        report = _read_report(_report_path(target))
        is_same = report is None or report.fingerprint == self._fingerprint(video)
        return is_same or report is None or report.file == _digest(str(video.path.resolve()))


def _report_path(target: Path) -> Path:
    return target.parent.parent / f"{target.stem}.json"


def _overlay_path(target: Path) -> Path:
    return _report_path(target).with_suffix(OVERLAY_SUFFIX)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _read_report(path: Path) -> VideoReport | None:
    """Read a report; None if it does not exist or is damaged."""
    try:
        return parse_json(VideoReport, path)
    except FormatError:
        return None


def _rows(report: VideoReport) -> Iterator[dict[str, Any]]:
    """Yield a row for each recording, and for each track that gives none."""
    for each in report.recordings:
        yield {**each, "recording": each["source"], "status": "kept"}
    for each in report.dropped:
        yield {**each, "recording": f"{report.video}#{each['track']}", "status": each["reason"]}
