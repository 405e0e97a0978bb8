"""The heading of a body relative to its camera is measured where there is a camera."""

import numpy as np
import pytest

from himpc.recordings import (
    Quality,
    Recording,
    camera_headings,
    describe_headings,
    facing_shares,
    heading_sectors,
    mean_direction,
    nearby_sectors,
    scale_bodies,
)
from himpc.simulation import Camera, Sensor, simulate
from himpc.skeleton import centre, get_layout


def seen_from(angle: float, layout: str = "kinect-v1", **camera: float) -> Recording:
    """A person who walks straight ahead, seen by a camera in that direction."""
    (walk,) = simulate(
        1, 1, seconds=2.0, difficulty="easy", sensor=Sensor(), layout=layout, cameras=[Camera("c", angle, **camera)]
    )
    return walk


def of_estimator(walk: Recording) -> Recording:
    """The same body as a pose estimator gives it: relative to the hips, z towards the camera, of unknown size."""
    joints = centre(walk.joints * np.float32([-1, 1, -1]), walk.layout)
    return walk.with_(joints=joints, true_size=False)


SIDES = {0.0: "towards", 90.0: "left", 180.0: "away", -90.0: "right"}


@pytest.mark.parametrize("angle", SIDES)
@pytest.mark.parametrize("as_seen", [lambda walk: walk, of_estimator])
def test_the_heading_is_relative_to_the_camera(angle, as_seen):
    walk = as_seen(seen_from(angle, "mediapipe-33"))
    assert describe_headings(camera_headings(walk)) == SIDES[angle]


def test_a_body_beside_the_axis_of_the_camera_is_seen_from_where_the_camera_is():
    aside = seen_from(0.0, yaw=25.0)
    mean, _ = mean_direction(camera_headings(aside))
    straight, _ = mean_direction(camera_headings(seen_from(0.0)))
    assert mean == pytest.approx(straight, abs=4)


def test_left_and_right_are_not_averaged_to_the_front():
    both = np.array([-90.0] * 50 + [90.0] * 50 + [np.nan])
    assert np.isnan(mean_direction(both)[0])
    assert facing_shares(both) == {"towards": 0.0, "right": 0.5, "away": 0.0, "left": 0.5}
    assert set(describe_headings(both).split(", ")) == {"left", "right"}


def test_no_heading_is_known_without_a_camera():
    walk = seen_from(0.0)
    on_floor = walk.with_(joints=walk.joints - np.float32([0, walk.joints[..., 1].min(), 0]))
    around_origin = walk.with_(joints=walk.joints - np.float32([0, 0, walk.joints[..., 2].mean()]))
    relative = walk.with_(joints=centre(walk.joints, walk.layout))
    flat = walk.with_(dimensions=2)
    for each in (on_floor, around_origin, relative, flat, walk.with_(joints=walk.joints * np.float32(np.nan))):
        assert np.isnan(camera_headings(each)).all()
        assert describe_headings(camera_headings(each)) == ""


def test_cleaned_video_keeps_its_heading_when_sizes_are_made_equal():
    estimated = of_estimator(seen_from(180.0, "mediapipe-33")).with_(quality=Quality(cleaned=True))
    (scaled,) = scale_bodies([estimated])
    assert describe_headings(camera_headings(scaled)) == "away"


def test_a_layout_without_sides_shows_no_heading():
    layout = get_layout("kinect-v1")
    walk = seen_from(0.0)
    middle = walk.joints[:, [layout.index("head")] * len(layout)]  # every joint in one place: no line from side to side
    assert np.isnan(camera_headings(walk.with_(joints=middle))).all()


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([0.0], [40.0], True),
        ([170.0], [-170.0], True),
        ([180.0], [-180.0], True),
        ([0.0], [90.0], False),
        ([0.0], [60.0], False),
        ([0.0] * 9 + [90.0], [90.0], True),
        ([0.0] * 29 + [90.0], [90.0], False),
        ([np.nan], [0.0], False),
        ([], [0.0], False),
    ],
)
def test_sectors_tell_whether_recordings_share_a_side(first, second, expected):
    one, other = (heading_sectors(np.array(each, dtype=float)) for each in (first, second))
    assert bool(one & nearby_sectors(other)) is expected
    assert bool(other & nearby_sectors(one)) is expected


@pytest.mark.parametrize("bit", range(24))
def test_sectors_nearby_are_three_on_each_side(bit):
    assert nearby_sectors(1 << bit) == sum(1 << (bit + step) % 24 for step in range(-3, 4))
