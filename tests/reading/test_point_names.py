"""Lists of points of real programs and laboratories: the points of which each joint consists (`point_names.toml`)."""

import tomllib
from pathlib import Path

import pytest

from himpc.reading.file_options import FileOptions
from himpc.reading.formats.parsing.named_points import resolve_points
from himpc.reading.formats.parsing.subjects import propose_subjects
from himpc.skeleton import find_joints, find_rule, marker_sets
from himpc.skeleton.marker_rules import Shift

LISTS = tomllib.loads(Path(__file__).with_name("point_names.toml").read_text(encoding="utf-8"))["lists"]
SIDES = {"{S}": "LR", "{s}": "lr", "{Side}": ("Left", "Right"), "{side}": ("left", "right"), "{z}": "左右"}


def labels_of(entry):
    text = " ".join(entry["labels"].split())
    labels = [label.strip() for label in (text.split(",") if "," in text else text.split())]
    found = []
    for label in labels:
        mark = next((mark for mark in SIDES if mark in label), "")
        found += [label.replace(mark, side) for side in SIDES[mark]] if mark else [label]
    return found


def resolve(labels):
    """The joints of the one person whose points are named, and the labels of the points of each."""
    best = (0, None, None, ())
    for proposal in propose_subjects(labels):
        for subject in proposal:
            columns = dict(reversed(subject.points))
            names = list(dict.fromkeys(name for name, _ in subject.points))
            resolution = resolve_points(names, FileOptions())
            if resolution and len(resolution.columns) > best[0]:
                best = (len(resolution.columns), resolution, columns, names)
    _, resolution, columns, names = best
    if resolution is None:
        return {}
    sources = of_rules(names, resolution) if resolution.by_markers else of_names(names, resolution.layout.joints)
    return {joint: [labels[columns[name]] for name in own] for joint, own in sources.items()}


def of_names(names, joints):
    named = find_joints(names).columns
    return {joint: [names[named[other]] for other in find_rule(named, joint)] for joint in joints}


def of_rules(names, resolution):
    """The markers of the first rule of each joint that has all of its own; hip centres are those of two ASIS."""
    known = next(each for each in marker_sets() if f"marker set {each.name}" in resolution.note.split(":")[0])
    sources = {marker: [names[column]] for marker, column in known.columns(names).items()}
    for target, rules in (*known.points.items(), *known.joints.items()):
        if rule := next((each for each in rules if sources.keys() >= set(each.needs)), None):
            own = [rule.shift] if isinstance(rule, Shift) else getattr(rule, "asis", rule.needs)
            sources[target] = [name for need in own for name in sources[need]]
    return {joint: sources[joint] for joint in resolution.layout.joints}


@pytest.mark.parametrize("entry", LISTS, ids=[entry["name"] for entry in LISTS])
def test_points_become_the_joints_of_the_anatomy(entry):
    found = resolve(labels_of(entry))
    own = {joint: " + ".join(labels) for joint, labels in found.items() if not joint.startswith("right_")}
    assert own == entry["points"]
    assert {joint for joint in found if joint.startswith("right_")} == {
        joint.replace("left_", "right_") for joint in own if joint.startswith("left_")
    } or "right" in entry.get("only", "")


@pytest.mark.parametrize("entry", LISTS, ids=[entry["name"] for entry in LISTS])
def test_order_does_not_matter(entry):
    labels = labels_of(entry)
    assert resolve(labels[::-1]) == resolve(labels)


def test_there_are_lists_of_many_programs():
    assert len(LISTS) >= 60
    assert len({entry["convention"] for entry in LISTS}) >= 20
    assert all(entry["source"] for entry in LISTS)
