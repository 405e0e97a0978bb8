"""himpc's own archives: what the user states wins over what they hold."""

import numpy as np
import pytest

from himpc import read, save, simulate
from himpc.errors import FormatError


@pytest.fixture
def walk(tmp_path):
    """Save a recording of a simulated walker, and return its path and the recording."""
    recordings = simulate(1, 1, seconds=1.0, seed=0)
    save(recordings, tmp_path / "walk.npz")
    return tmp_path / "walk.npz", recordings[0]


def test_without_options_a_recording_is_read_as_it_was_saved(walk):
    path, saved = walk
    (recording,) = read(path, clean=False)
    np.testing.assert_array_equal(recording.joints, saved.joints)
    assert (recording.fps, recording.quality.notes) == (saved.fps, saved.quality.notes)


def test_a_stated_rate_wins_and_is_noted(walk):
    path, saved = walk
    (recording,) = read(path, fps=60, clean=False)
    assert (recording.fps, len(recording)) == (60, len(saved))
    assert "60 frames a second, as the user states; the file shows 30" in recording.quality.notes


def test_a_stated_scale_and_axis_win(walk):
    path, saved = walk
    (recording,) = read(path, scale=1.1, up="-y", clean=False)
    np.testing.assert_allclose(recording.joints, saved.joints * (1.1, -1.1, -1.1), rtol=1e-5)


def test_a_unit_in_which_no_body_has_the_size_is_refused(walk):
    path, _ = walk
    with pytest.raises(FormatError, match=r"read in 'mm', the body is 0.00"):
        read(path, unit="mm")
