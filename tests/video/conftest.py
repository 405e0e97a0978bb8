"""Paths of the helper modules that tests of video import, and clips that several of them read."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "perf")]
