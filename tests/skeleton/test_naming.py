"""Joints by their names: the published labels of each convention, and spellings of them."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.skeleton import (
    choose_layout,
    covered_parts,
    find_joints,
    get_layout,
    layout_names,
    naming_conventions,
    parse_name,
    part_layout,
)
from himpc.skeleton.names import Name, is_body_word, mirror_joint

LISTS = tomllib.loads(Path(__file__).with_name("label_lists.toml").read_text(encoding="utf-8"))
every_list = pytest.mark.parametrize("name", LISTS)


def labels_of(name):
    """The labels of a list, without the prefix that all of them have."""
    return [re.sub("^(mixamorig:|Bip01_)", "", label) for label in LISTS[name]["labels"].split()]


def right(text):
    """The label of the right side, with the spelling of the left one."""
    for left, other in (("left", "right"), ("Left", "Right"), ("LEFT", "RIGHT")):
        if left in text:
            return text.replace(left, other)
    swaps = [("(?<=_)l$", "r"), ("^L(?=[A-Z_])|(?<=[._])L$", "R"), ("^l", "r")]
    for pattern, other in swaps:
        if re.search(pattern, text):
            return re.sub(pattern, other, text, count=1)
    raise AssertionError(text)


def expected_of(name):
    joints = LISTS[name]["joints"]
    return joints | {mirror_joint(j): right(label) for j, label in joints.items() if j.startswith("left_")}


@every_list
def test_published_labels_give_their_joints(name):
    labels = labels_of(name)
    found = {joint: labels[column] for joint, column in find_joints(labels).columns.items()}
    expected = expected_of(name)
    assert {joint: found.get(joint) for joint in expected} == expected
    assert "lower-body" in covered_parts(found) or name == "openni"
    assert len(set(found.values())) == len(found)


@every_list
def test_order_and_spelling_do_not_matter(name):
    labels = labels_of(name)
    expected = find_joints(labels).columns
    for spell in (str.upper, str.lower, lambda text: text.replace("_", "."), lambda text: f" {text}"):
        spelled = [spell(label) for label in labels]
        if spell in (str.upper, str.lower) and len(
            {label for label in labels if parse_name(label) != parse_name(spell(label))}
        ):
            continue  # only capitals separated the words
        assert find_joints(spelled).columns == expected
    backwards = find_joints(labels[::-1]).columns
    assert {joint: len(labels) - 1 - column for joint, column in backwards.items()} == expected


@every_list
def test_a_whole_body_has_a_layout(name):
    found = find_joints(labels_of(name)).columns
    layout = choose_layout(found)
    assert layout in map(get_layout, layout_names()) or set(layout.joints) <= set(found)
    if {"lower-body", "upper-body"} <= set(covered_parts(found)):
        assert len(layout) >= 13


def test_every_convention_has_a_source_and_names_joints_of_layouts():
    known = {joint for name in layout_names() for joint in get_layout(name).joints}
    for convention in naming_conventions():
        assert convention.source
        assert set(convention.joints) <= known
    names = [convention.name for convention in naming_conventions()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("text", "side", "words"),
    [
        ("LeftUpLeg", "left", "up leg"),
        ("UpperArm_L", "left", "up arm"),
        ("L_Shoulder", "left", "shoulder"),
        ("shoulder.L", "left", "shoulder"),
        ("LShoulder", "left", "shoulder"),
        ("l_shoulder_jc", "left", "shoulder"),
        ("shoulder_left", "left", "shoulder"),
        ("rfemur", "right", "femur"),
        ("RHIPJOINT", "right", "hip"),
        ("LT_HIP", "left", "hip"),
        ("LUArm", "left", "u arm"),
        ("LHJC", "left", "hip"),
        ("HipCenter", "", "hip centre"),
        ("spine_01", "", "spine 1"),
        ("T10", "", "t10"),
        ("LASI", "", "lasi"),
        ("heel", "", "heel"),
        ("lowerback", "", "low back"),
        ("l_thigh_4X4", "left", "thigh"),
        ("", "", ""),
        ("...", "", ""),
        ("L", "left", ""),
        ("左足", "left", "足"),
        ("足.R", "right", "足"),
        ("C_7", "", "c7"),
        ("T 10", "", "t10"),
        ("V_R.Hip_JC", "right", "hip"),
        ("left knee joint center", "left", "knee"),
    ],
)
def test_names_are_sides_and_words(text, side, words):
    assert parse_name(text) == Name(side, tuple(words.split()))


@given(st.text(max_size=40))
def test_any_text_is_a_name(text):
    name = parse_name(text)
    assert name.mirrored.mirrored == name
    assert isinstance(is_body_word(text), bool)


@given(
    st.sampled_from(["hip", "knee", "upper leg", "fore arm", "big toe", "humerus"]),
    st.sampled_from(["left", "l", "L", "Left"]),
    st.booleans(),
    st.sampled_from(["_", ".", "-", " ", ""]),
)
def test_sides_are_found_before_and_after(words, side, first, separator):
    parts = words.split() if separator else ["".join(word.capitalize() for word in words.split())]
    spelled = separator.join([side, *parts] if first else [*parts, side.capitalize()])
    assert parse_name(spelled) == Name("left", tuple(words.replace("upper", "up").split()))


@pytest.mark.parametrize(
    ("labels", "knee", "hip"),
    [
        ("UpLeg_L Leg_L Foot_L", "Leg_L", "UpLeg_L"),
        ("Leg_L Shin_L Foot_L", "Shin_L", "Leg_L"),
        ("Thigh_L Leg_L Foot_L", "Leg_L", "Thigh_L"),
        ("Leg_L LowerLeg_L Foot_L", "LowerLeg_L", "Leg_L"),
        ("Hip_L Leg_L Foot_L", "Leg_L", "Hip_L"),
        ("Hip_L Thigh_L Shin_L Foot_L", "Shin_L", "Thigh_L"),
        ("Hip_L Thigh_L Knee_L Ankle_L", "Knee_L", "Hip_L"),
    ],
)
def test_a_leg_is_thigh_or_shank_depending_on_the_other_names(labels, knee, hip):
    both = labels.split() + [label.replace("_L", "_R") for label in labels.split()]
    found = {joint: both[column] for joint, column in find_joints(both).columns.items()}
    assert (found["left_hip"], found["left_knee"]) == (hip, knee)


@pytest.mark.parametrize(
    "labels",
    [
        "LASI RASI LPSI RPSI LKNE RKNE LANK RANK LTOE RTOE LHEE RHEE",
        "R.ASIS L.ASIS R.Knee.Lat R.Knee.Med R.Ankle.Lat R.Ankle.Med R.Heel L.Heel",
        "LHipAngles LKneeAngles LAnkleAngles RHipAngles RKneeAngles RAnkleAngles LHipMoment LKneeMoment LAnkleMoment",
        "Withers Poll LF_Hoof LF_Fetlock LF_Carpus LF_Elbow RF_Hoof RF_Fetlock RF_Carpus RF_Elbow LH_Hock RH_Hock",
        "",
        "x y z",
    ],
)
def test_markers_and_quantities_are_no_joints(labels):
    assert covered_parts(find_joints(labels.split()).columns) == ()


def test_parts_of_bodies():
    legs = [f"{side}_{joint}" for side in ("left", "right") for joint in ("hip", "knee", "ankle")]
    assert covered_parts(legs) == ("lower-body",)
    assert covered_parts(legs[:3]) == ("left-leg",)
    assert covered_parts(legs[:2]) == ()
    kinect = get_layout("kinect-v1")
    lower = get_layout("kinect-v1-lower-body")
    assert part_layout(kinect, lower.joints) is lower
    assert part_layout(kinect, kinect.joints) == kinect
    assert part_layout(kinect, [*legs, "head"]).name == "kinect-v1-7"
    without_hands = [joint for joint in kinect.joints if not joint.endswith("hand")]
    assert part_layout(kinect, without_hands) == get_layout("humanoid")


def test_the_layout_that_a_file_gives_whole_is_preferred():
    humanoid = get_layout("humanoid")
    assert choose_layout([*humanoid.joints, "left_clavicle", "right_clavicle", "chest"], humanoid) == humanoid
    derivable = set(humanoid.joints) - {"pelvis", "spine", "neck"}
    assert choose_layout(derivable, humanoid) == humanoid
    assert choose_layout(set(humanoid.joints) - {"left_knee"}, humanoid) != humanoid
    for name in layout_names():
        assert set(choose_layout(get_layout(name).joints).joints) == set(get_layout(name).joints)
