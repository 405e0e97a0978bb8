"""People before several calibrated cameras are triangulated: joints within millimetres, and nobody exchanged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crowd import simulate_crowd
from himpc.errors import DataError, FormatError
from himpc.reading import FileOptions
from himpc.recordings import Origin, Recording, cannot_link
from himpc.simulation import Camera
from himpc.skeleton import get_layout
from himpc.video import CalibratedCamera, PoseCleaningRules, triangulate

pytest.importorskip("cv2")

LAYOUT = get_layout("mediapipe-33")
FPS = 25.0


def make_camera(name: str, degrees: float, *, distance=6.0, height=1.2, unit=1.0, z_up=False) -> CalibratedCamera:
    """A camera on a circle around the middle of the scene, with a distorting lens."""
    angle, middle = np.radians(degrees), np.array([0.0, -0.5, 4.5])
    position = middle + np.array([distance * np.sin(angle), height, -distance * np.cos(angle)])
    ahead = (middle - position) / np.linalg.norm(middle - position)
    right = np.cross(ahead, [0, 1, 0])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(ahead, right), ahead])
    translation = -rotation @ position
    if z_up:
        rotation = rotation @ np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
    matrix = np.array([[900.0, 0, 640], [0, 905, 360], [0, 0, 1]])
    return CalibratedCamera(
        name, matrix, np.array([-0.2, 0.05, 1e-3, -5e-4, 0]), (1280, 720), rotation, translation / unit
    )


@pytest.fixture(scope="module")
def people() -> np.ndarray:
    """Joints ``(3, frames, 33, 3)`` of three walkers in the world: metres, y up."""
    return simulate_crowd(3, 3, FPS, scene="crowd", camera=Camera("c", pitch=0), seed=4).joints.astype(float)


def see(people, cameras, noise=2.0, seed=0, scale=1.0, z_up=False) -> list[list[Recording]]:
    """What cameras see of people, each in an order of its own, with errors in pixels."""
    rng = np.random.default_rng(seed)
    views = []
    for camera in cameras:
        world = people @ np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]) if z_up else people
        pixels = camera.project(world * scale)
        pixels = pixels + noise * rng.normal(size=pixels.shape)
        view = []
        for number in rng.permutation(len(people)).tolist():
            joints = np.concatenate([pixels[number] * (1, -1), np.zeros((*pixels.shape[1:3], 1))], axis=-1)
            joints[np.isnan(joints).any(axis=-1)] = np.nan
            confidence = np.where(np.isfinite(joints[..., 0]), 0.9, 0)
            source = f"{camera.name}.mp4#{number}"
            clock = Origin(body=camera.name)
            view.append(
                Recording(
                    joints, LAYOUT, fps=FPS, source=source, confidence=confidence, dimensions=2, start=0.0, clock=clock
                )
            )
        views.append(view)
    return views


def compare(found, people) -> tuple[list[float], list[int]]:
    """Median distances of the joints of each recording from the true ones, in millimetres, and who each is."""
    distances = []
    for each in found.recordings:
        first = round(each.start * FPS)
        apart = np.linalg.norm(each.joints - people[:, first : first + len(each)], axis=-1)
        distances.append(1e3 * np.nanmedian(apart, axis=(1, 2)))
    return np.min(distances, axis=1).tolist(), np.argmin(distances, axis=1).tolist()


@pytest.mark.parametrize(("angles", "limit"), [((0, 70), 25), ((0, 60, 120, 200), 12)])
def test_people_are_recovered_within_millimetres(people, angles, limit) -> None:
    cameras = [make_camera(f"cam{n}", angle) for n, angle in enumerate(angles)]
    found = triangulate(see(people, cameras), cameras, name="hall")
    distances, who = compare(found, people)
    assert sorted(who) == [0, 1, 2]
    assert max(distances) < limit
    assert all(each.true_size and each.dimensions == 3 for each in found.recordings)
    assert all(set(person.cameras) == {camera.name for camera in cameras} for person in found.people)
    for person in found.people:
        assert len({track.partition("#")[2] for track in person.tracks}) == 1
        assert 0.5 < person.error < 4
        assert person.lost < 0.01
    assert len(cannot_link(found.recordings)) == 3


def test_exact_views_give_exact_joints(people) -> None:
    cameras = [make_camera("a", 0), make_camera("b", 50)]
    raw = PoseCleaningRules(steps=())
    found = triangulate(see(people, cameras, noise=0), cameras, cleaning=raw)
    assert max(compare(found, people)[0]) < 0.1


def test_unit_and_upward_axis_are_those_of_the_calibration(people) -> None:
    cameras = [make_camera(f"c{n}", angle, unit=1e-3, z_up=True) for n, angle in enumerate((0, 60, 140))]
    views = see(people, cameras, scale=1e3, z_up=True)
    found = triangulate(views, cameras)
    distances, who = compare(found, people)
    assert sorted(who) == [0, 1, 2]
    assert max(distances) < 12
    assert any("read in mm" in note for note in found.notes)
    assert any("axis z" in note for note in found.notes)
    stated = triangulate(views, cameras, options=FileOptions(unit="mm", up="z"))
    np.testing.assert_array_equal(stated.recordings[0].joints, found.recordings[0].joints)
    with pytest.raises(FormatError, match="read in 'm'"):
        triangulate(views, cameras, options=FileOptions(unit="m"))


def test_bodies_show_where_up_is_in_a_tilted_calibration(people) -> None:
    """The axes of a world may be those of a camera that looks down: no axis points up then."""
    tilt = np.radians(25)
    turn = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    cameras = [make_camera(f"c{n}", angle) for n, angle in enumerate((0, 60, 140))]
    tilted = [replace(camera, rotation=camera.rotation @ turn.T) for camera in cameras]
    found = triangulate(see(people, cameras), tilted)
    assert any("no axis of the calibration points up" in note for note in found.notes)
    head, ankles = LAYOUT.joints.index("nose"), [LAYOUT.joints.index(f"{side}_ankle") for side in ("left", "right")]
    for each in found.recordings:
        body = np.nanmean(each.joints[:, head] - each.joints[:, ankles].mean(axis=1), axis=0)
        assert body[1] > np.cos(np.radians(8)) * np.linalg.norm(body)


def test_a_wrong_joint_of_one_camera_is_left_out(people) -> None:
    cameras = [make_camera(f"c{n}", angle) for n, angle in enumerate((0, 60, 140))]
    views = see(people[:1], cameras)
    wrist = LAYOUT.index("left_wrist")
    views[1][0].joints[:, wrist, :2] += 150
    found = triangulate(views, cameras)
    (person,) = found.people
    (recording,) = found.recordings
    first = round(recording.start * FPS)
    apart = np.linalg.norm(recording.joints - people[0, first : first + len(recording)], axis=-1)
    assert 1e3 * np.median(apart[:, wrist]) < 25
    assert person.lost < 0.01


def test_two_cameras_that_contradict_each_other_lose_a_joint_and_nothing_else(people) -> None:
    cameras = [make_camera("a", 0), make_camera("b", 60)]
    views = see(people[:1], cameras)
    wrist = LAYOUT.index("left_wrist")
    views[1][0].joints[20:24, wrist, 1] += 150
    found = triangulate(views, cameras)
    assert 0 < found.people[0].lost < 0.01
    assert max(compare(found, people)[0]) < 25
    assert sum(map(len, found.recordings)) == people.shape[1]


def test_a_joint_on_which_two_cameras_never_agree_is_guessed(people) -> None:
    cameras = [make_camera("a", 0), make_camera("b", 60)]
    views = see(people[:1], cameras)
    wrist = LAYOUT.index("left_wrist")
    views[1][0].joints[:, wrist, 1] += 60
    (recording,) = triangulate(views, cameras).recordings
    assert len(recording) == people.shape[1]
    assert recording.confidence[:, wrist].max() == 0
    assert np.delete(recording.confidence, wrist, axis=1).min() > 0.5


def test_pieces_of_a_track_become_one_recording(people) -> None:
    cameras = [make_camera("a", 0), make_camera("b", 70)]
    (first,), (second,) = see(people[:1], cameras)
    pieces = [
        second.with_(
            joints=second.joints[part], confidence=second.confidence[part], start=begin / FPS, source=f"b#{begin}"
        )
        for begin, part in ((0, slice(0, 30)), (33, slice(33, None)))
    ]
    found = triangulate([[first], pieces], cameras)
    assert len(found.people) == 1
    assert len(found.people[0].tracks) == 3


def test_cameras_of_other_frame_rates_share_their_time(people) -> None:
    cameras = [make_camera("a", 0), make_camera("b", 70)]
    views = see(people, cameras, noise=0.5)
    slow = [each.with_(joints=each.joints[::2], confidence=each.confidence[::2], fps=FPS / 2) for each in views[1]]
    found = triangulate([views[0], slow], cameras)
    assert {each.fps for each in found.recordings} == {FPS / 2}
    for each in found.recordings:
        true = people[:, ::2][:, round(each.start * FPS / 2) :][:, : len(each)]
        assert min(1e3 * np.nanmedian(np.linalg.norm(each.joints - true, axis=-1), axis=(1, 2))) < 15


def test_a_person_before_one_camera_only_is_listed(people) -> None:
    cameras = [make_camera("a", 0), make_camera("b", 70)]
    views = see(people, cameras)
    views[1] = [each for each in views[1] if not each.source.endswith("#2")]
    found = triangulate(views, cameras)
    assert len(found.people) == 2
    assert found.alone == ("a.mp4#2",)


def test_exchanged_cameras_and_shifted_clocks_are_refused_or_find_nobody_wrong(people) -> None:
    cameras = [make_camera("a", 0), make_camera("b", 70)]
    views = see(people, cameras)
    with pytest.raises(FormatError, match="fits one of another"):
        triangulate(views[::-1], cameras)
    late = [[each.with_(start=each.start + 0.8) for each in views[0]], views[1]]
    try:
        found = triangulate(late, cameras)
    except FormatError:
        return
    for person in found.people:
        assert len({track.partition("#")[2] for track in person.tracks}) == 1


@pytest.mark.parametrize("change", ["one camera", "no pose", "3D", "nobody", "layouts", "rates"])
def test_what_cannot_be_triangulated_is_refused(people, change) -> None:
    cameras = [make_camera("a", 0), make_camera("b", 70)]
    views = see(people[:1], cameras)
    if change == "one camera":
        views, cameras = views[:1], cameras[:1]
    elif change == "no pose":
        cameras[1] = replace(cameras[1], rotation=None, translation=None)
    elif change == "3D":
        views[0] = [each.with_(dimensions=3) for each in views[0]]
    elif change == "nobody":
        views[0] = []
    elif change == "layouts":
        coco = get_layout("coco-17")
        views[0] = [each.with_(joints=each.joints[:, :17], confidence=None, layout=coco) for each in views[0]]
    else:
        views[0] = [each.with_(fps=None) for each in views[0]]
    with pytest.raises(DataError):
        triangulate(views, cameras)
