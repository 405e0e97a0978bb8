"""Read skeleton files of any known format into recordings."""

from himpc.reading.read import Problem, Recordings, read

__all__ = ["Problem", "Recordings", "read"]
