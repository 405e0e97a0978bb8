"""The table of pose estimators."""

from __future__ import annotations

import pytest

from himpc.errors import ConfigError
from himpc.video import ESTIMATORS, PoseEstimator, open_estimator


@pytest.mark.parametrize(
    ("arguments", "why"),
    [({"name": "alphapose"}, "unknown estimator"), ({"people": 0}, "people is 0"), ({"tiles": 9}, "tiles is 9")],
)
def test_unknown_or_out_of_range_options_are_refused(arguments, why) -> None:
    with pytest.raises(ConfigError, match=why):
        open_estimator(**arguments)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_row_is_a_pose_estimator_of_that_name(name: str) -> None:
    entry = ESTIMATORS[name]
    cls = entry.load()
    assert issubclass(cls, PoseEstimator)
    assert cls.name == name
    assert entry.summary
