"""Videos as recordings: found in folders, looked at one after the other, and what cannot be used is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from himpc.errors import ConfigError, DataError, EmptyError, FormatError, HimpcError
from himpc.reading import Problem, Recordings
from himpc.reading.discovery import Source, find_sources
from himpc.reading.labels import Labels, NamePattern, read_labels
from himpc.recordings import Recording
from himpc.recordings.progress import Progress
from himpc.video.decoding import is_video
from himpc.video.detection import PoseEstimator
from himpc.video.encoding import OVERLAY_SUFFIX
from himpc.video.estimate import estimate
from himpc.video.video_result import VideoResult

__all__ = ["find_videos", "read_videos"]

_ADDRESS = re.compile(r"(?i)[a-z]+:/")


def find_videos(paths: Sequence[str | Path], pattern: NamePattern | None = None) -> tuple[list[Source], list[Problem]]:
    """Find the videos in files and folders, in natural order; a file that is given itself is always one.

    Returns
    -------
    sources : list of Source
    problems : list of Problem
        Folders that cannot be opened.

    Raises
    ------
    ConfigError
        If no path is given.
    DataError
        If a path does not exist, or is an address.
    EmptyError
        If there is no video.
    """
    if not paths:
        raise ConfigError("no video is given: name videos, or folders of them")
    for path in paths:
        if _ADDRESS.match(str(path)) and not Path(path).exists():
            raise DataError(f"{path}: is an address: only 'himpc identify --live' watches streams")
    sources, errors = find_sources([Path(path) for path in paths], pattern, wanted=_to_look_at)
    problems = [Problem(place, str(error).removeprefix(f"{place}: ")) for place, error in errors]
    if not sources:
        if errors:
            raise errors[0][1]
        fitting = "" if pattern is None else f" whose path fits {pattern.text!r}"
        raise EmptyError(f"{', '.join(map(str, paths))}: there is no video in it{fitting}")
    return sources, problems


def _to_look_at(path: Path) -> bool:
    return is_video(path) and not path.name.endswith(OVERLAY_SUFFIX)


def read_videos(
    paths: Sequence[str | Path],
    estimator: PoseEstimator,
    *,
    name: str | None = None,
    labels: str | Path | Labels | None = None,
    progress: Progress | None = None,
    found: Callable[[VideoResult], None] | None = None,
    **options: Any,
) -> Recordings:
    """Return the recordings of the people in videos; what cannot be used is listed and the others are used.

    Parameters
    ----------
    paths : sequence of paths
        Video files, and folders of them.
    estimator : PoseEstimator
    name, labels : optional
        Who is known to be in them, as in `himpc.read`.
    progress : callable, optional
        Wraps the videos.
    found : callable, optional
        Called with the `VideoResult` of each video as it is done.
    **options
        As in `estimate`.

    Raises
    ------
    DataError
        If nobody is found in any of them; one video's own error where it was the only one.
    """
    sources, problems = find_videos(paths, None if name is None else NamePattern(name))
    table = read_labels(labels) if isinstance(labels, str | Path) else labels
    recordings: list[Recording] = []
    origins: list[Path] = []
    errors: list[HimpcError] = []
    for source in sources if progress is None else progress(sources, len(sources), "looking at videos"):
        try:
            people = estimate(source.path, estimator, name=source.name, labels=source.known, **options)
            if found is not None:
                found(people)
            if not people.cleaned:
                raise FormatError(f"{source.path}: {people.reason_empty}")
        except DataError as error:
            errors.append(error)
            problems.append(Problem(source.path, str(error).removeprefix(f"{source.path}: ")))
            continue
        recordings += people.recordings
        origins += [source.path] * len(people.cleaned)
    if not recordings:
        raise (
            errors[0]
            if len(errors) == 1
            else DataError(f"nobody was found in {len(sources)} videos: {'; '.join(map(str, problems[:3]))}")
        )
    if table is not None:
        given, complaints = table.assign([r.source for r in recordings], origins)
        recordings = [r.with_(**label) if label else r for r, label in zip(recordings, given, strict=True)]
        problems += [Problem(table.path, complaint) for complaint in complaints]
    return Recordings(recordings, problems)
