"""Tracking by detection; a track ends where the assignment is ambiguous.

Joining two people in one track is worse than splitting one person into two: a model would learn that the two are one,
whereas tracks of one person are what re-identification brings together. A track therefore ends at every ambiguity, and
ambiguous detections belong to no track.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from himpc.skeleton import Layout
from himpc.video.detection import Detection
from himpc.video.tracking.association import (
    association_distance,
    bounding_box,
    covered_share,
    outside_share,
    prediction_distance,
)
from himpc.video.tracking.bone_lengths import BoneLengthHistory
from himpc.video.tracking.hidden import HiddenPeople
from himpc.video.tracking.motion import PredictedPerson, match_nearest
from himpc.video.tracking.rules import TrackingRules
from himpc.video.tracking.track import Ending, Track


@dataclass(eq=False)
class _ActiveTrack:
    number: int
    bone_lengths: BoneLengthHistory
    frames: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    detections: list[Detection] = field(default_factory=list)

    def to_track(self, shot: int, ended: Ending) -> Track:
        return Track.from_detections(self.number, shot, self.frames, self.seconds, self.detections, ended)


class Tracker:
    """Tracks people through a video, frame by frame.

    Positions are predicted by a Kalman filter for each joint, and the nearest detections associated. On top of that,
    tracks end if two people could be confused, or if bone lengths become those of another body. Where a
    person was lost behind another for long, no one is tracked until both are detected again. A person who is not
    detected for a moment keeps the track if position and body agree.

    Parameters
    ----------
    layout : Layout
        The J joints.
    fps : float
        Mean frame rate; the times of frames may be irregular.
    rules : TrackingRules, optional

    Attributes
    ----------
    ended : Counter
        Number of tracks that ended, by reason (see `Ending`).
    ambiguous : int
        Number of detections that belong to no track because the assignment was ambiguous.
    """

    def __init__(self, layout: Layout, *, fps: float, rules: TrackingRules | None = None) -> None:
        self.layout = layout
        self.fps = fps
        self.rules = rules or TrackingRules()
        self.ended: Counter[str] = Counter()
        self.ambiguous = 0
        self._shot = self._next_number = 1
        self._last_seconds: float | None = None
        self._identities = count(1)
        self._people: list[PredictedPerson] = []
        self._active: dict[int, _ActiveTrack] = {}
        self._ambiguous_until: dict[int, float] = {}
        self._finished: list[Track] = []
        self._start()

    def update(
        self,
        frame: int,
        seconds: float,
        detections: Sequence[Detection],
        frame_size: tuple[int, int] | None = None,
    ) -> list[int]:
        """Process the next frame.

        Parameters
        ----------
        frame : int
            Frame number.
        seconds : float
            Time of the frame.
        detections : sequence of Detection
        frame_size : (int, int), optional
            Width and height in pixels; without them, tracks do not end at the edge.

        Returns
        -------
        list of int
            The number of the track of each detection; 0 if it is ambiguous.
        """
        steps = 1 if self._last_seconds is None else max(1, round((seconds - self._last_seconds) * self.fps))
        self._last_seconds = seconds
        for _ in range(min(steps, self._max_lost_frames + 2)):  # more than one where frames were dropped
            self._people = [person for person in self._people if person.lifetime >= 0]
            for person in self._people:
                person.predict()
        before = {person.identity: person for person in self._people}
        identities = self._match(detections, seconds, steps)
        ambiguous = self._find_ambiguous(before, identities, detections)
        ambiguous |= self._find_occluded(before, identities, detections, seconds)
        for identity in ambiguous:
            self._ambiguous_until[identity] = seconds + self.rules.separation_seconds
            self._end(identity, "crossing")
        numbers = [
            self._assign(identity, frame, seconds, each) for identity, each in zip(identities, detections, strict=True)
        ]
        self._end_lost(seconds, frame_size)
        return numbers

    def start_shot(self) -> None:
        """End all tracks, because the next frame belongs to another shot."""
        self._end_all("cut")
        self._shot += 1
        self._start()

    def finish(self) -> None:
        """End all tracks, because there are no more frames."""
        self._end_all("video ended")
        self._start()

    def pop_finished(self) -> list[Track]:
        """Return the tracks that ended since the last call, in the order of their ends."""
        finished, self._finished = self._finished, []
        return finished

    def active_tracks(self) -> list[Track]:
        """Return the tracks that have not ended, as they are now."""
        return [track.to_track(self._shot, "video ended") for track in self._active.values()]

    def _start(self) -> None:
        self._max_lost_frames = max(2, round(self.rules.max_lost_seconds * self.fps))
        self._people = []
        self._ambiguous_until.clear()
        self._hidden = HiddenPeople(self.rules)

    def _match(self, detections: Sequence[Detection], seconds: float, steps: int) -> list[int]:
        """Return the identity of each detection: that of the nearest person, or a new one."""
        distances = np.array(
            [
                [association_distance(person, each, seconds, self.rules) for person in self._people]
                for each in detections
            ]
        ).reshape(len(detections), len(self._people))
        # A person detected once must survive until the next frame: as long as the last one took to arrive, and half as
        # long again because the frames of a live source arrive irregularly.
        period = steps if steps == 1 else round(1.5 * steps)
        matched = {}
        for index, place in match_nearest(distances, 1.0):
            person = matched[index] = self._people[place]
            person.correct(detections[index], seconds, min(person.lifetime + 2 * period, self._max_lost_frames))
        for index, detection in enumerate(detections):
            if index not in matched:
                matched[index] = PredictedPerson(next(self._identities), detection, seconds, period)
                self._people.append(matched[index])
        return [matched[index].identity for index in range(len(detections))]

    def _find_ambiguous(
        self, before: dict[int, PredictedPerson], identities: list[int], detections: Sequence[Detection]
    ) -> set[int]:
        """Return the identities for which exchanging two people would be nearly as good."""
        ambiguous: set[int] = set()
        if len(before) < 2 and len(detections) < 2:
            return ambiguous
        cost = {who: [prediction_distance(each, one) for one in detections] for who, each in before.items()}
        index = {who: k for k, who in enumerate(identities)}
        for who in set(index) & set(before):
            own = cost[who][index[who]]
            for other in set(before) - {who}:
                if other in index:
                    theirs = index[other]
                    loss = cost[who][theirs] + cost[other][index[who]] - own - cost[other][theirs]
                    rival = loss / 2
                else:  # the other person was not detected: could this detection be theirs?
                    rival = cost[other][index[who]] - own
                if rival < self.rules.ambiguity_margin:
                    ambiguous |= {who, other}
        return ambiguous

    def _find_occluded(
        self, before: dict[int, PredictedPerson], identities: list[int], detections: Sequence[Detection], seconds: float
    ) -> set[int]:
        """Return the identities that were lost behind another person, or may be those of people who were."""
        boxes = {who: each.box for who, each in zip(identities, detections, strict=True)}
        lost = {who: bounding_box(person.estimate) for who, person in before.items() if who not in boxes}
        covered = {
            who
            for who in set(lost) & set(self._active)
            if any(covered_share(lost[who], box) > self.rules.max_occlusion for box in boxes.values())
        }
        known = {who: box for who, box in lost.items() if before[who].detections >= self.rules.min_known_detections}
        return covered | self._hidden.update(known, boxes, set(boxes) - set(before), seconds)

    def _assign(self, identity: int, frame: int, seconds: float, detection: Detection) -> int:
        """Add a detection to the track of an identity, starting one if necessary; return its number."""
        if seconds < self._ambiguous_until.get(identity, -1.0):
            self.ambiguous += 1
            return 0
        track = self._active.get(identity)
        if track is not None:
            if seconds - track.seconds[0] >= self.rules.max_seconds:
                self._end(identity, "length")
            elif not track.bone_lengths.fits(detection, seconds - track.seconds[-1], self.rules.max_bone_change):
                self._end(identity, "bones")
        if identity not in self._active:
            self._active[identity] = _ActiveTrack(self._next_number, BoneLengthHistory(self.layout, self.fps))
            self._next_number += 1
        track = self._active[identity]
        track.bone_lengths.add(detection)
        track.frames.append(frame)
        track.seconds.append(seconds)
        track.detections.append(detection)
        return track.number

    def _end_lost(self, seconds: float, frame_size: tuple[int, int] | None) -> None:
        """End the tracks of people who are lost for too long, or were lost at the edge of the frame."""
        for identity, track in list(self._active.items()):
            lost = seconds - track.seconds[-1]
            at_edge = lost > 0 and outside_share(track.detections[-1], frame_size) >= self.rules.max_outside
            if lost > self.rules.max_lost_seconds or at_edge:
                self._end(identity, "left")

    def _end_all(self, reason: Ending) -> None:
        for identity in list(self._active):
            self._end(identity, reason)

    def _end(self, identity: int, reason: Ending) -> None:
        track = self._active.pop(identity, None)
        if track is not None:
            self.ended[reason] += 1
            self._finished.append(track.to_track(self._shot, reason))
