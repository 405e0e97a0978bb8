"""From video to recordings: people found, followed, and their skeletons made clean.

`read_videos` is to videos what `himpc.read` is to recordings; `estimate` says all that was found in one.
"""

from himpc.pose.clean import STEPS, USUAL_STEPS, Changes, Cleaned, MendingRules
from himpc.pose.detection import Detection, Estimator
from himpc.pose.estimate import estimate
from himpc.pose.estimators import ESTIMATORS, open_estimator
from himpc.pose.folder import PoseFolder
from himpc.pose.people import People, Short
from himpc.pose.read import find_videos, read_videos
from himpc.pose.rules import JoiningRules, TrackingRules
from himpc.pose.track import ENDINGS, Ending, Track
from himpc.pose.tracking import Tracker
from himpc.pose.video import Frame, Video, is_video

__all__ = [
    "ENDINGS",
    "ESTIMATORS",
    "STEPS",
    "USUAL_STEPS",
    "Changes",
    "Cleaned",
    "Detection",
    "Ending",
    "Estimator",
    "Frame",
    "JoiningRules",
    "MendingRules",
    "People",
    "PoseFolder",
    "Short",
    "Track",
    "Tracker",
    "TrackingRules",
    "Video",
    "estimate",
    "find_videos",
    "is_video",
    "open_estimator",
    "read_videos",
]
