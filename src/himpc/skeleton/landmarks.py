"""Marker sets that say which anatomical landmark each marker is, for the rules of ``landmark_rules.toml``."""

from __future__ import annotations

from dataclasses import field
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from himpc._schema import parse, parse_toml, validated
from himpc.errors import LayoutError
from himpc.skeleton.marker_rules import Rule
from himpc.skeleton.names import mirror_joint

_Names = Annotated[tuple[str, ...], Field(strict=False), BeforeValidator(lambda v: (v,) if isinstance(v, str) else v)]
Rules = dict[str, Annotated[tuple[Rule, ...], Field(min_length=1)]]

_SIDES = ({"S": "L", "s": "l", "side": "left"}, {"S": "R", "s": "r", "side": "right"})
"""What stands for the side in a label: ``{S}ASI`` is LASI and RASI."""


@validated
class LandmarkTable:
    """The keys of a marker set that says which landmark each marker is."""

    name: str
    landmarks: dict[str, _Names]
    others: _Names = ()
    by_words: bool = False
    requires: _Names = ()
    unless: dict[str, _Names] = field(default_factory=dict)
    title: str = ""
    source: str = "declared by the user"


@validated
class _RuleTable:
    """The rules from landmarks to joints."""

    points: Rules
    joints: Rules


def marker_set_fields(table: LandmarkTable, where: str) -> dict[str, Any]:
    """Return the fields of the `MarkerSet` of a table of landmarks: the rules that its landmarks give.

    Raises
    ------
    LayoutError
        If there is no such landmark. `where` names the table.
    """
    rules, known = _landmark_rules(), landmarks()
    labels: dict[str, list[str]] = {}
    for landmark, names in table.landmarks.items():
        sides = [f"{side['side']}_{landmark}" for side in _SIDES]
        for name in names:
            for target, sided in zip(sides, expand_sides(name), strict=True):
                labels.setdefault(target if "{" in name else landmark, []).append(sided)
    if both := [landmark for landmark in labels if landmark not in known and f"left_{landmark}" in known]:
        raise LayoutError(
            f"{where}: landmark {both[0]!r} has two sides, so its labels must name the side by {{S}} or {{s}}"
        )
    if unknown := sorted(set(labels) - known):
        raise LayoutError(
            f"{where}: there is no landmark {unknown[0]!r}, expected some of "
            f"{', '.join(sorted({name.removeprefix('left_') for name in known if not name.startswith('right_')}))}"
        )
    available = set(labels)
    usable: dict[str, Rules] = {"points": {}, "joints": {}}
    for key, declared in (("points", rules.points), ("joints", rules.joints)):
        for name, alternatives in declared.items():
            if kept := tuple(rule for rule in alternatives if available.issuperset(rule.needs)):
                usable[key][name] = kept
                available.add(name)
    if not usable["joints"]:
        raise LayoutError(f"{where}: the landmarks {', '.join(table.landmarks) or '(none)'} give no joint")
    return {
        "name": table.name,
        "markers": tuple(labels),
        "aliases": {landmark: tuple(dict.fromkeys(names)) for landmark, names in labels.items()},
        "others": table.others,
        "by_words": table.by_words,
        "requires": table.requires,
        "unless": {
            own: tuple(others)
            for label, beside in table.unless.items()
            for own, *others in zip(*map(expand_sides, (label, *beside)), strict=True)
        },
        "title": table.title,
        "source": table.source,
        **usable,
    }


@cache
def landmarks() -> frozenset[str]:
    """Return the landmarks that the rules use."""
    rules = _landmark_rules()
    alternatives = (*rules.points.values(), *rules.joints.values())
    needs = {need for rules_of_one in alternatives for rule in rules_of_one for need in rule.needs}
    return frozenset(needs - {*rules.points, *rules.joints})


@cache
def _landmark_rules() -> _RuleTable:
    """Return the rules from landmarks to joints, for both sides."""
    path = Path(__file__).with_name("landmark_rules.toml")
    table: dict[str, Any] = parse_toml(dict, path, error=LayoutError)
    return parse(_RuleTable, {key: _with_right_side(rules) for key, rules in table.items()}, source=str(path))


def _with_right_side(rules: dict[str, Any]) -> dict[str, Any]:
    """Add the rules of the right side after those of the left side."""
    both: dict[str, Any] = {}
    for name, alternatives in rules.items():
        both[name] = alternatives
        if name.startswith("left_"):
            both[mirror_joint(name)] = [_mirror_rule(rule) for rule in alternatives]
    return both


def _mirror_rule(rule: dict[str, Any]) -> dict[str, Any]:
    if "hip" in rule:
        return rule | {"hip": "right"}  # its two ASIS are left and right in any case
    lists = {key: list(map(mirror_joint, value)) for key, value in rule.items() if isinstance(value, list)}
    return rule | lists | ({"shift": mirror_joint(rule["shift"])} if "shift" in rule else {})


def expand_sides(label: str) -> tuple[str, str]:
    """Return a label of the left and of the right side; both are the same if it names no side."""
    left, right = label, label
    for mark in _SIDES[0]:
        left, right = (
            text.replace(f"{{{mark}}}", side[mark]) for text, side in zip((left, right), _SIDES, strict=True)
        )
    return left, right
