import numpy as np
import pytest

from himpc.errors import FormatError
from himpc.reading.axes import UP_AXES, find_up, recognise_up, to_y_up
from himpc.skeleton import get_layout

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


def test_user_wins_over_the_body_and_the_body_over_the_file():
    upright, unseen = standing(), np.full((2, 20, 3), np.nan)

    def find(joints, stated=None, user=None):
        return find_up(joints, KINECT, "a", stated=stated, user=user)

    assert find(upright, stated="y") == ("y", ())
    assert find(upright) == ("y", ("up is y, as the body shows",))
    assert find(upright, stated="-y") == ("y", ("up is y, as the body shows, not -y as stated",))
    assert find(upright, stated="w") == ("y", ("up is y, as the body shows, not w as stated",))
    assert find(upright, stated="y", user="x") == ("x", ("up is x, as the user states; the body stands along y",))
    assert find(unseen, stated="z") == ("z", ("up is z, as the file states",))
    assert find(unseen, stated="z", user="x") == ("x", ("up is x, as the user states",))
    for stated in (None, "w"):
        with pytest.raises(FormatError, match=r"a: states .* up axis.* and the body does not show it; state the axis"):
            find(unseen, stated=stated)


def test_an_upper_body_alone_shows_the_up_axis():
    upper = standing()
    upper[:, [name.split("_")[-1] in ("pelvis", "hip", "knee", "ankle", "foot") for name in KINECT.joints]] = np.nan
    assert recognise_up(to_y_up(upper, "z"), KINECT) == "-z"


def test_legs_alone_show_the_up_axis():
    legs = standing()
    legs[:, [name.split("_")[-1] not in ("hip", "knee", "ankle", "foot") for name in KINECT.joints]] = np.nan
    assert recognise_up(to_y_up(legs, "z"), KINECT) == "-z"
