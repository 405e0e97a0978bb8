"""From skin markers to joint centres, by rules that are data: one TOML table a marker set.

The sets that come with himpc are ``himpc/skeleton/marker_sets/*.toml``; a person's own set is a file of the same keys.
All of them give the 20 joints of layout ``gait-20``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import LayoutError
from himpc.skeleton.layout import get_layout
from himpc.skeleton.marker_rules import HipCentre, Mean, Rule, Shift

__all__ = ["MarkerSet", "joints_from_markers", "marker_sets", "recognise_marker_set"]

_KEYS = {"name", "title", "source", "markers", "aliases", "points", "joints"}
_RULE_KEYS = {
    "mean": {"mean", "source"},
    "shift": {"shift", "along", "square_to", "length", "times", "plus", "source"},
    "hip": {"hip", "asis", "psis", "source"},
}


@dataclass(frozen=True)
class MarkerSet:
    """Markers by name, and how the joints of ``gait-20`` follow from them.

    Parameters
    ----------
    name, title, source : str
        Short name, one line for people, and who described the set.
    markers : tuple of str
        The markers that the rules may use.
    aliases : tuple of (str, str)
        Other labels of markers: (label, marker). Case and punctuation of a label do not matter anyway.
    points, joints : tuple of (str, tuple of Rule)
        Helping points and then joints, in the order in which they are worked out. The rules of one are alternatives:
        in each frame the first whose markers were all seen counts.
    """

    name: str
    title: str
    source: str
    markers: tuple[str, ...]
    aliases: tuple[tuple[str, str], ...]
    points: tuple[tuple[str, tuple[Rule, ...]], ...]
    joints: tuple[tuple[str, tuple[Rule, ...]], ...]

    def columns(self, labels: Sequence[str]) -> dict[str, int]:
        """Return where each marker of the set stands among a file's labels; those that are absent are left out."""
        place = {_key(label): column for column, label in reversed(list(enumerate(labels)))}
        found = {marker: place[_key(marker)] for marker in self.markers if _key(marker) in place}
        for label, marker in self.aliases:
            if _key(label) in place:
                found.setdefault(marker, place[_key(label)])
        return found

    def lacking(self, labels: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return the joints that no rule can give from these labels, each with what its first rule lacks."""
        known = set(self.columns(labels))
        lacking: dict[str, tuple[str, ...]] = {}
        for name, rules in (*self.points, *self.joints):
            if any(known.issuperset(rule.needs) for rule in rules):
                known.add(name)
            else:
                needs = [lacking.get(need, (need,)) for need in rules[0].needs if need not in known]
                lacking[name] = tuple(sorted({marker for group in needs for marker in group}))
        return {joint: lacking[joint] for joint, _ in self.joints if joint in lacking}

    def to_joints(self, labels: Sequence[str], points: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the joints of ``gait-20`` from markers.

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
            If a joint cannot be had from these labels.
        """
        if lacking := self.lacking(labels):
            joint, markers = next(iter(lacking.items()))
            raise LayoutError(
                f"markers do not give all joints by the set {self.name!r}: {joint} needs {', '.join(markers)} "
                f"({len(lacking)} of {len(self.joints)} joints lack markers)"
            )
        known: dict[str, NDArray[np.floating]] = {
            marker: points[:, column].astype(np.float64) for marker, column in self.columns(labels).items()
        }
        for name, rules in (*self.points, *self.joints):
            usable = [rule for rule in rules if known.keys() >= set(rule.needs)]
            if usable:
                known[name] = _first_seen([rule(known) for rule in usable])
        return np.stack([known[joint] for joint in get_layout("gait-20").joints], axis=1)

    @classmethod
    def from_dict(cls, table: Mapping[str, Any], where: str = "marker set") -> MarkerSet:
        """Make a marker set from plain data (a TOML table), checking all of it.

        Parameters
        ----------
        table : mapping
            Keys ``name``, ``markers``, ``joints``, and if wished ``title``, ``source``, ``aliases``, ``points``. Each
            joint or point has a list of rules, see `himpc.skeleton.marker_rules`: ``{mean = [...]}``,
            ``{shift = ..., along = [a, b], length = [a, b], times = ...}`` or
            ``{hip = "left", asis = [left, right], psis = ...}``.
        where : str
            What to call the table in an error.

        Raises
        ------
        LayoutError
            If a key is missing or unknown, a joint has no rule, or a rule uses what is not declared before it.
        """
        if unknown := sorted(set(table) - _KEYS):
            raise LayoutError(f"{where}: unknown key {unknown[0]!r}; a marker set has {', '.join(sorted(_KEYS))}")
        if missing := [key for key in ("name", "markers", "joints") if key not in table]:
            raise LayoutError(f"{where}: a marker set needs the key {missing[0]!r}")
        joints = get_layout("gait-20").joints
        if set(table["joints"]) != set(joints):
            odd = sorted(set(table["joints"]) ^ set(joints))
            raise LayoutError(f"{where}: 'joints' must give the {len(joints)} joints of 'gait-20'; look at {odd[0]!r}")
        known = {str(marker) for marker in table["markers"]}
        points = _parse_rules(table.get("points", {}), known, where)
        return cls(
            name=str(table["name"]),
            title=str(table.get("title", table["name"])),
            source=str(table.get("source", "declared by the user")),
            markers=tuple(str(marker) for marker in table["markers"]),
            aliases=_parse_aliases(table, where),
            points=points,
            joints=_parse_rules(table["joints"], known, where),
        )

    @classmethod
    def from_toml(cls, path: str | Path) -> MarkerSet:
        """Read a marker set from a TOML file; see `from_dict` for its keys and errors."""
        try:
            table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise LayoutError(f"{path}: cannot be read as a marker set: {error}") from error
        except tomllib.TOMLDecodeError as error:
            raise LayoutError(f"{path}: is not valid TOML: {error}") from error
        return cls.from_dict(table, where=str(path))


@cache
def marker_sets() -> tuple[MarkerSet, ...]:
    """Return the marker sets that come with himpc."""
    tables = sorted((f for f in files("himpc.skeleton").joinpath("marker_sets").iterdir()), key=str)
    return tuple(
        MarkerSet.from_dict(tomllib.loads(f.read_text(encoding="utf-8")), where=f.name)
        for f in tables
        if f.name.endswith(".toml")
    )


def recognise_marker_set(labels: Sequence[str]) -> MarkerSet:
    """Return the set whose joints can all be had from these labels.

    Raises
    ------
    LayoutError
        If there is none; the message names the nearest set and what it lacks.
    """
    nearest = min(marker_sets(), key=lambda known: (len(known.lacking(labels)), -len(known.columns(labels))))
    lacking = nearest.lacking(labels)
    if not lacking:
        return nearest
    joint, markers = next(iter(lacking.items()))
    raise LayoutError(
        f"the markers are of no known set; the nearest is {nearest.name!r}, of which {len(lacking)} of "
        f"{len(nearest.joints)} joints cannot be had ({joint} needs {', '.join(markers)}): "
        "declare the set in a .toml file"
    )


def joints_from_markers(
    labels: Sequence[str], points: NDArray[np.floating], marker_set: MarkerSet | None = None
) -> tuple[NDArray[np.floating], str]:
    """Return the joints of ``gait-20`` and the name of the marker set that gave them.

    Parameters
    ----------
    labels : sequence of str
        Marker labels, without a subject's name.
    points : array ``(frames, markers, 3)``
        Marker positions in metres; NaN where not seen.
    marker_set : MarkerSet, optional
        The set to use; without it, the one that the labels show.

    Returns
    -------
    array ``(frames, 20, 3)``, str
        Joint centres, NaN where a marker they need was not seen, and the set's name.

    Raises
    ------
    LayoutError
        If the labels do not give all joints.
    """
    chosen = marker_set or recognise_marker_set(labels)
    return chosen.to_joints(labels, points), chosen.name


def _key(label: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", label.upper())


def _first_seen(candidates: list[NDArray[np.floating]]) -> NDArray[np.floating]:
    """Return, for each frame, the first of the ``(frames, 3)`` candidates that is not NaN."""
    chosen = candidates[0]
    for other in candidates[1:]:
        chosen = np.where(np.isnan(chosen).any(axis=1, keepdims=True), other, chosen)
    return chosen


def _parse_aliases(table: Mapping[str, Any], where: str) -> tuple[tuple[str, str], ...]:
    aliases = table.get("aliases", {})
    for marker in aliases:
        if marker not in table["markers"]:
            raise LayoutError(f"{where}: 'aliases' names {marker!r}, which is not among its markers")
    return tuple((str(label), str(marker)) for marker, labels in aliases.items() for label in labels)


def _parse_rules(table: Mapping[str, Any], known: set[str], where: str) -> tuple[tuple[str, tuple[Rule, ...]], ...]:
    """Return the rules of each point in order, and add the points to those that later rules may use."""
    parsed = []
    for name, rules in table.items():
        if not isinstance(rules, list) or not rules:
            raise LayoutError(f"{where}: {name!r} needs a list of at least one rule")
        parsed.append((name, tuple(_parse_rule(rule, f"{where}: {name}") for rule in rules)))
        for rule in parsed[-1][1]:
            if undeclared := sorted(set(rule.needs) - known):
                raise LayoutError(
                    f"{where}: {name} uses {undeclared[0]!r}, which is neither among the markers nor worked out before"
                )
        known.add(name)
    return tuple(parsed)


def _parse_rule(rule: Mapping[str, Any], where: str) -> Rule:
    kind = next((kind for kind in _RULE_KEYS if isinstance(rule, Mapping) and kind in rule), None)
    if kind is None:
        raise LayoutError(f"{where}: a rule must have one of the keys {', '.join(_RULE_KEYS)}, found {rule!r}")
    if unknown := sorted(set(rule) - _RULE_KEYS[kind]):
        raise LayoutError(f"{where}: unknown key {unknown[0]!r}; this rule has {', '.join(sorted(_RULE_KEYS[kind]))}")
    source = str(rule.get("source", ""))
    try:
        if kind == "mean":
            return Mean(tuple(map(str, rule["mean"])), source)
        if kind == "hip":
            if rule["hip"] not in ("left", "right"):
                raise ValueError("'hip' must be left or right")
            return HipCentre(rule["hip"], _two(rule["asis"]), str(rule["psis"]), source)
        return Shift(
            start=str(rule["shift"]),
            along=_two(rule["along"]),
            length=_two(rule["length"]),
            times=float(rule["times"]),
            plus=float(rule.get("plus", 0.0)),
            square_to=_two(rule["square_to"]) if "square_to" in rule else None,
            source=source,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise LayoutError(
            f"{where}: the rule {dict(rule)!r} is not complete or not of the right types: {error}"
        ) from None


def _two(value: Sequence[str]) -> tuple[str, str]:
    first, second = value
    return str(first), str(second)
