import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc._schema import parse
from himpc.errors import LayoutError
from himpc.skeleton import MarkerSet, covered_parts, find_marker_set, get_layout, marker_sets, recognise_marker_set
from himpc.skeleton.marker_rules import HipCentre, Mean, Shift
from himpc.skeleton.names import mirror_joint

LAYOUT = get_layout("kinect-v1")
PLUG_IN_GAIT = next(known for known in marker_sets() if known.name == "plug-in-gait")


def cloud(labels, frames=3, seed=0):
    return np.random.default_rng(seed).normal(size=(frames, len(labels), 3))


def minimal() -> dict:
    """A set of one marker that stands for every joint."""
    return {"name": "one", "markers": ["A"], "joints": {joint: [{"mean": ["A"]}] for joint in LAYOUT.joints}}


def test_hip_centre_agrees_with_the_regression_in_the_plane():
    """ASIS 240 mm apart, posterior spines 150 mm behind: PW 240, PD 150, axes of the room."""
    points = {"L": [[-0.12, 1.0, 0.0]], "R": [[0.12, 1.0, 0.0]], "P": [[0.0, 1.0, 0.15]]}  # faces -z, right is +x
    arrays = {name: np.array(value) for name, value in points.items()}
    right = HipCentre("right", ("L", "R"), "P")(arrays)
    assert right[0] == pytest.approx([0.33 * 0.24 + 0.0073, 1 - 0.30 * 0.24 - 0.0109, 0.24 * 0.15 + 0.0099])
    left = HipCentre("left", ("L", "R"), "P")(arrays)
    assert left[0] == pytest.approx([-right[0, 0], right[0, 1], right[0, 2]])


def test_shift_is_perpendicular_to_its_line():
    points = {"a": np.zeros((1, 3)), "b": np.array([[1.0, 1.0, 0.0]]), "c": np.array([[0.0, 2.0, 0.0]])}
    rule = Shift("a", ("a", "b"), ("a", "c"), 0.5, 0.1, ("a", "c"))
    assert rule(points)[0] == pytest.approx([1.1, 0, 0])


@pytest.mark.parametrize("known", marker_sets(), ids=lambda known: known.name)
def test_a_set_gives_its_joints_and_names_every_source(known):
    given = known.given_joints(known.markers)
    assert set(given) == set(known.joints)
    assert "lower-body" in covered_parts(given)
    joints = known.to_joints(known.markers, cloud(known.markers), given)
    assert joints.shape == (3, len(given), 3)
    assert np.isfinite(joints).all()
    assert known.source
    assert all(rule.source for rules in (*known.points.values(), *known.joints.values()) for rule in rules)
    used = {need for rules in (*known.points.values(), *known.joints.values()) for rule in rules for need in rule.needs}
    assert set(known.markers) <= used


LISTS = tomllib.loads(Path(__file__).with_name("marker_label_lists.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("spell", [str, str.upper, lambda label: label.replace(".", "_")])
def test_published_labels_are_recognised(name, spell):
    labels = [spell(label).removesuffix("_study").removesuffix("_STUDY") for label in LISTS[name]["labels"].split()]
    if spell is str.upper and name == "landmarks":
        return  # capitals tell its words apart
    known = find_marker_set(labels)
    assert known.name == LISTS[name].get("set", name)
    assert len(known.given_joints(labels)) == LISTS[name]["joints"]
    assert known.count_known(labels) == len(labels)


def test_a_set_of_landmarks_is_read_from_toml(tmp_path):
    lines = [
        'name = "lab"',
        "[landmarks]",
        'asis = "{S}-ASIS"',
        'sacrum = "S1"',
        'knee_lateral = ["{Side}KNEE", "{s}k"]',
    ]
    (tmp_path / "lab.toml").write_text("\n".join(lines).replace("{Side}", "{S}"))
    lab = MarkerSet.from_toml(tmp_path / "lab.toml")
    labels = ["LASIS", "RASIS", "S1", "LKNEE", "rk"]
    assert lab.given_joints(labels) == ("pelvis", "left_hip", "left_knee", "right_hip", "right_knee")
    assert set(lab.columns(labels)) == {"left_asis", "right_asis", "sacrum", "left_knee_lateral", "right_knee_lateral"}


def test_a_label_is_ignored_beside_labels_that_give_it_another_meaning(tmp_path):
    table = 'name = "lab"\nunless = {"{S}SH" = ["{S}TH", "THIGH"]}\n[landmarks]\nacromion = ["{S}SHO", "{S}SH"]'
    (tmp_path / "lab.toml").write_text(table)
    lab = MarkerSet.from_toml(tmp_path / "lab.toml")
    assert set(lab.columns(["LSH", "RSH"])) == {"left_acromion", "right_acromion"}
    assert set(lab.columns(["LSH", "RSH", "RTH"])) == {"left_acromion"}
    assert lab.columns(["LSH", "RSH", "Thigh"]) == {}
    assert lab.columns(["LSHO", "LSH", "LTH"]) == {"left_acromion": 0}


@pytest.mark.parametrize(
    "labels",
    [
        "LASI RASI LPSI RPSI LTH RTH LKNE RKNE LSH RSH LANK RANK LTOE RTOE",
        "LASI RASI LPSI RPSI LUL RUL LKNE RKNE LLL RLL LANK RANK LTOE RTOE",
        "LASIS RASIS LPSIS RPSIS LLK RLK LMK RMK LLA RLA LMA RMA LMT5 RMT5 LA RA",
    ],
)
def test_codes_of_legs_are_no_arms(labels):
    given = find_marker_set(labels.split()).given_joints(labels.split())
    assert set(given) == set(get_layout("kinect-v1-lower-body").joints)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('navel = "N"', "there is no landmark 'navel', expected some of acromion"),
        ('asis = "ASI"', "landmark 'asis' has two sides, so its labels must name the side by {S} or {s}"),
        ('asis = "{S}ASI"', "the landmarks asis give no joint"),
        ("", "the landmarks .none. give no joint"),
        ("asis = 3", "landmarks.asis should be a list, found 3"),
        ('asis = "{S}ASI"\n[points]', "unknown setting 'points'"),
    ],
)
def test_a_wrong_set_of_landmarks_is_refused(tmp_path, table, message):
    (tmp_path / "lab.toml").write_text(f'name = "lab"\n[landmarks]\n{table}')
    with pytest.raises(LayoutError, match=rf"lab\.toml: {message}"):
        MarkerSet.from_toml(tmp_path / "lab.toml")


def test_both_sides_have_the_same_rules():
    """The mirror image of markers gives the mirror image of joints."""
    known = next(known for known in marker_sets() if known.name == "qualisys-sports")
    labels = list(known.markers)
    points = cloud(labels)
    other = [labels.index(mirror_joint(label)) for label in labels]
    image = points[:, other] * [-1, 1, 1]
    joints, mirrored = known.to_joints(labels, points), known.to_joints(labels, image)
    np.testing.assert_allclose(mirrored, joints[:, LAYOUT.mirror_order] * [-1, 1, 1], atol=1e-12)


@given(st.integers(0, 1000), st.floats(-3, 3))
def test_joints_move_with_the_body(seed, angle):
    points = cloud(PLUG_IN_GAIT.markers, seed=seed)
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    joints = PLUG_IN_GAIT.to_joints(PLUG_IN_GAIT.markers, points)
    moved = PLUG_IN_GAIT.to_joints(PLUG_IN_GAIT.markers, points @ turn.T + 3)
    assert np.allclose(moved, joints @ turn.T + 3)


def test_alternative_rules_are_used_frame_by_frame():
    labels = [marker for marker in PLUG_IN_GAIT.markers if marker not in ("LMEP", "RMEP")] + ["LELBM", "RELBM"]
    points = cloud(labels)
    points[1, labels.index("LELBM")] = np.nan  # the medial elbow: the lateral one stands in
    points[2, labels.index("LTOE")] = np.nan  # nothing stands in
    joints = recognise_marker_set(labels).to_joints(labels, points)
    elbow = joints[:, LAYOUT.index("left_elbow")]
    assert np.allclose(elbow[0], (points[0, labels.index("LELB")] + points[0, labels.index("LELBM")]) / 2)
    assert np.allclose(elbow[1], points[1, labels.index("LELB")])
    assert np.isnan(joints).any(axis=2).nonzero() == (np.array([2]), np.array([LAYOUT.index("left_foot")]))


def test_labels_match_in_any_case_and_order():
    labels = [marker.lower() for marker in reversed(PLUG_IN_GAIT.markers)] + ["prop"]
    assert recognise_marker_set(labels) is PLUG_IN_GAIT


def test_missing_markers_are_named():
    labels = [marker for marker in PLUG_IN_GAIT.markers if marker not in ("LPSI", "SACR")]
    with pytest.raises(LayoutError, match=r"nearest is 'plug-in-gait'.*left_hip needs LPSI"):
        recognise_marker_set(labels)
    with pytest.raises(LayoutError, match="left_hip needs LPSI"):
        PLUG_IN_GAIT.to_joints(labels, cloud(labels))


def test_a_users_own_set_is_read_from_toml(tmp_path):
    lines = ['name = "mine"', 'markers = ["A"]'] + [f'[[joints.{j}]]\nmean = ["A"]' for j in LAYOUT.joints]
    (tmp_path / "mine.toml").write_text("\n".join(lines))
    mine = MarkerSet.from_toml(tmp_path / "mine.toml")
    assert mine.name == "mine"
    assert (mine.to_joints(["a"], np.ones((2, 1, 3))) == 1).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"marker": []}, "unknown setting 'marker'"),
        ({"joints": {}}, "must give some of the 20 joints"),
        ({"markers": []}, "uses 'A', which is neither a marker"),
        ({"points": {"p": []}}, "points.p should have at least 1 item"),
        ({"points": {"p": [{"mid": ["A"]}]}}, "must have one of the keys mean, shift, hip"),
        ({"points": {"p": [{"mean": ["A"], "of": 1}]}}, "unknown setting 'points.p.0.mean.of'"),
        (
            {"points": {"p": [{"shift": "A", "along": ["A"]}]}},
            "points.p.0.shift.along.1 is missing; .*length is missing",
        ),
        (
            {"points": {"p": [{"hip": "middle", "asis": ["A", "A"], "psis": "A"}]}},
            "should be 'left' or 'right', found 'middle'",
        ),
        ({"aliases": {"B": ["b"]}}, "'aliases' names 'B'"),
    ],
)
def test_a_wrong_set_is_refused(change, message):
    with pytest.raises(LayoutError, match=message):
        parse(MarkerSet, {**minimal(), **change}, source="mine.toml", error=LayoutError)


def test_rules_with_equal_fields_are_equal():
    assert Mean(("A",), "x") == Mean(("A",), "x")


def test_the_example_of_the_documentation_is_a_marker_set(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "layouts.md").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(page.split("### Your own marker set")[1].split("```toml")[1].split("```")[0])
    mine = MarkerSet.from_toml(tmp_path / "mine.toml")
    labels = [
        "LASI",
        "RASI",
        "VSAC",
        "LKNE",
        "LKNM",
        "LANK",
        "LMMA",
        "LTOE",
        "RKNE",
        "RKNM",
        "RANK",
        "RMMA",
        "RTOE",
        "LTHI",
    ]
    assert covered_parts(mine.given_joints(labels)) == ("lower-body",)
    assert mine.count_known(labels) == len(labels)
    landmarks = set(
        re.findall(r"`([a-z0-9_]+)`", page.split("The landmarks of both sides are")[1].split("A set may")[0])
    )
    known = {name.removeprefix("left_").removeprefix("right_") for known in marker_sets() for name in known.markers}
    assert {name for name in known if name.islower()} <= landmarks | {"wrist_centre"}
