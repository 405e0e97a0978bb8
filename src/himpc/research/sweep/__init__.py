"""Ablations: many settings on one set of recordings, several at once, to be stopped and continued."""

from himpc.research.sweep.data import SweepData, load_data
from himpc.research.sweep.grid import Grid, Variant
from himpc.research.sweep.results import Row, SweepResult
from himpc.research.sweep.run import Plan, run_sweep

__all__ = ["Grid", "Plan", "Row", "SweepData", "SweepResult", "Variant", "load_data", "run_sweep"]
