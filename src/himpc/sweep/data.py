"""The recordings of a sweep: files or simulated walkers, shared out into training, gallery and probe."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, get_args

import numpy as np

from himpc.data import Problem, Recording, clean, read, simulate
from himpc.data.progress import Progress
from himpc.data.selection import select
from himpc.errors import ConfigError
from himpc.evaluation.protocol import SameExclusion
from himpc.evaluation.ranking import WithoutMatch
from himpc.jobs import evaluate
from himpc.model import BASELINES
from himpc.sweep.grid import Grid

__all__ = ["SweepData", "load_data"]

_READING = ("name", "labels", "layout", "unit", "up", "fps", "markers", "clean")
_PARTS = ("train", "gallery", "probe")
_HOW = {"exclude": get_args(SameExclusion), "without_match": get_args(WithoutMatch)}
_SIMULATING = ("people", "recordings", "seconds", "fps", "layout", "difficulty", "seed", "cameras", "sessions")


@dataclass(frozen=True, eq=False)
class SweepData:
    """Recordings to train on without their names, and recordings of known people to measure with.

    Attributes
    ----------
    train, gallery : tuple of Recording
        Training sees the joints of the first only.
    probe : tuple of Recording or None
        If None, each of the gallery is asked for among the others.
    how : mapping
        ``exclude`` and ``without_match`` of `himpc.evaluate`, where they were given.
    problems : tuple of Problem
        Files that could not be used.
    """

    train: tuple[Recording, ...]
    gallery: tuple[Recording, ...]
    probe: tuple[Recording, ...] | None
    how: Mapping[str, Any]
    problems: tuple[Problem, ...] = ()

    @property
    def test(self) -> tuple[Recording, ...]:
        """Gallery and probe together, which are grouped."""
        return self.gallery + (self.probe or ())

    def fingerprint(self) -> str:
        """Return a hash (SHA-256) of all that a run sees of the data: joints, layouts, labels, parts, protocol."""
        digest = hashlib.sha256(json.dumps([dict(self.how), self.probe is None], sort_keys=True).encode())
        for part in (self.train, self.gallery, self.probe or ()):
            digest.update(f"{len(part)}".encode())
            for walk in part:
                about = [walk.layout.to_dict(), walk.joints.shape, walk.dimensions, walk.take]
                about += [walk.person, walk.session, walk.camera]
                digest.update(json.dumps(about, sort_keys=True).encode())
                digest.update(np.ascontiguousarray(walk.joints).data)
        return digest.hexdigest()

    def check(self) -> None:
        """Measure a method that needs no training once, so that what would stop every run stops before the first.

        Raises
        ------
        DataError
            As `himpc.evaluate`: a person is not known, the parts overlap, a query has no match, ...
        """
        evaluate(BASELINES["raw"], self.gallery, self.probe, **self.how)


def load_data(grid: Grid, progress: Progress | None = None) -> SweepData:
    """Read or simulate the recordings that a grid names, and share them out.

    Parameters
    ----------
    grid : Grid
        Its table ``[data]`` has ``path`` (relative to the grid's file) or ``simulate``, and the conditions ``train``,
        ``gallery`` and, where another part is asked for, ``probe`` (see `himpc.data.selection.select`).
    progress : callable, optional
        Wraps the loop over files or people to show how far it is.

    Raises
    ------
    ConfigError
        If the table is wrong.
    DataError
        If nothing can be read, or no recording meets a condition.
    """
    try:
        table = grid.data
        _check(table)
        everything = _simulated(table, progress) if "simulate" in table else _read(grid, progress)
        parts = {name: tuple(select(everything, table[name])) for name in _PARTS if name in table}
    except ConfigError as error:
        raise ConfigError(f"{grid.path}: [data] {error}") from error
    how = {name: table[name] for name in _HOW if name in table}
    problems = getattr(everything, "problems", ())
    return SweepData(parts["train"], parts["gallery"], parts.get("probe"), how, problems)


def _check(table: Mapping[str, Any]) -> None:
    if ("path" in table) == ("simulate" in table):
        raise ConfigError("must name either path, a folder of recordings, or simulate, a table of simulated walkers")
    known = ("path", "simulate", *_PARTS, *_HOW, *(() if "simulate" in table else _READING))
    if unknown := [key for key in table if key not in known]:
        raise ConfigError(f"unknown key {unknown[0]!r}; it has {', '.join(known)}")
    for part in _PARTS:
        if part not in table and part != "probe":
            raise ConfigError(f'lacks {part}: a list of conditions such as ["session=1,2"], or ["source=*"] for all')
        conditions = table.get(part, ["source=*"])
        if not isinstance(conditions, list) or not conditions or not all(isinstance(c, str) for c in conditions):
            raise ConfigError(f'{part} must be a list of conditions such as ["session=1,2"], found {conditions!r}')
    for name, choices in _HOW.items():
        if name in table and table[name] not in choices:
            raise ConfigError(f"{name} must be one of {', '.join(choices)}, found {table[name]!r}")


def _read(grid: Grid, progress: Progress | None) -> Sequence[Recording]:
    table = grid.data
    for name in ("path", "labels", "markers", "name", "layout", "unit", "up"):
        if name in table and not isinstance(table[name], str):
            raise ConfigError(f"{name} must be text in quotes, found {table[name]!r}")
    if isinstance(table.get("fps", 1.0), bool) or not isinstance(table.get("fps", 1.0), int | float):
        raise ConfigError(f"fps must be a number, found {table['fps']!r}")
    if not isinstance(table.get("clean", True), bool):
        raise ConfigError(f"clean must be true or false, found {table['clean']!r}")
    beside = grid.path.parent
    how = {name: table[name] for name in _READING if name in table}
    how |= {name: beside / table[name] for name in ("labels", "markers") if name in table}
    if str(how.get("layout", "")).endswith(".toml"):
        how["layout"] = beside / how["layout"]
    return read(beside / table["path"], progress=progress, **how)


def _simulated(table: Mapping[str, Any], progress: Progress | None) -> Sequence[Recording]:
    """Return simulated walkers, cleaned as files are."""
    knobs = table["simulate"]
    if not isinstance(knobs, Mapping):
        raise ConfigError(f"simulate must be a table such as {{people = 12, recordings = 6}}, found {knobs!r}")
    if unknown := [name for name in knobs if name not in _SIMULATING]:
        raise ConfigError(f"simulate has no {unknown[0]!r}; it has {', '.join(_SIMULATING)}")
    if not isinstance(knobs.get("cameras", 1), int):
        raise ConfigError(f"cameras of simulate must be a number, found {knobs['cameras']!r}")
    for name in ("layout", "difficulty"):
        if not isinstance(knobs.get(name, ""), str):
            raise ConfigError(f"{name} of simulate must be text in quotes, found {knobs[name]!r}")
    return list(chain.from_iterable(map(clean, simulate(progress=progress, **knobs))))
