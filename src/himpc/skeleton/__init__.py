"""Joint layouts as data, their discovery, pooling into components and limbs, conversion, alignment, marker sets."""

from typing import TYPE_CHECKING

from himpc._extras import import_on_first_use

if TYPE_CHECKING:
    from himpc.skeleton.alignment import MIN_SIDE_LENGTH, body_frame, has_side_lines, headings, side_lines
    from himpc.skeleton.bone_lengths import long_bones, stature
    from himpc.skeleton.conversion import convert, find_rule, missing_joints
    from himpc.skeleton.discovery import (
        DISCOVERED,
        MIN_POINTS,
        POINTS,
        Discovery,
        discover_layout,
        find_body_points,
        measure_distances,
        neighbours_in_segment,
        other_side,
        pairs_by_name,
        points_layout,
    )
    from himpc.skeleton.layout import COMPONENTS, LEVELS, LIMBS, Layout, Level, get_layout, layout_names
    from himpc.skeleton.markers import MarkerSet, find_marker_set, marker_sets, recognise_marker_set
    from himpc.skeleton.names import is_body_word, parse_name
    from himpc.skeleton.naming import (
        NamedJoints,
        choose_layout,
        covered_parts,
        find_joints,
        naming_conventions,
        part_layout,
    )
    from himpc.skeleton.pooling import centre, mirror, pool, pooling_matrix
    from himpc.skeleton.shared_joints import COMMON_LAYOUT, MIN_SHARED_JOINTS, independent_part, shared_layout

__all__ = [
    "COMMON_LAYOUT",
    "COMPONENTS",
    "DISCOVERED",
    "LEVELS",
    "LIMBS",
    "MIN_POINTS",
    "MIN_SHARED_JOINTS",
    "MIN_SIDE_LENGTH",
    "POINTS",
    "Discovery",
    "Layout",
    "Level",
    "MarkerSet",
    "NamedJoints",
    "body_frame",
    "centre",
    "choose_layout",
    "convert",
    "covered_parts",
    "discover_layout",
    "find_body_points",
    "find_joints",
    "find_marker_set",
    "find_rule",
    "get_layout",
    "has_side_lines",
    "headings",
    "independent_part",
    "is_body_word",
    "layout_names",
    "long_bones",
    "marker_sets",
    "measure_distances",
    "mirror",
    "missing_joints",
    "naming_conventions",
    "neighbours_in_segment",
    "other_side",
    "pairs_by_name",
    "parse_name",
    "part_layout",
    "points_layout",
    "pool",
    "pooling_matrix",
    "recognise_marker_set",
    "shared_layout",
    "side_lines",
    "stature",
]

__getattr__ = import_on_first_use(
    __name__,
    {
        "alignment": "MIN_SIDE_LENGTH body_frame has_side_lines headings side_lines",
        "bone_lengths": "long_bones stature",
        "conversion": "convert find_rule missing_joints",
        "discovery": (
            "DISCOVERED MIN_POINTS POINTS Discovery discover_layout find_body_points measure_distances "
            "neighbours_in_segment other_side pairs_by_name points_layout"
        ),
        "layout": "COMPONENTS LEVELS LIMBS Layout Level get_layout layout_names",
        "markers": "MarkerSet find_marker_set marker_sets recognise_marker_set",
        "names": "is_body_word parse_name",
        "naming": "NamedJoints choose_layout covered_parts find_joints naming_conventions part_layout",
        "pooling": "centre mirror pool pooling_matrix",
        "shared_joints": "COMMON_LAYOUT MIN_SHARED_JOINTS independent_part shared_layout",
    },
)


def __dir__() -> list[str]:
    return __all__
