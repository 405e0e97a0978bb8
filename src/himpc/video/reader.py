"""Reading of videos: the people in them as recordings (`himpc.read` for the format "video")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from himpc.errors import ConfigError, FormatError
from himpc.reading import NamePattern, Problem, Source, VideoOptions, discover, nothing_found
from himpc.recordings import Progress, Recording
from himpc.video.cameras import CalibratedCamera, match_cameras, read_calibration
from himpc.video.cleaning import DEFAULT_STEPS, STEPS, PoseCleaningRules
from himpc.video.detection import PoseEstimator
from himpc.video.estimate import estimate
from himpc.video.estimators import open_estimator
from himpc.video.video_result import VideoResult

LIST_SUFFIXES = frozenset([".txt", ".lst"])
"""Suffixes of files that list videos."""

MAX_LIST_BYTES = 2**23


def find_videos(
    paths: Sequence[str | Path], pattern: NamePattern | None = None
) -> tuple[tuple[Source, ...], list[Problem]]:
    """Find the videos in files and folders, in natural order; a file that is given itself counts as one.

    A text file lists paths, a line each, relative to it; lines that start with # are comments.

    Returns
    -------
    videos : tuple of Source
    problems : list of Problem
        Folders that cannot be opened.

    Raises
    ------
    ConfigError
        If no path is given.
    DataError
        If a path does not exist, or a folder cannot be opened and there is no other.
    EmptyError
        If there is no video.
    FormatError
        If a list cannot be read or names a path that does not exist.
    """
    if not paths:
        raise ConfigError("no video is given, expected videos or folders of them")
    places = [place for path in paths for place in _expand_list(Path(path))]
    discovered = discover(places, pattern)
    named = {source.path: source for source in discovered.sources if source.path in places and source.path.is_file()}
    videos = tuple({**named, **{source.path: source for source in discovered.videos}}.values())
    if not videos:
        raise discovered.errors[0][1] if discovered.errors else nothing_found(places, pattern, "video")
    return videos, [Problem.of(error, path) for path, error in discovered.errors]


def _expand_list(path: Path) -> list[Path]:
    """Return the paths in a list file, a line each, relative to the file; other paths as they are."""
    if path.suffix.lower() not in LIST_SUFFIXES or not path.is_file():
        return [path]
    if path.stat().st_size > MAX_LIST_BYTES:
        raise FormatError(
            f"{path}: is larger than {MAX_LIST_BYTES >> 20} MiB, expected a list of videos, a path a line"
        )
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: is not UTF-8 text, expected a list of videos, a path a line") from error
    listed = [
        (number, path.parent / line.strip())
        for number, line in enumerate(lines, 1)
        if line.strip()[:1] not in ("", "#")
    ]
    if not listed:
        raise FormatError(f"{path}: lists nothing, expected a path of a video a line")
    for number, place in listed:
        if not place.exists():
            raise FormatError(
                f"{path}, line {number}: there is no file or folder {place}", hint="paths are relative to the list"
            )
    return [place for _, place in listed]


class VideoReader:
    """Reads videos one by one; the pose estimator is opened for the first.

    Parameters
    ----------
    options : VideoOptions
    fps : float, optional
        Frame rate, whatever a video states.
    clean : bool
        Whether skeletons are cleaned.
    progress : callable, optional
        Wraps the frames of each video.
    on_video : callable, optional
        Called with the `VideoResult` of each video.
    """

    def __init__(
        self,
        options: VideoOptions,
        *,
        fps: float | None = None,
        clean: bool = True,
        progress: Progress | None = None,
        on_video: Callable[[VideoResult], None] | None = None,
    ) -> None:
        self.options, self.fps, self._progress, self._on_video = options, fps, progress, on_video
        steps = () if not clean else STEPS if options.steady_bones else DEFAULT_STEPS
        self.cleaning = PoseCleaningRules(steps=steps, leave_out=options.leave_out)

    @cached_property
    def estimator(self) -> PoseEstimator:
        """The pose estimator."""
        options = self.options
        if not isinstance(options.estimator, str):
            return options.estimator  # type: ignore[no-any-return]
        return open_estimator(options.estimator, options.weights, tiles=options.tiles)

    @cached_property
    def cameras(self) -> tuple[CalibratedCamera, ...]:
        """The calibrated cameras."""
        return read_calibration(self.options.calibration) if self.options.calibration else ()

    def _find_camera(self, video: Source) -> CalibratedCamera | None:
        """Return the camera of a video; None if none is calibrated."""
        return match_cameras(self.cameras, [str(video.path)])[0] if self.cameras else None

    def estimate(self, video: Source) -> VideoResult:
        """Find the people in a video.

        Raises
        ------
        DataError
            If the video cannot be read.
        """
        return estimate(
            video.path,
            self.estimator,
            name=video.name,
            fps=self.fps,
            labels=video.labels,
            cleaning=self.cleaning,
            person_height=self.options.person_height,
            camera_height=self.options.camera_height,
            camera=self._find_camera(video),
            min_rate=self.options.min_rate,
            progress=self._progress,
        )

    def read(self, video: Source) -> list[Recording]:
        """Return a recording of each person in a video.

        Raises
        ------
        DataError
            If the video cannot be read, or no person is in it.
        """
        result = self.estimate(video)
        if self._on_video is not None:
            self._on_video(result)
        if not result.cleaned:
            raise FormatError(f"{video.path}: {result.reason_empty}")
        return result.recordings
