"""Recordings, their file formats, windows, and the walker simulator."""

from himpc.data.recording import Quality, Recording
from himpc.data.windows import Windows

__all__ = ["Quality", "Recording", "Windows"]
