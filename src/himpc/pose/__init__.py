"""From video to recordings: people found, followed, and their skeletons made clean."""

from himpc.pose.detection import Detection, Estimator
from himpc.pose.track import ENDINGS, Ending, Track

__all__ = ["ENDINGS", "Detection", "Ending", "Estimator", "Track"]
