"""From video to people who are known: by a gallery, once for a file, or again and again for a camera."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from himpc.video.cleaning import PoseCleaningRules, clean_track, estimate_up
from himpc.video.detection import PoseEstimator
from himpc.video.live_video import LiveVideo
from himpc.video.overlay import Label, LabelledPose
from himpc.video.tracking.track import Track
from himpc.video.tracking.tracker import Tracker

if TYPE_CHECKING:
    from himpc.gallery import Answer, Gallery

__all__ = ["LiveView", "label_of", "watch_live"]

_KEPT_SECONDS = 6.0
"""A live answer looks at so much of a track: six strides or so."""

_FIRST_SECONDS = 1.5
"""The first answer comes after so long, a stride and a half."""


_PENDING = Label("...", known=False, asked=False)


def label_of(answer: Answer) -> Label:
    """Return what is written beside somebody: the name and its probability, or unknown."""
    return Label("unknown", known=False) if answer.person is None else Label(answer.person, answer.probability)


@dataclass(frozen=True, eq=False)
class LiveView:
    """What is known when a live picture has been looked at.

    Attributes
    ----------
    seconds : float
        Since the first picture.
    picture : uint8 array ``(height, width, 3)``
        The picture itself; nothing keeps it.
    people : dict of int to Marked
        Who is in it, by track.
    latency : float
        Seconds from the picture to this.
    """

    seconds: float
    picture: NDArray[np.uint8] = field(repr=False)
    people: dict[int, LabelledPose]
    latency: float


def watch_live(
    video: LiveVideo,
    estimator: PoseEstimator,
    gallery: Gallery,
    *,
    every: float = 1.0,
    fmr: float | None = None,
    cleaning: PoseCleaningRules | None = None,
) -> Iterator[LiveView]:
    """Yield who is seen, picture by picture, until the source ends.

    It looks at the newest picture and lets go of those that came meanwhile, so it is never behind by more than one.
    Whom a track shows is asked again after some time, by its last seconds.

    Parameters
    ----------
    video : LiveVideo
    estimator : PoseEstimator
    gallery : Gallery
    every : float
        Seconds between two questions about a track.
    fmr : float, optional
        As for `Gallery.search`.
    mending : MendingRules, optional
    """
    tracker = Tracker(estimator.layout, fps=video.fps)
    asked: dict[int, float] = {}
    labels: dict[int, Label] = {}
    while (frame := video.newest()) is not None:
        found = estimator.detect(frame.image, frame.seconds)
        height, width = frame.image.shape[:2]
        numbers = tracker.update(frame.number, frame.seconds, found, (width, height))
        tracker.take()
        for track in tracker.so_far() if _due(numbers, asked, frame.seconds, every) else ():
            since = asked.get(track.number)
            waited = (
                frame.seconds - track.seconds[0] >= _FIRST_SECONDS if since is None else frame.seconds - since >= every
            )
            if track.number in numbers and waited:
                asked[track.number] = frame.seconds
                if (label := _ask(track, estimator, gallery, video.fps, fmr, cleaning)) is not None:
                    labels[track.number] = label
        people = {
            number: LabelledPose(each.points, each.confidence, labels.get(number, _PENDING))
            for number, each in zip(numbers, found, strict=True)
            if number
        }
        yield LiveView(frame.seconds, frame.image, people, time.monotonic() - frame.captured)


def _due(numbers: list[int], asked: dict[int, float], now: float, every: float) -> bool:
    return any(number and now - asked.get(number, -every) >= every for number in numbers)


def _ask(
    track: Track,
    estimator: PoseEstimator,
    gallery: Gallery,
    fps: float,
    fmr: float | None,
    cleaning: PoseCleaningRules | None,
) -> Label | None:
    """Ask whom the last seconds of a track show; None where they are too short."""
    late = track.seconds >= track.seconds[-1] - _KEPT_SECONDS
    recent = Track(
        track.number,
        track.shot,
        track.frames[late],
        track.seconds[late],
        track.points[late],
        track.confidence[late],
        None if track.joints is None else track.joints[late],
        track.ended,
    )
    up = None if recent.joints is None else estimate_up([recent.joints], estimator.layout)
    parts = clean_track(recent, estimator.layout, fps, source=f"live#{track.number}", up=up, rules=cleaning)
    long = [part.recording for part in parts if len(part.recording) >= gallery.model.window_length]
    if not long:
        return None
    return label_of(gallery.identify(long[-1:], fmr=fmr)[0])
