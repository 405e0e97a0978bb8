"""From video to recordings: people are detected and tracked, and their skeletons cleaned.

`estimate` processes one video; `himpc.read` reads videos like any other file. `ESTIMATORS` is the table of pose
estimators.
"""

from himpc.video.blur import write_blurred
from himpc.video.cameras import (
    CalibratedCamera,
    PeopleInSpace,
    PersonInSpace,
    match_cameras,
    read_calibration,
    triangulate,
    view_of_video,
)
from himpc.video.cleaning import DEFAULT_STEPS, STEPS, Changes, CleanedTrack, PoseCleaningRules, clean_track
from himpc.video.decoding import Frame, Video
from himpc.video.detection import Detection, PoseEstimator
from himpc.video.encoding import VideoWriter
from himpc.video.estimate import MIN_FRAMES, estimate
from himpc.video.estimators import ESTIMATORS, EstimatorEntry, open_estimator
from himpc.video.live_identification import LiveView, label_of, watch_live
from himpc.video.live_video import LiveVideo
from himpc.video.orientation import estimate_up
from himpc.video.overlay import Label, LabelledPose, draw, write_overlay, write_overlays
from himpc.video.pose_folder import RECORDINGS_FOLDER, PoseFolder, VideoReport
from himpc.video.reader import VideoReader, find_videos
from himpc.video.tracking import ENDINGS, Ending, JoiningRules, Track, Tracker, TrackingRules
from himpc.video.video_result import DroppedTrack, VideoResult

__all__ = [
    "DEFAULT_STEPS",
    "ENDINGS",
    "ESTIMATORS",
    "MIN_FRAMES",
    "RECORDINGS_FOLDER",
    "STEPS",
    "CalibratedCamera",
    "Changes",
    "CleanedTrack",
    "Detection",
    "DroppedTrack",
    "Ending",
    "EstimatorEntry",
    "Frame",
    "JoiningRules",
    "Label",
    "LabelledPose",
    "LiveVideo",
    "LiveView",
    "PeopleInSpace",
    "PersonInSpace",
    "PoseCleaningRules",
    "PoseEstimator",
    "PoseFolder",
    "Track",
    "Tracker",
    "TrackingRules",
    "Video",
    "VideoReader",
    "VideoReport",
    "VideoResult",
    "VideoWriter",
    "clean_track",
    "draw",
    "estimate",
    "estimate_up",
    "find_videos",
    "label_of",
    "match_cameras",
    "open_estimator",
    "read_calibration",
    "triangulate",
    "view_of_video",
    "watch_live",
    "write_blurred",
    "write_overlay",
    "write_overlays",
]
