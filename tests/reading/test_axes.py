import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import FormatError
from himpc.reading.axes import UP_AXES, body_size, check_size, find_up, parse_unit, recognise_up, to_y_up
from himpc.skeleton import get_layout, layout_names

KINECT = get_layout("kinect-v1")


def standing(frames: int = 5) -> np.ndarray:
    """A person, y up, whose bones from head to ankle are 1.6 m long, 0.1 m of it from pelvis to hip."""
    joints = np.zeros((frames, 20, 3))
    heights = {
        "pelvis": 0.9,
        "spine": 1.1,
        "neck": 1.4,
        "head": 1.6,
        "hip": 0.9,
        "knee": 0.5,
        "ankle": 0.1,
        "foot": 0.0,
    }
    for i, name in enumerate(KINECT.joints):
        joints[:, i, 1] = heights.get(name.split("_")[-1], 1.2)
        joints[:, i, 0] = {"left": 0.1, "right": -0.1}.get(name.split("_")[0], 0.0)
    return joints


@pytest.mark.parametrize("up", UP_AXES)
def test_up_axis_becomes_y_by_a_proper_rotation(up):
    axis = np.zeros(3)
    axis["xyz".index(up[-1])] = -1 if up[0] == "-" else 1
    assert to_y_up(axis, up).tolist() == [0, 1, 0]
    turn = to_y_up(np.eye(3), up)
    assert np.linalg.det(turn) == pytest.approx(1)
    assert np.allclose(turn @ turn.T, np.eye(3))


@pytest.mark.parametrize("up", UP_AXES)
def test_the_body_shows_its_up_axis(up):
    body = standing()
    turn = to_y_up(np.eye(3), up)  # rows: where x, y, z go; its transpose turns y into the axis
    turned = body @ turn.T
    assert recognise_up(turned, KINECT) == up
    assert np.allclose(to_y_up(turned, up), body)


def test_a_tilted_or_unseen_body_shows_no_up_axis():
    askew = standing() @ np.array([[1, 0, 0], [0, 1, 1], [0, -1, 1]]) / np.sqrt(2)
    assert recognise_up(askew, KINECT) is None
    assert recognise_up(np.full((3, 20, 3), np.nan), KINECT) is None


@pytest.mark.parametrize(("lying", "expected"), [(1, "y"), (3, None)])
def test_up_needs_most_of_the_frames(lying, expected):
    body = standing(10)
    body[:lying] = to_y_up(body[:lying], "x")
    assert recognise_up(body, KINECT) == expected


@given(st.floats(0.4, 2.5), st.sampled_from(["m", "cm", "mm", "in"]))
def test_a_body_in_its_own_unit_is_accepted(height, unit):
    body = standing() * height / 1.6
    check_size(body, KINECT, "walk.csv", unit)
    assert body_size(body, KINECT) == pytest.approx(height)


def test_a_wrong_unit_is_an_error_that_suggests_the_right_one():
    with pytest.raises(
        FormatError, match=r"walk.csv: read in 'm', .* in 'mm' it would be 1.60 m tall; state the unit: unit='mm'"
    ):
        check_size(standing() * 1000, KINECT, "walk.csv")
    with pytest.raises(FormatError, match="a: states no unit of length; it is the size of a person in no known unit"):
        parse_unit(None, "a", 1e9)


@pytest.mark.parametrize("name", layout_names())
def test_every_layout_has_a_size(name):
    layout = get_layout(name)
    joints = np.random.default_rng(0).normal(size=(4, len(layout), 3))
    assert body_size(joints, layout) > 0
    assert body_size(np.full_like(joints, np.nan), layout) is None


def test_units_are_parsed_in_any_spelling():
    assert [parse_unit(unit, "f") for unit in ("m", "CM", " millimetres ", "inches")] == ["m", "cm", "mm", "in"]
    with pytest.raises(FormatError, match=r"f: states no unit of length; state the unit .m, cm, mm, in.: unit='mm'"):
        parse_unit(None, "f")
    with pytest.raises(FormatError, match="unknown unit of length 'furlong'"):
        parse_unit("furlong", "f")


def test_up_axis_comes_from_file_then_body_then_user():
    upright, unseen = standing(), np.full((2, 20, 3), np.nan)
    assert find_up(upright, KINECT, "a", stated="z", fallback="x") == ("z", "up is z, as the file states")
    assert find_up(upright, KINECT, "a", stated=None, fallback="x") == ("y", "up is y, as the body shows")
    assert find_up(unseen, KINECT, "a", stated=None, fallback="x") == ("x", "up is x, as the user states")
    with pytest.raises(FormatError, match="a: states no up axis and the body does not show it; state the axis"):
        find_up(unseen, KINECT, "a", stated=None, fallback=None)
    with pytest.raises(FormatError, match="a: unknown up axis 'w'"):
        find_up(upright, KINECT, "a", stated="w", fallback="y")
