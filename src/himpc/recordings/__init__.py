"""Recordings of one body's joints over time: validation, cleaning, windows and the ``.npz`` store."""

from himpc.recordings.cleaning import CleaningRules, clean
from himpc.recordings.recording import Quality, Recording
from himpc.recordings.store import load, save
from himpc.recordings.windows import Windows

__all__ = ["CleaningRules", "Quality", "Recording", "Windows", "clean", "load", "save"]
