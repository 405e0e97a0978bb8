"""Simulated walkers: bodies and gaits from published statistics, seen by a depth camera.

`simulate` makes recordings of one person each, `simulate_crowd` a scene of several; the other names are their knobs.
"""

from himpc.data.simulation.anthropometry import Body
from himpc.data.simulation.crowd import Crowd, simulate_crowd
from himpc.data.simulation.difficulty import DIFFICULTIES, Difficulty
from himpc.data.simulation.gait import Gait, Session
from himpc.data.simulation.lens import Lens
from himpc.data.simulation.recorder import simulate
from himpc.data.simulation.routes import SCENES
from himpc.data.simulation.scene import CAMERAS, Camera
from himpc.data.simulation.sensor import Sensor
from himpc.data.simulation.walker import Walker

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
