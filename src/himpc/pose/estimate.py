"""From video files to recordings: one for each person and shot, or why there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from himpc.data import Problem, Recording, Recordings
from himpc.data.naming import Labels, NamePattern, read_labels
from himpc.data.progress import Progress
from himpc.data.sources import Source, find_sources
from himpc.errors import DataError, EmptyError, FormatError, HimpcError
from himpc.pose.clean import Cleaned, MendingRules, camera_up, mend
from himpc.pose.detection import Estimator
from himpc.pose.joining import JoiningRules, find_joins, join_tracks
from himpc.pose.track import Track
from himpc.pose.tracking import Tracker, TrackingRules
from himpc.pose.video import Video, is_video

__all__ = ["MIN_FRAMES", "People", "Short", "estimate", "find_videos", "read_videos"]

MIN_FRAMES = 6
"""Frames of the shortest window that a model of himpc usually looks at (docs/method.md); a shorter track is told and
left out."""

MAX_SIDE = 1920
"""Pixels; larger pictures are made smaller first: a person who fills a fifth of such a picture is 200 pixels high."""

Watcher = Callable[[float, float | None], None]
"""Told how many seconds of how many have been seen."""


@dataclass(frozen=True)
class Short:
    """A track that is too short to say whom it shows.

    Attributes
    ----------
    track : int
    start, end : float
        Seconds of the video.
    frames : int
    """

    track: int
    start: float
    end: float
    frames: int


@dataclass(frozen=True, eq=False)
class People:
    """The people in a video.

    Attributes
    ----------
    path : Path
    name : str
        What recordings are called, with ``#1``, ``#2`` for the tracks.
    width, height : int
        Of the pictures that were looked at, pixels.
    fps, seconds : float
        Pictures a second, and how long it is.
    pictures : int
        How many were looked at.
    cleaned : tuple of Cleaned
        The recordings, in the order of their tracks.
    short : tuple of Short
        Tracks of too few pictures.
    tracks : tuple of Track
        All tracks, as they were seen.
    endings : dict of str to int
        How many tracks ended for which reason (see `Ending`).
    joined : int
        How many of them were found to go on in a later one, and joined to it.
    refused : dict of str to int
        What the estimator found and did not take for a person.
    doubtful : int
        Bodies of which it was in doubt whose they are.
    notes : tuple of str
        What was odd about the file, and what must be known of what the estimator finds.
    """

    path: Path
    name: str
    width: int
    height: int
    fps: float
    seconds: float
    pictures: int
    cleaned: tuple[Cleaned, ...]
    short: tuple[Short, ...]
    tracks: tuple[Track, ...] = field(repr=False)
    endings: dict[str, int]
    joined: int
    refused: dict[str, int]
    doubtful: int
    notes: tuple[str, ...]

    @property
    def recordings(self) -> list[Recording]:
        """The recordings."""
        return [each.recording for each in self.cleaned]

    def to_dict(self) -> dict[str, Any]:
        """Return what is known as plain data, without joints."""
        return {
            "video": self.name,
            "width": self.width,
            "height": self.height,
            "fps": round(self.fps, 3),
            "seconds": round(self.seconds, 3),
            "pictures": self.pictures,
            "recordings": [each.to_dict() for each in self.cleaned],
            "short": [vars(each) for each in self.short],
            "endings": self.endings,
            "joined": self.joined,
            "refused": self.refused,
            "doubtful": self.doubtful,
            "notes": list(self.notes),
        }


def estimate(
    path: str | Path,
    estimator: Estimator,
    *,
    name: str | None = None,
    known: dict[str, str] | None = None,
    min_frames: int = MIN_FRAMES,
    max_side: int = MAX_SIDE,
    tracking: TrackingRules | None = None,
    joining: JoiningRules | None = None,
    mending: MendingRules | None = None,
    watcher: Watcher | None = None,
) -> People:
    """Find and follow the people in a video, and make their skeletons clean.

    The pictures are looked at one by one and not kept. Joints are: about 0.8 kB for each person and picture.

    Parameters
    ----------
    path : path
        A video file.
    estimator : Estimator
        See `himpc.pose.open_estimator`.
    name : str, optional
        What the recordings are called; the path, if not given.
    known : dict, optional
        Person, session and camera, where they are known of the whole video.
    min_frames : int
        A track of fewer pictures is told, and gives no recording.
    max_side : int
        Pixels; larger pictures are made smaller first.
    tracking : TrackingRules, optional
    joining : JoiningRules, optional
        When two tracks are beyond doubt one person's.
    mending : MendingRules, optional
    watcher : callable, optional
        Told now and then how many seconds of how many have been seen.

    Returns
    -------
    People

    Raises
    ------
    DataError
        If there is no such file, it is no video, or cannot be decoded.
    """
    called = name or str(path)
    refused_before = Counter(getattr(estimator, "refused", ()))
    estimator.forget()
    tracks: list[Track] = []
    with Video(path, max_side=max_side) as video:
        tracker = Tracker(estimator.layout, fps=video.fps, rules=tracking)
        height = width = number = 0
        seconds = 0.0
        for frame in video:
            if frame.first and frame.number:
                tracker.cut()
                estimator.forget()
            height, width = frame.image.shape[:2]
            seconds, number = frame.seconds, frame.number + 1
            tracker.update(frame.number, seconds, estimator.detect(frame.image, seconds), (width, height))
            tracks += tracker.take()
            if watcher is not None:
                watcher(seconds, video.length)
        tracker.finish()
        tracks += tracker.take()
        fps, notes = video.fps, [*video.notes, *getattr(estimator, "notes", ())]
    joins = find_joins(tracks, estimator.layout, joining)
    tracks = join_tracks(tracks, joins)
    cleaned, short = _clean(tracks, estimator, fps, called, known or {}, min_frames, mending)
    refused = Counter(getattr(estimator, "refused", ())) - refused_before
    return People(
        Path(path), called, width, height, fps, seconds + 1 / fps, number, tuple(cleaned), tuple(short), tuple(tracks),
        dict(tracker.ended), len(joins), dict(refused), tracker.doubtful, tuple(notes),
    )  # fmt: skip


def _clean(
    tracks: Sequence[Track],
    estimator: Estimator,
    fps: float,
    called: str,
    known: dict[str, str],
    min_frames: int,
    mending: MendingRules | None,
) -> tuple[list[Cleaned], list[Short]]:
    long = [track for track in tracks if len(track) >= min_frames]
    up = (
        None
        if estimator.dimensions == 2
        else camera_up([t.joints for t in long if t.joints is not None], estimator.layout)
    )
    cleaned, short = [], [_short(track) for track in tracks if len(track) < min_frames]
    for track in long:
        parts = mend(track, estimator.layout, fps, source=f"{called}#{track.number}", up=up, rules=mending)
        usable = [part for part in parts if len(part.recording) >= min_frames]
        if not usable:
            short.append(_short(track))
        for part in usable:
            cleaned.append(part.with_(part.recording.with_(**known)))
    return cleaned, sorted(short, key=lambda each: each.track)


def _short(track: Track) -> Short:
    return Short(track.number, float(track.seconds[0]), float(track.seconds[-1]), len(track))


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


def nobody(people: People) -> str:
    """Return why a video gives no recording, in one line."""
    refused = sum(people.refused.values())
    if people.short:
        return f"shows people only for moments: {len(people.short)} tracks, each too short to tell whom it shows"
    what = f"; {refused} bodies were refused ({', '.join(people.refused)})" if refused else ""
    return f"shows nobody in {people.pictures} pictures{what}"
