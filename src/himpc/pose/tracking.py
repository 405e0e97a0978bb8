"""Following people from picture to picture, and letting go where it is not beyond doubt who is who.

A wrong merge is worse than a split: two people in one recording teach a model that they are one, while two recordings
of one person are what re-identification is for. So a track ends at every doubt, and the pictures in doubt are nobody's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError
from himpc.pose.body_shape import Shape, apart, shape_of
from himpc.pose.detection import Detection
from himpc.pose.estimators.several import body_size
from himpc.pose.parts import need
from himpc.pose.track import Ending, Track
from himpc.skeleton import Layout

__all__ = ["Tracker", "TrackingRules"]

_FAR = 1e6

_WANDERS = 0.4
"""Seconds: whoever is lost for longer is not looked for any farther; by then somebody else may have come."""


@dataclass(frozen=True)
class TrackingRules:
    """When a person in one picture is the same as in another.

    Distances are means over the joints, as shares of the body's size in the picture (the longer side of the box around
    its joints), so that they mean the same at every resolution.

    Attributes
    ----------
    reach : float
        The farthest that a body may be from where it is expected.
    pace : float
        So much is added to the reach for each second since the body was seen: people walk 0.7 to 1 of their height a
        second, and most of that is expected.
    margin : float
        Somebody else's body must be at least so much farther; if not, it is not beyond doubt who is who.
    patience : float
        Seconds that somebody may be lost and is still followed.
    body : float
        Bone lengths (mean change, as a share) may differ by so much; more is another body. Estimated bones wobble by
        a tenth in the mean over some pictures.
    covered : float
        Somebody who is lost while so much of where they are expected is covered by another is let go: whoever comes
        out again may be another.
    edge : float
        Somebody who is lost with so large a share of the joints outside of the picture has left, at once: whoever comes
        in there may be another.
    clear : float
        Seconds that people must be apart before they are followed again after a doubt.
    longest : float
        Seconds of a track; then another goes on, so that memory stays flat.

    Raises
    ------
    ConfigError
        If a number is not above 0.
    """

    reach: float = 0.3
    pace: float = 1.0
    margin: float = 0.2
    patience: float = 1.0
    body: float = 0.25
    covered: float = 0.2
    edge: float = 0.25
    clear: float = 0.2
    longest: float = 600.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (np.isfinite(value) and value > 0):
                raise ConfigError(f"{name} of TrackingRules must be a number above 0, found {value!r}")


@dataclass(eq=False)
class _Open:
    """A track that goes on."""

    number: int
    shape: Shape
    frames: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    found: list[Detection] = field(default_factory=list)


class Tracker:
    """Follows people through a video, picture by picture.

    Who is expected where is norfair's (a Kalman filter for each joint, and the nearest body in reach); when to doubt it
    is ours: people who come so close that they could be taken for each other end their tracks, and so do bones that
    become another body's. Somebody who was lost for a moment is taken up again where place and body agree.

    Parameters
    ----------
    layout : Layout
        The J joints.
    fps : float
        Pictures a second, in the mean; times say the rest.
    rules : TrackingRules, optional

    Attributes
    ----------
    ended : Counter
        How many tracks ended for which reason.
    doubtful : int
        Bodies that were given to nobody, because it was in doubt whose they are.
    """

    def __init__(self, layout: Layout, *, fps: float, rules: TrackingRules | None = None) -> None:
        self.layout = layout
        self.fps = fps
        self.rules = rules or TrackingRules()
        self.ended: Counter[str] = Counter()
        self.doubtful = 0
        self._shot = self._next = 1
        self._last: float | None = None
        self._open: dict[int, _Open] = {}
        self._doubt_until: dict[int, float] = {}
        self._done: list[Track] = []
        self._start()

    def update(
        self,
        frame: int,
        seconds: float,
        detections: Sequence[Detection],
        picture: tuple[int, int] | None = None,
    ) -> list[int]:
        """Take the people of the next picture and return the track of each, 0 where it is in doubt.

        Parameters
        ----------
        frame : int
            The picture's number.
        seconds : float
            When it was taken.
        detections : sequence of Detection
        picture : (int, int), optional
            Its width and height, pixels; without them nobody is known to leave by its edge.
        """
        steps = 1 if self._last is None else max(1, round((seconds - self._last) * self.fps))
        self._last = seconds
        for _ in range(min(steps - 1, self._patience + 1)):  # pictures that did not come
            self._norfair.update()
        before = {each.global_id: each for each in self._norfair.tracked_objects if each.hit_counter_is_positive}
        marks = [self._mark(each, seconds) for each in detections]
        self._norfair.update(marks)
        owner = {id(each.last_detection): each for each in self._norfair.tracked_objects if each.last_detection}
        owners = [owner[id(mark)].global_id for mark in marks]
        unsure = self._unsure(before, owners, detections)
        unsure |= self._covered(before, set(owners), detections)
        for who in unsure:
            self._doubt_until[who] = seconds + self.rules.clear
            self._end(who, "crossing")
        numbers = [self._take(who, frame, seconds, each) for who, each in zip(owners, detections, strict=True)]
        self._let_go(seconds, picture)
        return numbers

    def cut(self) -> None:
        """End all tracks: the next picture is another shot."""
        self._end_all("cut")
        self._shot += 1
        self._start()

    def finish(self) -> None:
        """End all tracks: there are no more pictures."""
        self._end_all("video ended")
        self._start()

    def take(self) -> list[Track]:
        """Return the tracks that ended since the last call, in the order of their ends."""
        done, self._done = self._done, []
        return done

    def so_far(self) -> list[Track]:
        """Return the tracks that go on, as they are now."""
        return [_track(each, self._shot, "video ended") for each in self._open.values()]

    def _start(self) -> None:
        norfair = need("norfair")
        self._patience = patience = max(2, round(self.rules.patience * self.fps))
        self._norfair: Any = norfair.Tracker(
            distance_function="euclidean",
            distance_threshold=1.0,
            hit_counter_max=patience,
            initialization_delay=0,
            pointwise_hit_counter_max=patience,
            past_detections_length=0,
        )
        self._norfair.distance_function = _InReach(self.rules)
        self._make_mark: Any = norfair.Detection
        self._doubt_until.clear()

    def _mark(self, found: Detection, seconds: float) -> Any:
        points = found.points.astype(np.float64)
        missing = ~np.isfinite(points[:, 0])
        points[missing] = np.nanmean(points, axis=0) if not missing.all() else 0.0
        return self._make_mark(points=points, scores=np.where(missing, 0.0, 1.0), data=(found, seconds))

    def _unsure(self, before: dict[int, Any], owners: list[int], found: Sequence[Detection]) -> set[int]:
        """Return who could be taken for somebody else in this picture: exchanging them would be nearly as good."""
        unsure: set[int] = set()
        if len(before) < 2 and len(found) < 2:
            return unsure
        cost = {who: [_distance(each, one) for one in found] for who, each in before.items()}
        place = {who: k for k, who in enumerate(owners)}
        for who in set(place) & set(before):
            own = cost[who][place[who]]
            for other in set(before) - {who}:
                if other in place:
                    theirs = place[other]
                    loss = cost[who][theirs] + cost[other][place[who]] - own - cost[other][theirs]
                    rival = loss / 2
                else:  # lost: is the body that was found theirs?
                    rival = cost[other][place[who]] - own
                if rival < self.rules.margin:
                    unsure |= {who, other}
        return unsure

    def _covered(self, before: dict[int, Any], found: set[int], detections: Sequence[Detection]) -> set[int]:
        """Return who was lost behind somebody: whoever comes out again may be another."""
        boxes = [each.box for each in detections]
        return {
            who
            for who in set(before) & set(self._open) - found
            if any(_overlap(_box(before[who].estimate), box) > self.rules.covered for box in boxes)
        }

    def _take(self, who: int, frame: int, seconds: float, found: Detection) -> int:
        """Put a body into the track of whom it shows; begin one where there is none."""
        if seconds < self._doubt_until.get(who, -1.0):
            self.doubtful += 1
            return 0
        track = self._open.get(who)
        if track is not None:
            if seconds - track.seconds[0] >= self.rules.longest:
                self._end(who, "length")
            elif not track.shape.fits(found, seconds - track.seconds[-1], self.rules.body):
                self._end(who, "bones")
        if who not in self._open:
            self._open[who] = _Open(self._next, shape_of(self.layout, found, self.fps))
            self._next += 1
        track = self._open[who]
        track.shape.add(found)
        track.frames.append(frame)
        track.seconds.append(seconds)
        track.found.append(found)
        return track.number

    def _let_go(self, seconds: float, picture: tuple[int, int] | None) -> None:
        """End the tracks of people who were not seen for too long, or are no longer seen at the picture's edge."""
        for who, track in list(self._open.items()):
            away = seconds - track.seconds[-1]
            if away > self.rules.patience or (away > 0 and _outside(track.found[-1], picture) >= self.rules.edge):
                self._end(who, "left")

    def _end_all(self, why: Ending) -> None:
        for who in list(self._open):
            self._end(who, why)

    def _end(self, who: int, why: Ending) -> None:
        track = self._open.pop(who, None)
        if track is None:
            return
        self.ended[why] += 1
        self._done.append(_track(track, self._shot, why))


def _track(track: _Open, shot: int, why: Ending) -> Track:
    joints = None
    if track.found[0].joints is not None:
        joints = np.stack([np.asarray(each.joints) for each in track.found])
    return Track(
        track.number,
        shot,
        np.array(track.frames, dtype=np.int64),
        np.array(track.seconds),
        np.stack([each.points for each in track.found]),
        np.stack([each.confidence for each in track.found]),
        joints,
        why,
    )


def _distance(expected: Any, found: Detection) -> float:
    """Return how far a body is from where one is expected: the mean over the joints, in body sizes."""
    last: Detection = expected.last_detection.data[0]
    size = max(body_size(last.points), 1.0)
    both = np.isfinite(found.points[:, 0]) & np.isfinite(last.points[:, 0])
    if not both.any():
        return _FAR
    gaps = np.linalg.norm(expected.estimate[both] - found.points[both], axis=1)
    scale = apart(body_size(found.points), size)
    return float(gaps.mean()) / size + max(0.0, scale - 0.3)


def _outside(found: Detection, picture: tuple[int, int] | None) -> float:
    """Return the share of the joints found that are outside of the picture."""
    seen = found.points[np.isfinite(found.points[:, 0])]
    if picture is None or not len(seen):
        return 0.0
    return float(((seen < 0) | (seen >= picture)).any(axis=1).mean())


def _box(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([points.min(axis=0), points.max(axis=0)])


def _overlap(box: NDArray[np.float64], other: NDArray[np.floating]) -> float:
    """Return the share of a box (left, top, right, bottom) that another covers."""
    sides = np.minimum(box[2:], other[2:]) - np.maximum(box[:2], other[:2])
    area = float(np.prod(box[2:] - box[:2]))
    return float(np.prod(np.maximum(sides, 0.0))) / area if area > 0 else 0.0


class _InReach:
    """norfair's idea of a distance between what is expected and what was found: below 1 it is in reach."""

    def __init__(self, rules: TrackingRules) -> None:
        self._rules = rules

    def get_distances(self, objects: Sequence[Any], candidates: Sequence[Any]) -> NDArray[np.float64]:
        found = [[self._distance(each, *candidate.data) for each in objects] for candidate in candidates]
        return np.array(found, dtype=np.float64).reshape(len(candidates), len(objects))

    def _distance(self, expected: Any, found: Detection, seconds: float) -> float:
        away = min(max(0.0, seconds - expected.last_detection.data[1]), _WANDERS)
        return float(_distance(expected, found) / (self._rules.reach + self._rules.pace * away))
