"""Text of numbers alone: rows of frames and of joints, of several cameras and data sets."""

import numpy as np
import pytest

import himpc
from himpc.errors import FormatError, Reference
from himpc.reading.formats.parsing.published_orders import ORDERS
from himpc.skeleton import get_layout

ROWS = {
    "coordinates": lambda x: flat(x),
    "frame numbers": lambda x: np.c_[np.arange(len(x)), flat(x)],
    "times": lambda x: np.c_[np.arange(len(x)) / 30, flat(x)],
    "frame numbers and times": lambda x: np.c_[np.arange(len(x)), np.arange(len(x)) / 30, flat(x)],
    "a label": lambda x: np.c_[flat(x), np.full(len(x), 7)],
    "confidences": lambda x: flat(np.concatenate([x, np.full((*x.shape[:2], 1), 0.7)], axis=2)),
    "states": lambda x: flat(np.concatenate([x, np.full((*x.shape[:2], 1), 2)], axis=2)),
    "a second person who is absent": lambda x: np.c_[flat(x), flat(0 * x)],
    "a row a joint": lambda x: x.reshape(-1, 3),
}

ASIDE = np.array([1.5, 0, 0])


def flat(x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), -1)


def write(path, rows, separator=" ", header=""):
    path.write_text(header + "\n".join(separator.join(f"{value:.6f}" for value in row) for row in rows) + "\n")
    return path


@pytest.mark.parametrize("separator", [" ", "\t", ",", ", ", ";"])
@pytest.mark.parametrize("layout", ["kinect-v2", "coco-17", "smpl-24"])
@pytest.mark.parametrize("name", ROWS)
def test_rows_of_numbers_are_joints(tmp_path, walking, name, layout, separator):
    joints, _ = walking(layout)
    (recording,) = himpc.read(write(tmp_path / "a.txt", ROWS[name](joints), separator), clean=False)
    assert recording.layout == get_layout(layout)
    np.testing.assert_allclose(recording.joints, joints, atol=1e-4)
    assert recording.fps == (30 if "times" in name else None)
    assert any("is not used" in note for note in recording.quality.notes) == (name == "a label")


def test_two_people_of_a_row_are_two_recordings(tmp_path, walking):
    joints, _ = walking("kinect-v2")
    path = write(tmp_path / "a.txt", np.c_[flat(joints), flat(joints + ASIDE)])
    first, second = himpc.read(path, clean=False)
    np.testing.assert_allclose(second.joints - first.joints, np.broadcast_to(ASIDE, joints.shape), atol=1e-4)
    assert first.clock == second.clock


@pytest.mark.parametrize("title", ["MSR Action3D", "UTD-MHAD", "KARD"])
def test_orders_of_data_sets_are_known_by_the_body(tmp_path, walking, title):
    layout, names = ORDERS[title]
    joints, own = walking(layout)
    rows = joints[:, [own.index(name) for name in names]].reshape(-1, 3)
    (recording,) = himpc.read(write(tmp_path / "a.txt", rows), clean=False)
    np.testing.assert_allclose(recording.joints, joints, atol=1e-4)
    assert title in recording.quality.notes[0]


def test_sbu_is_of_pictures_and_needs_their_size(tmp_path, walking):
    joints, own = walking("openni-15")
    body = joints[:, [own.index(name) for name in ORDERS["SBU Kinect Interaction"][1]]]
    shares = np.stack([0.4 + body[..., 0] * 0.1, 0.5 - body[..., 1] * 0.15, 0.2 + body[..., 2] * 0.01], axis=2)
    rows = np.c_[np.arange(len(body)), flat(shares), flat(shares + ASIDE / 10)]
    path = write(tmp_path / "skeleton_pos.txt", rows, ",")
    with pytest.raises(FormatError, match="shares of the picture"):
        himpc.read(path)
    recordings = himpc.read(path, image_size="640x480")
    assert [(recording.dimensions, recording.layout.name) for recording in recordings] == [(2, "openni-15")] * 2


def test_rows_without_a_person_are_gaps(tmp_path, walking):
    joints, _ = walking("kinect-v2")
    body = np.concatenate([joints, np.tile([0, 0, 0, 1], (*joints.shape[:2], 1))], axis=2)
    rows = np.concatenate([np.zeros((300, 175)), flat(body)])
    numbered = np.c_[np.arange(len(rows)), np.arange(len(rows)) * 33, rows]
    (recording,) = himpc.read(write(tmp_path / "a.txt", numbered), clean=False)
    np.testing.assert_allclose(recording.joints[-len(joints) :], joints, atol=1e-4)
    assert recording.fps == pytest.approx(1000 / 33, abs=0.1)


def test_rows_of_pixels_and_scores_are_of_pictures(tmp_path, walking):
    joints, _ = walking("coco-17")
    rows = np.stack([500 + 100 * joints[..., 0], 900 - 100 * joints[..., 1], np.full(joints.shape[:2], 0.9)], axis=2)
    (recording,) = himpc.read(write(tmp_path / "a.csv", flat(rows), ","), clean=False)
    assert (recording.layout.name, recording.dimensions) == ("coco-17", 2)
    assert recording.confidence == pytest.approx(0.9)


def test_shares_of_a_picture_after_other_numbers_are_refused(tmp_path, walking):
    joints, _ = walking("coco-17")
    shares = np.stack([0.5 + 0.1 * joints[..., 0], 0.6 - 0.2 * joints[..., 1], np.ones(joints.shape[:2])], axis=2)
    rows = np.c_[np.tile([0, 0.5, 0.5, 0.3, 0.8], (len(joints), 1)), flat(shares)]
    with pytest.raises(FormatError, match="in no known order"):
        himpc.read(write(tmp_path / "a.txt", rows), image_size="640x480")


def test_a_header_of_numbers_is_left_out_and_a_cut_line_noted(tmp_path, walking):
    joints, _ = walking("kinect-v2")
    path = write(tmp_path / "a.csv", flat(joints), ",", ",".join(f"V{i}" for i in range(75)) + "\n")
    path.write_text(path.read_text()[:-100])
    (recording,) = himpc.read(path, clean=False)
    np.testing.assert_allclose(recording.joints, joints[:-1], atol=1e-4)
    assert "is cut off" in recording.quality.notes[1]


@pytest.mark.parametrize("header", ["0,1,2", "V1,V2,V3", "1,2,3"])
def test_a_header_of_three_numbers_is_left_out(tmp_path, walking, header):
    joints, _ = walking("kinect-v2")
    path = write(tmp_path / "a.csv", joints.reshape(-1, 3), ",", header + "\n")
    (recording,) = himpc.read(path, clean=False)
    np.testing.assert_allclose(recording.joints, joints, atol=1e-4)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.random.default_rng(0).uniform(size=(50, 75)) * 3, "rows of 75 numbers, which in no known order are joints"),
        (np.random.default_rng(0).uniform(size=(500, 3)) * 3, "500 rows of 3 numbers, which are no joints of a person"),
        (np.zeros((50, 75)), "in no known order"),
    ],
)
def test_other_numbers_are_errors(tmp_path, rows, message):
    with pytest.raises(FormatError, match=message):
        himpc.read(write(tmp_path / "a.txt", rows))


@pytest.mark.parametrize("width", [3, 75, 76])
def test_advice_to_state_the_layout_works(tmp_path, width):
    """Points of no person are read as what the user states, however unlikely."""
    rows = np.random.default_rng(0).uniform(size=(500 if width == 3 else 50, width))
    if width == 76:
        rows[:, 0] = np.arange(50)
    path = write(tmp_path / "a.txt", rows)
    with pytest.raises(FormatError) as error:
        himpc.read(path)
    references: list[Reference] = []
    error.value.hint.render(lambda reference: references.append(reference) or "")
    (layout,) = [reference.value for reference in references]
    (recording,) = himpc.read(path, layout=layout, scale=0.2, up="y", clean=False)
    assert recording.layout.name == layout
