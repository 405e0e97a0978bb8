"""Tracking: detections of successive frames become tracks of people."""

from himpc.video.tracking.jitter import remove_jitter
from himpc.video.tracking.joining import find_joins, first_number, join_tracks
from himpc.video.tracking.rules import JoiningRules, TrackingRules
from himpc.video.tracking.track import ENDINGS, Ending, Track
from himpc.video.tracking.tracker import Tracker

__all__ = [
    "ENDINGS",
    "Ending",
    "JoiningRules",
    "Track",
    "Tracker",
    "TrackingRules",
    "find_joins",
    "first_number",
    "join_tracks",
    "remove_jitter",
]
