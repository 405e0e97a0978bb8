"""Making skeletons from video clean, each step a function of its own that says what it changed."""

from himpc.video.cleaning.bones import steady_bones
from himpc.video.cleaning.gait import Gait, find_gait
from himpc.video.cleaning.gravity import estimate_up, rotate_upright
from himpc.video.cleaning.heading import facing_direction
from himpc.video.cleaning.low_confidence import fill_low_confidence
from himpc.video.cleaning.pipeline import DEFAULT_STEPS, STEPS, Changes, CleanedTrack, PoseCleaningRules, clean_track
from himpc.video.cleaning.posture import POSTURES, find_posture
from himpc.video.cleaning.smoothing import smooth
from himpc.video.cleaning.swaps import correct_swaps

__all__ = [
    "DEFAULT_STEPS",
    "POSTURES",
    "STEPS",
    "Changes",
    "CleanedTrack",
    "Gait",
    "PoseCleaningRules",
    "clean_track",
    "correct_swaps",
    "estimate_up",
    "facing_direction",
    "fill_low_confidence",
    "find_gait",
    "find_posture",
    "rotate_upright",
    "smooth",
    "steady_bones",
]
