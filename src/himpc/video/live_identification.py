"""Identification of the people before a camera, while they are visible."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from himpc.video.cleaning import PoseCleaningRules, clean_track
from himpc.video.detection import PoseEstimator
from himpc.video.live_video import LiveVideo
from himpc.video.orientation import estimate_up
from himpc.video.overlay import Label, LabelledPose
from himpc.video.tracking import Track, Tracker

if TYPE_CHECKING:
    from himpc.gallery import Answer, Gallery, SearchOptions

ANSWER_SECONDS = 6.0
"""Length of the end of a track that is identified: about six strides."""

FIRST_ANSWER_SECONDS = 1.5
"""Age of a track at its first identification: about a stride and a half."""

_PENDING = Label("...", known=False, answered=False)


def label_of(answer: Answer) -> Label:
    """Return the label of an answer: the name, the verdict and the probability; or the verdict, unknown or unsure."""
    if answer.person is None:
        return Label(answer.verdict, known=False)
    return Label(answer.person, answer.probability, verdict=answer.verdict)


@dataclass(frozen=True, eq=False)
class LiveView:
    """A processed frame of a live source."""

    seconds: float
    """Time since the first frame."""
    image: NDArray[np.uint8] = field(repr=False)
    """The frame, RGB ``(height, width, 3)``; it is not stored anywhere."""
    people: dict[int, LabelledPose]
    """The people in it, by the number of their track."""
    latency: float
    """Seconds from the arrival of the frame to this result."""


def watch_live(
    video: LiveVideo,
    estimator: PoseEstimator,
    gallery: Gallery,
    *,
    every: float = 1.0,
    fmr: float | None = None,
    cleaning: PoseCleaningRules | None = None,
) -> Iterator[LiveView]:
    """Identify the people in a live source, frame by frame, until it ends.

    Each frame is the newest one, and frames that arrive meanwhile are skipped, so the delay never exceeds one frame. A
    track is identified again at intervals, by its last seconds. Two people in one picture never get one name.

    Parameters
    ----------
    video : LiveVideo
    estimator : PoseEstimator
    gallery : Gallery
    every : float
        Seconds between two identifications of a track.
    fmr : float, optional
        See `Gallery.search`.
    cleaning : PoseCleaningRules, optional

    Yields
    ------
    LiveView
    """
    from himpc.gallery import SearchOptions, give_different_people

    tracker = Tracker(estimator.layout, fps=video.fps)
    identified_at: dict[int, float] = {}
    answers: dict[int, Answer] = {}
    while (frame := video.newest()) is not None:
        detections = estimator.detect(frame.image, frame.seconds)
        height, width = frame.image.shape[:2]
        numbers = tracker.update(frame.number, frame.seconds, detections, (width, height))
        tracker.pop_finished()
        now = frame.seconds
        may_be_due = any(number and now - identified_at.get(number, -every) >= every for number in numbers)
        for track in tracker.active_tracks() if may_be_due else ():
            last = identified_at.get(track.number)
            is_due = now - track.seconds[0] >= FIRST_ANSWER_SECONDS if last is None else now - last >= every
            if track.number in numbers and is_due:
                identified_at[track.number] = now
                options = SearchOptions(people=1 + len(numbers), fmr=fmr)
                if (answer := _identify(track, estimator, gallery, video.fps, options, cleaning)) is not None:
                    answers[track.number] = answer
        visible = [number for number in numbers if number in answers]
        separated = give_different_people([answers[number] for number in visible])
        labels = dict(zip(visible, map(label_of, separated), strict=True))
        people = {
            number: LabelledPose(each.points, each.confidence, labels.get(number, _PENDING))
            for number, each in zip(numbers, detections, strict=True)
            if number
        }
        yield LiveView(now, frame.image, people, time.monotonic() - frame.captured)


def _identify(
    track: Track,
    estimator: PoseEstimator,
    gallery: Gallery,
    fps: float,
    options: SearchOptions,
    rules: PoseCleaningRules | None,
) -> Answer | None:
    """Identify the last seconds of a track; None if they are too short."""
    track = track.last(ANSWER_SECONDS)
    up = None if track.joints is None else estimate_up([track.joints], estimator.layout)
    parts = clean_track(track, estimator.layout, fps, source=f"live#{track.number}", up=up, rules=rules)
    long_parts = [part.recording for part in parts if len(part.recording) >= gallery.model.window_length]
    if not long_parts:
        return None
    from himpc.gallery import get_service

    searcher = get_service(gallery).searcher
    return searcher.search(long_parts[-1:], options, allow_empty=True)[0]
