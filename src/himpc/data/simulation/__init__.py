"""Simulated walkers: bodies and gaits from published statistics, seen by a depth camera.

`simulate` makes recordings; the other names are its knobs.
"""

from himpc.data.simulation.anthropometry import Body
from himpc.data.simulation.difficulty import DIFFICULTIES, Difficulty
from himpc.data.simulation.gait import Gait, Session
from himpc.data.simulation.recorder import simulate
from himpc.data.simulation.scene import CAMERAS, Camera
from himpc.data.simulation.sensor import Sensor
from himpc.data.simulation.walker import Walker

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
    "simulate",
]
