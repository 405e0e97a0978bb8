"""Recordings of one person's joints over time: validation, cleaning, windows and the ``.npz`` store."""

from typing import TYPE_CHECKING

from himpc._extras import import_on_first_use

if TYPE_CHECKING:
    from himpc.recordings.capture_systems import number_systems, system_name
    from himpc.recordings.cleaning import CleaningRules, clean, impossible_frames
    from himpc.recordings.collection import Problem, Progress, Recordings, parse_condition, select
    from himpc.recordings.common_layout import leave_out_unfit, to_common_layout
    from himpc.recordings.common_size import (
        EQUAL_STATURE,
        BodySize,
        body_size,
        describe_sizes,
        has_unequal_sizes,
        scale_bodies,
    )
    from himpc.recordings.headings import (
        FACINGS,
        Facing,
        camera_headings,
        describe_headings,
        facing_shares,
        heading_sectors,
        mean_direction,
        nearby_sectors,
    )
    from himpc.recordings.interchange import METADATA, parse_poses, restore_layout
    from himpc.recordings.mapped_arrays import iter_blocks, read_array, read_npy_header, stack
    from himpc.recordings.motion_bids import LAYOUT_KEY, SIZE_KEY, save_motion_bids
    from himpc.recordings.netcdf import save_netcdf
    from himpc.recordings.recording import (
        MAX_FPS,
        MIN_FPS,
        Origin,
        Quality,
        Recording,
        count_recordings,
        normalize_label,
        number_whole_recordings,
    )
    from himpc.recordings.simultaneous import cannot_link, synchronise
    from himpc.recordings.store import load, save
    from himpc.recordings.windows import Windows

__all__ = [
    "EQUAL_STATURE",
    "FACINGS",
    "LAYOUT_KEY",
    "MAX_FPS",
    "METADATA",
    "MIN_FPS",
    "SIZE_KEY",
    "BodySize",
    "CleaningRules",
    "Facing",
    "Origin",
    "Problem",
    "Progress",
    "Quality",
    "Recording",
    "Recordings",
    "Windows",
    "body_size",
    "camera_headings",
    "cannot_link",
    "clean",
    "count_recordings",
    "describe_headings",
    "describe_sizes",
    "facing_shares",
    "has_unequal_sizes",
    "heading_sectors",
    "impossible_frames",
    "iter_blocks",
    "leave_out_unfit",
    "load",
    "mean_direction",
    "nearby_sectors",
    "normalize_label",
    "number_systems",
    "number_whole_recordings",
    "parse_condition",
    "parse_poses",
    "read_array",
    "read_npy_header",
    "restore_layout",
    "save",
    "save_motion_bids",
    "save_netcdf",
    "scale_bodies",
    "select",
    "stack",
    "synchronise",
    "system_name",
    "to_common_layout",
]

__getattr__ = import_on_first_use(
    __name__,
    {
        "cleaning": "CleaningRules clean impossible_frames",
        "collection": "Problem Progress Recordings parse_condition select",
        "common_layout": "leave_out_unfit to_common_layout",
        "common_size": "EQUAL_STATURE BodySize body_size describe_sizes has_unequal_sizes scale_bodies",
        "headings": (
            "FACINGS Facing camera_headings describe_headings facing_shares heading_sectors "
            "mean_direction nearby_sectors"
        ),
        "interchange": "METADATA parse_poses restore_layout",
        "mapped_arrays": "iter_blocks read_array read_npy_header stack",
        "motion_bids": "LAYOUT_KEY SIZE_KEY save_motion_bids",
        "netcdf": "save_netcdf",
        "recording": (
            "MAX_FPS MIN_FPS Origin Quality Recording count_recordings normalize_label number_whole_recordings"
        ),
        "simultaneous": "cannot_link synchronise",
        "store": "load save",
        "capture_systems": "number_systems system_name",
        "windows": "Windows",
    },
)


def __dir__() -> list[str]:
    return __all__
