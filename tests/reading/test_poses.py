"""Files of depth cameras, pose estimators and data sets: what is written comes back, and one reader knows each file."""

import copy
import json
import random
import runpy
from pathlib import Path

import numpy as np
import pytest

import himpc
from himpc.errors import DataError, FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats import FORMATS, HEAD_BYTES, find_format, get_format
from himpc.simulation import Difficulty
from himpc.skeleton import get_layout

POSES = runpy.run_path(str(Path(__file__).with_name("pose_writers.py")))
WRITERS, LAYOUTS, FLAT, RATES = (POSES[name] for name in ("WRITERS", "LAYOUTS", "FLAT", "RATES"))
JSON = ("azure-kinect", "zed", "mmpose", "ultralytics", "tensorflow-js", "nw-ucla")


@pytest.fixture
def people(standing):
    """Make ``(people, frames, J, 3)`` bodies of the layout of a format."""

    def make(name: str, people: int = 1, frames: int = 4) -> np.ndarray:
        return np.stack([standing(get_layout(LAYOUTS[name]), frames, seed) for seed in range(people)])

    return make


def expected_of(name: str, body: np.ndarray) -> np.ndarray:
    """Return the joints that a written body is read back as."""
    if name not in FLAT:
        return body
    flat = np.zeros_like(body)
    flat[..., 0], flat[..., 1] = body[..., 0] * 100 + 500, body[..., 1] * 100 - 900
    return flat


def read(path: Path, **options):
    return get_format(find_format(path).name).read(path, FileOptions(**options))


def unseen(recording) -> list[bool]:
    return np.isnan(recording.joints).all(axis=(1, 2)).tolist()


@pytest.mark.parametrize("name", WRITERS)
def test_a_written_body_is_read_back(name: str, people, tmp_path: Path) -> None:
    bodies = people(name)
    path = WRITERS[name](tmp_path, bodies)
    assert find_format(path).name == name
    (recording,) = read(path)
    skip = [i for i, joint in enumerate(recording.layout.joints) if name == "msr-action3d" and joint.endswith("foot")]
    kept = [i for i in range(len(recording.layout)) if i not in skip]
    np.testing.assert_allclose(recording.joints[:, kept], expected_of(name, bodies[0])[:, kept], atol=2e-3)
    assert recording.layout == get_layout(LAYOUTS[name])
    assert recording.dimensions == (2 if name in FLAT else 3)
    assert (recording.fps and round(recording.fps)) == RATES.get(name)
    assert read(path, fps=50)[0].fps == 50


@pytest.mark.parametrize("name", sorted(POSES["SEVERAL"]))
def test_several_people_are_recordings(name: str, people, tmp_path: Path) -> None:
    bodies = people(name, 3)
    recordings = read(WRITERS[name](tmp_path, bodies))
    assert len(recordings) == 3
    assert len({recording.origin for recording in recordings}) == 3
    one_by_one = name in ("florence", "gaitgraph")  # their files hold sequences, not people of one moment
    assert len({recording.clock for recording in recordings}) == (3 if one_by_one else 1)
    for recording, body in zip(recordings, bodies, strict=True):
        np.testing.assert_allclose(recording.joints, expected_of(name, body), atol=2e-3)


@pytest.mark.parametrize("name", sorted({*WRITERS, *(known.name for known in FORMATS)} - {"video"}))
def test_no_other_reader_recognises_a_file(name: str, people, tmp_path: Path, standing) -> None:
    fuzz = runpy.run_path(str(Path(__file__).with_name("test_fuzz.py")))
    path = fuzz["WRITERS"][name](tmp_path, standing)
    path = tmp_path if name in fuzz["FOLDERS"] else path
    head = b"" if path.is_dir() else path.read_bytes()[:HEAD_BYTES]
    known = [fmt.name for fmt in FORMATS if fmt.name != "video" and fmt.recognise(path, head)]
    # Readers of any program's tables, arrays and JSON come after those of one program.
    general = {"csv-joints", "csv-frames", "npz", "arrays", "number-rows", "json-poses", "xml-poses"}
    assert known[0] == name
    assert set(known[1:]) <= general


def edit(path: Path, change) -> Path:
    content = json.loads(path.read_text())
    path.write_text(json.dumps(change(content) or content))
    return path


def test_frames_of_azure_kinect_that_are_missing_are_a_gap(people, tmp_path: Path) -> None:
    path = POSES["azure_kinect"](tmp_path, people("azure-kinect", 2, 12))

    def change(content):
        del content["frames"][3:6]
        content["frames"][1]["bodies"] = []
        content["frames"][2]["bodies"] = None

    for recording in read(edit(path, change)):
        assert unseen(recording) == [i in (1, 2, 3, 4, 5) for i in range(12)]
        assert recording.fps == pytest.approx(30, abs=0.1)


def test_time_stamps_that_repeat_are_ignored_and_those_that_go_back_are_refused(people, tmp_path: Path) -> None:
    path = POSES["azure_kinect"](tmp_path, people("azure-kinect", 1, 6))

    def repeat(content):
        content["frames"][3]["timestamp_usec"] = content["frames"][2]["timestamp_usec"]

    (recording,) = read(edit(path, repeat))
    assert (len(recording), recording.fps) == (6, None)
    assert "time stamps do not increase and are ignored" in recording.quality.notes
    with pytest.raises(FormatError, match="time is before that of the frame before; split the file"):
        read(edit(path, lambda content: content["frames"].reverse()))


def test_joints_of_azure_kinect_are_ordered_by_their_names(people, tmp_path: Path) -> None:
    bodies = people("azure-kinect")
    path = POSES["azure_kinect"](tmp_path, bodies)

    def reverse(content):
        content["joint_names"].reverse()
        for frame in content["frames"]:
            frame["bodies"][0]["joint_positions"].reverse()

    np.testing.assert_allclose(read(edit(path, reverse))[0].joints, bodies[0], atol=1e-4)
    with pytest.raises(FormatError, match="'joint_names' does not name each of the 32 joints"):
        read(edit(path, lambda content: content["joint_names"].clear()))


@pytest.mark.parametrize("count", [18, 34, 38])
@pytest.mark.parametrize("unit", [1, 1000])
def test_every_body_of_zed_is_read_in_its_unit(count: int, unit: int, standing, tmp_path: Path) -> None:
    layout = get_layout(f"body-{count}")
    body = standing(layout, 5, 0)
    path = POSES["zed"](tmp_path, body[None] * unit)

    def unsee(content):
        frame = content[list(content)[2]]["body_list"][0]
        frame["keypoint"][0] = [None, None, None]
        frame["keypoint"][1] = [float("nan")] * 3
        frame["keypoint"][2] = dict(zip("xyz", frame["keypoint"][2], strict=True))

    (recording,) = read(edit(path, unsee))
    assert recording.layout == layout
    assert np.isnan(recording.joints).any(axis=2).sum() == 2
    np.testing.assert_allclose(recording.joints[:2], body[:2], atol=1e-5)
    assert recording.confidence[0, 2] == pytest.approx(0.88)


@pytest.mark.parametrize("count", [18, 34, 38])
@pytest.mark.parametrize("turned", [0.0, 2.0, 4.0])
def test_left_handed_axes_of_zed_are_noticed(count: int, turned: float, tmp_path: Path) -> None:
    layout = get_layout(f"body-{count}")
    (walk,) = himpc.simulate(1, 1, seconds=2, layout=layout, difficulty=Difficulty(), seed=1)
    cosine, sine = np.cos(turned), np.sin(turned)
    body = walk.joints.astype(np.float64) @ np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
    path = POSES["zed"](tmp_path, body[None])
    (right,) = read(path)
    (left,) = read(POSES["zed"](tmp_path, body[None] * (1, 1, -1)))
    np.testing.assert_allclose(left.joints, right.joints, atol=1e-5)
    np.testing.assert_allclose(right.joints, body, atol=1e-5)
    assert [any("left-handed" in note for note in r.quality.notes) for r in (left, right)] == [True, False]


def test_bodies_of_zed_in_any_container(people, tmp_path: Path) -> None:
    bodies = people("zed", 2)
    path = POSES["zed"](tmp_path, bodies)
    frames = list(json.loads(path.read_text()).values())
    frames[1].pop("body_list")
    for text in (json.dumps(frames[::-1]), "\n".join(map(json.dumps, frames)), "﻿" + json.dumps(frames)):
        (tmp_path / "x.json").write_text(text, encoding="utf-8")
        recordings = read(tmp_path / "x.json")
        assert [unseen(recording) for recording in recordings] == [[False, True, False, False]] * 2


def test_untracked_bodies_of_zed_need_ids(people, tmp_path: Path) -> None:
    path = POSES["zed"](tmp_path, people("zed", 2))

    def untrack(content):
        for frame in content.values():
            for body in frame["body_list"]:
                body["id"] = -1

    with pytest.raises(FormatError, match="several people a frame and no ids; run a tracker first"):
        read(edit(path, untrack))


@pytest.mark.parametrize(
    ("count", "layout"), [(17, "coco-17"), (26, "halpe-26"), (133, "coco-wholebody"), (136, "halpe-26")]
)
def test_keypoints_of_face_and_hands_are_left_out(count: int, layout: str, tmp_path: Path) -> None:
    points = np.random.default_rng(0).uniform(1, 900, (3, count, 3))
    points[..., 2] = 0.5
    expected = points[:, : len(get_layout(layout)), :2] * (1, -1)
    instances = [[{"keypoints": p[:, :2].tolist(), "keypoint_scores": p[:, 2].tolist()}] for p in points]
    frames = [{"frame_id": i, "instances": found} for i, found in enumerate(instances)]
    people = [{"image_id": f"{i}.jpg", "keypoints": p.ravel().tolist(), "score": 1} for i, p in enumerate(points)]
    documents = (frames, {"instance_info": frames}, {"visualization": [], "predictions": instances})
    for content, name in (*((document, "mmpose") for document in documents), (people, "coco")):
        (tmp_path / "a.json").write_text(json.dumps(content))
        assert find_format(tmp_path / "a.json").name == name
        (recording,) = read(tmp_path / "a.json")
        assert recording.layout == get_layout(layout)
        np.testing.assert_allclose(recording.joints[..., :2], expected, rtol=1e-6)
        left_out = f"{count - len(get_layout(layout))} of {count} keypoints, those of face and hands, are left out"
        assert (left_out in recording.quality.notes) == (count > 26)


def test_mmpose_in_3d_is_human36m(standing, tmp_path: Path) -> None:
    layout = get_layout("h36m-17")
    body = standing(layout, 3, 0)
    z_up = np.stack([body[..., 0], -body[..., 2], body[..., 1]], axis=-1)
    frames = [
        {"frame_id": i, "instances": [{"keypoints": [p.tolist()], "keypoint_scores": [[1.0] * 17]}]}
        for i, p in enumerate(z_up)
    ]
    (tmp_path / "a.json").write_text(json.dumps(frames))
    (recording,) = read(tmp_path / "a.json")
    assert (recording.layout, recording.dimensions) == (layout, 3)
    np.testing.assert_allclose(recording.joints, body, atol=1e-5)


def test_layout_of_mmpose_is_the_one_that_the_file_names(people, tmp_path: Path) -> None:
    path = POSES["mmpose"](tmp_path, people("mmpose"))
    h36m = ("root", *(f"{s}_{j}" for s in ("right", "left") for j in ("hip", "knee", "foot")), "spine", "thorax")
    h36m = (
        *h36m,
        "neck_base",
        "head",
        *(f"{s}_{j}" for s in ("left", "right") for j in ("shoulder", "elbow", "wrist")),
    )

    def name(names):
        return lambda content: content["meta_info"].update(keypoint_id2name={str(i): n for i, n in enumerate(names)})

    assert read(edit(path, name(h36m)))[0].layout == get_layout("h36m-17")
    assert read(edit(path, name(get_layout("coco-17").joints)))[0].layout == get_layout("coco-17")
    with pytest.raises(FormatError, match="its keypoints are root, tail, right_knee and so on"):
        read(edit(path, name(("root", "tail", *h36m[2:]))))


def test_posetrack_is_refused_by_its_keypoints(tmp_path: Path) -> None:
    names = ["nose", "head_bottom", "head_top", *get_layout("coco-17").joints[3:]]
    people = [{"image_id": i, "keypoints": [1.0] * 51, "track_id": 0} for i in range(3)]
    content = {"images": [], "annotations": people, "categories": [{"name": "person", "keypoints": names}]}
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(FormatError, match=r"its keypoints are nose, head_bottom, head_top and so on.*PoseTrack"):
        read(tmp_path / "a.json")


def test_gaitgraph_names_person_condition_and_view(people, tmp_path: Path) -> None:
    path = POSES["gaitgraph"](tmp_path, people("gaitgraph", 2, 6))
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:3], *lines[5:]]).replace("001-nm", "CASIA_B\\frames\\001-nm"))
    one, two = himpc.read(path, clean=False)
    assert [(r.person, r.session, r.camera) for r in (one, two)] == [("001", "nm-01", "090"), ("002", "nm-01", "090")]
    assert unseen(one) == [False, False, True, True, False, False]
    assert [recording.source for recording in (one, two)] == [f"{path}#001-nm-01-090", f"{path}#002-nm-01-090"]


def test_oumvlp_folders_are_read(people, tmp_path: Path) -> None:
    bodies = people("mmpose", frames=5)
    for i, body in enumerate(bodies[0]):
        points = np.concatenate([np.column_stack([POSES["pixels"](body), np.ones(17)]).ravel(), [1, 2, 1]])
        people_of_frame = [{"pose_keypoints_2d": points.tolist()}]
        (tmp_path / f"{21 + i:04d}_keypoints.json").write_text(json.dumps({"version": 1.0, "people": people_of_frame}))
    (recording,) = read(tmp_path)
    assert (len(recording), recording.dimensions, recording.layout.name) == (5, 2, "openpose-14")


def test_images_of_alphapose_in_the_format_of_openpose_are_frames(people, tmp_path: Path) -> None:
    points = [np.column_stack([POSES["pixels"](body), np.ones(17)]) for body in people("mmpose", frames=12)[0]]
    content = {
        f"{i}.jpg": {"version": "AlphaPose v0.3", "people": [{"pose_keypoints_2d": frame.ravel().tolist()}]}
        for i, frame in reversed(list(enumerate(points)))
        if i != 7
    }
    path = POSES["write"](tmp_path / "a.json", content)
    (recording,) = read(path)
    assert unseen(recording) == [i == 7 for i in range(12)]
    np.testing.assert_allclose(recording.joints[11, :, 0], points[11][:, 0], rtol=1e-6)


def test_nw_ucla_names_person_session_and_camera(people, tmp_path: Path) -> None:
    path = POSES["nw_ucla"](tmp_path, people("nw-ucla"))
    (recording,) = read(edit(path, lambda content: content["skeletons"].append([])))
    assert (recording.person, recording.session, recording.camera) == ("s02", "a01e03", "v01")
    assert unseen(recording) == [False] * 4 + [True]
    assert himpc.read(path, name="{camera}.json", clean=False)[0].camera == "a01_s02_e03_v01"


def test_repeated_frames_of_utkinect_are_read_once(people, tmp_path: Path) -> None:
    path = POSES["utkinect"](tmp_path, people("utkinect"))
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[0], *lines[1:]]))
    (recording,) = read(path)
    assert (len(recording), recording.fps) == (4, 15)
    assert "repeated frames left out: 1" in recording.quality.notes


def test_sides_of_msr_action3d_follow_the_feet(people, tmp_path: Path) -> None:
    bodies = people("msr-action3d")
    path = POSES["msr_action3d"](tmp_path, bodies * (-1, 1, 1))
    (recording,) = read(path)
    layout = recording.layout
    left, right = layout.index("left_hip"), layout.index("right_hip")
    assert (recording.joints[:, left, 0] > recording.joints[:, right, 0]).all()
    assert "left and right are exchanged, as the feet show" in recording.quality.notes


def test_screen_coordinates_of_msr_action3d_are_refused(people, tmp_path: Path) -> None:
    path = POSES["msr_action3d"](tmp_path, people("msr-action3d") * 100)
    with pytest.raises(FormatError, match=r"holds screen coordinates, expected metres; .*_skeleton3D.txt"):
        read(path)


def test_frames_of_msr_daily_without_a_skeleton_are_unseen(people, tmp_path: Path) -> None:
    path = POSES["msr_daily"](tmp_path, people("msr-daily"))
    text = path.read_text().splitlines()
    path.write_text("\n".join([*text[:42], "0", *text[42:]]))
    (recording,) = read(path)
    assert unseen(recording) == [False, True, False, False, False]
    path.write_text("\n".join(text[:50]))
    with pytest.raises(FormatError, match="line 50: ends within a frame of 40 rows"):
        read(path)


@pytest.mark.parametrize("compress", [False, True])
def test_matrices_of_matlab_are_read_beside_others(compress: bool, people, tmp_path: Path) -> None:
    body = people("utd-mhad")[0]
    other = POSES["mat_matrix"]("other", np.zeros((2, 2)))
    skeleton = POSES["mat_matrix"]("d_skel", body.transpose(1, 2, 0))
    path = POSES["mat_file"](tmp_path / "a.mat", other, skeleton, compress=compress)
    assert len(read(path)[0]) == len(body)
    POSES["mat_file"](path, other, POSES["mat_matrix"]("pos", body.transpose(2, 0, 1)), compress=compress)
    np.testing.assert_allclose(read(path)[0].joints, body, atol=1e-6)
    POSES["mat_file"](path, other, compress=compress)
    with pytest.raises(FormatError, match=r"holds no array of joints of a person, but other \(2, 2\)"):
        read(path)


def test_scipy_writes_what_is_read(people, tmp_path: Path) -> None:
    scipy_io = pytest.importorskip("scipy.io")
    layout = get_layout("kinect-v1")
    body = people("utd-mhad")[0]
    values = body[:, [layout.index(joint) for joint in POSES["UTD_ORDER"]]].transpose(1, 2, 0)
    for compressed in (False, True):
        path = tmp_path / f"{compressed}.mat"
        scipy_io.savemat(
            path, {"name": "x", "cell": np.array([[1, "a"]], object), "d_skel": values}, do_compression=compressed
        )
        np.testing.assert_allclose(read(path)[0].joints, body, atol=1e-6)


def test_what_a_matlab_file_expands_to_is_bounded(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("himpc.reading.formats.parsing.arrays.MAX_BYTES", 10_000)
    path = POSES["mat_file"](tmp_path / "a.mat", POSES["mat_matrix"]("d_skel", np.zeros((20, 3, 5000))), compress=True)
    with pytest.raises(FormatError, match="holds more than"):
        read(path)


def test_parameters_of_smpl_are_refused_and_say_what_is_needed(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", poses=np.zeros((10, 156)), trans=np.zeros((10, 3)), betas=np.zeros(16))
    with pytest.raises(
        FormatError, match=r"holds parameters of SMPL .poses, betas, trans., expected joints; .*body model"
    ):
        himpc.read(tmp_path / "a.npz")


@pytest.mark.parametrize("count", [22, 24, 52, 55])
def test_joints_of_smpl_are_read_with_z_up(count: int, standing, tmp_path: Path) -> None:
    layout = get_layout("smpl-24" if count == 24 else "smpl-22")
    body = standing(layout, 4, 0)
    z_up = np.stack([body[..., 0], -body[..., 2], body[..., 1]], axis=-1)
    joints = np.concatenate([z_up, np.zeros((4, count - len(layout), 3))], axis=1)
    np.savez_compressed(tmp_path / "a.npz", joints=joints, poses=np.zeros((4, 156)), mocap_frame_rate=60)
    (recording,) = himpc.read(tmp_path / "a.npz", clean=False)
    assert (recording.layout, recording.fps) == (layout, 60)
    np.testing.assert_allclose(recording.joints, body, atol=1e-5)


def test_objects_in_an_archive_of_smpl_are_not_loaded(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", joints=np.array([{"a": 1}], dtype=object))
    with pytest.raises(FormatError, match=r"array 'joints' holds Python objects \(a pickle\), which are not read"):
        himpc.read(tmp_path / "a.npz")


def landmarks(body: np.ndarray, **more: float) -> list[dict[str, float]]:
    return [{"x": x, "y": -y, "z": -z, "visibility": 0.9, **more} for x, y, z in body.tolist()]


MEDIAPIPE_NAMES = [joint.upper() for joint in get_layout("mediapipe-33").joints]
MEDIAPIPE_NAMES[9:11] = ["MOUTH_LEFT", "MOUTH_RIGHT"]
MEDIAPIPE_NAMES[31:] = ["LEFT_FOOT_INDEX", "RIGHT_FOOT_INDEX"]
MEDIAPIPE_FRAMES = {
    "legacy Python": lambda pose: {"pose_world_landmarks": pose, "pose_landmarks": pose},
    "legacy protocol buffers": lambda pose: {"poseWorldLandmarks": {"landmark": pose}},
    "legacy web": lambda pose: {"poseWorldLandmarks": pose, "poseLandmarks": [{"x": 0.5, "y": 0.5, "z": 0}] * 33},
    "by name": lambda pose: {"pose_world_landmarks": dict(zip(MEDIAPIPE_NAMES, pose, strict=True))},
    "tasks Python": lambda pose: {
        "pose_landmarks": [[{"x": 0.5, "y": 0.5, "z": 0}] * 33],
        "pose_world_landmarks": [pose],
    },
    "tasks web": lambda pose: {"landmarks": [[{"x": 0.5, "y": 0.5, "z": 0}] * 33], "worldLandmarks": [pose]},
}


@pytest.mark.parametrize("api", MEDIAPIPE_FRAMES)
@pytest.mark.parametrize("container", ["list", "frames", "lines", "numbers"])
def test_landmarks_of_every_api_of_mediapipe_are_read(api: str, container: str, standing, tmp_path: Path) -> None:
    layout = get_layout("mediapipe-33")
    body = standing(layout, 6, 0)
    body -= body[:, list(layout.root)].mean(axis=1, keepdims=True)
    frames = [MEDIAPIPE_FRAMES[api](landmarks(pose)) for pose in body]
    frames = [{"frame": i, "timestamp_ms": 40 * i, **frame} for i, frame in enumerate(frames) if i != 3]
    image = {"landmarks": [[{"x": 0.5, "y": 0.5, "z": 0}] * 33]}  # never mixed with world landmarks
    frames[1] = {"frame": 1, "timestamp_ms": 40, **image}
    text = {
        "list": json.dumps(frames),
        "frames": json.dumps({"frames": frames}),
        "lines": "\n".join(map(json.dumps, frames)),
        "numbers": json.dumps({f"frame_{frame['frame']}": frame for frame in frames[::-1]}),
    }[container]
    (tmp_path / "a.json").write_text(text)
    assert find_format(tmp_path / "a.json").name == "mediapipe"
    (recording,) = read(tmp_path / "a.json")
    seen = [0, 2, 4, 5]
    np.testing.assert_allclose(recording.joints[seen], body[seen], atol=1e-6)
    assert unseen(recording) == [i in (1, 3) for i in range(6)]
    assert (recording.fps, recording.confidence[0, 0]) == (25, np.float32(0.9))


def test_image_landmarks_of_mediapipe_need_the_size_of_the_image(standing, tmp_path: Path) -> None:
    layout = get_layout("mediapipe-33")
    shares = standing(layout, 3, 0) * 0.1 + 0.5
    frames = [{"pose_landmarks": [{"x": x, "y": y, "z": z} for x, y, z in pose.tolist()]} for pose in shares]
    (tmp_path / "a.json").write_text(json.dumps(frames))
    with pytest.raises(FormatError, match=r"not world landmarks in metres; .*image_size='1920x1080'"):
        himpc.read(tmp_path / "a.json")
    (stated,) = himpc.read(tmp_path / "a.json", image_size="1280x720", clean=False)
    (tmp_path / "b.json").write_text(json.dumps({"width": 1280, "height": 720, "frames": frames}))
    (found,) = himpc.read(tmp_path / "b.json", clean=False)
    for recording in (stated, found):
        assert recording.dimensions == 2
        np.testing.assert_allclose(recording.joints[..., :2], shares[..., :2] * (1280, -720), rtol=1e-5)


def test_two_poses_of_mediapipe_in_a_frame_need_ids(standing, tmp_path: Path) -> None:
    layout = get_layout("mediapipe-33")
    pose = standing(layout, 1, 0)[0]
    pose -= pose[list(layout.root)].mean(axis=0)
    (tmp_path / "a.json").write_text(json.dumps([{"worldLandmarks": [landmarks(pose)] * 2}]))
    with pytest.raises(FormatError, match="frame 1: several people a frame and no ids"):
        read(tmp_path / "a.json")


JUNK = (
    None,
    True,
    0,
    -1,
    3.5,
    10**400,
    2**63,
    float("nan"),
    float("inf"),
    1e300,
    "",
    "x",
    [],
    {},
    [[]],
    [None],
    {"a": 1},
)


def replace_somewhere(content, rng: random.Random):
    """Replace, repeat or remove one value of a JSON document."""
    parent, key = None, None
    node = content
    while isinstance(node, dict | list) and node and rng.random() < 0.85:
        parent, key = node, rng.choice(list(node) if isinstance(node, dict) else range(len(node)))
        node = node[key]
    if parent is None:
        return copy.deepcopy(rng.choice(JUNK))
    action = rng.random()
    if action < 0.7:
        parent[key] = copy.deepcopy(rng.choice(JUNK))
    elif action < 0.85 or not isinstance(parent, list):
        del parent[key]
    else:
        parent.insert(0, copy.deepcopy(rng.choice([node, *JUNK])))
    return content


@pytest.mark.parametrize("name", [*JSON, "mediapipe"])
def test_any_value_in_a_document_is_a_recording_or_one_error(
    name: str, people, standing, tmp_path: Path, exhaustive: bool
) -> None:
    if name == "mediapipe":
        layout = get_layout("mediapipe-33")
        frames = standing(layout, 3, 0) - 1
        content = {"fps": 30, "frames": [{"frame": i, "worldLandmarks": [landmarks(f)]} for i, f in enumerate(frames)]}
        path = POSES["write"](tmp_path / "a.json", content)
    else:
        path = WRITERS[name](tmp_path, people(name, 2, 3))
    original, rng = path.read_text(), random.Random(name)
    for _ in range(300 if exhaustive else 60):
        content = json.loads(original)
        for _ in range(rng.choice([1, 1, 2])):
            content = replace_somewhere(content, rng)
        path.write_text(json.dumps(content))
        message, recordings = "", []
        try:
            recordings = get_format(name).read(path, FileOptions())
        except FormatError as error:
            message = str(error)
        assert bool(message) != bool(recordings)
        assert str(path) in message or not message


@pytest.mark.parametrize("name", ["utkinect", "florence", "cad-60", "gaitgraph"])
def test_a_last_line_that_was_cut_off_is_left_out(name: str, people, tmp_path: Path) -> None:
    path = WRITERS[name](tmp_path, people(name, 1, 6))
    lines = path.read_text().strip().removesuffix("END").strip().split("\n")
    path.write_text("\n".join([*lines[:-1], lines[-1][: len(lines[-1]) // 2]]))
    (recording,) = get_format(name).read(path, FileOptions())
    assert recording.quality.frames_read == 5
    assert any("is cut off" in note for note in recording.quality.notes)


def test_a_folder_of_pictures_of_mmpose_is_one_recording(people, tmp_path: Path) -> None:
    body = people("mmpose", 1, 14)[0]
    for i, points in enumerate(POSES["pixels"](frame).tolist() for frame in body):
        content = [{"keypoints": points, "keypoint_scores": [0.9] * 17, "bbox": [[0, 0, 1, 1]]}]
        POSES["write"](tmp_path / f"walk_{i + (3 if i > 9 else 0):06d}.json", content if i != 5 else [])
    assert find_format(tmp_path).name == "mmpose"
    (recording,) = read(tmp_path)
    expected = expected_of("mmpose", body)
    np.testing.assert_allclose(recording.joints[0], expected[0], atol=2e-3)
    np.testing.assert_allclose(recording.joints[16], expected[13], atol=2e-3)
    assert unseen(recording) == [i in (5, 10, 11, 12) for i in range(17)]


@pytest.mark.parametrize("name", ["ultralytics", "tensorflow-js"])
def test_poses_of_all_frames_in_one_list_are_refused(name: str, people, tmp_path: Path) -> None:
    path = edit(WRITERS[name](tmp_path, people(name, 2)), lambda frames: [pose for frame in frames for pose in frame])
    with pytest.raises(FormatError, match="all frames in one list") as caught:
        read(path)
    assert "for each frame" in str(caught.value.hint)


@pytest.mark.parametrize("hidden", [0, np.nan])
def test_arrays_of_pixels_are_read_by_their_layout(hidden: float, people, tmp_path: Path) -> None:
    body = people("mmpose")[0]
    points = np.array([POSES["pixels"](frame) for frame in body])
    points[1, 3] = hidden
    np.save(tmp_path / "x.npy", points)
    (recording,) = read(tmp_path / "x.npy", layout=get_layout("coco-17"))
    expected = expected_of("mmpose", body)
    expected[1, 3] = np.nan
    np.testing.assert_allclose(recording.joints, expected, atol=2e-3)
    assert recording.dimensions == 2


def test_landmarks_of_mediapipe_by_name_may_be_absent(standing, tmp_path: Path) -> None:
    layout = get_layout("mediapipe-33")
    joints = standing(layout, 4, 0)
    joints -= joints[:, list(layout.root)].mean(axis=1, keepdims=True)
    frames = {
        str(i): {n.upper(): (p * POSES["DOWN"]).tolist() for n, p in zip(layout.joints, f, strict=True)}
        for i, f in enumerate(joints)
    }
    del frames["2"]["NOSE"]
    (recording,) = read(POSES["write"](tmp_path / "a.json", frames))
    joints[2, 0] = np.nan
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)
    assert recording.true_size is False


@pytest.mark.parametrize("suffix", [".json", ".npy"])
def test_the_root_of_centred_poses_is_no_missing_joint(tmp_path, walking, suffix):
    joints, _ = walking("h36m-17")

    def read(points):
        path = tmp_path / f"a{suffix}"
        if suffix == ".npy":
            np.save(path, points)
        else:
            path.write_text(json.dumps(points.tolist()), encoding="utf-8")
        return himpc.read(path, fps=30)[0]

    centred = joints - joints[:, :1]
    np.testing.assert_allclose(read(centred).joints, centred, atol=1e-4)
    for joint in (0, 5):
        lacking = joints.copy()
        lacking[:, joint] = 0
        with pytest.raises(DataError, match="never seen"):
            read(lacking)
    centred[:, 5] = 0
    with pytest.raises(DataError, match="left_knee never seen"):
        read(centred)
