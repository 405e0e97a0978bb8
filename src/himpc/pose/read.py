"""Videos as recordings: found in folders, looked at one after the other, and what cannot be used is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from himpc.data import Problem, Recording, Recordings
from himpc.data.naming import Labels, NamePattern, read_labels
from himpc.data.progress import Progress
from himpc.data.sources import Source, find_sources
from himpc.errors import DataError, EmptyError, FormatError, HimpcError
from himpc.pose.detection import Estimator
from himpc.pose.estimate import estimate
from himpc.pose.people import People, nobody
from himpc.pose.video import is_video

__all__ = ["find_videos", "read_videos"]


def find_videos(paths: Sequence[str | Path], pattern: NamePattern | None = None) -> list[Source]:
    """Find the videos in files and folders, in natural order; a file that is given itself is always one.

    Raises
    ------
    DataError
        If a path does not exist.
    EmptyError
        If there is no video.
    """
    sources, _ = find_sources([Path(path) for path in paths], pattern, wanted=is_video)
    if not sources:
        fitting = "" if pattern is None else f" whose path fits {pattern.text!r}"
        raise EmptyError(f"{', '.join(map(str, paths))}: there is no video in it{fitting}")
    return sources


def read_videos(
    paths: Sequence[str | Path],
    estimator: Estimator,
    *,
    name: str | None = None,
    labels: str | Path | Labels | None = None,
    progress: Progress | None = None,
    found: Callable[[People], None] | None = None,
    **options: Any,
) -> Recordings:
    """Return the recordings of the people in videos; what cannot be used is listed and the others are used.

    Parameters
    ----------
    paths : sequence of paths
        Video files, and folders of them.
    estimator : Estimator
    name, labels : optional
        Who is known to be in them, as in `himpc.read`.
    progress : callable, optional
        Wraps the videos.
    found : callable, optional
        Called with the `People` of each video as it is done.
    **options
        As in `estimate`.

    Raises
    ------
    DataError
        If nobody is found in any of them; one video's own error where it was the only one.
    """
    sources = find_videos(paths, None if name is None else NamePattern(name))
    table = read_labels(labels) if isinstance(labels, str | Path) else labels
    recordings: list[Recording] = []
    origins: list[Path] = []
    problems: list[Problem] = []
    errors: list[HimpcError] = []
    for source in sources if progress is None else progress(sources, len(sources), "looking at videos"):
        try:
            people = estimate(source.path, estimator, name=source.name, known=source.known, **options)
            if found is not None:
                found(people)
            if not people.cleaned:
                raise FormatError(f"{source.path}: {nobody(people)}")
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
