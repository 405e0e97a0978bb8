"""Recordings of one body's joints over time: validation, cleaning, windows and the ``.npz`` store."""

from himpc.recordings.cleaning import CleaningRules, clean
from himpc.recordings.collection import Problem, Recordings
from himpc.recordings.recording import Origin, Quality, Recording, number_whole_recordings
from himpc.recordings.store import load, save
from himpc.recordings.windows import Windows

__all__ = [
    "CleaningRules",
    "Origin",
    "Problem",
    "Quality",
    "Recording",
    "Recordings",
    "Windows",
    "clean",
    "load",
    "number_whole_recordings",
    "save",
]
