"""Joint layouts as data, pooling into components and limbs, conversion, body-frame alignment, marker rules."""

from himpc.skeleton.alignment import body_frame
from himpc.skeleton.conversion import convert
from himpc.skeleton.layout import COMPONENTS, LEVELS, LIMBS, Layout, Level, get_layout, layout_names
from himpc.skeleton.markers import MarkerSet, joints_from_markers, recognise_marker_set
from himpc.skeleton.pooling import centre, mirror, pool, pooling_matrix

__all__ = [
    "COMPONENTS",
    "LEVELS",
    "LIMBS",
    "Layout",
    "Level",
    "MarkerSet",
    "body_frame",
    "centre",
    "convert",
    "get_layout",
    "joints_from_markers",
    "layout_names",
    "mirror",
    "pool",
    "pooling_matrix",
    "recognise_marker_set",
]
