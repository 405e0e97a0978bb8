"""People in space, from what several calibrated, synchronised cameras see of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError, FormatError, count_noun
from himpc.reading import FileOptions, body_size, find_scale, recognise_up, to_y_up
from himpc.recordings import Origin, Recording
from himpc.skeleton import Layout, stature
from himpc.video.cameras.camera import CalibratedCamera
from himpc.video.cameras.matching import MAX_ERROR, ViewedTrack, match_tracks
from himpc.video.cameras.sampling import join_tracks, sample_tracks
from himpc.video.cameras.triangulation import triangulate_points
from himpc.video.cleaning import CleanedTrack, PoseCleaningRules, clean_track
from himpc.video.orientation import estimate_up, rotate_upright
from himpc.video.tracking import Track

Floats = NDArray[np.float64]

MAX_LEAN = 10.0
"""Degrees between the bodies and the axis of the world that points up, above which the world has no such axis."""

UNKNOWN_RATE = 30.0
"""Frames a second that are assumed to clean poses of an unknown rate."""


@dataclass(frozen=True, eq=False)
class PersonInSpace:
    """A person whom several cameras saw, and how well they agree."""

    cleaned: tuple[CleanedTrack, ...]
    """The recordings, in metres with y up."""
    cameras: tuple[str, ...]
    """The cameras that see the person."""
    tracks: tuple[str, ...]
    """The tracks that were joined."""
    error: float
    """Median distance of a joint from where a camera sees it, in pixels of the calibrated picture."""
    error_mm: float
    """The same at the distance of the person, in millimetres."""
    lost: float
    """Share of the joints, seen by two cameras or more, on which no two agree; they are interpolated, or guessed."""

    def report(self) -> dict[str, Any]:
        """Return all properties as plain values, without joints."""
        facts = {
            "cameras": list(self.cameras),
            "tracks": list(self.tracks),
            "error_px": round(self.error, 2),
            "error_mm": round(self.error_mm, 1),
            "lost": round(self.lost, 3),
        }
        relative = ("heading", "heading_spread", "towards", "right", "away", "left", "turned")  # to one camera
        return {
            **facts,
            "recordings": [
                {key: value for key, value in each.report().items() if key not in relative} for each in self.cleaned
            ],
        }


@dataclass(frozen=True, eq=False)
class PeopleInSpace:
    """The people whom several cameras saw.

    Attributes
    ----------
    people : tuple of PersonInSpace
    alone : tuple of str
        Tracks that fit no track of another camera.
    ambiguous : tuple of (str, str)
        Pairs of tracks that fit each other, and others nearly as well, so they were not joined.
    notes : tuple of str
        How unit and upward axis were found.
    """

    people: tuple[PersonInSpace, ...]
    alone: tuple[str, ...]
    ambiguous: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    @property
    def recordings(self) -> list[Recording]:
        """The recordings of all people."""
        return [each.recording for person in self.people for each in person.cleaned]


def triangulate(
    views: Sequence[Sequence[Recording]],
    cameras: Sequence[CalibratedCamera],
    *,
    name: str = "cameras",
    options: FileOptions | None = None,
    cleaning: PoseCleaningRules | None = None,
    min_frames: int = 6,
) -> PeopleInSpace:
    """Triangulate people from 2D recordings of two or more calibrated cameras, whose clocks agree.

    Tracks of different cameras are matched by how well their rays meet. Joints that a camera contradicts are computed
    from the others. The unit is that of the calibration, or that in which the bodies have the size of people.

    Parameters
    ----------
    views : sequence of sequence of Recording
        For each camera the 2D recordings of the people whom it sees, of one layout, in pixels of the calibrated
        picture.
    cameras : sequence of CalibratedCamera
        With poses, in the same order.
    name : str
        The name of the recordings: ``NAME#1``, ``NAME#2`` and so on.
    options : FileOptions, optional
        Unit, scale, upward axis and frame rate, where the user states them.
    cleaning : PoseCleaningRules, optional
    min_frames : int
        Shortest recording.

    Returns
    -------
    PeopleInSpace

    Raises
    ------
    DataError
        If there are fewer than two cameras, one has no pose, or recordings are of several layouts or not 2D.
    FormatError
        If the cameras contradict each other: they are not synchronised, or the calibration is not theirs; or no unit
        gives people of a possible size.
    """
    options = options or FileOptions()
    layout, fps = _check(views, cameras, options)
    start, tracks = sample_tracks(views, cameras, fps)
    groups, unsure = match_tracks(cameras, tracks)
    found = [_Person.of([tracks[number] for number in group], cameras) for group in groups if len(group) > 1]
    bodies = [person for person in found if np.isfinite(person.joints).any()]
    ambiguous = tuple((tracks[a].name, tracks[b].name) for a, b in unsure)
    alone = tuple(tracks[group[0]].name for group in groups if len(group) == 1)
    if not bodies:
        raise _no_match(len(tracks), ambiguous, name)
    metric, unit, notes = _to_metres([person.joints for person in bodies], layout, options, name)
    people = []
    for number, (person, joints) in enumerate(zip(bodies, metric, strict=True), start=1):
        parts = _clean(person, joints, layout, fps, f"{name}#{number}", cleaning)
        timed = [_place(part, start, fps, name) for part in parts if len(part.recording) >= min_frames]
        if timed:
            people.append(person.finish(timed, unit, cameras))
    if not people:
        raise FormatError(
            f"{name}: no person is seen by two cameras for {min_frames} frames in which they agree on every joint",
            hint="check the calibration, and that the pictures are synchronised",
        )
    return PeopleInSpace(tuple(people), alone, ambiguous, notes)


@dataclass(frozen=True, eq=False)
class _Person:
    """A person from the first frame that shows them to the last, in the unit and axes of the calibration."""

    first: int
    joints: Floats
    confidence: Floats
    tracks: tuple[ViewedTrack, ...]
    errors: Floats
    depths: Floats
    lost: float

    @classmethod
    def of(cls, tracks: list[ViewedTrack], cameras: Sequence[CalibratedCamera]) -> _Person:
        """Triangulate the tracks of one person."""
        numbers = sorted({track.camera for track in tracks})
        begin, end = min(track.first for track in tracks), max(track.end for track in tracks)
        views = [join_tracks([track for track in tracks if track.camera == n], begin, end) for n in numbers]
        chosen = [cameras[number] for number in numbers]
        frames, joints = views[0].weights.shape
        rays = np.stack([view.rays for view in views]).reshape(len(views), -1, 2)
        weights = np.stack([view.weights for view in views]).reshape(len(views), -1)
        limits = np.stack([np.repeat(MAX_ERROR * view.size, joints) for view in views])
        points, errors, used = triangulate_points(chosen, rays, weights, limits)
        seen_twice = (weights > 0).sum(axis=0) >= 2
        lost = float((seen_twice & ~used.any(axis=0)).sum() / max(1, seen_twice.sum()))
        depths = np.stack([(camera.pose @ np.column_stack([points, np.ones(len(points))]).T)[2] for camera in chosen])
        confidence = np.where(used, weights, 0).sum(axis=0) / np.maximum(used.sum(axis=0), 1)
        misses = errors * limits
        pixels = misses * np.array([[camera.focal_length] for camera in chosen])
        return cls(
            begin,
            points.reshape(frames, joints, 3),
            confidence.reshape(frames, joints),
            tuple(tracks),
            pixels[used],
            (misses * depths)[used],
            lost,
        )

    def finish(self, cleaned: list[CleanedTrack], unit: float, cameras: Sequence[CalibratedCamera]) -> PersonInSpace:
        """Return the person with recordings, and how well the cameras agree."""
        numbers = sorted({track.camera for track in self.tracks})
        error, distance = float(np.median(self.errors)), float(np.median(self.depths)) * unit * 1000
        note = f"triangulated from {len(numbers)} cameras, which differ by {error:.1f} pixels or {distance:.0f} mm"
        noted = []
        for each in cleaned:
            quality = replace(each.recording.quality, notes=(*each.recording.quality.notes, note))
            noted.append(each.with_recording(each.recording.with_(quality=quality)))
        return PersonInSpace(
            tuple(noted),
            tuple(cameras[number].name for number in numbers),
            tuple(track.name for track in self.tracks),
            error,
            distance,
            self.lost,
        )


def _check(
    views: Sequence[Sequence[Recording]], cameras: Sequence[CalibratedCamera], options: FileOptions
) -> tuple[Layout, float | None]:
    """Check that views can be triangulated; return their layout, and the lowest frame rate."""
    if len(cameras) < 2 or len(views) != len(cameras):
        raise DataError(f"there are {len(views)} views and {len(cameras)} cameras, expected two or more of both")
    if blind := next((camera.name for camera in cameras if camera.translation is None), None):
        raise DataError(
            f"the pose of camera {blind!r} is not known, so its pictures cannot be triangulated",
            hint="give a calibration with rotation and translation of each camera",
        )
    recordings = [recording for view in views for recording in view]
    if sum(map(bool, views)) < 2:
        raise DataError(f"people are seen by {sum(map(bool, views))} of {len(views)} cameras, expected two or more")
    if odd := next((each for each in recordings if each.dimensions != 2), None):
        raise DataError(f"{odd.source}: is in 3D, expected 2D poses of each camera")
    if len({each.layout for each in recordings}) > 1:
        names = ", ".join(sorted({each.layout.name for each in recordings}))
        raise DataError(
            f"the cameras have poses of the layouts {names}, expected one", hint="estimate all by one model"
        )
    rates = {options.fps or each.fps for each in recordings}
    if None in rates and len(rates) > 1:
        raise DataError("some views state a frame rate and others none", hint="state it: {fps}")
    return recordings[0].layout, min((rate for rate in rates if rate), default=None)


def _no_match(tracks: int, ambiguous: tuple[tuple[str, str], ...], name: str) -> FormatError:
    if ambiguous:
        pairs = ", ".join(f"{one} and {other}" for one, other in ambiguous[:3])
        return FormatError(
            f"{name}: no person can be matched across cameras, because several people fit equally well: {pairs}",
            hint="use a third camera, or one at another height",
        )
    return FormatError(
        f"{name}: none of {count_noun(tracks, 'track')} of a camera fits one of another",
        hint="check that the pictures are synchronised, and the order of files and cameras",
    )


def _to_metres(
    bodies: list[Floats], layout: Layout, options: FileOptions, name: str
) -> tuple[list[Floats], float, tuple[str, ...]]:
    """Return joints in metres with y up, as the user states or the bodies show, the metres in a unit, and notes."""
    sizes = [size for body in bodies if (size := body_size(body, layout))]
    scale = find_scale(float(np.median(sizes)) if sizes else None, layout, name, options, stated=None)
    up = options.up or recognise_up(np.concatenate(bodies), layout)
    if up is None:
        raise FormatError(f"{name}: the bodies show no upward axis of the world", hint="state it: {up=z}")
    turned = [np.asarray(to_y_up(body, up), dtype=np.float64) * scale.metres for body in bodies]
    direction = None if options.up else estimate_up(turned, layout)
    if direction is None or direction[1] > np.cos(np.radians(MAX_LEAN)):
        return turned, scale.metres, (*scale.notes, f"the axis {up} of the calibration points up")
    turned = [rotate_upright(body.reshape(-1, 3), direction)[0].reshape(body.shape) for body in turned]
    return turned, scale.metres, (*scale.notes, "no axis of the calibration points up: up is where the bodies point")


def _clean(
    person: _Person,
    joints: Floats,
    layout: Layout,
    fps: float | None,
    source: str,
    cleaning: PoseCleaningRules | None,
) -> list[CleanedTrack]:
    """Clean the joints of a person like those of a track; they are upright already."""
    seen = np.flatnonzero(np.isfinite(joints).any(axis=(1, 2)))
    if len(seen) < 2 or not stature(joints[seen], layout) > 0:
        return []
    rules = cleaning or PoseCleaningRules()
    rules = replace(rules, steps=tuple(step for step in rules.steps if step != "up"))
    rate = fps or UNKNOWN_RATE
    points = joints[seen, :, :2] * (1000, -1000)  # as of a camera far in front; postures are judged by them
    track = Track(
        number=1,
        shot=1,
        frames=person.first + seen,
        seconds=(person.first + seen) / rate,
        points=points.astype(np.float32),
        confidence=person.confidence[seen].astype(np.float32),
        joints=joints[seen].astype(np.float32),
        ended="video ended",
    )
    return clean_track(track, layout, rate, source=source, origin=Origin(body=source), rules=rules)


def _place(part: CleanedTrack, start: float, fps: float | None, name: str) -> CleanedTrack:
    """Give a recording its time on the clock that all cameras share; in frames if the rate is unknown."""
    begin = start + (part.start if fps else round(part.start * UNKNOWN_RATE))
    return part.with_recording(part.recording.with_(start=begin, clock=Origin(body=name), fps=fps))
