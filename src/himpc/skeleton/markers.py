"""From skin markers to joint centres, by rules that are data: one TOML table a marker set.

The sets that come with himpc are ``himpc/skeleton/marker_sets/*.toml``; a user's own set is a file with the same keys.
All of them give the 20 joints of layout ``kinect-v1``, as joint centres.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import field
from functools import cache
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from himpc._schema import parse_toml, validated
from himpc.errors import LayoutError
from himpc.skeleton.layout import get_layout
from himpc.skeleton.marker_rules import Rule

__all__ = ["MarkerSet", "marker_sets", "recognise_marker_set"]

_Rules = dict[str, Annotated[tuple[Rule, ...], Field(min_length=1)]]


@validated
class MarkerSet:
    """Markers by name, and the rules that give the joints of ``kinect-v1``.

    Parameters
    ----------
    name, title, source : str
        Short name, one line for people, and the reference that describes the set.
    markers : tuple of str
        The markers that the rules may use.
    aliases : dict of str to tuple of str
        Other labels of a marker. Case and punctuation of a label do not matter.
    points, joints : dict of str to tuple of Rule
        Auxiliary points and then joints, in the order in which they are computed. The rules of one are alternatives:
        in each frame, the first whose markers were all seen is used.
    """

    name: str
    markers: tuple[str, ...]
    joints: _Rules
    points: _Rules = field(default_factory=dict)
    aliases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    title: str = ""
    source: str = "declared by the user"

    @model_validator(mode="after")
    def _check(self) -> MarkerSet:
        expected = set(get_layout("kinect-v1").joints)
        if odd := sorted(set(self.joints) ^ expected):
            raise ValueError(f"'joints' must give the {len(expected)} joints of 'kinect-v1'; check {odd[0]!r}")
        if undeclared := sorted(set(self.aliases) - set(self.markers)):
            raise ValueError(f"'aliases' names {undeclared[0]!r}, which is not among its markers")
        available = set(self.markers)
        for name, rules in self._rules():
            if undeclared := sorted({need for rule in rules for need in rule.needs} - available):
                raise ValueError(f"{name} uses {undeclared[0]!r}, which is neither a marker nor computed before it")
            available.add(name)
        return self

    def columns(self, labels: Sequence[str]) -> dict[str, int]:
        """Return the place of each marker of the set among a file's labels; absent markers are left out."""
        place = {_label_key(label): column for column, label in reversed(list(enumerate(labels)))}
        columns = {marker: place[_label_key(marker)] for marker in self.markers if _label_key(marker) in place}
        for marker, others in self.aliases.items():
            for key in map(_label_key, others):
                if key in place:
                    columns.setdefault(marker, place[key])
        return columns

    def missing(self, labels: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return the joints that no rule can give from these labels, each with the markers its first rule lacks."""
        available = set(self.columns(labels))
        missing: dict[str, tuple[str, ...]] = {}
        for name, rules in self._rules():
            if any(available.issuperset(rule.needs) for rule in rules):
                available.add(name)
            else:
                needs = [missing.get(need, (need,)) for need in rules[0].needs if need not in available]
                missing[name] = tuple(sorted({marker for group in needs for marker in group}))
        return {joint: missing[joint] for joint in self.joints if joint in missing}

    def to_joints(self, labels: Sequence[str], points: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the joints of ``kinect-v1`` from markers.

        Parameters
        ----------
        labels : sequence of str
            Marker labels, without a subject's name.
        points : array ``(frames, markers, 3)``
            Marker positions in metres, in right-handed axes; NaN where not seen.

        Returns
        -------
        array ``(frames, 20, 3)``
            Joint centres; NaN in the frames where no rule has all its markers.

        Raises
        ------
        LayoutError
            If no rule gives a joint from these labels.
        """
        if missing := self.missing(labels):
            joint, markers = next(iter(missing.items()))
            raise LayoutError(
                f"the markers do not give all joints by the set {self.name!r}: {joint} needs {', '.join(markers)} "
                f"({len(missing)} of {len(self.joints)} joints lack markers)"
            )
        computed: dict[str, NDArray[np.floating]] = {
            marker: points[:, column].astype(np.float64) for marker, column in self.columns(labels).items()
        }
        for name, rules in self._rules():
            if usable := [rule for rule in rules if computed.keys() >= set(rule.needs)]:
                computed[name] = _first_seen([rule(computed) for rule in usable])
        return np.stack([computed[joint] for joint in get_layout("kinect-v1").joints], axis=1)

    @classmethod
    def from_toml(cls, path: str | Path) -> MarkerSet:
        """Read a marker set from a TOML file (docs/layouts.md describes its keys).

        Raises
        ------
        LayoutError
            If a key is missing or unknown, a joint has no rule, or a rule uses a point that is not declared before it.
        """
        return parse_toml(cls, Path(path), error=LayoutError)

    def _rules(self) -> list[tuple[str, tuple[Rule, ...]]]:
        return [*self.points.items(), *self.joints.items()]


@cache
def marker_sets() -> tuple[MarkerSet, ...]:
    """Return the marker sets that come with himpc."""
    return tuple(map(MarkerSet.from_toml, sorted(Path(__file__).with_name("marker_sets").glob("*.toml"))))


def recognise_marker_set(labels: Sequence[str]) -> MarkerSet:
    """Return the set that gives all joints from these labels.

    Raises
    ------
    LayoutError
        If there is none; the message names the nearest set and the markers it lacks.
    """
    nearest = min(marker_sets(), key=lambda each: (len(each.missing(labels)), -len(each.columns(labels))))
    missing = nearest.missing(labels)
    if not missing:
        return nearest
    joint, markers = next(iter(missing.items()))
    raise LayoutError(
        f"the markers are of no known set; the nearest is {nearest.name!r}, which does not give {len(missing)} of "
        f"{len(nearest.joints)} joints ({joint} needs {', '.join(markers)})",
        hint="declare the set in a TOML file: {markers=mine.toml}",
    )


def _label_key(label: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", label.upper())


def _first_seen(candidates: list[NDArray[np.floating]]) -> NDArray[np.floating]:
    """Return, for each frame, the first of the ``(frames, 3)`` candidates that is not NaN."""
    chosen = candidates[0]
    for other in candidates[1:]:
        chosen = np.where(np.isnan(chosen).any(axis=1, keepdims=True), other, chosen)
    return chosen
