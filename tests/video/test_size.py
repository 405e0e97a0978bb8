"""Recordings state whether their size is true, and a stated height makes it so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from walks import LAYOUT, WALK

import himpc
from crowd import simulate_crowd
from himpc.errors import ConfigError
from himpc.recordings import Recording
from himpc.skeleton import stature
from himpc.video import estimate
from lens import Lens
from mannequins import ExactEstimator

pytest.importorskip("av")
from clips import write


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("film") / "a.mp4", pictures=50)


def test_size_is_assumed_unless_the_height_is_stated(film: Path, tmp_path: Path) -> None:
    estimator = ExactEstimator(simulate_crowd(1, 2, 25, scene="crowd", lens=Lens(1280, 720, 65), seed=1))
    assumed = estimate(film, estimator).recordings[0]
    stated = estimate(film, estimator, person_height=1.93).recordings[0]
    assert not assumed.true_size
    assert stated.true_size
    assert stature(stated.joints, stated.layout) == pytest.approx(1.93, rel=1e-4)
    ratio = stated.joints / np.where(assumed.joints == 0, np.nan, assumed.joints)
    assert np.nanstd(ratio) < 1e-4
    himpc.save([assumed, stated], tmp_path / "a.npz")
    assert [each.true_size for each in himpc.read(tmp_path / "a.npz")] == [False, True]


def test_height_of_one_person_is_refused_for_two(film: Path) -> None:
    estimator = ExactEstimator(simulate_crowd(2, 2, 25, scene="alone", lens=Lens(1280, 720, 65), seed=1))
    estimator.crowd = simulate_crowd(3, 2, 25, scene="crowd", lens=Lens(1920, 720, 90), seed=3)
    with pytest.raises(ConfigError, match="a second person is visible"):
        estimate(film, estimator, person_height=1.8)


def test_stature_follows_from_long_bones() -> None:
    assert 1.4 < stature(WALK, LAYOUT) < 2.1
    assert stature(2 * WALK, LAYOUT) == pytest.approx(2 * stature(WALK, LAYOUT))
    face = LAYOUT.subset(["nose", "left_eye"], "face")
    assert np.isnan(stature(np.zeros((3, 2, 3)), face))


def test_size_of_files_without_the_field_follows_from_their_origin() -> None:
    assert Recording(np.zeros((2, 33, 3)), LAYOUT).true_size
