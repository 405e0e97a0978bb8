"""Calibrated cameras: their files, and people in space from what several of them see."""

from himpc.video.cameras.calibration import match_cameras, read_calibration
from himpc.video.cameras.camera import CalibratedCamera
from himpc.video.cameras.people import PeopleInSpace, PersonInSpace, triangulate
from himpc.video.cameras.triangulation import intersect_rays
from himpc.video.cameras.views import picture_scale, view_of_video

__all__ = [
    "CalibratedCamera",
    "PeopleInSpace",
    "PersonInSpace",
    "intersect_rays",
    "match_cameras",
    "picture_scale",
    "read_calibration",
    "triangulate",
    "view_of_video",
]
