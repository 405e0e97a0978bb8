"""From video to recordings: people found, followed, and their skeletons made clean.

`read_videos` is to videos what `himpc.read` is to recordings; `estimate` says all that was found in one.
"""

from himpc.video.cleaning import DEFAULT_STEPS, STEPS, Changes, CleanedTrack, PoseCleaningRules
from himpc.video.decoding import Frame, Video, is_video
from himpc.video.detection import Detection, PoseEstimator
from himpc.video.estimate import estimate
from himpc.video.estimators import ESTIMATORS, EstimatorEntry, open_estimator
from himpc.video.pose_folder import PoseFolder
from himpc.video.read import find_videos, read_videos
from himpc.video.tracking.rules import JoiningRules, TrackingRules
from himpc.video.tracking.track import ENDINGS, Ending, Track
from himpc.video.tracking.tracker import Tracker
from himpc.video.video_result import ShortTrack, VideoResult

__all__ = [
    "DEFAULT_STEPS",
    "ENDINGS",
    "ESTIMATORS",
    "STEPS",
    "Changes",
    "CleanedTrack",
    "Detection",
    "Ending",
    "EstimatorEntry",
    "Frame",
    "JoiningRules",
    "PoseCleaningRules",
    "PoseEstimator",
    "PoseFolder",
    "ShortTrack",
    "Track",
    "Tracker",
    "TrackingRules",
    "Video",
    "VideoResult",
    "estimate",
    "find_videos",
    "is_video",
    "open_estimator",
    "read_videos",
]
