"""Calibration of distances by a gallery's own recordings: thresholds, likelihood ratios and probabilities."""

from himpc.gallery.calibration.calibration import (
    Calibration,
    calibrate,
    load_calibration,
    load_stored_calibration,
    save_calibration,
)
from himpc.gallery.calibration.comparisons import Fold
from himpc.gallery.calibration.cross_validation import mean_halves

__all__ = [
    "Calibration",
    "Fold",
    "calibrate",
    "load_calibration",
    "load_stored_calibration",
    "mean_halves",
    "save_calibration",
]
