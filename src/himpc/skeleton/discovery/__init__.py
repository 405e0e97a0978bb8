"""Discovery of layouts: the rigid segments and the limbs of any body, from the movement of its named points."""

from himpc.skeleton.discovery.body_points import find_body_points
from himpc.skeleton.discovery.discover import DISCOVERED, MIN_POINTS, POINTS, Discovery, discover_layout, points_layout
from himpc.skeleton.discovery.distances import measure_distances, neighbours_in_segment
from himpc.skeleton.discovery.sides import other_side, pairs_by_name

__all__ = [
    "DISCOVERED",
    "MIN_POINTS",
    "POINTS",
    "Discovery",
    "discover_layout",
    "find_body_points",
    "measure_distances",
    "neighbours_in_segment",
    "other_side",
    "pairs_by_name",
    "points_layout",
]
