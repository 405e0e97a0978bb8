"""Recordings of one person's joints over time: validation, cleaning, windows and the ``.npz`` store."""

from himpc.recordings.cleaning import CleaningRules, clean, impossible_frames
from himpc.recordings.collection import Problem, Progress, Recordings, parse_condition, select
from himpc.recordings.common_layout import leave_out_unfit, to_common_layout
from himpc.recordings.mapped_arrays import iter_blocks
from himpc.recordings.recording import Origin, Quality, Recording, normalize_label, number_whole_recordings
from himpc.recordings.simultaneous import cannot_link, synchronise
from himpc.recordings.store import load, save
from himpc.recordings.windows import Windows

__all__ = [
    "CleaningRules",
    "Origin",
    "Problem",
    "Progress",
    "Quality",
    "Recording",
    "Recordings",
    "Windows",
    "cannot_link",
    "clean",
    "impossible_frames",
    "iter_blocks",
    "leave_out_unfit",
    "load",
    "normalize_label",
    "number_whole_recordings",
    "parse_condition",
    "save",
    "select",
    "synchronise",
    "to_common_layout",
]
