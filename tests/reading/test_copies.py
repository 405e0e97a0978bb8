"""A body that a file holds several times is one person, with a note; people beside each other are several."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

import himpc

WALKER = runpy.run_path(str(Path(__file__).with_name("walker.py")))
LABELS = WALKER["LABELS"]
NOTE = "another body of the file"


def read_two(folder, first, second):
    """Read two sets of markers in metres, under a prefix each."""
    points = np.concatenate([first, second], axis=1) * 1000
    labels = [f"{prefix}:{label}" for prefix in ("Raw", "Filtered") for label in LABELS]
    return himpc.read(WALKER["write_trc"](folder / "a.trc", points, labels), clean=False)


@pytest.mark.parametrize("noise", [0, 0.002])
def test_one_body_under_two_prefixes_is_one_person(tmp_path, noise):
    walk = WALKER["walk"]()
    other = walk + np.random.default_rng(0).normal(scale=noise, size=walk.shape)
    (recording,) = read_two(tmp_path, walk, other)
    assert recording.person is None
    assert recording.source.endswith("a.trc")  # and no number of a body
    assert any(NOTE in note and "(Filtered)" in note for note in recording.quality.notes)


def test_people_beside_each_other_are_two(tmp_path):
    recordings = read_two(tmp_path, WALKER["walk"](), WALKER["walk"](aside=0.4))
    assert [recording.person for recording in recordings] == ["Raw", "Filtered"]
    assert not any(NOTE in note for recording in recordings for note in recording.quality.notes)


def test_a_copy_that_others_walk_beside_is_left_out(tmp_path, walking):
    joints, names = walking("kinect-v1")
    people = joints, joints + np.array([1.5, 0, 0]), joints
    frames = [
        {
            "bodies": [
                {"id": k, "joints": dict(zip(names, body[i].tolist(), strict=True))} for k, body in enumerate(people)
            ]
        }
        for i in range(len(joints))
    ]
    (tmp_path / "a.json").write_text(json.dumps(frames))
    recordings = himpc.read(tmp_path / "a.json", fps=30, clean=False)
    assert len(recordings) == 2
    assert [any(NOTE in note for note in each.quality.notes) for each in recordings] == [True, False]


@pytest.mark.parametrize("longer", [0, 1])
def test_the_copy_that_is_seen_longer_is_kept(tmp_path, walking, longer):
    joints, names = walking("kinect-v1")
    frames = [
        {
            "bodies": [
                {"id": k, "joints": dict(zip(names, frame, strict=True))} for k in range(2) if k == longer or i < 6
            ]
        }
        for i, frame in enumerate(joints.tolist())
    ]
    (tmp_path / "a.json").write_text(json.dumps(frames))
    (recording,) = himpc.read(tmp_path / "a.json", fps=30, clean=False)
    assert len(recording) == len(joints)
