"""Simulated walkers: bodies and gaits from published statistics, seen by a depth camera.

`simulate` makes recordings of one person each, `simulate_crowd` a scene of several people in front of one camera.
"""

from himpc.simulation.anthropometry import Body
from himpc.simulation.camera import CAMERAS, Camera, Lens
from himpc.simulation.crowd import Crowd, simulate_crowd
from himpc.simulation.difficulty import DIFFICULTIES, Difficulty, get_difficulty
from himpc.simulation.gait import Gait, Session
from himpc.simulation.sensor import Sensor
from himpc.simulation.trajectories import SCENES
from himpc.simulation.walker import Walker
from himpc.simulation.walks import simulate

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
    "get_difficulty",
    "simulate",
    "simulate_crowd",
]
