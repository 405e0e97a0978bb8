"""JSON of any program: the same walk under many keys comes back as the same joints."""

import json
import random
import re
import runpy
from pathlib import Path

import numpy as np
import pytest

import himpc
from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats import get_format
from himpc.reading.formats.json_poses.points import parse_pose
from himpc.skeleton import get_layout

LAYOUT = get_layout("kinect-v2")
SDK = (
    *("SpineBase", "SpineMid", "Neck", "Head", "ShoulderLeft", "ElbowLeft", "WristLeft", "HandLeft", "ShoulderRight"),
    *("ElbowRight", "WristRight", "HandRight", "HipLeft", "KneeLeft", "AnkleLeft", "FootLeft", "HipRight"),
    *(
        "KneeRight",
        "AnkleRight",
        "FootRight",
        "SpineShoulder",
        "HandTipLeft",
        "ThumbLeft",
        "HandTipRight",
        "ThumbRight",
    ),
)
"""The names of the SDK of Kinect v2, in its order."""

ASIDE = np.array([1.5, 0, 0])


def named(frame):
    return dict(zip(SDK, frame, strict=True))


def xyz(point, keys="xyz"):
    return dict(zip(keys, point, strict=True))


def camera(point):
    return {"depthX": 0.5, "depthY": 0.5, "colorX": 1, "colorY": 2, **xyz(point, ("cameraX", "cameraY", "cameraZ"))}


def kinect_body(frame):
    joints = {
        name: {"JointType": i, "Position": xyz(at, "XYZ"), "TrackingState": 2} for i, (name, at) in enumerate(frame)
    }
    return {"TrackingId": 5, "IsTracked": True, "Joints": joints}


SHAPES = {
    "names beside an array": lambda x: {"joint_names": SDK, "positions": x},
    "names beside rows": lambda x: {"names": SDK, "data": [[value for at in frame for value in at] for frame in x]},
    "frames by number, joints by name": lambda x: {str(i): named(frame) for i, frame in enumerate(x)},
    "frames by name": lambda x: {f"frame_{i}": {j: xyz(at) for j, at in named(f).items()} for i, f in enumerate(x)},
    "keypoints_3d of each frame": lambda x: [{"keypoints_3d": frame} for frame in x],
    "keypoints of each frame": lambda x: [{"keypoints": frame} for frame in x],
    "keypoints of each frame under a key": lambda x: {"frames": [{"keypoints": frame} for frame in x]},
    "keypoints_3d of all frames": lambda x: {"keypoints_3d": x},
    "bare frames": lambda x: x,
    "Kinect for node.js": lambda x: [
        {"bodies": [{"tracked": True, "trackingId": "72", "joints": list(map(camera, f))}, {"tracked": False}]}
        for f in x
    ],
    "Kinect in C#": lambda x: {"Frames": [{"Bodies": [kinect_body(named(frame).items())]} for frame in x]},
    "joints by their type": lambda x: [
        {"Joints": [{"JointType": i, "Position": xyz(frame[i], "XYZ")} for i in reversed(range(25))]} for frame in x
    ],
    "joints with a name": lambda x: {
        "frames": [{"joints": [{"name": j, **xyz(at)} for j, at in named(f).items()]} for f in x]
    },
    "the course of each joint": lambda x: {j: [frame[i] for frame in x] for i, j in enumerate(SDK)},
    "the course of each axis": lambda x: {
        j: {axis: [frame[i][k] for frame in x] for k, axis in enumerate("xyz")} for i, j in enumerate(SDK)
    },
    "records": lambda x: [
        {f"{j}_{axis}": at[k] for j, at in named(f).items() for k, axis in enumerate("xyz")} for f in x
    ],
    "people by id": lambda x: {"frames": [{"people": {"1": {"joints": frame}}} for frame in x]},
    "frames under any key": lambda x: {"Items": [{"positions": [xyz(at) for at in frame]} for frame in x]},
    "people under any key": lambda x: [{"pose": [xyz(at) for at in frame], "hands": []} for frame in x],
    "frames by picture": lambda x: {f"clip1_{i:05d}.jpg": {"joints": frame} for i, frame in enumerate(x)},
    "a number within the key": lambda x: {"joints3d_25": x},
    "transforms": lambda x: [
        {"joints": {j: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [*at, 1]] for j, at in named(f).items()}} for f in x
    ],
    "rows of transforms": lambda x: [
        {"joints": {j: [1, 0, 0, at[0], 0, 1, 0, at[1], 0, 0, 1, at[2], 0, 0, 0, 1] for j, at in named(f).items()}}
        for f in x
    ],
    "real and projected": lambda x: [
        {
            "Skeletons": [
                {"joints": [{"type": j, "real": xyz(at), "projection": xyz((9, 9, 9))} for j, at in named(f).items()]}
            ]
        }
        for f in x
    ],
    "points with a fourth coordinate": lambda x: [
        {"joints": {j: xyz((*at, 1), "XYZW") for j, at in named(f).items()}} for f in x
    ],
    "poses in the picture, of the camera and in the world": lambda x: {
        str(i): {
            "camera": [1, 0, 0],
            "2d_joints": named([p[:2] for p in f]),
            "3d_joints": named([[0.1 * v for v in p] for p in f]),
            "global_3d_joints": named(f),
        }
        for i, f in enumerate(x)
    },
    "poses in space and in the picture with depth": lambda x: [
        {"image_path": f"{i}.jpg", "pred_xyz": f, "pred_uvd": [[0.1 * v for v in p] for p in f], "bbox": [1, 2, 3, 4]}
        for i, f in enumerate(x)
    ],
    "a record a joint": lambda x: [
        {"frame": i, "time": i / 30, "joint": j, **xyz(at)} for i, f in enumerate(x) for j, at in named(f).items()
    ],
    "records under a key": lambda x: {
        "name": "walk",
        "data": [{"frame": i, "name": j, **xyz(at)} for i, f in enumerate(x) for j, at in named(f).items()],
    },
    "lists of columns": lambda x: {
        f"{j}_{a}": [f[k][c] for f in x] for k, j in enumerate(SDK) for c, a in enumerate("xyz")
    },
    "columns by row": lambda x: {
        f"{j}_{a}": {str(i): f[k][c] for i, f in enumerate(x)} for k, j in enumerate(SDK) for c, a in enumerate("xyz")
    },
    "rows beside columns": lambda x: {
        "columns": [f"{j}_{a}" for j in SDK for a in "xyz"],
        "index": list(range(len(x))),
        "data": [[value for at in frame for value in at] for frame in x],
    },
    "an array with names and rotations": lambda x: {
        "fps": 30,
        "body_names": SDK,
        "body_positions": x,
        "body_rotations": [[[1, 0, 0, 0]] * 25] * len(x),
    },
    "joints in a list of a reader of one kind": lambda x: [{"joint_positions": frame, "body_id": 1} for frame in x],
    "skeletons of frames": lambda x: {"frames": [{"skeletons": [{"id": 3, "joints_3d": frame}]} for frame in x]},
    "nested skeleton": lambda x: [{"persons": [{"id": 1, "skeleton": {"joints": frame}}]} for frame in x],
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("lines", [False, True])
def test_the_same_walk_is_read_from_every_shape(tmp_path, walking, name, lines):
    joints, _ = walking("kinect-v2")
    content = SHAPES[name](joints.tolist())
    path = tmp_path / "a.json"
    path.write_text("\n".join(map(json.dumps, content)) if lines and isinstance(content, list) else json.dumps(content))
    (recording,) = himpc.read(path, clean=False)
    assert recording.layout == LAYOUT
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)


@pytest.mark.parametrize(
    ("times", "fps"),
    [
        (lambda i: {"timestamp": i / 30}, 30),
        (lambda i: {"Timestamp": i * 40}, 25),
        (lambda i: {"time": f"00:00:{i / 50:.4f}"}, 50),
        (lambda i: {"timestamp_usec": i * 20_000, "frame_number": i}, 50),
        (lambda i: {}, None),
    ],
)
def test_times_of_frames_give_the_rate(tmp_path, walking, times, fps):
    joints, _ = walking("kinect-v2")
    frames = [{**times(i), "bodies": [{"joints": named(frame)}]} for i, frame in enumerate(joints.tolist())]
    (tmp_path / "a.json").write_text(json.dumps({"frames": frames}))
    (recording,) = himpc.read(tmp_path / "a.json")
    assert recording.fps == (pytest.approx(fps) if fps else None)


def test_missing_frames_joints_and_bodies_are_gaps(tmp_path, walking):
    joints, _ = walking("kinect-v2")
    frames = [{"frame": i, "bodies": [{"id": 1, "joints": named(f)}]} for i, f in enumerate(joints.tolist())]
    frames[4]["bodies"] = []
    del frames[7]["bodies"][0]["joints"]["KneeLeft"]
    frames[9]["bodies"][0]["joints"]["Head"] = {"position": [1, 2, 3], "trackingState": "NotTracked"}
    (tmp_path / "a.json").write_text(json.dumps([*frames[:12], *frames[15:]]))
    (recording,) = himpc.read(tmp_path / "a.json", clean=False)
    expected = joints.copy()
    expected[[4, 12, 13, 14]] = np.nan
    expected[7, LAYOUT.index("left_knee")] = expected[9, LAYOUT.index("head")] = np.nan
    np.testing.assert_allclose(recording.joints, expected, atol=1e-5)


def test_people_need_ids(tmp_path, walking):
    joints, _ = walking("kinect-v2")
    both = [[frame.tolist(), (frame + ASIDE).tolist()] for frame in joints]
    for ids in (True, False):
        frames = [
            {"bodies": [{"joints": f, **({"id": k} if ids else {})} for k, f in enumerate(pair)]} for pair in both
        ]
        (tmp_path / f"{ids}.json").write_text(json.dumps(frames))
    first, second = himpc.read(tmp_path / "True.json", clean=False)
    np.testing.assert_allclose(second.joints, joints + ASIDE, atol=1e-5)
    assert first.clock == second.clock
    with pytest.raises(FormatError, match="several people a frame and no ids"):
        himpc.read(tmp_path / "False.json")


def test_a_folder_of_panoptic_is_one_recording(tmp_path, walking):
    joints, own = walking("body-18")
    names = ["neck", "nose", None, *(f"left_{j}" for j in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle"))]
    names += [f"right_{j}" for j in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")]
    names += ["left_eye", "left_ear", "right_eye", "right_ear"]
    hips = joints[:, [own.index("left_hip"), own.index("right_hip")]].mean(axis=1)
    for i, frame in enumerate(joints):
        points = [frame[own.index(name)] if name else hips[i] for name in names]
        flat = [value for point in points for value in (*(point * (100, -100, -100)).tolist(), 0.8)]
        body = {"version": 0.7, "univTime": 1000 + 33.3 * i, "bodies": [{"id": 0, "joints19": flat}]}
        (tmp_path / f"body3DScene_{i:08d}.json").write_text(json.dumps(body))
    (recording,) = himpc.read(tmp_path, clean=False)
    assert recording.layout.name == "body-18"
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)


def test_a_folder_of_easymocap_is_one_recording_for_each_person(tmp_path, walking):
    joints, _ = walking("body-25")
    for i, frame in enumerate(joints):
        if i != 7:  # a frame without people
            bodies = [np.c_[frame + k * ASIDE, np.full(25, 0.9)].tolist() for k in range(2)]
            people = [{"id": k, "keypoints3d": body} for k, body in enumerate(bodies)]
        (tmp_path / f"{i:06d}.json").write_text(json.dumps(people if i != 7 else []))
    first, second = himpc.read(tmp_path, clean=False)
    assert first.layout.name == "body-25"
    expected = joints.copy()
    expected[7] = np.nan
    np.testing.assert_allclose(first.joints, expected, atol=1e-5)
    np.testing.assert_allclose(second.joints, expected + ASIDE, atol=1e-5)


def test_places_of_cameras_are_no_recording(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({f"cam{i}": {"position": [i, 2 * i, 3]} for i in range(8)}))
    with pytest.raises(FormatError, match="its points name no joints of a body: cam0, cam1"):
        himpc.read(tmp_path / "a.json")


@pytest.mark.parametrize(
    "rotations",
    [
        lambda frame: {"rotations": named(frame)},
        lambda frame: {"joints": {name: dict(zip("xyzw", (0, 0, 0, 1), strict=True)) for name in SDK}},
        lambda frame: {"joints": {name: [0.6, 0, 0.8, 0] for name in SDK}},
    ],
)
def test_rotations_are_no_positions(tmp_path, walking, rotations):
    frames = walking("kinect-v2")[0].tolist()
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"frames": [rotations(frame) for frame in frames]}))
    with pytest.raises(FormatError, match="no poses are found"):
        himpc.read(path)
    path.write_text(json.dumps({"frames": [{**rotations(f), "positions": named(f)} for f in frames]}))
    np.testing.assert_allclose(himpc.read(path)[0].joints, frames, atol=1e-5)


def test_markers_and_points_of_no_body_are_read_by_name(tmp_path, walking):
    joints, _ = walking("kinect-v2")
    frames = [{"markers": {f"Q{i}": at for i, at in enumerate(f)}} for f in joints.tolist()]
    (tmp_path / "a.json").write_text(json.dumps({"unit": "m", "frames": frames}))
    (recording,) = himpc.read(tmp_path / "a.json", clean=False)
    assert recording.layout.joints[:2] == ("Q0", "Q1")


def test_keypoints_with_a_score_are_of_pictures(tmp_path, walking):
    joints, names = walking("coco-17")
    frames = [
        {"pose": {j: [500 + 100 * x, 900 - 100 * y, 0.9] for j, (x, y, _) in zip(names, f, strict=True)}}
        for f in joints
    ]
    (tmp_path / "a.json").write_text(json.dumps(frames))
    (recording,) = himpc.read(tmp_path / "a.json", clean=False)
    assert recording.dimensions == 2
    np.testing.assert_allclose(recording.confidence, 0.9, rtol=1e-5)


@pytest.mark.parametrize("missing", ["null", "absent", "zeros"])
def test_a_missing_keypoint_leaves_the_others_in_pictures(tmp_path, walking, missing):
    joints, names = walking("coco-17")
    frames = [
        {"pose": {j: [500 + 100 * x, 900 - 100 * y, 0.9] for j, (x, y, _) in zip(names, f, strict=True)}}
        for f in joints
    ]
    frames[3]["pose"][names[9]] = {"null": [None, None, None], "zeros": [0, 0, 0]}.get(missing)
    if missing == "absent":
        del frames[3]["pose"][names[9]]
    (tmp_path / "a.json").write_text(json.dumps(frames))
    (recording,) = himpc.read(tmp_path / "a.json", clean=False)
    assert recording.dimensions == 2
    assert np.argwhere(recording.confidence == 0).tolist() == [[3, 9]]


@pytest.mark.parametrize(("state", "confidence"), [(-1, 0), (0, 0), (1, 0.5), (2, 1), (7, 1), (True, 1), (False, 0)])
def test_tracking_states_are_confidences_from_0_to_1(state, confidence):
    pose = parse_pose([{"x": i, "y": i, "z": 1, "state": state} for i in range(6)])
    assert pose.values[:, 3].tolist() == [confidence] * 6


@pytest.mark.parametrize(
    "content", [{}, [], [1, 2, 3], {"a": 1}, {"frames": []}, {"frames": [{"joints": []}]}, [None], [[]]]
)
def test_json_without_poses_is_one_error(tmp_path, content):
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(FormatError, match=r"no poses are found|expected a list of frames|shows no person"):
        himpc.read(tmp_path / "a.json")


REPLACE = runpy.run_path(str(Path(__file__).with_name("test_poses.py")))["replace_somewhere"]


@pytest.mark.parametrize("name", SHAPES)
def test_any_value_in_a_document_is_a_recording_or_one_error(tmp_path, walking, name, exhaustive):
    original, path = json.dumps(SHAPES[name](walking("kinect-v2")[0][:3].tolist())), tmp_path / "a.json"
    rng = random.Random(name)
    for _ in range(60 if exhaustive else 20):
        content = REPLACE(REPLACE(json.loads(original), rng), rng)
        path.write_text(json.dumps(content))
        message, recordings = "", []
        try:
            recordings = get_format("json-poses").read(path, FileOptions())
        except FormatError as error:
            message = str(error)
        assert bool(message) != bool(recordings)
        assert str(path) in message or not message


@pytest.mark.parametrize(
    "people",
    [
        lambda x: {f"person_{k}": {"frames": [{"joints": named(f)} for f in body]} for k, body in enumerate(x)},
        lambda x: {str(k): {"frame_ids": [*range(20)], "joints3d": body} for k, body in enumerate(x)},
        lambda x: {"joints3d_25": x},
        lambda x: [
            {"frame": i, "body_id": k, "joint": j, **xyz(at)}
            for i in range(20)
            for k, body in enumerate(x)
            for j, at in named(body[i]).items()
        ],
        lambda x: [
            {"frame": i, "track_id": k, "joints": named(body[i])} for i in range(20) for k, body in enumerate(x)
        ],
        lambda x: [[{"id": k, "joints": named(body[i])} for k, body in enumerate(x)] for i in range(20)],
    ],
)
def test_people_have_frames_of_their_own(tmp_path, walking, people):
    joints, _ = walking("kinect-v2")
    (tmp_path / "a.json").write_text(json.dumps(people([joints.tolist(), (joints + ASIDE).tolist()])))
    first, second = himpc.read(tmp_path / "a.json", clean=False)
    np.testing.assert_allclose(first.joints, joints, atol=1e-5)
    np.testing.assert_allclose(second.joints, joints + ASIDE, atol=1e-5)


@pytest.mark.parametrize("end", [",\n]", ",\n", "\n"])
def test_a_list_that_a_recorder_did_not_end_is_read(tmp_path, walking, end):
    joints, _ = walking("kinect-v2")
    (tmp_path / "a.json").write_text(
        "[\n" + ",\n".join(json.dumps({"joints": named(f)}) for f in joints.tolist()) + end
    )
    (recording,) = himpc.read(tmp_path / "a.json", clean=False)
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)


def test_scores_beside_keypoints_are_confidences(tmp_path, walking):
    joints, _ = walking("coco-17")
    pixels = np.stack([500 + 100 * joints[..., 0], 900 - 100 * joints[..., 1]], axis=2).tolist()
    frames = [
        {"frame_idx": i, "persons": [{"track_id": 1, "keypoints": f, "scores": [0.5] * 17}]}
        for i, f in enumerate(pixels)
    ]
    (tmp_path / "a.json").write_text(json.dumps(frames))
    (recording,) = himpc.read(tmp_path / "a.json", clean=False)
    assert (recording.dimensions, len(recording)) == (2, len(joints))
    assert recording.confidence == pytest.approx(0.5)


def test_one_body_before_and_after_a_filter_is_not_read_as_two_people(tmp_path, walking):
    joints, names = walking("kinect-v1")
    rng = np.random.default_rng(0)

    def frames(points):
        return [dict(zip(names, frame.tolist(), strict=True)) for frame in points]

    def read(other):
        path = tmp_path / "a.json"
        path.write_text(json.dumps({"raw": frames(joints), "other": frames(other)}), encoding="utf-8")
        return himpc.read(path, fps=30)

    with pytest.raises(FormatError, match="'raw' and 'other' are the same body"):
        read(joints + rng.normal(scale=0.01, size=joints.shape))
    assert len(read(joints + ASIDE)) == 2
    joints = joints - joints.mean(axis=1, keepdims=True)  # as of programs that centre each body
    assert len(read(joints * [-1, 1, -1])) == 2


def write_json(folder, content):
    path = folder / "walk.json"
    path.write_text(json.dumps(content))
    return path


TEXTS = {
    "list by name": lambda frame: {"joints": {name: list(at) for name, at in named(frame).items()}},
    "object by name": lambda frame: {"joints": {name: xyz(at) for name, at in named(frame).items()}},
    "position by name": lambda frame: {"joints": {name: {"position": xyz(at)} for name, at in named(frame).items()}},
    "list": lambda frame: {"joints": [list(at) for at in frame]},
    "columns": lambda frame: {f"{name}_{axis}": v for name, at in named(frame).items() for axis, v in xyz(at).items()},
}


def with_text(value, text):
    """Return a document whose second number is a text."""
    numbers = iter(range(10**6))
    encoded = json.dumps(value)
    return re.sub(
        r"(?<=[ \[])-?[0-9]+[.][-0-9e.]+", lambda m: json.dumps(text) if next(numbers) == 1 else m[0], encoded
    )


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_as_a_coordinate_is_a_number_or_missing_or_refused(tmp_path, walking, name):
    frames = walking("kinect-v2")[0]
    contents = [TEXTS[name](frame) for frame in frames.tolist()]
    expected = himpc.read(write_json(tmp_path, contents), fps=30, clean=False)[0].joints
    text = str(frames[3, 0, 1])
    for given in (text, "n/a"):
        document = [json.loads(with_text(each, given)) if i == 3 else each for i, each in enumerate(contents)]
        joints = himpc.read(write_json(tmp_path, document), fps=30, clean=False)[0].joints
        lost = np.isnan(joints).any(axis=2)
        assert lost.sum() == (given == "n/a")
        np.testing.assert_allclose(joints[~lost], expected[~lost], atol=1e-6)
    document[3] = json.loads(with_text(contents[3], "lost"))
    with pytest.raises(FormatError, match="'lost', expected a number"):
        himpc.read(write_json(tmp_path, document), fps=30, clean=False)
