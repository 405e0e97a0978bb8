"""NumPy arrays of other programs in every arrangement; what is written comes back, or is one clear error."""

import numpy as np
import pytest

import himpc
from himpc.errors import FormatError
from himpc.skeleton import get_layout

LAYOUT = get_layout("kinect-v2")
BOTH = np.array([[[0, 0, 0]], [[1.5, 0, 0]]])
"""Where two people are."""

ARRANGEMENTS = {
    "frames, joints, axes": lambda x: x,
    "frames, coordinates": lambda x: x.reshape(len(x), -1),
    "axes, frames, joints": lambda x: x.transpose(2, 0, 1),
    "joints, axes, frames": lambda x: x.transpose(1, 2, 0),
    "with confidence": lambda x: np.concatenate([x, np.full((*x.shape[:2], 1), 0.9)], axis=2),
    "ST-GCN, padded": lambda x: pad(x)[None].transpose(3, 1, 2, 0),
    "NTU RGB+D in rows of two people": lambda x: np.concatenate([x, 0 * x], axis=1).reshape(len(x), -1),
    "float32": lambda x: x.astype(np.float32),
    "millimetres as integers": lambda x: np.round(x * 1000).astype(int),
}


def pad(body: np.ndarray) -> np.ndarray:
    return np.concatenate([body, np.zeros((40 - len(body), *body.shape[1:]))])


@pytest.mark.parametrize("name", ARRANGEMENTS)
@pytest.mark.parametrize("archive", [False, True])
def test_every_arrangement_is_read(tmp_path, walking, name, archive):
    joints, _ = walking("kinect-v2")
    array, path = ARRANGEMENTS[name](joints), tmp_path / ("a.npz" if archive else "a.npy")
    np.savez(path, features=array, fps=25) if archive else np.save(path, array)
    (recording,) = himpc.read(path, clean=False)
    assert (recording.layout, recording.fps) == (LAYOUT, 25 if archive else None)
    np.testing.assert_allclose(recording.joints, joints, atol=1e-3)


@pytest.mark.parametrize(
    ("arrange", "clocks"),
    [
        (lambda x: x.transpose(3, 1, 2, 0), 1),  # axes, frames, joints, people
        (lambda x: x.transpose(1, 0, 2, 3), 1),  # frames, people, joints, axes
        (lambda x: x, 2),  # samples
        (lambda x: x.transpose(0, 3, 1, 2)[..., None], 2),  # samples, axes, frames, joints, people
        (lambda x: x.reshape(2, x.shape[1], -1), 2),
    ],
)
def test_people_are_together_and_samples_are_not(tmp_path, walking, arrange, clocks):
    bodies = walking("kinect-v2")[0] + BOTH[:, None]
    np.save(tmp_path / "a.npy", arrange(bodies))
    recordings = himpc.read(tmp_path / "a.npy", clean=False)
    assert len({recording.clock for recording in recordings}) == clocks
    for recording, body in zip(recordings, bodies, strict=True):
        np.testing.assert_allclose(recording.joints, body, atol=1e-5)


def test_names_and_rate_beside_an_array_are_used(tmp_path, walking):
    joints, names = walking("smpl-24")
    shuffled = np.random.default_rng(0).permutation(24)
    np.savez(tmp_path / "a.npz", pos=joints[:, shuffled], joint_names=np.array(names)[shuffled], frame_rate=60.0)
    (recording,) = himpc.read(tmp_path / "a.npz", clean=False)
    assert recording.fps == 60
    for joint in recording.layout.joints:
        expected = joints[:, names.index(joint)]
        np.testing.assert_allclose(recording.joints[:, recording.layout.index(joint)], expected, atol=1e-5)


def test_keypoints_of_pictures_are_known_by_their_score(tmp_path, walking):
    joints, _ = walking("body-18")
    flat = (joints[..., :2] - joints[..., :2].min(axis=(0, 1))) / 3
    score = np.full((*flat.shape[:2], 1), 0.8)
    np.save(tmp_path / "a.npy", np.concatenate([flat * (1, -1), score], axis=2).transpose(2, 0, 1)[..., None])
    with pytest.raises(FormatError, match="shares of the picture"):
        himpc.read(tmp_path / "a.npy")
    (recording,) = himpc.read(tmp_path / "a.npy", image_size="640x480")
    assert (recording.dimensions, recording.layout.name) == (2, "body-18")
    np.testing.assert_allclose(recording.confidence, 0.8, rtol=1e-5)


def test_points_of_no_known_body_are_used_if_the_user_says_so(tmp_path, walking):
    joints = np.concatenate([walking("kinect-v2")[0]] * 2, axis=1)[:, :41]
    np.save(tmp_path / "a.npy", joints)
    with pytest.raises(FormatError, match="41 points without names, and in no known order"):
        himpc.read(tmp_path / "a.npy")
    (recording,) = himpc.read(tmp_path / "a.npy", layout="points", clean=False)
    assert recording.layout.joints[0] == "point01"
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": np.arange(5)}, r"holds no array of joints of a person, but a \(5,\)"),
        ({"a": np.random.default_rng(0).uniform(size=(20, 25, 3)) * 3}, r"but a \(20, 25, 3\); state the layout"),
        ({"a": np.zeros((20, 25, 3))}, "holds no array of joints of a person"),
        ({"a": np.full((20, 25, 3), "x")}, "holds no array of joints"),
        ({"a": np.full((20, 25, 3), 1e12)}, "holds no array of joints of a person"),
    ],
)
def test_other_archives_are_errors(tmp_path, arrays, message):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(FormatError, match=message):
        himpc.read(tmp_path / "a.npz")


def test_several_arrays_of_poses_need_a_file_each(tmp_path, walking):
    np.savez(tmp_path / "a.npz", first=walking("kinect-v2")[0], second=walking("kinect-v2", seed=1)[0])
    with pytest.raises(FormatError, match="several arrays of poses: first, second; save each as a file of its own"):
        himpc.read(tmp_path / "a.npz")


def test_a_stated_layout_is_used(tmp_path, standing):
    layout = get_layout("kinect-v1")
    joints = standing(layout, 4, 1)
    np.save(tmp_path / "a.npy", joints)
    (recording,) = himpc.read(tmp_path / "a.npy", layout=layout, clean=False)
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)


@pytest.mark.parametrize("name", ["vectors", "embeddings", "latent"])
def test_embeddings_are_no_bodies(tmp_path, name):
    walk = himpc.simulate(people=1, recordings=1, difficulty="easy")[0].joints
    np.savez(tmp_path / "groups.npz", **{name: walk.reshape(len(walk), -1)}, remarks=np.array([], dtype=str))
    with pytest.raises(FormatError, match=f"holds no array of joints of a person, but {name}"):
        himpc.read(tmp_path / "groups.npz")
    np.savez(tmp_path / "walk.npz", walk=walk.reshape(len(walk), -1))
    assert len(himpc.read(tmp_path / "walk.npz")) == 1


def test_rows_of_two_numbers_a_joint_are_a_body_only_within_pictures(tmp_path, walking):
    pixels = walking("h36m-17", frames=30)[0][..., :2] * (300, -300) + (900, 800)
    np.save(tmp_path / "walk.npy", pixels.reshape(30, -1))
    assert himpc.read(tmp_path / "walk.npy", fps=30)[0].dimensions == 2
    rows = (pixels - pixels.mean(axis=(0, 1))).reshape(30, -1)  # numbers around 0, as those of embeddings
    np.save(tmp_path / "rows.npy", rows)
    with pytest.raises(FormatError, match="state the layout of its joints"):
        himpc.read(tmp_path / "rows.npy", fps=30)
    assert himpc.read(tmp_path / "rows.npy", fps=30, layout="h36m-17")[0].dimensions == 2
