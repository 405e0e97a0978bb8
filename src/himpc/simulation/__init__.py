"""Simulated walkers: bodies and gaits from published statistics, seen by a depth camera.

`simulate` makes recordings of one person each, `simulate_crowd` a scene of several; the other names are their knobs.
"""

from himpc.simulation.anthropometry import Body
from himpc.simulation.crowd import Crowd, simulate_crowd
from himpc.simulation.difficulty import DIFFICULTIES, Difficulty
from himpc.simulation.gait import Gait, Session
from himpc.simulation.lens import Lens
from himpc.simulation.recorder import simulate
from himpc.simulation.routes import SCENES
from himpc.simulation.scene import CAMERAS, Camera
from himpc.simulation.sensor import Sensor
from himpc.simulation.walker import Walker

__all__ = [
    "CAMERAS",
    "DIFFICULTIES",
    "SCENES",
    "Body",
    "Camera",
    "Crowd",
    "Difficulty",
    "Gait",
    "Lens",
    "Sensor",
    "Session",
    "Walker",
    "simulate",
    "simulate_crowd",
]
