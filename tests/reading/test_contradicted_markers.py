"""A label that laboratories use for other places is taken for a marker only where the body agrees."""

import runpy
from pathlib import Path

import numpy as np
import pytest

import himpc

WALKER = runpy.run_path(str(Path(__file__).with_name("walker.py")))


@pytest.mark.parametrize(
    ("place", "is_sacrum"), [((-0.1, 0, 1.02), True), ((-0.06, 0, 1.48), False), ((-0.02, 0.13, 0.3), False)]
)
def test_s1_is_the_sacrum_only_behind_the_pelvis(tmp_path, place, is_sacrum):
    labels = [label for label in WALKER["LABELS"] if label not in ("LPSI", "RPSI")]
    walk = WALKER["walk"]()
    own = walk[:, [WALKER["LABELS"].index(label) for label in labels]]
    pelvis = walk[:, WALKER["LABELS"].index("LPSI")] - WALKER["MARKERS"]["LPSI"]
    points = np.concatenate([own, (pelvis + np.array(place))[:, None]], axis=1)
    (recording,) = himpc.read(WALKER["write_trc"](tmp_path / "a.trc", points * 1000, [*labels, "S1"]), clean=False)
    assert (recording.layout.name == "kinect-v1") == is_sacrum
    assert any("the back of the pelvis would be" in note for note in recording.quality.notes) != is_sacrum
