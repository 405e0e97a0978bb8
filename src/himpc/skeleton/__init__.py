"""Joint layouts as data, pooling into components and limbs, conversion, body-frame alignment, marker rules."""

from himpc.skeleton.conversion import convert
from himpc.skeleton.layout import COMPONENTS, LEVELS, LIMBS, Layout, Level, get_layout, layout_names
from himpc.skeleton.pooling import centre, mirror, pool, pooling_matrix

__all__ = [
    "COMPONENTS",
    "LEVELS",
    "LIMBS",
    "Layout",
    "Level",
    "centre",
    "convert",
    "get_layout",
    "layout_names",
    "mirror",
    "pool",
    "pooling_matrix",
]
