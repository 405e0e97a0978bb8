"""Files that contradict themselves: each is read as its body, time stamps and size show, with a note, or refused.

The files in the folder ``cases``, and those that are written here, recreate situations that users report.
"""

import json
import runpy
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import himpc
from himpc.errors import FormatError, HimpcError, Reference
from himpc.reading.units import body_size

CASES = Path(__file__).with_name("cases")
WALKER = runpy.run_path(str(Path(__file__).with_name("walker.py")))
walk, write_c3d, write_trc, LABELS = (WALKER[name] for name in ("walk", "write_c3d", "write_trc", "LABELS"))

HEAD_TO_ANKLE = 1.71
"""Metres of the walker; the persons of BVH and AMC files are 1.55 m."""


@dataclass(frozen=True)
class Expected:
    """What is right for a file: sizes of its people, frames read of each, the rate, and words of its notes."""

    sizes: tuple[float, ...] = (HEAD_TO_ANKLE,)
    frames: int = 60
    fps: float | None = 100
    notes: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


def check(path: Path, expected: Expected) -> himpc.reading.Recordings:
    """Read a file, and compare what is read with what is right."""
    recordings = himpc.read(path, **expected.options)
    assert recordings.problems == ()
    bodies = {str(recording.origin.whole): recording for recording in recordings}
    assert [body_size(r.joints, r.layout) for r in bodies.values()] == pytest.approx(list(expected.sizes), rel=0.01)
    assert sum(recording.quality.frames_read for recording in recordings) == expected.frames * len(expected.sizes)
    assert {recording.fps for recording in recordings} == {expected.fps}
    if recordings[0].dimensions == 3 and "up" not in expected.options:
        for recording in recordings:
            assert np.median(np.ptp(recording.joints[..., 1], axis=1)) > 0.85 * min(expected.sizes)  # stands upright
    notes = "; ".join(note for recording in recordings for note in recording.quality.notes)
    assert [words for words in expected.notes if words not in notes] == []
    return recordings


FILES = {
    "cgspeed_scale.bvh": Expected((1.547,), 30, 30, ("units of 0.0254 / 0.45 m",)),
    "ftms.bvh": Expected((1.547,), 30, 30, ("states a frame time of 33.3333 s, which must be milliseconds",)),
    "frames_minus1.bvh": Expected((1.547,), 30, 30, ("states 29 frames and holds 30",)),
    "asf_metres": Expected((1.56,), 20, None, ("the file states units of 2.54 m; read in m",)),
    "op_missing": Expected((375,), 40, None, ("10 frames are missing",)),
    "kinect_missing_frames": Expected((1.543,), 40, None, ("10 frames are missing",)),
    "alphapose_idx_two_people.json": Expected((375, 235), 40, None),
    "alphapose_idx_together.json": Expected((375, 235), 40, None),
    "op_norm": Expected((375,), 30, None, ("shares of a picture of 1920x1080",), {"image_size": "1920x1080"}),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_read_as_its_evidence_shows(name):
    check(CASES / name, FILES[name])


@pytest.mark.parametrize("name", ["op_missing", "kinect_missing_frames"])
def test_missing_files_of_a_folder_are_a_gap(name):
    (recording,) = himpc.read(CASES / name, clean=False)
    assert np.flatnonzero(np.isnan(recording.joints).all(axis=(1, 2))).tolist() == list(range(15, 25))


def test_shares_of_the_picture_regain_the_shape_of_the_body():
    (recording,) = himpc.read(CASES / "op_norm", image_size="1920x1080")
    left, right = (recording.joints[:, recording.layout.index(f"{side}_shoulder")] for side in ("left", "right"))
    height = np.ptp(recording.joints[..., 1], axis=1)
    assert np.median(np.linalg.norm(left - right, axis=1) / height) == pytest.approx(0.217, abs=0.002)


@pytest.mark.parametrize("metres", [1.0, 0.01, 0.001, 0.0254])
@pytest.mark.parametrize("units", ["m", "mm", "cm", "in", "mete", "mill", "km", None])
def test_c3d_units_are_those_of_the_body(tmp_path, metres, units):
    names = {"m": 1.0, "mete": 1.0, "mm": 0.001, "mill": 0.001, "cm": 0.01, "in": 0.0254}
    path = write_c3d(tmp_path / "a.c3d", walk() / metres, units=units)
    if (units, metres) == ("cm", 0.0254):  # a body of 67 cm is possible, but doubtful
        check(path, Expected((0.68,), notes=("m tall in the unit 'cm', as the file states",)))
        return
    recordings = check(path, Expected())
    assert any("read in" in note for note in recordings[0].quality.notes) == (names.get(units) != metres)


@pytest.mark.parametrize("screen", ["+X", "-X", "+Y", "-Y", "+Z", "-Z", None, "up"])
@pytest.mark.parametrize("up", ["+y", "+z", "-z"])
def test_c3d_axes_are_those_of_the_body(tmp_path, screen, up):
    turn = {
        "+z": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        "+y": [[1, 0, 0], [0, 0, -1], [0, 1, 0]],
        "-z": [[1, 0, 0], [0, -1, 0], [0, 0, -1]],
    }
    points = walk() @ np.array(turn[up]).T * 1000
    check(write_c3d(tmp_path / "a.c3d", points, screen=screen), Expected())


def integers(*values: int) -> bytes:
    return np.array(values, "<u2").tobytes()


C3D = {
    "blocks counted too low": ({"blocks": 1}, ()),
    "no blocks counted": ({"blocks": 0}, ()),
    "a rate of 0 in the parameters": ({"rate": 0, "header_rate": 100}, ()),
    "a rate of 0 in the header": ({"rate": 100, "header_rate": 0}, ()),
    "two rates": ({"rate": 100, "header_rate": 50}, ("states 50 frames a second elsewhere",)),
    "one frame too many": ({"last": 61}, ("states 61 frames and holds 60",)),
    "one frame too few": ({"last": 58}, ("states 58 frames and holds 60",)),
    "half of the frames": ({"last": 30}, ("states 30 frames and holds 60",)),
    "twice the frames": ({"last": 120}, ("states 120 frames and holds 60",)),
    "no frames": ({"last": 0}, ("states 0 frames and holds 60",)),
    "not from the first frame": ({"first": 200}, ()),
    "a first frame that wraps": ({"first": 65530, "last": 65589}, ()),
    "the number of points": ({"header_points": 29}, ("30 points",)),
    "the number of analog values": ({"header_analog": 6}, ()),
    "analog values": ({"analog": 4}, ()),
    "integers with a negative scale in the header": ({"scale": 0.1, "header_scale": -0.1}, ()),
    "floats with a positive scale in the header": ({"scale": -1.0, "header_scale": 1.0}, ()),
    "integers": ({"scale": 0.1}, ()),
}


@pytest.mark.parametrize("name", C3D)
def test_c3d_header_yields_to_the_size_of_the_file(tmp_path, name):
    options, notes = C3D[name]
    check(write_c3d(tmp_path / "a.c3d", walk() * 1000, **options), Expected(notes=notes))


def test_c3d_floats_that_parameters_state_as_integers_are_floats(tmp_path):
    path = write_c3d(tmp_path / "a.c3d", walk() * 1000)
    content = path.read_bytes()
    old, new = (
        b"SCALE" + np.array([9], "<u2").tobytes() + b"\x04\x00" + np.array([v], "<f4").tobytes() for v in (-1, 1)
    )
    assert old in content
    path.write_bytes(content.replace(old, new))
    check(path, Expected(notes=("points are floats, as the size of the file shows",)))


TRIAL = {
    "no parameter": ((), ()),
    "TRIAL": (
        ((2, "ACTUAL_START_FIELD", 2, integers(1, 0)), (2, "ACTUAL_END_FIELD", 2, integers(70_000 - 65536, 1))),
        ("TRIAL",),
    ),
    "LONG_FRAMES": (((1, "LONG_FRAMES", 4, np.array([70_000], "<f4").tobytes()),), ()),
    "FRAMES": (((1, "FRAMES", 4, np.array([70_000], "<f4").tobytes()),), ()),
    "FRAMES modulo 65536": (((1, "FRAMES", 2, integers(70_000 - 65536)),), ()),
}


@pytest.mark.parametrize("last", [65535, 70_000 - 65536])
@pytest.mark.parametrize("name", TRIAL)
def test_c3d_holds_more_frames_than_its_header_can_count(tmp_path, name, last):
    parameters, groups = TRIAL[name]
    labels = ["LASI", "RASI"]
    points = np.tile(walk(1)[:, [LABELS.index(label) for label in labels]] * 1000, (70_000, 1, 1))
    path = write_c3d(tmp_path / "a.c3d", points, labels, last=last, parameters=parameters, groups=groups)
    from himpc.reading.formats.c3d.file import open_c3d

    assert open_c3d(path).frames == 70_000


@pytest.mark.parametrize(
    "missing", ["", "NaN", "nan", "-nan(ind)", "1.#QNAN", "-1.#IND", "0", "9999999", "#N/A", "null"]
)
def test_trc_cells_of_missing_markers_are_gaps(tmp_path, missing):
    points = walk() * 1000
    points[20:25, LABELS.index("LKNE")] = np.nan
    path = write_trc(tmp_path / "a.trc", points, missing=missing)
    (recording,) = himpc.read(path, clean=False)
    knee = recording.layout.index("left_knee")
    assert np.flatnonzero(np.isnan(recording.joints[:, knee, 0])).tolist() == [20, 21, 22, 23, 24]
    check(path, Expected())


TRC = {
    "one frame too many": ({"stated_frames": 61}, ("states 61 frames and holds 60",)),
    "one frame too few": ({"stated_frames": 59}, ("states 59 frames and holds 60",)),
    "one marker too many": ({"stated_markers": 31}, ("states 31 markers and holds 30",)),
    "blanks": ({"separator": " "}, ()),
    "commas": ({"separator": ","}, ()),
    "semicolons": ({"separator": ";"}, ()),
    "decimal commas": ({"decimal": ","}, ()),
    "decimal commas and blanks": ({"decimal": ",", "separator": " "}, ()),
    "decimal commas and semicolons": ({"decimal": ",", "separator": ";"}, ()),
    "a byte order mark": ({"encoding": "utf-8-sig"}, ()),
    "UTF-16": ({"encoding": "utf-16"}, ()),
    "lines of Windows": ({"newline": "\r\n"}, ()),
    "lines of a Macintosh": ({"newline": "\r"}, ()),
    "capital units": ({"units": "MM"}, ()),
    "wrong units": ({"units": "m"}, ("the file states the unit 'm'; read in mm",)),
    "unknown units": ({"units": "px"}, ("an unknown unit of length, 'px'; read in mm",)),
    "no rate": ({"rate": 0}, ("the file states 0",)),
    "another rate": ({"rate": 30}, ("100 frames a second, as the time stamps show; the file states 30",)),
    "frames from 501": ({"numbers": np.arange(501, 561)}, ()),
    "no frame numbers": ({"numbers": np.zeros(60, int)}, ()),
    "frame numbers that start again": ({"numbers": np.arange(60) % 30}, ("frame numbers do not increase",)),
    "time in milliseconds": ({"seconds": np.arange(60) * 10.0}, ("time stamps are in milliseconds",)),
    "frames as time": ({"seconds": np.arange(60.0)}, ()),
    "no time": ({"seconds": np.zeros(60)}, ()),
    "time that starts again": ({"seconds": np.arange(60) % 30 / 100}, ("time stamps do not increase",)),
    "every second frame": (
        {"numbers": np.arange(1, 121, 2), "rate": 200},
        ("frame numbers count by 2, so its 200 frames a second are 100 here",),
    ),
}


@pytest.mark.parametrize("name", TRC)
def test_trc_header_yields_to_its_table(tmp_path, name):
    options, notes = TRC[name]
    check(write_trc(tmp_path / "a.trc", walk() * 1000, **options), Expected(notes=notes))


@pytest.mark.parametrize("by", ["numbers", "seconds", "both"])
def test_trc_jumps_of_numbers_or_times_are_gaps(tmp_path, by):
    kept = np.r_[0:15, 25:60]
    times = {"numbers": kept + 1, "seconds": kept / 100}
    options = times if by == "both" else {by: times[by]}
    path = write_trc(tmp_path / "a.trc", walk()[kept] * 1000, **options)
    (recording,) = himpc.read(path, clean=False)
    assert recording.fps == 100
    assert np.flatnonzero(np.isnan(recording.joints).all(axis=(1, 2))).tolist() == list(range(15, 25))


@pytest.mark.parametrize("axis", range(3))
def test_left_handed_axes_are_turned_round(tmp_path, axis):
    (expected,) = himpc.read(write_trc(tmp_path / "a.trc", walk() * 1000))
    points = walk() * 1000
    points[..., axis] *= -1
    (found,) = check(write_trc(tmp_path / "b.trc", points), Expected(notes=("axes are left-handed",)))
    half_turns = [expected.joints * turn for turn in ([1, 1, 1], [-1, 1, -1])]
    assert any(np.allclose(found.joints, joints, atol=1e-4) for joints in half_turns)


@pytest.mark.parametrize("order", ["XZY", "ZXY"])
def test_trc_coordinates_are_in_the_order_of_their_header(tmp_path, order):
    path = write_trc(tmp_path / "a.trc", walk()[..., ["XYZ".index(axis) for axis in order]] * 1000)
    (expected,) = himpc.read(write_trc(tmp_path / "b.trc", walk() * 1000))
    text = path.read_text().splitlines()
    text[4] = text[4].translate(str.maketrans("XYZ", order))
    path.write_text("\n".join(text))
    np.testing.assert_allclose(himpc.read(path)[0].joints, expected.joints, atol=1e-4)


@pytest.mark.parametrize("rate", [0, -30, 0.5, 1e-320, 1e5])
def test_a_rate_that_no_recording_has_is_noted_and_ignored(tmp_path, rate):
    path = write_trc(tmp_path / "a.trc", walk() * 1000, rate=rate, seconds=np.zeros(60))
    (recording,) = himpc.read(path)
    assert recording.fps is None
    assert f"states {rate:g} frames a second, which is not from 1 to 10000 and is ignored" in str(
        recording.quality.notes
    )


def test_two_recordings_in_one_trc_are_refused(tmp_path):
    path = write_trc(tmp_path / "a.trc", walk() * 1000, numbers=np.arange(60) % 30, seconds=np.arange(60) % 30 / 100)
    with pytest.raises(FormatError, match="line 37: its frame number or time is before that of the line before"):
        himpc.read(path)


HEADERS = {
    "a rate in words": (
        lambda text: text.replace("\n100\t", "\nmany\t"),
        ("states DataRate 'many', which is no number",),
    ),
    "a rate with its unit": (lambda text: text.replace("\n100\t", "\n100 Hz\t"), ()),
    "keys in capitals": (lambda text: text.replace("DataRate", "DATARATE").replace("Units", "UNITS"), ()),
    "a keyword in quotes": (lambda text: text.replace("PathFileType", '"PathFileType"'), ()),
    "no line of axes": (lambda text: "\n".join(line for line in text.split("\n") if not line.startswith("X1")), ()),
    "a label for each coordinate": (
        lambda text: text.replace("\t\t\t", "\t").replace("\t".join(LABELS), ALL_LABELS).replace("X1", "x"),
        (),
    ),
    "a keyword in small letters": (lambda text: text.replace("PathFileType", "pathfiletype"), ()),
    "a unit of time": (lambda text: text.replace("\tTime\t", "\tTime (s)\t"), ()),
    "no frame numbers": (lambda text: without_column(text, 0), ()),
    "no times": (lambda text: without_column(text, 1), ()),
}
ALL_LABELS = "\t".join(f"{label}_{axis}" for label in LABELS for axis in "xyz")


def without_column(text: str, column: int) -> str:
    lines = [line.split("\t") for line in text.split("\n")]
    lines[4] = ["", "", *lines[4]]
    return "\n".join(
        "\t".join(cells[:column] + cells[column + 1 :] if i > 2 else cells) for i, cells in enumerate(lines)
    )


@pytest.mark.parametrize("name", HEADERS)
def test_trc_headers_of_other_programs_are_read(tmp_path, name):
    change, notes = HEADERS[name]
    path = write_trc(tmp_path / "a.trc", walk() * 1000)
    path.write_text(change(path.read_text()))
    recordings = check(path, Expected(notes=notes))
    assert not any("unit" in note for note in recordings[0].quality.notes)


@pytest.mark.parametrize("write", [write_c3d, write_trc])
@pytest.mark.parametrize("pattern", ["{0}_{1}", "{0}{1}", "{1}_{0}", "{1} {0}"])
def test_numbers_of_people_in_labels_separate_them(tmp_path, write, pattern):
    both = np.concatenate([walk(), walk(size=0.9, aside=1.5)], axis=1) * 1000
    labels = [pattern.format(label, number) for number in (1, 2) for label in LABELS]
    recordings = check(write(tmp_path / "a.file", both, labels), Expected((1.71, 1.54)))
    assert [recording.person for recording in recordings] == [None, None]


def test_numbers_of_markers_in_clusters_are_no_people(tmp_path):
    segments = ("HEAD", "TRUNK", "LUA", "RUA", "LFA", "RFA", "LTHI", "RTHI", "LSHA", "RSHA")
    corners = np.tile([[0, 0, 0], [30, 0, 0], [0, 30, 0], [0, 0, 30]], (10, 1))
    points = np.repeat(walk()[:, ::3] * 1000, 4, axis=1) + corners
    points += np.random.default_rng(0).normal(scale=0.3, size=points.shape)  # as markers have, and computed points not
    path = write_c3d(tmp_path / "a.c3d", points, [f"{name}_{i}" for name in segments for i in range(1, 5)])
    (recording,) = himpc.read(path)
    assert len(recording.layout) == 40


def test_labels_of_c3d_are_utf8_or_latin1(tmp_path):
    for encoding in ("utf-8", "latin-1"):
        path = write_c3d(tmp_path / "a.c3d", walk() * 1000, [f"Ma__r:{label}" for label in LABELS])
        path.write_bytes(path.read_bytes().replace(b"Ma__r", "Maïr".encode(encoding).ljust(5)))
        assert any("subject Maïr" in note for note in himpc.read(path)[0].quality.notes)


@pytest.mark.parametrize("write", [write_c3d, write_trc])
def test_a_file_that_shows_nobody_says_so(tmp_path, write):
    with pytest.raises(FormatError, match="shows no person: every point is missing in every frame"):
        himpc.read(write(tmp_path / "a.file", walk() * np.nan))


def test_a_marker_without_a_label_does_not_shift_the_others(tmp_path):
    labels = [*LABELS[:10], "", *LABELS[10:]]
    points = np.insert(walk() * 1000, 10, 500, axis=1)
    check(write_trc(tmp_path / "a.trc", points, labels), Expected(notes=("states 31 markers and holds 30",)))


def test_a_last_line_that_was_cut_off_is_left_out(tmp_path):
    path = write_trc(tmp_path / "a.trc", walk() * 1000)
    path.write_bytes(path.read_bytes()[:-100])
    check(path, Expected(frames=59, notes=("is cut off", "states 60 frames and holds 59")))


@pytest.mark.parametrize("write", [write_c3d, write_trc])
@pytest.mark.parametrize("interleaved", [False, True])
def test_two_people_with_equal_labels_are_two_people(tmp_path, write, interleaved):
    both = np.stack([walk(), walk(size=0.9, aside=1.5)], axis=2 if interleaved else 1).reshape(60, -1, 3)
    labels = [label for label in LABELS for _ in range(2)] if interleaved else LABELS * 2
    check(write(tmp_path / "a.file", both * 1000, labels), Expected((1.71, 1.54), notes=("read as two people",)))


def test_markers_with_equal_labels_of_one_person_are_refused_by_name(tmp_path):
    points = np.concatenate([walk(), walk()[:, [3]] + 0.3], axis=1) * 1000
    with pytest.raises(FormatError, match="several markers have the same label: RBHD; give each marker a label"):
        himpc.read(write_c3d(tmp_path / "a.c3d", points, [*LABELS, "RBHD"]))


@pytest.mark.parametrize("ghost", [np.nan, 0])
def test_a_label_that_is_there_again_without_data_is_ignored(tmp_path, ghost):
    points = np.concatenate([walk(), walk()[:, [3]] * np.nan if np.isnan(ghost) else walk()[:, [3]]], axis=1) * 1000
    check(write_c3d(tmp_path / "a.c3d", points, [*LABELS, "RBHD"]), Expected())


def test_prefixes_of_labels_are_the_names_of_people(tmp_path):
    both = np.concatenate([walk(), walk(size=0.9, aside=1.5)], axis=1) * 1000
    path = write_c3d(tmp_path / "a.c3d", both, [f"{name}:{label}" for name in "AB" for label in LABELS])
    assert [recording.person for recording in check(path, Expected((1.71, 1.54)))] == ["A", "B"]
    assert [recording.person for recording in himpc.read(path, name="{person}.c3d")] == ["a", "a"]
    one = write_c3d(tmp_path / "b.c3d", walk() * 1000, [f"Template:{label}" for label in LABELS])
    assert himpc.read(one)[0].person is None


def test_unrelated_pictures_are_refused_and_frames_of_a_video_are_not(tmp_path):
    content = json.loads((CASES / "coco_annotations_unrelated.json").read_text())
    with pytest.raises(FormatError, match="so these are not frames of one recording"):
        himpc.read(CASES / "coco_annotations_unrelated.json")
    for i, person in enumerate(content["annotations"]):
        still = np.reshape(content["annotations"][0]["keypoints"], (-1, 3)) + np.array([i, 0, 0])
        person["keypoints"] = still.ravel().tolist()
    (tmp_path / "video.json").write_text(json.dumps(content))
    check(tmp_path / "video.json", Expected((body_size_2d(content),), 20, None))


@pytest.mark.parametrize("idx", [0, [0.0], None])
def test_people_without_ids_are_not_mixed(tmp_path, idx):
    for name, expected in (("two_people", Expected((375, 235), 40, None)), ("together", None)):
        content = json.loads((CASES / f"alphapose_idx_{name}.json").read_text())
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps([person | {"idx": idx} for person in content]))
        if expected is not None:
            check(path, expected)
        else:
            with pytest.raises(FormatError, match="several people a frame and no ids"):
                himpc.read(path)


@pytest.mark.parametrize("idx", [float, lambda value: [value], str])
def test_ids_of_alphapose_are_numbers_in_any_form(tmp_path, idx):
    content = json.loads((CASES / "alphapose_idx_together.json").read_text())
    (tmp_path / "a.json").write_text(json.dumps([person | {"idx": idx(person["idx"])} for person in content]))
    check(tmp_path / "a.json", Expected((375, 235), 40, None))


def test_images_of_two_folders_are_two_recordings(tmp_path):
    content = json.loads((CASES / "alphapose_idx_together.json").read_text())
    people = [{**person, "image_id": f"video{person.pop('idx')}/{person['image_id']}"} for person in content]
    (tmp_path / "a.json").write_text(json.dumps(people))
    recordings = check(tmp_path / "a.json", Expected((375, 235), 40, None))
    assert [recording.origin.body for recording in recordings] == ["video1", "video2"]


def body_size_2d(content: dict[str, Any]) -> float:
    """Return the size of the first body of a COCO file, as it is read."""
    content = content | {"annotations": content["annotations"][:1], "images": content["images"][:1]}
    from himpc.reading.formats.parsing.keypoints import flat_pose
    from himpc.skeleton import get_layout

    points = np.reshape(content["annotations"][0]["keypoints"], (1, -1, 3)) / (1, 1, 2)
    return body_size(flat_pose(points)[0], get_layout("coco-17"))


def test_the_user_wins_over_the_file(tmp_path):
    points, size = walk(), HEAD_TO_ANKLE
    c3d = write_c3d(tmp_path / "a.c3d", points * 1000, units="m", screen="-Z", rate=50)
    trc = write_trc(tmp_path / "a.trc", points * 1000, units="cm", rate=50)
    for path in (c3d, trc):
        check(path, Expected(fps=25, options={"unit": "mm", "up": "z", "fps": 25}))
        check(path, Expected((2 * size,), fps=25, options={"scale": 0.002, "up": "z", "fps": 25}))
        (recording,) = check(path, Expected(fps=25, options={"unit": "mm", "up": "x", "fps": 25}))
        assert np.median(np.ptp(recording.joints[..., 1], axis=1)) < 0.7  # lies, as stated


ADVICE = {
    "a user's unit": (lambda folder: write_c3d(folder / "a.c3d", walk() * 1000), {"unit": "m"}),
    "no unit at all": (lambda folder: write_c3d(folder / "a.c3d", walk() * 7, units=None), {}),
    "a tiny body": (lambda folder: write_trc(folder / "a.trc", walk() * 1e-4 * 0.3, units="m"), {"clean": False}),
    "a body in the air": (lambda folder: write_csv_of_a_swimmer(folder / "a.csv"), {}),
    "shares of the picture": (lambda folder: shutil.copytree(CASES / "op_norm", folder / "a"), {}),
}


def write_csv_of_a_swimmer(path: Path) -> Path:
    """Write a body that leans away from every axis."""
    (recording,) = himpc.read(write_c3d(path.with_suffix(".c3d"), walk() * 1000))
    turn = np.array([[1, -1, 0], [1, 1, 1], [-1, -1, 2]]) / np.sqrt([[2], [3], [6]])
    header = ",".join(f"{joint}_{axis}" for joint in recording.layout.joints for axis in "xyz")
    rows = [",".join(f"{value:.5f}" for value in frame.ravel()) for frame in recording.joints @ turn]
    path.write_text("\n".join(["# unit: m", header, *rows]))
    return path


@pytest.mark.parametrize("name", ADVICE)
def test_advice_of_errors_works(tmp_path, name):
    make, options = ADVICE[name]
    path = make(tmp_path)
    with pytest.raises(HimpcError) as error:
        himpc.read(path, **options)
    references: list[Reference] = []
    assert error.value.hint is not None
    error.value.hint.render(lambda reference: references.append(reference) or "")
    advice = {r.name: float(r.value) if r.name == "scale" else r.value for r in references if r.value is not None}
    assert advice
    assert len(himpc.read(path, **{**options, **advice})) >= 1


def test_advice_to_name_people_and_markers_works(tmp_path):
    content = json.loads((CASES / "coco_annotations_unrelated.json").read_text())
    content["annotations"] = [person | {"track_id": 1} for person in content["annotations"]]
    (tmp_path / "a.json").write_text(json.dumps(content))
    assert len(himpc.read(tmp_path / "a.json", clean=False)) == 1
    points = np.concatenate([walk(), walk(aside=1.0), walk(aside=2.0)], axis=1) * 1000
    with pytest.raises(FormatError, match="and each person a prefix such as 'A:'"):
        himpc.read(write_c3d(tmp_path / "a.c3d", points, LABELS * 3))
    named = [f"{person}:{label}" for person in "ABC" for label in LABELS]
    assert [r.person for r in himpc.read(write_c3d(tmp_path / "b.c3d", points, named))] == ["A", "B", "C"]
    halves = [write_trc(tmp_path / f"{half}.trc", walk()[half * 30 :][:30] * 1000) for half in range(2)]
    assert len(himpc.read(halves)) == 2
