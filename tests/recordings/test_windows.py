"""Windows are an index over frames; a loop gives the expected ones."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import ConfigError, DataError
from himpc.recordings import Recording, Windows
from himpc.skeleton import get_layout

KINECT = get_layout("kinect-v1")


def record(frames: int, seed: int = 0, **known) -> Recording:
    return Recording(np.random.default_rng(seed).normal(size=(frames, 20, 3)), KINECT, **known)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=5), st.integers(1, 8), st.none() | st.integers(1, 9))
def test_windows_equal_those_of_a_loop(lengths, length, stride):
    recordings = [record(n, seed) for seed, n in enumerate(lengths)]
    expected = [
        (r, recording.joints[start : start + length] - recording.joints[start : start + length, :1])
        for r, recording in enumerate(recordings)
        for start in range(0, len(recording) - length + 1, stride or length)
    ]
    if not expected:
        with pytest.raises(DataError, match=f"the longest recording has {max(lengths)}"):
            Windows.cut(recordings, length, stride)
        return
    windows = Windows.cut(recordings, length, stride)
    assert windows.recording.tolist() == [r for r, _ in expected]
    np.testing.assert_array_equal(windows[:], np.stack([window for _, window in expected]))
    assert windows.short == tuple(r for r, n in enumerate(lengths) if n < length)


@given(st.permutations(range(6)))
def test_indexing_returns_windows_in_the_given_order(order):
    windows = Windows.cut([record(36)], 6)
    np.testing.assert_array_equal(windows[np.array(order)], windows[:][order])


@given(st.lists(st.integers(0, 40), min_size=1, max_size=30), st.integers(1, 9), st.integers(1, 60))
def test_blocks_cover_all_windows_and_read_each_frame_once(starts, length, frames):
    windows = Windows.cut([record(60)], length)
    windows = replace(windows, starts=np.array(starts), recording=np.zeros(len(starts), dtype=np.int64))
    found = np.full((len(starts), length, 20, 3), np.nan, dtype=np.float32)
    sizes = []
    for rows, joints, index in windows.blocks(frames):
        found[rows] = joints[index]
        sizes.append(len(joints))
        assert len(joints) <= max(frames, length)
        assert len(np.unique(joints[:, 1, 0])) == len(joints)
    np.testing.assert_array_equal(found, windows[:])
    each = len(np.unique(windows.frames_of(slice(None))))
    assert each <= sum(sizes) <= each + (len(sizes) - 1) * length


@pytest.mark.parametrize(("length", "stride"), [(0, None), (6, 0), (-1, 2)])
def test_length_or_stride_below_one_raises_a_config_error(length, stride):
    with pytest.raises(ConfigError, match="1 or more"):
        Windows.cut([record(10)], length, stride)


def test_incompatible_recordings_raise_an_error_with_their_names():
    other = Recording(np.zeros((9, 14, 3)), get_layout("openpose-14"), source="b.json")
    with pytest.raises(DataError, match=r"a\.csv is 'kinect-v1', b\.json is 'openpose-14'"):
        Windows.cut([record(9, source="a.csv"), other], 6)
    with pytest.raises(DataError, match="2D and 3D"):
        Windows.cut([record(9), record(9, dimensions=2)], 6)
    hidden = record(9).joints.copy()
    hidden[2, 2] = np.nan
    with pytest.raises(DataError, match=r"gap\.csv: has joints that were not seen"):
        Windows.cut([record(9).with_(joints=hidden, source="gap.csv")], 6)
    with pytest.raises(DataError, match="no recordings"):
        Windows.cut([], 6)
