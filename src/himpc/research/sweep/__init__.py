"""Sweeps: train and measure with many settings on one set of recordings, interruptible and in parallel."""

from himpc.research.sweep.data import SweepData, load_data
from himpc.research.sweep.grid import Choice, Grid
from himpc.research.sweep.plan import Plan, run_sweep
from himpc.research.sweep.results import Row, SweepResult

__all__ = ["Choice", "Grid", "Plan", "Row", "SweepData", "SweepResult", "load_data", "run_sweep"]
