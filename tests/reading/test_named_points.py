"""Named points: subjects in labels, marker sets, joint names, parts of bodies, and the cases of users."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import himpc
from himpc._schema import parse
from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.parsing.markers import marker_recordings
from himpc.reading.formats.parsing.named_points import explain_unknown, resolve_points
from himpc.reading.formats.parsing.spelling import misspelt_names
from himpc.reading.formats.parsing.subjects import propose_subjects
from himpc.skeleton import MarkerSet, get_layout

PLUG_IN_GAIT = [
    *("LFHD", "RFHD", "LBHD", "RBHD", "C7", "T10", "CLAV", "STRN", "LSHO", "RSHO", "LELB", "RELB", "LWRA", "LWRB"),
    *("RWRA", "RWRB", "LFIN", "RFIN", "LASI", "RASI", "LPSI", "RPSI", "LKNE", "RKNE", "LANK", "RANK", "LTOE", "RTOE"),
    *("LHEE", "RHEE"),
]
HALPE = [
    *("Hip", "RHip", "RKnee", "RAnkle", "RBigToe", "RSmallToe", "RHeel", "LHip", "LKnee", "LAnkle", "LBigToe"),
    *("LSmallToe", "LHeel", "Neck", "Head", "Nose", "RShoulder", "RElbow", "RWrist", "LShoulder", "LElbow", "LWrist"),
]
LOWER = [
    *("LASI", "RASI", "LPSI", "RPSI", "LTHI", "LKNE", "LTIB", "LANK", "LHEE", "LTOE", "RTHI", "RKNE", "RTIB", "RANK"),
    *("RHEE", "RTOE"),
]
OUTPUTS = ["LAnkleAngles", "LAnkleForce", "LAnkleMoment", "LAnklePower", "LGroundReactionForce", "CentreOfMassFloor"]
ANY = FileOptions(scale=10, up="y")


def people_of(labels, options=ANY):
    """The name and layout of each person, and whether every point was asked for by its own column."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(5, len(labels), 3)) * 0.01  # too small to have the bones of a person
    recordings = marker_recordings(
        Path("a.trc"), labels, lambda columns: points[:, columns], options, unit="m", up="y", fps=50
    )
    return [(recording.person, recording.layout.name) for recording in recordings]


def subject_notes(labels):
    rng = np.random.default_rng(0)
    points = rng.normal(size=(5, len(labels), 3)) * 0.01  # too small to have the bones of a person
    recordings = marker_recordings(Path("a.c3d"), labels, lambda c: points[:, c], ANY, unit="m", up="y", fps=50)
    return [
        note.removeprefix("subject ") for r in recordings for note in r.quality.notes if note.startswith("subject ")
    ]


@pytest.mark.parametrize("points", [PLUG_IN_GAIT, HALPE, LOWER], ids=["markers", "joints", "legs"])
@pytest.mark.parametrize(
    "spell",
    [
        "Walker:{}",
        "Walker_{}",
        "Walker-{}",
        "Walker.{}",
        "Walker/{}",
        "Walker|{}",
        "Walker {}",
        "Walker{}",
        "{}_Walker",
        "{}.Walker",
    ],
)
def test_what_labels_have_in_common_is_the_subject(points, spell):
    labels = [spell.format(point) for point in points]
    assert people_of(labels) == [(None, people_of(points)[0][1])]
    assert subject_notes(labels) == ["Walker"]


@pytest.mark.parametrize("points", [PLUG_IN_GAIT, HALPE, LOWER], ids=["markers", "joints", "legs"])
@pytest.mark.parametrize(
    "spell", ["{name}:{point}", "{name}_{point}", "{name}.{point}", "{name} {point}", "{point}_{name}"]
)
@pytest.mark.parametrize("names", [("A", "B"), ("Ann", "Ben"), ("P01", "P02", "P03")])
def test_several_subjects_are_several_people(points, spell, names):
    labels = [spell.format(name=name, point=point) for name in names for point in points]
    assert [person for person, _ in people_of(labels)] == list(names)


@pytest.mark.parametrize(
    "labels",
    [
        [
            f"{side}_{joint}"
            for side in ("L", "R")
            for joint in ("Hip", "Knee", "Ankle", "Foot", "Heel", "Toe", "Shoulder", "Elbow")
        ],
        [f"{side}TH_{i}" for side in "LR" for i in range(9)],
        [f"Head_{place}" for place in ("Front", "Back", "Left", "Right", "Top")],
        ["LASI", "LPSI", "LKNE", "LANK", "LTOE"],
        [],
    ],
)
def test_sides_and_parts_of_bodies_are_no_subjects(labels):
    assert all([subject.name for subject in subjects] in ([], [""]) for subjects in propose_subjects(labels))


def test_points_without_a_prefix_stay_with_the_subject():
    labels = [f"Walker_{point}" for point in PLUG_IN_GAIT[:26]] + PLUG_IN_GAIT[26:]
    assert people_of(labels) == [(None, "kinect-v1")]


def test_points_of_no_person_are_left_out():
    labels = [
        "Wand:1",
        "Wand:2",
        "*12",
        "",
        *(f"Ann:{point}" for point in PLUG_IN_GAIT),
        *(f"Ann:{x}" for x in OUTPUTS),
    ]
    assert people_of(labels) == [(None, "kinect-v1")]
    assert people_of(LOWER + OUTPUTS * 5) == [(None, "kinect-v1-lower-body")]


@given(st.lists(st.text(max_size=12), max_size=40))
def test_any_labels_can_be_asked_about(labels):
    for subjects in propose_subjects(labels):
        columns = [column for subject in subjects for _, column in subject.points]
        assert len(set(columns)) == len(columns)
    resolution = resolve_points(labels, ANY)
    assert resolution is None or set(resolution.columns) <= set(range(len(labels)))


@pytest.mark.parametrize(
    ("labels", "layout"),
    [
        ("LASI RASI LPSI RPSI LKNE RKNE LANK RANK LTOE RTOE LHEE RHEE", "kinect-v1-lower-body"),
        ("RHJC RKJC RAJC LHJC LKJC LAJC MidHip RTOE LTOE", "kinect-v1-lower-body"),
        ("hip_r_jc knee_r_jc ankle_r_jc hip_l_jc knee_l_jc ankle_l_jc pelvis toe_r toe_l", "humanoid-lower-body"),
        ("l_shoulder l_elbow l_wrist l_hand", "kinect-v1-left-arm"),
        ("RHip RKnee RAnkle RFoot", "humanoid-right-leg"),
        ("RASI LASI RPSI LPSI RLE RME RLM RMM RCA RFM RSM RVM LLE LME LLM LMM LCA LFM LSM LVM", "kinect-v1-lower-body"),
    ],
)
def test_a_part_of_a_body_is_a_layout(labels, layout):
    assert people_of(labels.split()) == [(None, layout)]
    assert get_layout(layout).name == layout


@pytest.mark.parametrize(
    "labels",
    [
        "R.ASIS L.ASIS R.PSIS L.PSIS R.Iliac.Crest L.Iliac.Crest R.Thigh.Top.Lateral R.Heel.Top L.Heel.Top",
        "LSHO LUPA LELB LFRM LWRA LWRB LFIN",
        " ".join(f"M{i}" for i in range(30)),
        " ".join(["LHip RHip LKnee RKnee LAnkle RAnkle", *(f"x{i}" for i in range(9))]),
    ],
)
def test_unknown_points_are_not_taken_for_a_body(labels):
    assert resolve_points(labels.split(), ANY) is None


def test_joints_by_name_are_the_points_themselves_or_their_means():
    points = np.random.default_rng(1).normal(size=(3, len(HALPE), 3))
    resolution = resolve_points(HALPE, ANY)
    joints = resolution.compute(points[:, list(resolution.columns)])
    layout = resolution.layout
    assert len(layout) == 22
    np.testing.assert_array_equal(joints[:, layout.index("left_heel")], points[:, HALPE.index("LHeel")])
    humanoid = [name for name in get_layout("humanoid").joints if name not in ("pelvis", "spine")]
    resolution = resolve_points(humanoid, ANY, get_layout("humanoid"))
    joints = resolution.compute(points[:, list(resolution.columns)])
    hips = points[:, [humanoid.index("left_hip"), humanoid.index("right_hip")]]
    np.testing.assert_allclose(joints[:, 0], hips.mean(axis=1))


def test_what_the_user_states_comes_first():
    kinect = get_layout("kinect-v1")
    table = kinect.to_dict() | {"name": "mine", "file_names": {j: [f"P{i}"] for i, j in enumerate(kinect.joints)}}
    mine = type(kinect).from_dict(table)
    labels = [f"P{i}" for i in range(20)]
    assert resolve_points(labels, FileOptions(layout=mine)).layout is mine
    table = {"name": "hips", "markers": ["A", "B"], "joints": {"left_hip": [{"mean": ["A"]}]}}
    markers = parse(MarkerSet, table)
    assert resolve_points(["A", "B", *HALPE], FileOptions(markers=markers)).layout.joints == ("left_hip",)
    with pytest.raises(FormatError, match="the marker set 'hips' does not give left_hip: it needs A"):
        people_of(HALPE, FileOptions(markers=markers))


CASES = {
    "bandai.bvh": ("humanoid", [None]),
    "smpl.bvh": ("humanoid", [None]),
    "suffix_L.bvh": ("humanoid", [None]),
    "joint_centres.c3d": ("halpe-26-22", [None]),
    "t_pose2sim_halpe26.trc": ("halpe-26-22", [None]),
    "lower_body_pig.c3d": ("kinect-v1-lower-body", [None]),
    "prefix_underscore.c3d": ("kinect-v1", [None]),
    "two_people_prefix.c3d": ("kinect-v1", ["A", "B"]),
}


@pytest.mark.parametrize("name", CASES)
def test_cases_of_users_come_out_right(shared_data: Path, name):
    layout, people = CASES[name]
    recordings = himpc.read(shared_data.parent / "cases" / name)
    assert [recording.layout.name for recording in recordings] == [layout] * len(people)
    assert [recording.person for recording in recordings] == people
    assert all(recording.complete and len(recording) >= 30 for recording in recordings)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["RightKnee", "LeftKnne"], "unknown name 'LeftKnne': did you mean 'LeftKnee'?"),
        (["L_Ankle", "R_Anke"], "unknown name 'R_Anke': did you mean 'R_Ankle'?"),
        (["pelvis", "left_elbw"], "unknown name 'left_elbw': did you mean 'left_elbow'?"),
    ],
)
def test_a_misspelt_name_is_noted(labels, expected):
    assert misspelt_names(labels) == (expected,)
    assert expected in explain_unknown(labels, ANY).message


def test_names_of_other_points_are_not_misspelt():
    assert misspelt_names([f"{s}THI{i}" for s in "LR" for i in range(3)] + ["C7", "T10", "LHFplantar", "x"]) == ()
    assert misspelt_names(["LeftKnee", "RightKnee", "LeftKnee_End"], used=["LeftKnee", "RightKnee"]) == ()


@pytest.mark.parametrize(("factor", "layout"), [(1.0, "humanoid"), (0.45, "points")])
def test_names_of_joints_that_no_person_has_are_used_as_points(factor, layout):
    """Hips that are markers in the middle of the thigh."""
    walker = runpy.run_path(str(Path(__file__).with_name("walker.py")))
    body = marker_recordings(
        Path("a.trc"), walker["LABELS"], lambda c: walker["walk"]()[:, c], FileOptions(), unit="m", up="z", fps=50
    )[0]
    kept = [joint for joint in get_layout("humanoid").joints if joint != "pelvis"]
    joints = body.joints[:, [body.layout.index(joint) for joint in kept]].astype(float)
    for side in ("left", "right"):
        hip, knee = kept.index(f"{side}_hip"), kept.index(f"{side}_knee")
        joints[:, hip] = joints[:, knee] + factor * (joints[:, hip] - joints[:, knee])
    own = FileOptions(up="y")
    (recording,) = marker_recordings(Path("a.trc"), kept, lambda c: joints[:, c], own, unit="m", up="y", fps=50)
    assert recording.layout.name.startswith(layout)
    assert any("would be" in note for note in recording.quality.notes) == (layout == "points")


def test_shoulders_at_the_shank_are_used_as_points():
    """Labels of the shank that a marker set takes for the shoulder."""
    walker = runpy.run_path(str(Path(__file__).with_name("walker.py")))
    legs = ["ASI", "PSI", "KNE", "ANK", "TOE", "SHO"]
    columns = [walker["LABELS"].index(side + name) for name in legs for side in "LR"]
    labels = [f"{side}{name}" for name in [*legs[:-1], "SH"] for side in "LR"]
    points = walker["walk"]()[:, columns]

    def read():
        return marker_recordings(Path("a.trc"), labels, lambda c: points[:, c], FileOptions(), unit="m", up="z", fps=50)

    assert read()[0].layout.has("left_shoulder")
    points[:, -2:, 2] = 0.3
    (recording,) = read()
    assert recording.layout.name.startswith("points")
    assert any("nearer to the ankle than to the hip" in note for note in recording.quality.notes)


def test_a_set_may_require_a_label_that_no_rule_uses():
    walker = runpy.run_path(str(Path(__file__).with_name("walker.py")))
    table = {"name": "hips", "markers": ["LKNE"], "joints": {"left_knee": [{"mean": ["LKNE"]}]}, "requires": ["LHEE"]}
    options = FileOptions(markers=parse(MarkerSet, table), up="z", scale=1)
    (recording,) = marker_recordings(
        Path("a.trc"), walker["LABELS"], lambda c: walker["walk"]()[:, c], options, unit="m", fps=50
    )
    assert recording.layout.joints == ("left_knee",)
