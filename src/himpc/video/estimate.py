"""From a video to the people in it: found, followed, and their skeletons made clean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from himpc.recordings import Origin
from himpc.video.cleaning import CleanedTrack, PoseCleaningRules, clean_track, estimate_up
from himpc.video.decoding import Video
from himpc.video.detection import PoseEstimator
from himpc.video.tracking.joining import find_joins, join_tracks
from himpc.video.tracking.rules import JoiningRules, TrackingRules
from himpc.video.tracking.track import Track
from himpc.video.tracking.tracker import Tracker
from himpc.video.video_result import ShortTrack, VideoResult

__all__ = ["MIN_FRAMES", "estimate"]

MIN_FRAMES = 6
"""Frames of the shortest window that a model of himpc usually looks at (docs/method.md); a shorter track is told and
left out."""

MAX_SIDE = 1920
"""Pixels; larger pictures are made smaller first: a person who fills a fifth of such a picture is 200 pixels high."""

Watcher = Callable[[float, float | None], None]
"""Told how many seconds of how many have been seen."""


def estimate(
    path: str | Path,
    estimator: PoseEstimator,
    *,
    name: str | None = None,
    known: dict[str, str] | None = None,
    min_frames: int = MIN_FRAMES,
    max_side: int = MAX_SIDE,
    tracking: TrackingRules | None = None,
    joining: JoiningRules | None = None,
    cleaning: PoseCleaningRules | None = None,
    watcher: Watcher | None = None,
) -> VideoResult:
    """Find and follow the people in a video, and make their skeletons clean.

    The pictures are looked at one by one and not kept. Joints are: about 0.8 kB for each person and picture.

    Parameters
    ----------
    path : path
        A video file.
    estimator : PoseEstimator
        See `himpc.video.open_estimator`.
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
    refused_before = estimator.refused.copy()
    estimator.reset()
    tracks: list[Track] = []
    with Video(path, max_side=max_side) as video:
        tracker = Tracker(estimator.layout, fps=video.fps, rules=tracking)
        height = width = number = 0
        seconds = 0.0
        for frame in video:
            if frame.first and frame.number:
                tracker.cut()
                estimator.reset()
            height, width = frame.image.shape[:2]
            seconds, number = frame.seconds, frame.number + 1
            tracker.update(frame.number, seconds, estimator.detect(frame.image, seconds), (width, height))
            tracks += tracker.take()
            if watcher is not None:
                watcher(seconds, video.length)
        tracker.finish()
        tracks += tracker.take()
        fps, notes = video.fps, [*video.notes, *estimator.notes]
    joins = find_joins(tracks, estimator.layout, joining)
    tracks = join_tracks(tracks, joins)
    cleaned, short = _clean(tracks, estimator, fps, called, Path(path).absolute(), known or {}, min_frames, cleaning)
    refused = estimator.refused - refused_before
    return VideoResult(
        Path(path), called, width, height, fps, seconds + 1 / fps, number, tuple(cleaned), tuple(short), tuple(tracks),
        dict(tracker.ended), len(joins), dict(refused), tracker.doubtful, tuple(notes),
    )  # fmt: skip


def _clean(
    tracks: Sequence[Track],
    estimator: PoseEstimator,
    fps: float,
    called: str,
    path: Path,
    known: dict[str, str],
    min_frames: int,
    cleaning: PoseCleaningRules | None,
) -> tuple[list[CleanedTrack], list[ShortTrack]]:
    long = [track for track in tracks if len(track) >= min_frames]
    up = (
        None
        if estimator.dimensions == 2
        else estimate_up([t.joints for t in long if t.joints is not None], estimator.layout)
    )
    cleaned, short = [], [_short(track) for track in tracks if len(track) < min_frames]
    for track in long:
        origin = Origin(path, track.number)
        source = origin.text(called)
        parts = clean_track(track, estimator.layout, fps, source=source, origin=origin, up=up, rules=cleaning)
        usable = [part for part in parts if len(part.recording) >= min_frames]
        if not usable:
            short.append(_short(track))
        for part in usable:
            cleaned.append(part.with_(part.recording.with_(**known)))
    return cleaned, sorted(short, key=lambda each: each.track)


def _short(track: Track) -> ShortTrack:
    return ShortTrack(track.number, float(track.seconds[0]), float(track.seconds[-1]), len(track))
