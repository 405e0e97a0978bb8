"""Making skeletons from video clean, each step a function of its own that says what it changed."""

from himpc.pose.clean.bones import steady_bones
from himpc.pose.clean.gait import Gait, find_gait
from himpc.pose.clean.gravity import camera_up, turn_up
from himpc.pose.clean.heading import facing
from himpc.pose.clean.mend import STEPS, USUAL_STEPS, Changes, Cleaned, MendingRules, mend
from himpc.pose.clean.posture import POSTURES, find_posture
from himpc.pose.clean.smoothing import smooth
from himpc.pose.clean.swaps import mend_swaps
from himpc.pose.clean.unsure import fill_unsure

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
