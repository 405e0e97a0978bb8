"""Calibration of distances by a gallery's own recordings: thresholds, likelihood ratios and probabilities."""

from typing import TYPE_CHECKING

from himpc._extras import import_on_first_use

if TYPE_CHECKING:
    from himpc.gallery.calibration.calibration import (
        Calibration,
        OperatingPoint,
        calibrate,
        load_calibration,
        load_stored_calibration,
        save_calibration,
    )
    from himpc.gallery.calibration.comparisons import Fold
    from himpc.gallery.calibration.cross_validation import cross_calibrate, mean_halves

DEFAULT_FOLDS = 4
"""Trainings of a cross-validated calibration."""

__all__ = [
    "DEFAULT_FOLDS",
    "Calibration",
    "Fold",
    "OperatingPoint",
    "calibrate",
    "cross_calibrate",
    "load_calibration",
    "load_stored_calibration",
    "mean_halves",
    "save_calibration",
]

__getattr__ = import_on_first_use(
    __name__,
    {
        "calibration": "Calibration OperatingPoint calibrate load_calibration load_stored_calibration save_calibration",
        "comparisons": "Fold",
        "cross_validation": "cross_calibrate mean_halves",
    },
)
