"""Making skeletons from video clean, each step a function of its own that says what it changed."""

from himpc.video.clean.bones import steady_bones
from himpc.video.clean.gait import Gait, find_gait
from himpc.video.clean.gravity import camera_up, turn_up
from himpc.video.clean.heading import facing
from himpc.video.clean.mend import STEPS, USUAL_STEPS, Changes, Cleaned, MendingRules, mend
from himpc.video.clean.posture import POSTURES, find_posture
from himpc.video.clean.smoothing import smooth
from himpc.video.clean.swaps import mend_swaps
from himpc.video.clean.unsure import fill_unsure

__all__ = [
    "POSTURES",
    "STEPS",
    "USUAL_STEPS",
    "Changes",
    "Cleaned",
    "Gait",
    "MendingRules",
    "camera_up",
    "facing",
    "fill_unsure",
    "find_gait",
    "find_posture",
    "mend",
    "mend_swaps",
    "smooth",
    "steady_bones",
    "turn_up",
]
