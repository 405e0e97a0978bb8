"""Orders of the joints of published data sets, where they differ from those of layouts."""

from __future__ import annotations

__all__ = ["ORDERS"]


def _split(names: str) -> tuple[str, ...]:
    return tuple("" if name == "-" else name for name in names.split())


ORDERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "MSR Action3D": (
        "kinect-v1",
        _split(
            "right_shoulder left_shoulder neck spine right_hip left_hip pelvis right_elbow left_elbow right_wrist "
            "left_wrist right_hand left_hand right_knee left_knee right_ankle left_ankle right_foot left_foot "
            "head"
        ),
    ),
    "UTD-MHAD": (
        "kinect-v1",
        _split(
            "head neck spine pelvis left_shoulder left_elbow left_wrist left_hand right_shoulder right_elbow "
            "right_wrist right_hand left_hip left_knee left_ankle left_foot right_hip right_knee right_ankle "
            "right_foot"
        ),
    ),
    "SBU Kinect Interaction": (
        "openni-15",
        _split(
            "head neck spine left_shoulder left_elbow left_hand right_shoulder right_elbow right_hand left_hip "
            "left_knee left_foot right_hip right_knee right_foot"
        ),
    ),
    "KARD": (
        "openni-15",
        _split(
            "head neck right_shoulder right_elbow right_hand left_shoulder left_elbow left_hand spine right_hip "
            "right_knee right_foot left_hip left_knee left_foot"
        ),
    ),
    "Florence 3D Actions": (
        "common-15",
        _split(
            "head neck spine left_shoulder left_elbow left_wrist right_shoulder right_elbow right_wrist left_hip "
            "left_knee left_ankle right_hip right_knee right_ankle"
        ),
    ),
    "Human3.6M, all 32 points": (
        "h36m-17",
        _split(
            "pelvis right_hip right_knee right_ankle - - left_hip left_knee left_ankle - - - spine neck head_base "
            "head_top - left_shoulder left_elbow left_wrist - - - - - right_shoulder right_elbow right_wrist - - "
            "- -"
        ),
    ),
    "MPI-INF-3DHP": (
        "humanoid",
        _split(
            "- - spine - pelvis neck head - - left_shoulder left_elbow left_wrist - - right_shoulder right_elbow "
            "right_wrist - left_hip left_knee left_ankle left_foot - right_hip right_knee right_ankle right_foot "
            "-"
        ),
    ),
    "CMU Panoptic": (
        "body-18",
        _split(
            "neck nose - left_shoulder left_elbow left_wrist left_hip left_knee left_ankle right_shoulder "
            "right_elbow right_wrist right_hip right_knee right_ankle left_eye left_ear right_eye right_ear"
        ),
    ),
}
"""Orders of data sets, other than those of layouts: the layout, and its joints in the order of the files.

Empty names are of points that the layout does not have.
"""
