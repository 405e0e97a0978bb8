"""Joint layouts as data, pooling into components and limbs, conversion, body-frame alignment, marker sets."""

from himpc.skeleton.alignment import MIN_SIDE_LENGTH, body_frame, has_side_lines, headings, side_lines
from himpc.skeleton.conversion import convert
from himpc.skeleton.layout import COMPONENTS, LEVELS, LIMBS, Layout, Level, get_layout, layout_names
from himpc.skeleton.markers import MarkerSet, marker_sets, recognise_marker_set
from himpc.skeleton.pooling import centre, mirror, pool, pooling_matrix

__all__ = [
    "COMPONENTS",
    "LEVELS",
    "LIMBS",
    "MIN_SIDE_LENGTH",
    "Layout",
    "Level",
    "MarkerSet",
    "body_frame",
    "centre",
    "convert",
    "get_layout",
    "has_side_lines",
    "headings",
    "layout_names",
    "marker_sets",
    "mirror",
    "pool",
    "pooling_matrix",
    "recognise_marker_set",
    "side_lines",
]
