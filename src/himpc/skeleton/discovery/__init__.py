"""Discovery of layouts: the rigid segments and the limbs of any body, from the movement of its named points."""

from himpc.skeleton.discovery.discover import DISCOVERED, MIN_POINTS, POINTS, Discovery, discover_layout, points_layout

__all__ = ["DISCOVERED", "MIN_POINTS", "POINTS", "Discovery", "discover_layout", "points_layout"]
