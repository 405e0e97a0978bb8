"""Layouts as data: the tables of docs/method.md, section 1, properties of every layout, and wrong tables."""

import copy
import dataclasses
import re
import tomllib
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import LayoutError
from himpc.learning import Config, train
from himpc.model import Model, Network
from himpc.recordings import Recording, Windows, load, save
from himpc.skeleton import COMPONENTS, LEVELS, LIMBS, Layout, get_layout, has_side_lines, layout_names, pool, side_lines
from himpc.skeleton.layout import _name_key

ALL = [get_layout(name) for name in layout_names()]
every_layout = pytest.mark.parametrize("layout", ALL, ids=layout_names())

# docs/method.md, section 1, in the order of COMPONENTS.
METHOD_COMPONENTS = {
    "kinect-v1": [[12, 13], [14, 15], [16, 17], [18, 19], [0, 1], [2, 3], [4, 5], [6, 7], [8, 9], [10, 11]],
    "kinect-v2": [
        *([12, 13], [14, 15], [16, 17], [18, 19], [0, 1], [2, 3, 20]),
        *([4, 5], [6, 7, 21, 22], [8, 9], [10, 11, 23, 24]),
    ],
    "openpose-14": [[11], [12, 13], [8], [9, 10], [1], [0], [5], [6, 7], [2], [3, 4]],
}
METHOD_LIMBS = {
    "kinect-v1": [[12, 13, 14, 15], [16, 17, 18, 19], [0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]],
    "kinect-v2": [
        *([12, 13, 14, 15], [16, 17, 18, 19], [0, 1, 2, 3, 20]),
        *([4, 5, 6, 7, 21, 22], [8, 9, 10, 11, 23, 24]),
    ],
    "openpose-14": [[11, 12, 13], [8, 9, 10], [0, 1], [5, 6, 7], [2, 3, 4]],
}
# The SDK's joint order, as docs/method.md, section 1 gives it.
KINECT_V1 = [
    *("HipCenter", "Spine", "ShoulderCenter", "Head"),
    *("ShoulderLeft", "ElbowLeft", "WristLeft", "HandLeft", "ShoulderRight", "ElbowRight", "WristRight", "HandRight"),
    *("HipLeft", "KneeLeft", "AnkleLeft", "FootLeft", "HipRight", "KneeRight", "AnkleRight", "FootRight"),
]


def table_of(name: str) -> dict:
    return tomllib.loads((files("himpc.skeleton.layouts") / f"{name}.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", METHOD_COMPONENTS)
def test_hierarchy_is_that_of_the_paper(name):
    layout = get_layout(name)
    assert [sorted(part) for part in layout.components] == METHOD_COMPONENTS[name]
    assert [sorted(limb) for limb in layout.limbs] == METHOD_LIMBS[name]


def test_kinect_joint_order_is_that_of_the_sdk():
    assert [get_layout("kinect-v1").find(name) for name in KINECT_V1] == list(range(20))


@every_layout
def test_components_and_limbs_partition_the_joints(layout):
    assert sorted(j for part in layout.components for j in part) == list(range(len(layout)))
    assert sorted(j for limb in layout.limbs for j in limb) == list(range(len(layout)))
    assert (len(layout.components), len(layout.limbs)) == (len(COMPONENTS), len(LIMBS))
    for part in layout.components:
        assert sum(set(part) <= set(limb) for limb in layout.limbs) == 1


@every_layout
def test_bones_form_a_tree(layout):
    assert len(layout.bones) == len(layout) - 1
    above = np.array([joint if parent < 0 else parent for joint, parent in enumerate(layout.parents)])
    top = np.arange(len(layout))
    for _ in layout.joints:
        top = above[top]
    assert set(top) == {layout.parents.index(-1)}


@every_layout
def test_mirroring_exchanges_left_and_right_joints_and_parts(layout):
    order = layout.mirror_order
    np.testing.assert_array_equal(order[order], np.arange(len(layout)))
    for joint, image in zip(layout.joints, order, strict=True):
        swapped = joint.replace("left", "~").replace("right", "left").replace("~", "right")
        assert layout.joints[image] == swapped
    sides = {COMPONENTS[i]: {int(order[j]) for j in part} for i, part in enumerate(layout.components)}
    for name, image in sides.items():
        other = name.replace("left", "~").replace("right", "left").replace("~", "right")
        assert image == set(layout.components[COMPONENTS.index(other)])


@every_layout
def test_round_trip_as_plain_data(layout):
    assert Layout.from_dict(layout.to_dict()) == layout


@every_layout
def test_every_joint_is_found_by_its_names(layout):
    assert [layout.find(name) for name in layout.joints] == list(range(len(layout)))
    assert all(layout.find(other) is not None for _, other in layout.file_names)
    assert all(get_layout(name) is layout for name in (layout.name, *layout.aliases, layout.name.upper()))


@pytest.mark.parametrize("spelling", ["left hip", "LeftHip", "HipLeft", "LHip", "L_Hip", "left-hip", " l hip "])
def test_spellings_of_one_joint_agree(spelling):
    assert _name_key(spelling) == "left hip"


def test_errors_of_unknown_names_list_the_known_ones():
    with pytest.raises(LayoutError, match=r"expected one of .*kinect-v1.*layout='mine.toml'"):
        get_layout("kinect-v9")
    with pytest.raises(LayoutError, match="no joint 'tail'"):
        get_layout("kinect-v1").index("tail")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"colour": "red"}, "unknown setting 'colour'; the settings are name, root"),
        ({"joints": []}, "joints should have at least 1 item"),
        ({"joints": ["head", "head"]}, "must name each joint once"),
        ({"name": 3}, "name should be a valid string, found 3"),
        ({"root": "tail"}, "'root' names 'tail'"),
        ({"root": []}, "root should have at least 1 item"),
        ({"pairs": [3]}, "pairs.0 should be a list, found 3"),
        ({"pairs": 3}, "pairs should be a list, found 3"),
        ({"pairs": [["head"]]}, "pairs.0.1 is missing"),
        ({"pairs": [["head", "head"]]}, "more than one of 'pairs'"),
        ({"parents": {}}, "exactly one joint without a parent"),
        ({"parents": 1}, "parents should be a table, found 1"),
        ({"components": {}}, "'components' must put each of the joints into exactly one group"),
        ({"limbs": {limb: ["torso"] for limb in LIMBS}}, "'limbs' must put each of the components into exactly one"),
        ({"sideways": [["head", "head"]]}, "a line of 'sideways' must have two different joints"),
        ({"file_names": {"head": 3}}, "file_names.head should be a list, found 3"),
    ],
)
def test_errors_of_a_table_name_the_problem(change, complaint):
    with pytest.raises(LayoutError, match=complaint):
        Layout.from_dict({**table_of("kinect-v1"), **change}, where="mine.toml")


def test_a_cycle_of_parents_is_refused():
    table = table_of("kinect-v1")
    table["parents"]["spine"] = "head"
    with pytest.raises(LayoutError, match="cycle"):
        Layout.from_dict(table)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats() | st.sampled_from(["", "head", "left_hip", "\0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["head", "torso", "x"]), inner),
    max_leaves=5,
)


@given(
    st.sampled_from(layout_names()), st.sampled_from(["joints", "root", "pairs", "parents", "limbs"]), JUNK, st.data()
)
def test_any_table_is_a_layout_or_a_layout_error(name, key, junk, data):
    table = copy.deepcopy(table_of(name))
    value = table[key]
    if isinstance(value, dict) and data.draw(st.booleans()):
        value[data.draw(st.sampled_from(sorted(value)))] = junk
    elif isinstance(value, list) and data.draw(st.booleans()):
        value[data.draw(st.integers(0, len(value) - 1))] = junk
    else:
        table[key] = junk
    try:
        layout = Layout.from_dict(table)
    except LayoutError:
        return
    assert Layout.from_dict(layout.to_dict()) == layout


@pytest.mark.parametrize("content", [b"name = ", b"\xff\xfe", b"x = " + b"[" * 5000])
def test_a_broken_file_is_a_layout_error(tmp_path: Path, content):
    (tmp_path / "broken.toml").write_bytes(content)
    with pytest.raises(LayoutError, match=r"broken\.toml"):
        get_layout(tmp_path / "broken.toml")


def test_a_missing_file_is_a_layout_error(tmp_path: Path):
    with pytest.raises(LayoutError, match="cannot be read"):
        get_layout(tmp_path / "none.toml")


def test_layouts_that_differ_only_in_words_are_equal():
    kinect = get_layout("kinect-v1")
    reworded = dataclasses.replace(kinect, name="other", title="another title", source="another source")
    assert reworded == kinect
    assert hash(reworded) == hash(kinect)
    renamed = dataclasses.replace(kinect, file_names=(("head", "skull"),))
    assert renamed == kinect
    assert (renamed.find("skull"), kinect.find("skull")) == (kinect.index("head"), None)
    assert dataclasses.replace(kinect, root=(1,)) != kinect


def test_gait_20_is_kinect_v1_and_saved_recordings_of_it_still_load(tmp_path: Path):
    kinect = get_layout("kinect-v1")
    assert get_layout("gait-20") is get_layout("plug-in-gait") is kinect
    assert "gait-20" in set(layout_names(aliases=True)) - set(layout_names())
    old = Layout.from_dict({**kinect.to_dict(), "name": "gait-20", "title": "Joint centres from markers"})
    assert old == kinect
    assert old.to_dict()["name"] == "gait-20"  # the fingerprint of a saved model is made of it
    save([Recording(np.zeros((2, 20, 3)), old), Recording(np.ones((2, 20, 3)), kinect)], tmp_path / "old.npz")
    assert [recording.layout for recording in load(tmp_path / "old.npz")] == [kinect, kinect]


def test_a_saved_model_of_gait_20_still_loads_and_takes_kinect_v1(tmp_path: Path):
    kinect = get_layout("kinect-v1")
    old = dataclasses.replace(kinect, name="gait-20", title="Joint centres from markers")
    model = Model(Network(old, LEVELS, 8, 2, distances=True, whiten=True), old, 6)
    model.save(tmp_path / "model")
    loaded = Model.load(tmp_path / "model")
    assert (loaded.layout, loaded.fingerprint) == (kinect, model.fingerprint)
    walk = Recording(np.random.default_rng(0).normal(size=(12, 20, 3)), kinect)
    assert loaded.embed(Windows.cut([walk], 6)).shape == (2, loaded.size)


def test_the_example_of_the_documentation_is_a_layout():
    page = (Path(__file__).parents[2] / "docs" / "layouts.md").read_text(encoding="utf-8")
    layout = Layout.from_dict(tomllib.loads(page.split("```toml")[1].split("```")[0]))
    assert (layout.name, len(layout), layout.find("SpineBase")) == ("my-suit", 7, 0)
    named = set(re.findall(r"`([a-z0-9-]+)`", page.split("### Your own layout")[0]))
    assert set(layout_names()) <= named


HORSE = """
name = "horse"
root = "withers"
joints = ["withers", "left_fetlock", "left_hoof", "right_fetlock", "right_hoof", "poll"]
pairs = [["left_fetlock", "right_fetlock"], ["left_hoof", "right_hoof"]]
sideways = [["left_hoof", "right_hoof"]]

[parents]
left_fetlock = "withers"
left_hoof = "left_fetlock"
right_fetlock = "withers"
right_hoof = "right_fetlock"
poll = "withers"

[components]
trunk = ["withers"]
near_pastern = ["left_fetlock", "left_hoof"]
off_pastern = ["right_fetlock", "right_hoof"]
neck = ["poll"]

[limbs]
body = ["trunk", "neck"]
forelegs = ["near_pastern", "off_pastern"]
"""


def test_components_and_limbs_may_have_any_names():
    horse = Layout.from_dict(tomllib.loads(HORSE))
    assert horse.component_names == ("trunk", "near_pastern", "off_pastern", "neck")
    assert horse.limbs == ((0, 5), (1, 2, 3, 4))
    assert (horse.part("forelegs"), horse.part("neck"), horse.part("left_leg")) == ((1, 2, 3, 4), (5,), ())
    np.testing.assert_array_equal(side_lines(horse), [[2, 4]])
    assert Layout.from_dict(horse.to_dict()).to_dict() == horse.to_dict()
    joints = np.random.default_rng(0).normal(size=(3, 6, 3))
    np.testing.assert_allclose(pool(joints, horse, "limb")[:, 1], joints[:, 1:5].mean(axis=1))


@every_layout
def test_legs_alone_are_a_layout(layout):
    names = [layout.joints[i] for limb in ("left_leg", "right_leg") for i in layout.part(limb)]
    legs = layout.subset(reversed(names), "legs")
    assert set(legs.joints) == set(names)
    assert [layout.index(joint) for joint in legs.joints] == sorted(map(layout.index, names))
    assert legs.limb_names == ("left_leg", "right_leg")
    assert legs.component_names == COMPONENTS[:4]
    assert [legs.joints[i] for i in legs.root] == ["left_hip", "right_hip"]
    assert len(legs.pairs) == len(names) // 2
    assert legs.title == f"legs, {len(names)} joints"
    np.testing.assert_array_equal(side_lines(legs), [[legs.index("left_hip"), legs.index("right_hip")]])
    assert Layout.from_dict(legs.to_dict()) == legs
    assert layout.subset(layout.joints, "all") == layout


def test_a_subset_keeps_the_names_of_files_and_the_tree():
    kinect = get_layout("kinect-v1")
    arm = kinect.subset(["left_wrist", "left_shoulder", "neck"], "arm")
    assert arm.joints == ("neck", "left_shoulder", "left_wrist")
    assert arm.parents == (-1, 0, 1)
    assert (arm.root, arm.find("ShoulderCenter"), arm.find("HipCenter")) == ((0,), 0, None)
    assert not has_side_lines(arm)
    with pytest.raises(LayoutError, match="needs at least one joint"):
        kinect.subset([], "nothing")
    with pytest.raises(LayoutError, match="no joint 'tail'"):
        kinect.subset(["tail"], "tail")


@pytest.mark.parametrize("part", [["left_shoulder", "left_elbow", "left_wrist", "left_hand"], ["head"]])
def test_a_part_of_a_body_trains_and_embeds(part):
    layout = get_layout("kinect-v1").subset(part, "part")
    rng = np.random.default_rng(0)
    bodies = rng.normal(size=(4, 1, len(part), 3))
    walks = [Recording(body + 0.1 * rng.normal(size=(24, len(part), 3)), layout, fps=30) for body in (*bodies, *bodies)]
    windows = Windows.cut(walks, 6)
    with pytest.warns(UserWarning, match="does not show which way a body faces"):
        model = train(windows, Config.preset("tracklet").with_(max_epochs=1, hidden=8)).model
    assert np.isfinite(model.embed(windows)).all()
