"""Learn from a gallery's own recordings what a distance means."""

from himpc.gallery.calibration.calibration import Calibration, calibrate
from himpc.gallery.calibration.comparisons import Fold

__all__ = ["Calibration", "Fold", "calibrate"]
