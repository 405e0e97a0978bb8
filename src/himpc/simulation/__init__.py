"""Simulated walkers: bodies and gaits from published statistics, seen by a depth camera."""

from himpc.simulation.anthropometry import Body
from himpc.simulation.camera import CAMERAS, Camera
from himpc.simulation.difficulty import DIFFICULTIES, Difficulty, get_difficulty
from himpc.simulation.gait import Gait, Session
from himpc.simulation.sensor import Sensor
from himpc.simulation.walker import Walker
from himpc.simulation.walks import simulate

__all__ = [
    "CAMERAS",
    "DIFFICULTIES",
    "Body",
    "Camera",
    "Difficulty",
    "Gait",
    "Sensor",
    "Session",
    "Walker",
    "get_difficulty",
    "simulate",
]
