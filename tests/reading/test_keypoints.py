"""Keypoint JSON of OpenPose, COCO and MediaPipe: written files are read back, and bad input gets one clear line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats import Format, get_format
from himpc.skeleton import get_layout

BODY_25, COCO_17, MEDIAPIPE_33 = (get_layout(name) for name in ("body-25", "coco-17", "mediapipe-33"))
FORMATS = {name: get_format(name) for name in ("openpose", "coco", "mediapipe")}
OPENPOSE, COCO, MEDIAPIPE = FORMATS.values()


def write(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def recognised(path: Path) -> list[str]:
    head = b"" if path.is_dir() else path.read_bytes()[:4096]
    return [name for name, fmt in FORMATS.items() if fmt.recognise(path, head)]


def image_points(n_frames: int, n_joints: int, seed: int) -> np.ndarray:
    """Return ``(n_frames, n_joints, 3)`` pixels, y down, and a confidence, of a body that hardly moves."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(1, 1000, (n_frames, n_joints, 3))
    points[..., :2] = (points[:1, :, :2] + rng.normal(size=(n_frames, n_joints, 2))).round(3)
    points[..., 2] = (points[..., 2] / 1000).round(3)
    return points


def assert_flat(recording, points: np.ndarray) -> None:
    expected = points * (1, -1, 0)
    expected[points[..., 2] == 0] = np.nan
    np.testing.assert_allclose(recording.joints, expected, rtol=1e-6)
    np.testing.assert_allclose(recording.confidence, points[..., 2], rtol=1e-6)
    assert recording.dimensions == 2


def openpose(points: np.ndarray | None, person_id: int = -1, key: str = "pose_keypoints_2d") -> dict[str, Any]:
    person = {"person_id": [person_id], key: [] if points is None else points.ravel().tolist()}
    return {"version": 1.3, "people": [] if points is None else [person]}


@given(seed=st.integers(0, 2**32), n=st.integers(1, 12), n_joints=st.sampled_from([14, 17, 18, 25]))
def test_openpose_folders_are_read_back(tmp_path_factory, seed: int, n: int, n_joints: int) -> None:
    folder = tmp_path_factory.mktemp("frames")
    points = image_points(n, n_joints, seed)
    points[0, 0, 2] = 0
    for i, frame in enumerate(points):
        write(folder / f"video_{i}_keypoints.json", openpose(frame))
    assert recognised(folder) == ["openpose"]
    (recording,) = OPENPOSE.read(folder, FileOptions(fps=25))
    assert_flat(recording, points[:, : len(recording.layout)])
    assert recording.layout.name == {14: "openpose-14", 17: "coco-17", 18: "openpose-14", 25: "body-25"}[n_joints]
    assert (recording.fps, recording.quality.frames_read, recording.source) == (25, n, str(folder))


def test_openpose_before_version_1_1_is_read(tmp_path: Path) -> None:
    points = image_points(3, 18, 0)
    for i, body in enumerate(points):
        write(tmp_path / f"{i}_keypoints.json", openpose(body, key="pose_keypoints"))
    (recording,) = OPENPOSE.read(tmp_path, FileOptions())
    assert len(recording) == 3


def test_openpose_frames_without_people_are_unseen(tmp_path: Path) -> None:
    points = image_points(2, 25, 0)
    path = write(tmp_path / "a.json", [openpose(points[0]), openpose(None), openpose(points[1])])
    assert recognised(path) == ["openpose"]
    (recording,) = OPENPOSE.read(path, FileOptions())
    assert np.isnan(recording.joints).all(axis=(1, 2)).tolist() == [False, True, False]


def test_openpose_videos_of_one_folder_are_separate_recordings(tmp_path: Path) -> None:
    points = image_points(6, 25, 0)
    for i in range(6):
        write(tmp_path / f"{'ab'[i % 2]}_{i:012d}_keypoints.json", openpose(points[i]))
    recordings = OPENPOSE.read(tmp_path, FileOptions())
    assert [recording.source for recording in recordings] == [f"{tmp_path}#a", f"{tmp_path}#b"]
    assert_flat(recordings[1], points[1::2])


def test_openpose_people_with_ids_are_recordings(tmp_path: Path) -> None:
    points = image_points(4, 25, 0)
    frames = [openpose(points[i], person_id=7) for i in range(3)]
    frames[1]["people"] = openpose(points[3], person_id=8)["people"]
    path = write(tmp_path / "a.json", frames)
    seven, eight = OPENPOSE.read(path, FileOptions())
    assert_flat(eight, points[3:])
    assert (seven.source, eight.source) == (f"{path}#1", f"{path}#2")
    assert np.isnan(seven.joints).all(axis=(1, 2)).tolist() == [False, True, False]


def test_openpose_frames_of_several_people_need_ids(tmp_path: Path) -> None:
    frame = openpose(image_points(1, 25, 0)[0])
    frame["people"] *= 2
    with pytest.raises(FormatError, match="frame 2: several people a frame and no ids; run a tracker first"):
        OPENPOSE.read(write(tmp_path / "a.json", [openpose(None), frame]), FileOptions())


@pytest.mark.parametrize("others", [1, 3, 8])
def test_detections_beside_the_only_body_in_a_few_frames_are_left_out(tmp_path: Path, others: int) -> None:
    points = 300 + 40 * image_points(1, 25, 0)[0, None] / 100 + np.arange(40)[:, None, None] * [1.0, 0, 0]
    points[..., 2] = 0.5
    for i, body in enumerate(points):
        frame = openpose(body)
        if i % 5 == 3 and i < 5 * others:
            frame["people"].insert(i % 2, openpose(np.add(body, (400, 0, 0)))["people"][0])
        write(tmp_path / f"v_{i:03d}_keypoints.json", frame)
    if others > 4:
        with pytest.raises(FormatError, match="several people a frame and no ids"):
            OPENPOSE.read(tmp_path, FileOptions())
        return
    (recording,) = OPENPOSE.read(tmp_path, FileOptions())
    np.testing.assert_allclose(recording.joints[..., 0], points[..., 0], rtol=1e-5)
    assert f"{others} detection" in recording.quality.notes[0]


def test_openpose_3d_is_in_the_unit_that_the_body_shows(tmp_path: Path, standing) -> None:
    joints = standing(BODY_25, 3, 0)
    points = np.concatenate([joints * (1000, -1000, -1000), np.full((3, 25, 1), 0.9)], axis=2)
    path = write(tmp_path / "a.json", [openpose(frame, key="pose_keypoints_3d") for frame in points])
    for options in (FileOptions(), FileOptions(unit="mm"), FileOptions(scale=0.001)):
        (recording,) = OPENPOSE.read(path, options)
        np.testing.assert_allclose(recording.joints, joints, rtol=1e-5)
    assert (recording.dimensions, recording.confidence.max()) == (3, np.float32(0.9))


def coco(points: np.ndarray, image_id: int | str, track_id: int | None = None) -> dict[str, Any]:
    track = {} if track_id is None else {"track_id": track_id}
    return {"image_id": image_id, "category_id": 1, "keypoints": points.ravel().tolist(), "score": 0.9, **track}


@given(seed=st.integers(0, 2**32), n=st.integers(1, 12), named=st.booleans(), shuffle=st.randoms())
def test_coco_results_are_read_back(tmp_path: Path, seed: int, n: int, named: bool, shuffle) -> None:
    points = image_points(n, 17, seed)
    results = [coco(frame, f"frame{i}.jpg" if named else 100 + i) for i, frame in enumerate(points)]
    shuffle.shuffle(results)
    path = write(tmp_path / "a.json", results)
    assert recognised(path) == ["coco"]
    (recording,) = COCO.read(path, FileOptions())
    assert_flat(recording, points)
    assert (recording.layout, recording.quality.frames_read) == (COCO_17, n)


def test_coco_tracks_are_recordings_over_their_span(tmp_path: Path) -> None:
    points = image_points(5, 17, 0)
    results = [coco(points[i], i, track_id=1) for i in (0, 1, 3)] + [coco(points[i], i, track_id=2) for i in (2, 4)]
    one, two = COCO.read(write(tmp_path / "a.json", results), FileOptions())
    assert np.isnan(one.joints).all(axis=(1, 2)).tolist() == [False, False, True, False]
    assert np.isnan(two.joints).all(axis=(1, 2)).tolist() == [False, True, False]


def test_coco_annotations_mark_visibility(tmp_path: Path) -> None:
    points = image_points(2, 17, 0)
    points[..., 2] = 2
    points[:, 0] = 0
    points[:, 1, 2] = 1
    images = [{"id": i, "file_name": f"{i}.jpg"} for i in (3, 4, 9)]
    annotations = [coco(points[0], 3), coco(points[1], 9), {"image_id": 4, "keypoints": []}]
    path = write(tmp_path / "a.json", {"images": images, "annotations": annotations})
    assert recognised(path) == ["coco"]
    (recording,) = COCO.read(path, FileOptions())
    assert recording.confidence[:, :3].tolist() == [[0, 0.5, 1], *[[0, 0, 0]] * 5, [0, 0.5, 1]]
    assert np.isnan(recording.joints[..., 0]).sum(axis=1).tolist() == [1, *[17] * 5, 1]


def world(joints: np.ndarray, visibility: float = 0.75) -> list[dict[str, float]]:
    """Return a frame ``(33, 3)``, y up, as MediaPipe's landmarks, y down and z away from the camera."""
    return [{"x": x, "y": -y, "z": -z, "visibility": visibility} for x, y, z in joints.tolist()]


def at_the_hips(joints: np.ndarray) -> np.ndarray:
    return joints - joints[:, list(MEDIAPIPE_33.root)].mean(axis=1, keepdims=True)


@given(seed=st.integers(0, 2**32), n=st.integers(1, 4), shape=st.sampled_from(["list", "frames", "key", "numbers"]))
def test_mediapipe_landmarks_are_read_back(tmp_path: Path, standing, seed: int, n: int, shape: str) -> None:
    joints = at_the_hips(standing(MEDIAPIPE_33, n, seed))
    frames: list[Any] = [*map(world, joints), None, []]
    if shape == "numbers":
        frames = [frame and [list(landmark.values()) for landmark in frame] for frame in frames]
    elif shape == "key":
        frames = [{"world_landmarks": frame, "landmarks": [1]} if frame else {} for frame in frames]
    path = write(tmp_path / "a.json", {"fps": 24, "frames": frames} if shape == "frames" else frames)
    assert recognised(path) == ["mediapipe"]
    (recording,) = MEDIAPIPE.read(path, FileOptions(fps=30))
    np.testing.assert_allclose(recording.joints[:n], joints, atol=1e-6)
    assert np.isnan(recording.joints[n:]).all()
    assert (recording.confidence[:n] == 0.75).all()
    assert (recording.confidence[n:] == 0).all()
    assert (recording.fps, recording.quality.frames_read) == (30, n + 2)
    assert MEDIAPIPE.read(path, FileOptions())[0].fps == (24 if shape == "frames" else None)


def test_mediapipe_frames_may_have_any_key_and_times_as_text(tmp_path: Path, standing) -> None:
    joints = at_the_hips(standing(MEDIAPIPE_33, 5, 0))
    times = [f"2024-05-01T12:00:00.{4 * i:02d}" for i in range(5)]
    frames = [
        {"timestamp": time, "pose_world_landmarks": world(body)} for time, body in zip(times, joints, strict=True)
    ]
    path = write(tmp_path / "a.json", {"video": "a.mp4", "results": frames})
    (recording,) = MEDIAPIPE.read(path, FileOptions())
    np.testing.assert_allclose(recording.joints, joints, atol=1e-6)
    assert recording.fps == 25


@pytest.mark.parametrize("rate", [0, -1, 1e6])
def test_a_rate_of_mediapipe_that_no_recording_has_is_noted(tmp_path: Path, standing, rate: float) -> None:
    path = write(tmp_path / "a.json", {"fps": rate, "frames": [*map(world, at_the_hips(standing(MEDIAPIPE_33, 3, 0)))]})
    (recording,) = MEDIAPIPE.read(path, FileOptions())
    assert recording.fps is None
    assert "which is not from 1 to 10000" in recording.quality.notes[0]


def test_mediapipe_image_landmarks_are_refused(tmp_path: Path, standing) -> None:
    path = write(tmp_path / "a.json", [world(at_the_hips(standing(MEDIAPIPE_33, 1, 0))[0] + 0.5)])
    with pytest.raises(FormatError, match="not world landmarks in metres; export the pose world landmarks"):
        MEDIAPIPE.read(path, FileOptions())


def test_values_of_a_document_are_counted_before_it_is_parsed(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("himpc.reading.formats.parsing.keypoints._MAX_JSON_VALUES", 1000)
    path = write(tmp_path / "a.json", [[LANDMARK] * 33] * 10)
    with pytest.raises(FormatError, match="holds too many values for one file; split it"):
        MEDIAPIPE.read(path, FileOptions())


LANDMARK = {"x": 0, "y": 0, "z": 0, "visibility": 1}
PERSON = {"person_id": [-1], "pose_keypoints_2d": [1.0, 2.0, 0.5] * 25}


@pytest.mark.parametrize(
    ("fmt", "content", "message"),
    [
        (OPENPOSE, '{"people": [\n{', "a.json, line 2: is not valid JSON: expecting property name"),
        (OPENPOSE, "[" * 100_000, "a.json: is nested too deeply"),
        (OPENPOSE, '{"people": [' + "1" * 5000 + "]}", "a.json: is not valid JSON: exceeds the limit|Exceeds"),
        (OPENPOSE, {"people": 3}, "expected an object with a list of 'people'"),
        (OPENPOSE, {"people": []}, "shows no person in 1 frame"),
        (OPENPOSE, [], "shows no person in 0 frames"),
        (OPENPOSE, {"people": [{"pose_keypoints_2d": "much"}]}, "pose_keypoints_2d is not a list of numbers"),
        (OPENPOSE, {"people": [{"pose_keypoints_2d": [1, 2]}]}, "pose_keypoints_2d has 2 numbers, expected 3 a joint"),
        (OPENPOSE, {"people": [{"pose_keypoints_2d": [1, 2, 1] * 15}]}, "frame 1: has 15 joints a person"),
        (OPENPOSE, {"people": [PERSON | {"person_id": {}}]}, "person_id is not a whole number or short name"),
        (OPENPOSE, [{"people": [PERSON | {"person_id": [1]}] * 2}], "frame 1: person '1' is in one frame twice"),
        (OPENPOSE, '{"people": [{"pose_keypoints_2d": [Infinity, 1, 1]}]}', "pose_keypoints_2d holds inf"),
        (OPENPOSE, {"people": [{"pose_keypoints_2d": [10**400, 1, 1]}]}, "holds a number that is too large"),
        (
            OPENPOSE,
            [{"people": [PERSON]}, {"people": [{"pose_keypoints_2d": [1, 2, 1] * 17}]}],
            "frame 2: 25 joints in 2D and 17 joints in 2D in one recording",
        ),
        (COCO, {"annotations": 4}, "expected a list of keypoints, each an object"),
        (COCO, [{"keypoints": [1, 2, 3]}], "keypoints 1: image_id is not a whole number or short name"),
        (COCO, [{"keypoints": [1, 2, 3], "image_id": 1}], "keypoints 1: has 1 keypoints a person, expected one of"),
        (COCO, [{"keypoints": [1] * 51, "image_id": 1}] * 2, "keypoints 2: several people a frame and no ids"),
        (COCO, [{"keypoints": [1] * 51, "image_id": i} for i in (1, 2, 10**12)], "too far from the others"),
        (COCO, [], "shows no person in 0 frames"),
        (MEDIAPIPE, [[LANDMARK] * 32], "32 points without names, and in no known order"),
        (MEDIAPIPE, [None, [LANDMARK] * 32 + [{"x": 1}]], "frame 2: landmark 33 is not x, y, z and visibility"),
        (MEDIAPIPE, [None, [LANDMARK] * 32 + [[1, 2, None]]], "frame 2: a landmark is not a list of numbers"),
        (MEDIAPIPE, {"frames": "many"}, "no poses are found"),
    ],
)
def test_errors_name_place_and_problem(tmp_path: Path, fmt: Format, content: Any, message: str) -> None:
    path = write(tmp_path / "a.json", content)
    with pytest.raises(FormatError, match=message):
        fmt.read(path, FileOptions())


@given(seed=st.integers(0, 2**32), name=st.sampled_from(sorted(FORMATS)))
def test_damaged_files_are_errors_or_recordings(tmp_path: Path, standing, check_damaged, seed: int, name: str) -> None:
    points = image_points(3, 17, 0)
    content = {
        "openpose": [openpose(frame, person_id=1) for frame in points],
        "coco": [coco(frame, i) for i, frame in enumerate(points)],
        "mediapipe": [world(frame) for frame in at_the_hips(standing(MEDIAPIPE_33, 3, 0))],
    }[name]
    text = json.dumps(content, indent=1).encode()
    check_damaged(FORMATS[name], tmp_path / "a.json", text, seed)


def test_a_body_that_jumps_without_an_id_is_another_recording(tmp_path: Path) -> None:
    points = image_points(30, 17, 0)
    points[..., 2] = 0.9
    points[12:, :, :2] = points[12:, :, :2] * 0.4 + 2000
    points[20, :, 0] += 3000  # for a moment, something else
    path = write(tmp_path / "a.json", [coco(frame, i) for i, frame in enumerate(points)])
    first, second = COCO.read(path, FileOptions())
    assert (len(first), len(second)) == (12, 18)
    assert np.flatnonzero(np.isnan(second.joints).all(axis=(1, 2))).tolist() == [8]
    assert [recording.person for recording in (first, second)] == [None, None]
