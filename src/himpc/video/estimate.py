"""Pose estimation on a video: decoding, detection, tracking, joining and cleaning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError
from himpc.recordings import Origin, Progress
from himpc.skeleton import stature
from himpc.video.cameras import CalibratedCamera
from himpc.video.cleaning import CleanedTrack, PoseCleaningRules, clean_track, impossible_share
from himpc.video.decoding import DEFAULT_RATE, Video
from himpc.video.detection import PoseEstimator
from himpc.video.floor_scale import check_heights, scale_by_floor
from himpc.video.orientation import estimate_up
from himpc.video.tracking import JoiningRules, Track, Tracker, TrackingRules, find_joins, join_tracks, remove_jitter
from himpc.video.video_result import DroppedTrack, DropReason, VideoResult

MIN_FRAMES = 6
"""Shortest window that models of himpc are usually trained on (docs/method.md); shorter tracks give no recording."""

MAX_SIDE = 1920
"""Pixels; larger frames are scaled down. A person who fills a fifth of such a frame is 200 pixels high."""


def estimate(
    path: str | Path,
    estimator: PoseEstimator,
    *,
    name: str | None = None,
    fps: float | None = None,
    labels: Mapping[str, str] | None = None,
    min_frames: int = MIN_FRAMES,
    max_side: int = MAX_SIDE,
    min_rate: float = DEFAULT_RATE,
    tracking: TrackingRules | None = None,
    joining: JoiningRules | None = None,
    cleaning: PoseCleaningRules | None = None,
    person_height: float | None = None,
    camera_height: float | None = None,
    camera: CalibratedCamera | None = None,
    progress: Progress | None = None,
) -> VideoResult:
    """Detect and track the people in a video, and clean their skeletons.

    Frames are processed one by one and not stored. Joints are: about 0.8 kB per person and frame.

    Parameters
    ----------
    path : path
    estimator : PoseEstimator
        See `open_estimator`.
    name : str, optional
        Name of the recordings; by default the path.
    fps : float, optional
        Frame rate, whatever the file states.
    labels : mapping, optional
        Person, session and camera, where they are known for the whole video.
    min_frames : int
        Shortest track that gives a recording.
    max_side : int
        Larger frames are scaled down to this longer side, pixels.
    min_rate : float
        Frames per second that suffice: of faster videos, every second, third, ... frame is used.
    tracking, joining, cleaning : TrackingRules, JoiningRules, PoseCleaningRules, optional
    person_height : float, optional
        Height in metres of the only person in the video. Joints are scaled to it; otherwise their size is assumed.
    camera_height : float, optional
        Height in metres of the camera above a level floor, on which people stand and walk. Joints are scaled by it.
    camera : CalibratedCamera, optional
        Its lens, by default a usual one. Its pose, if known, gives its height above the origin of the world.
    progress : callable, optional
        Wraps the frames to show progress.

    Returns
    -------
    VideoResult

    Raises
    ------
    DataError
        If the file does not exist, is not a video, or cannot be decoded; or feet on the floor are not seen well enough
        to tell sizes by `camera_height`.
    ConfigError
        If several heights are stated, or sizes of 2D poses.

    Examples
    --------
    ::

        result = estimate("hall.mp4", open_estimator())
        himpc.save(result.recordings, "hall.npz")
    """
    check_heights(person_height, camera_height, estimator.dimensions)
    decoding = {"max_side": max_side, "fps": fps, "min_rate": min_rate}
    raw = _track_people(Path(path), estimator, name or str(path), decoding, tracking, progress)
    joins = find_joins(raw.tracks, estimator.layout, joining)
    result = replace(raw, tracks=tuple(join_tracks(raw.tracks, joins)), joined=len(joins))
    cleaned, dropped = _clean_tracks(result, estimator, labels or {}, min_frames, cleaning or PoseCleaningRules())
    result = replace(result, cleaned=cleaned, dropped=dropped)
    if estimator.dimensions == 2:
        return result
    if estimator.true_size or person_height is not None or (camera_height is None and camera is None):
        return replace(result, cleaned=_scale(cleaned, person_height, estimator.true_size))
    return scale_by_floor(result, estimator.layout, camera_height, camera)


def _scale(cleaned: tuple[CleanedTrack, ...], height: float | None, true_size: bool) -> tuple[CleanedTrack, ...]:
    """Scale joints to the height of the only person, and state whether their size is true."""
    if height is not None:
        ordered = sorted(cleaned, key=lambda each: each.start)
        if other := next((later for one, later in pairwise(ordered) if later.start < one.end), None):
            raise ConfigError(
                f"{other.recording.source}: a second person is visible at {other.start:.1f} s, expected only one",
                hint="state a height for a video of one person only: leave out {person_height}, or cut the video",
            )
    scaled = []
    for each in cleaned:
        recording = each.recording
        shown = float("nan") if height is None else stature(recording.joints, recording.layout)
        if height is not None and shown > 0:
            recording = recording.with_(joints=recording.joints * np.float32(height / shown), true_size=True)
        else:
            recording = recording.with_(true_size=true_size)
        scaled.append(each.with_recording(recording))
    return tuple(scaled)


def _track_people(
    path: Path,
    estimator: PoseEstimator,
    name: str,
    decoding: dict[str, Any],
    rules: TrackingRules | None,
    progress: Progress | None,
) -> VideoResult:
    refused_before = estimator.refused.copy()
    estimator.reset()
    tracks: list[Track] = []
    sighted: list[tuple[int, NDArray[np.float32]]] = []
    with Video(path, **decoding) as video:
        tracker = Tracker(estimator.layout, fps=video.fps, rules=rules)
        height = width = frames = 0
        seconds = 0.0
        total = None if video.duration is None else round(video.duration * video.fps)
        for frame in video if progress is None else progress(video, total, "estimating poses"):
            if frame.starts_shot and frame.number:
                tracker.start_shot()
                estimator.reset()
            height, width = frame.image.shape[:2]
            seconds, frames = frame.seconds, frame.number + 1
            people = estimator.detect(frame.image, seconds)
            boxes = [*(person.box for person in people), *estimator.refused_boxes]
            estimator.refused_boxes.clear()
            sighted += [(frame.number, box) for box in boxes if np.isfinite(box).all()]
            tracker.update(frame.number, seconds, people, (width, height))
            tracks += tracker.pop_finished()
        tracker.finish()
        tracks += tracker.pop_finished()
    tracks, unsteady = remove_jitter(tracks, tracker.rules)
    return VideoResult(
        path=path,
        name=name,
        width=width,
        height=height,
        fps=video.fps,
        seconds=seconds + 1 / video.fps,
        frames=frames,
        tracks=tuple(tracks),
        endings=dict(Counter(track.ended for track in tracks)),
        refused=dict(estimator.refused - refused_before),
        ambiguous=tracker.ambiguous + unsteady,
        notes=(*video.notes, *estimator.notes),
        sighted_frames=np.array([number for number, _ in sighted], dtype=np.int64),
        sighted_boxes=np.array([box for _, box in sighted], dtype=np.float32).reshape(-1, 4),
        stated_fps=decoding["fps"],
        step=video.step,
    )


def _clean_tracks(
    result: VideoResult,
    estimator: PoseEstimator,
    labels: Mapping[str, str],
    min_frames: int,
    rules: PoseCleaningRules,
) -> tuple[tuple[CleanedTrack, ...], tuple[DroppedTrack, ...]]:
    layout, fps = estimator.layout, result.fps
    reasons: dict[int, DropReason] = {track.number: "too short" for track in result.tracks if len(track) < min_frames}
    if rules.steps:
        reasons |= {
            track.number: "impossible"
            for track in result.tracks
            if track.number not in reasons and impossible_share(track, layout, fps) > rules.max_impossible
        }
    usable_tracks = [track for track in result.tracks if track.number not in reasons]
    bodies = [track.joints for track in usable_tracks if track.joints is not None]
    up = estimate_up(bodies, layout) if estimator.dimensions == 3 else None
    cleaned: list[CleanedTrack] = []
    for track in usable_tracks:
        origin = Origin(result.path.absolute(), track.number)
        source = origin.text(result.name)
        parts = clean_track(track, layout, fps, source=source, origin=origin, up=up, rules=rules)
        usable = [part for part in parts if len(part.recording) >= min_frames]
        if not usable:
            reasons[track.number] = "too short"
        film = Origin(origin.path)
        cleaned += [
            part.with_recording(part.recording.with_(start=part.start, clock=film, **labels)) for part in usable
        ]
    return tuple(cleaned), tuple(
        DroppedTrack(track.number, float(track.seconds[0]), float(track.seconds[-1]), len(track), reasons[track.number])
        for track in sorted(result.tracks, key=lambda track: track.number)
        if track.number in reasons
    )
