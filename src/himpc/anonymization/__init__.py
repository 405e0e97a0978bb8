"""Anonymization: transformations of stated strength, removal of metadata, and what is kept of the motion."""

from himpc.anonymization.bodies import bone_lengths, set_bone_lengths
from himpc.anonymization.gait import Gait, measure_gait
from himpc.anonymization.methods import METHODS, Chain, Method, Step
from himpc.anonymization.publication import Anonymized, KeyEntry, LabelTreatment, anonymize
from himpc.anonymization.utility import Utility, joint_angles, measure_utility

__all__ = [
    "METHODS",
    "Anonymized",
    "Chain",
    "Gait",
    "KeyEntry",
    "LabelTreatment",
    "Method",
    "Step",
    "Utility",
    "anonymize",
    "bone_lengths",
    "joint_angles",
    "measure_gait",
    "measure_utility",
    "set_bone_lengths",
]
