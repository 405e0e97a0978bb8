"""Recordings, their file formats, windows, and the walker simulator."""

from himpc.data.cleaning import CleaningRules, clean
from himpc.data.read import Problem, Recordings, read
from himpc.data.recording import Quality, Recording
from himpc.data.simulation import simulate
from himpc.data.store import load, save
from himpc.data.windows import Windows

__all__ = [
    "CleaningRules",
    "Problem",
    "Quality",
    "Recording",
    "Recordings",
    "Windows",
    "clean",
    "load",
    "read",
    "save",
    "simulate",
]
