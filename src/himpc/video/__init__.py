"""From video to recordings: people found, followed, and their skeletons made clean.

`read_videos` is to videos what `himpc.read` is to recordings; `estimate` says all that was found in one.
"""

from himpc.video.clean import STEPS, USUAL_STEPS, Changes, Cleaned, MendingRules
from himpc.video.detection import Detection, Estimator
from himpc.video.estimate import estimate
from himpc.video.estimators import ESTIMATORS, open_estimator
from himpc.video.folder import PoseFolder
from himpc.video.people import People, Short
from himpc.video.read import find_videos, read_videos
from himpc.video.rules import JoiningRules, TrackingRules
from himpc.video.track import ENDINGS, Ending, Track
from himpc.video.tracking import Tracker
from himpc.video.video import Frame, Video, is_video

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
