"""Cleaning of skeletons from video: each step is a function that reports what it changed."""

from himpc.video.cleaning.cleaned_track import Changes, CleanedTrack
from himpc.video.cleaning.gait import Gait, find_gait
from himpc.video.cleaning.pipeline import clean_track, impossible_share
from himpc.video.cleaning.posture import POSTURES, find_posture
from himpc.video.cleaning.rules import DEFAULT_STEPS, STEPS, PoseCleaningRules
from himpc.video.cleaning.steps import correct_swaps, fill_low_confidence, limb_bones, set_constant_lengths, smooth

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
    "fill_low_confidence",
    "find_gait",
    "find_posture",
    "impossible_share",
    "limb_bones",
    "set_constant_lengths",
    "smooth",
]
