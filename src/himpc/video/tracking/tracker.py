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

from himpc._extras import require
from himpc.skeleton import Layout
from himpc.video.detection import Detection
from himpc.video.tracking.association import InReach, box_of, distance, outside, overlap
from himpc.video.tracking.bone_lengths import Shape, shape_of
from himpc.video.tracking.rules import TrackingRules
from himpc.video.tracking.track import Ending, Track

__all__ = ["Tracker"]


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
        # Somebody who was seen once is remembered for one more picture: as long as the last took to come, and half as
        # long again where pictures are let go of and do not come evenly.
        self._norfair.update(marks, period=steps if steps == 1 else round(1.5 * steps))
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
        norfair = require("norfair", "video")
        self._patience = patience = max(2, round(self.rules.patience * self.fps))
        self._norfair: Any = norfair.Tracker(
            distance_function="euclidean",
            distance_threshold=1.0,
            hit_counter_max=patience,
            initialization_delay=0,
            pointwise_hit_counter_max=patience,
            past_detections_length=0,
        )
        self._norfair.distance_function = InReach(self.rules)
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
        cost = {who: [distance(each, one) for one in found] for who, each in before.items()}
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
            if any(overlap(box_of(before[who].estimate), box) > self.rules.covered for box in boxes)
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
            if away > self.rules.patience or (away > 0 and outside(track.found[-1], picture) >= self.rules.edge):
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
