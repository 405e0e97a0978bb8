"""Ablations: many settings on one set of recordings, several at once, to be stopped and continued."""

from himpc.sweep.data import SweepData, load_data
from himpc.sweep.grid import Grid, Variant
from himpc.sweep.results import Row, SweepResult
from himpc.sweep.run import Plan, run_sweep

__all__ = ["Grid", "Plan", "Row", "SweepData", "SweepResult", "Variant", "load_data", "run_sweep"]
