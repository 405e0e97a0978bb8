"""A recording is validated when made."""

import numpy as np
import pytest

from himpc.errors import DataError, LayoutError
from himpc.recordings import Origin, Quality, Recording, count_recordings
from himpc.skeleton import get_layout

KINECT = get_layout("kinect-v1")


def joints(frames: int = 4, dtype: type = float) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(frames, 20, 3)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int64])
def test_joints_are_stored_as_contiguous_float32(dtype):
    recording = Recording(joints(dtype=dtype)[:, :, ::-1], KINECT)
    assert recording.joints.dtype == np.float32
    assert recording.joints.flags.c_contiguous


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (np.zeros((4, 19, 3)), "expected .frames, 20 joints"),
        (np.zeros((4, 20, 2)), "shape"),
        (np.zeros((80, 3)), "shape"),
        (np.zeros((0, 20, 3)), "no frames"),
        (np.full((4, 20, 3), np.inf), "infinite"),
        (np.full((4, 20, 3), 1e300), "infinite"),
        (np.full((4, 20, 3), "a"), "expected numbers"),
        (np.where(np.arange(3) == 1, np.nan, joints()), "NaN in some axes only"),
    ],
)
def test_invalid_joints_raise_a_data_error_with_the_source(wrong, complaint):
    with pytest.raises(DataError, match=f"walk.csv: .*{complaint}"):
        Recording(wrong, KINECT, source="walk.csv")


@pytest.mark.parametrize(
    "wrong", [{"fps": 0}, {"fps": float("nan")}, {"fps": -1}, {"dimensions": 4}, {"confidence": np.ones((4, 19))}]
)
def test_invalid_fields_raise_a_data_error(wrong):
    with pytest.raises(DataError, match=next(iter(wrong))):
        Recording(joints(), KINECT, **wrong)


def test_length_seconds_and_completeness():
    recording = Recording(joints(60), KINECT, fps=30)
    assert (len(recording), recording.seconds, recording.complete) == (60, 2.0, True)
    hidden = joints(60)
    hidden[3, 5] = np.nan
    assert not recording.with_(joints=hidden).complete
    assert Recording(joints(), KINECT).seconds is None


def test_conversion_keeps_labels():
    source = Recording(np.zeros((2, 25, 3)), get_layout("kinect-v2"), fps=30, person="a", source="x")
    converted = source.to(KINECT)
    assert (converted.layout, converted.fps, converted.person) == (KINECT, 30, "a")
    assert source.to(source.layout) is source
    with pytest.raises(LayoutError, match="x: layout 'kinect-v2' cannot become"):
        source.to(get_layout("coco-17"))


def test_dropped_sums_four_counts():
    assert Quality(100, empty=1, frozen=2, impossible=3, incomplete=4, filled=99).dropped == 10


@pytest.mark.parametrize("wrong", [{"fps": "x"}, {"person": 3}, {"source": None}, {"layout": "kinect-v1"}])
def test_wrong_type_names_the_field(wrong):
    arguments = {"joints": np.zeros((3, 20, 3)), "layout": get_layout("kinect-v1"), **wrong}
    with pytest.raises(DataError, match=next(iter(wrong))):
        Recording(**arguments)


def test_parts_of_a_recording_count_as_one_recording():
    origins = [Origin("a.csv", part=1), Origin("a.csv", part=2), Origin("b.csv"), None]
    recordings = [Recording(joints(), KINECT, origin=origin) for origin in origins]
    assert count_recordings(recordings) == "3 recordings in 4 parts"
    assert count_recordings(recordings[2:]) == "2 recordings"
    assert count_recordings(recordings[:1]) == "1 recording"
    assert count_recordings([]) == "0 recordings"


def test_repr_is_one_line_of_facts():
    walk = Recording(joints(), KINECT, fps=100, person="ann", source="ann/a.csv")
    assert repr(walk) == "<Recording ann/a.csv: 4 frames at 100 per second, kinect-v1, person ann>"
    assert repr(Recording(joints(1), KINECT)) == "<Recording: 1 frame, kinect-v1>"
