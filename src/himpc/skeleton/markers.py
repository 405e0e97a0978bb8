"""From skin markers to joint centres, by rules that are data: one TOML table a marker set.

The sets that come with himpc are ``himpc/skeleton/marker_sets/*.toml``; a user's own set is a file with the same keys.
It has rules of its own, or says which anatomical landmark each marker is, for the rules of ``landmark_rules.toml``. All
of them give joints of layout ``kinect-v1``, as joint centres.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from himpc._schema import parse, parse_toml, validated
from himpc.errors import LayoutError
from himpc.skeleton.landmarks import LandmarkTable, Rules, expand_sides, landmarks, marker_set_fields
from himpc.skeleton.layout import get_layout
from himpc.skeleton.marker_rules import HipCentre, Rule
from himpc.skeleton.names import marker_names

CACHE_SIZE = 64
"""Number of lists of labels whose marker set is cached: most files of an archive have the same labels."""

_MIN_KNOWN, _MIN_LANDMARKS = 0.6, 8
"""Share of the labels that a set must know, or number of its markers that must be there, to explain a part of a
body."""

_MAX_PELVIS = 0.2
"""Distance of the back of the pelvis from its front, as a share of the stature: 0.09 to 0.15 in recordings."""
_MIN_CLUSTER = 3


@validated
class MarkerSet:
    """Markers by name, and the rules that give joints of ``kinect-v1``.

    Parameters
    ----------
    name, title, source : str
        Short name, one line for people, and the reference that describes the set.
    markers : tuple of str
        The markers that the rules may use.
    aliases : dict of str to tuple of str
        Other labels of a marker. Case and punctuation of a label do not matter.
    others : tuple of str
        Labels of the set that no rule uses; ``{S}`` stands for L and R.
    by_words : bool
        Whether labels are compared as a side and words (`marker_names`): ``RKneeLat`` is ``knee lat right``. Each label
        is then used once, for the first marker that has its name.
    requires : tuple of str
        Labels that must all be there, because the set gives other labels meanings that they have in no other set.
    unless : dict of str to tuple of str
        Labels that are ignored beside others: ``{"LSH": ("LTH",)}``, as beside a thigh it is the shank.
    points, joints : dict of str to tuple of Rule
        Auxiliary points and then joints, in the order in which they are computed. The rules of one are alternatives:
        in each frame, the first whose markers were all seen is used.
    """

    name: str
    markers: tuple[str, ...]
    joints: Rules
    points: Rules = field(default_factory=dict)
    aliases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    by_words: bool = False
    requires: tuple[str, ...] = ()
    unless: dict[str, tuple[str, ...]] = field(default_factory=dict)
    title: str = ""
    source: str = "declared by the user"

    @model_validator(mode="after")
    def _check(self) -> MarkerSet:
        layout = get_layout("kinect-v1")
        if not self.joints or not layout.has(*self.joints):
            odd = ", ".join(sorted(set(self.joints) - set(layout.joints))) or "none"
            raise ValueError(
                f"'joints' must give some of the {len(layout)} joints of 'kinect-v1', and no others; found {odd}"
            )
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
        place: dict[Hashable, int] = {}
        for column, label in sorted(enumerate(labels), key=lambda pair: len(pair[1])):  # C7 rather than C7_m
            for key in (label, *self._keys(label)):
                place.setdefault(key, column)
        if not (all(self._key(label) in place for label in self.requires) or set(self.markers).issuperset(labels)):
            return {}
        beside = {label for label, others in self.unless.items() if any(self._key(other) in place for other in others)}
        ignored = set(map(self._key, beside))
        columns: dict[str, int] = {}
        used: set[int] = set()
        for marker in self.markers:
            # A landmark such as "left_hip_centre" is compared literally: as words, it may be another label.
            keys = [marker if self.by_words else self._key(marker), *map(self._key, self.aliases.get(marker, ()))]
            found = (place[key] for key in keys if key in place and key not in ignored)
            for own in found:
                if not (self.by_words and own in used):
                    columns[marker] = own
                    used.add(own)
                    break
        return columns

    def count_known(self, labels: Sequence[str]) -> int:
        """Count the labels that belong to the set, whether or not a rule uses them."""
        own = [*self.markers, *(other for others in self.aliases.values() for other in others)]
        known = set(map(self._key, own + [sided for other in self.others for sided in expand_sides(other)]))
        return sum(not known.isdisjoint(self._keys(label)) for label in labels)

    def explains(self, labels: Sequence[str]) -> bool:
        """Return whether labels are of this set: most of them, or enough to tell a body from other things.

        Numbered markers of a cluster, such as ``RTH1`` to ``RTH4``, do not count.
        """
        stems = Counter(map(_stem, labels))
        own = [label for label in labels if _stem(label) == label or stems[_stem(label)] < _MIN_CLUSTER]
        return self.count_known(own) >= _MIN_KNOWN * len(own) or len(self.columns(labels)) >= _MIN_LANDMARKS

    def has_pelvis(self, labels: Sequence[str]) -> bool:
        """Return whether the labels are of skin markers: those on the front of the pelvis are of no skeleton."""
        columns = self.columns(labels)
        hips = [rule for rule in self.joints.get("left_hip", ()) if isinstance(rule, HipCentre)]
        return any(columns.keys() >= set(rule.asis) for rule in hips)

    def given_joints(self, labels: Sequence[str]) -> tuple[str, ...]:
        """Return the joints that the rules give from these labels, in the order of ``kinect-v1``."""
        missing = self.missing(labels)
        return tuple(joint for joint in get_layout("kinect-v1").joints if joint not in missing)

    def missing(self, labels: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return the joints of ``kinect-v1`` that no rule can give from these labels, each with what it lacks.

        These are markers of its first rule, or ``a rule`` where the set has none for the joint.
        """
        available = set(self.columns(labels))
        missing: dict[str, tuple[str, ...]] = {}
        for name, rules in self._rules():
            if any(available.issuperset(rule.needs) for rule in rules):
                available.add(name)
            else:
                needs = [missing.get(need, (need,)) for need in rules[0].needs if need not in available]
                missing[name] = tuple(sorted({marker for group in needs for marker in group}))
        without_rule = {joint: ("a rule",) for joint in get_layout("kinect-v1").joints if joint not in self.joints}
        return {joint: missing[joint] for joint in self.joints if joint in missing} | without_rule

    def to_joints(
        self, labels: Sequence[str], points: NDArray[np.floating], joints: Sequence[str] | None = None
    ) -> NDArray[np.floating]:
        """Return joints of ``kinect-v1`` from markers.

        Parameters
        ----------
        labels : sequence of str
            Marker labels, without a subject's name.
        points : array ``(frames, markers, 3)``
            Marker positions in metres, in right-handed axes; NaN where not seen.
        joints : sequence of str, optional
            The joints to return, by default all 20.

        Returns
        -------
        array ``(frames, joints, 3)``
            Joint centres; NaN in the frames where no rule has all its markers.

        Raises
        ------
        LayoutError
            If no rule gives a joint from these labels.
        """
        wanted = get_layout("kinect-v1").joints if joints is None else joints
        missing = {joint: needs for joint, needs in self.missing(labels).items() if joint in wanted}
        if missing:
            joint, needs = next(iter(missing.items()))
            raise LayoutError(
                f"the markers do not give all joints by the set {self.name!r}: {joint} needs {', '.join(needs)} "
                f"({len(missing)} of {len(wanted)} joints lack markers)"
            )
        computed = self._compute(labels, points)
        return np.stack([computed[joint] for joint in wanted], axis=1)

    def find_contradiction(self, labels: Sequence[str], points: NDArray[np.floating], height: float) -> str:
        """Return what shows that labels of the pelvis mean other points than those of the set; empty if nothing does.

        Parameters
        ----------
        labels, points : as of `to_joints`
            In any unit.
        height : float
            The stature in this unit.
        """
        computed = self._compute(labels, points)
        for rule in (rule for rules in self.joints.values() for rule in rules if isinstance(rule, HipCentre)):
            if computed.keys() >= set(rule.needs):
                front = (computed[rule.asis[0]] + computed[rule.asis[1]]) / 2
                depths = np.linalg.norm(front - computed[rule.psis], axis=1)
                seen = depths[np.isfinite(depths)]
                if len(seen) and (depth := float(np.median(seen)) / height) > _MAX_PELVIS:
                    return f"the back of the pelvis would be {depth:.2g} of the stature from its front"
        return ""

    def _compute(self, labels: Sequence[str], points: NDArray[np.floating]) -> dict[str, NDArray[np.floating]]:
        """Return the markers, and the points and joints that the rules give from them."""
        computed: dict[str, NDArray[np.floating]] = {
            marker: points[:, column].astype(np.float64) for marker, column in self.columns(labels).items()
        }
        for name, rules in self._rules():
            if usable := [rule for rule in rules if computed.keys() >= set(rule.needs)]:
                computed[name] = _first_seen([rule(computed) for rule in usable])
        return computed

    @classmethod
    def from_toml(cls, path: str | Path) -> MarkerSet:
        """Read a marker set from a TOML file (docs/layouts.md describes its keys).

        Raises
        ------
        LayoutError
            If a key is missing or unknown, there is no such joint or landmark, or a rule uses a point that is not
            declared before it.
        """
        table: dict[str, Any] = parse_toml(dict, Path(path), error=LayoutError)
        if "landmarks" in table:
            return cls(**marker_set_fields(parse(LandmarkTable, table, source=str(path), error=LayoutError), str(path)))
        return parse(cls, table, source=str(path), error=LayoutError)

    def _rules(self) -> list[tuple[str, tuple[Rule, ...]]]:
        return [*self.points.items(), *self.joints.items()]

    def _key(self, label: str) -> Hashable:
        return self._keys(label)[0]

    def _keys(self, label: str) -> tuple[Hashable, ...]:
        """Return the keys by which a label is compared, the most literal first."""
        return marker_names(label) if self.by_words else (re.sub(r"[^A-Z0-9]", "", label.upper()),)


@cache
def marker_sets() -> tuple[MarkerSet, ...]:
    """Return the marker sets that come with himpc: those with rules of their own first, those by words last."""
    sets = map(MarkerSet.from_toml, sorted(Path(__file__).with_name("marker_sets").glob("*.toml")))
    return tuple(sorted(sets, key=lambda each: (each.by_words, _uses_landmarks(each))))


def find_marker_set(labels: Sequence[str]) -> MarkerSet:
    """Return the set that gives the most joints from these labels; among equals, the one that knows more of them."""
    return _find_marker_set(tuple(labels))


@lru_cache(maxsize=CACHE_SIZE)
def _find_marker_set(labels: tuple[str, ...]) -> MarkerSet:

    def key(known: MarkerSet) -> tuple[int, bool, int]:
        return len(known.given_joints(labels)), not _uses_landmarks(known), known.count_known(labels)

    return max(marker_sets(), key=key)


def recognise_marker_set(labels: Sequence[str]) -> MarkerSet:
    """Return the set that gives all joints from these labels.

    Raises
    ------
    LayoutError
        If there is none; the message names the nearest set and the markers it lacks.
    """
    best = find_marker_set(labels)
    if not best.missing(labels):
        return best
    sets = [known for known in marker_sets() if not known.by_words]
    nearest = max(sets, key=lambda known: (known.count_known(labels), len(known.given_joints(labels))))
    missing = nearest.missing(labels)
    joint, markers = next(iter(missing.items()))
    raise LayoutError(
        f"the markers are of no known set; the nearest is {nearest.name!r}, which does not give {len(missing)} of "
        f"{len(get_layout('kinect-v1'))} joints ({joint} needs {', '.join(markers)})",
        hint="declare the set in a TOML file: {markers=mine.toml}",
    )


def _uses_landmarks(known: MarkerSet) -> bool:
    return landmarks().issuperset(known.markers)


def _stem(label: str) -> str:
    return label.rstrip("0123456789")


def _first_seen(candidates: list[NDArray[np.floating]]) -> NDArray[np.floating]:
    """Return, for each frame, the first of the ``(frames, 3)`` candidates that is not NaN."""
    chosen = candidates[0]
    for other in candidates[1:]:
        chosen = np.where(np.isnan(chosen).any(axis=1, keepdims=True), other, chosen)
    return chosen
