"""Options that several verbs share, each written once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import Parameter

from himpc.cli.console import Console
from himpc.data.formats.base import Unit, Up

if TYPE_CHECKING:
    from himpc.data import Recordings
    from himpc.data.read import Plan

__all__ = ["Output", "Source"]


@Parameter(name="*")
@dataclass(frozen=True)
class Output:
    """How a verb talks."""

    quiet: bool = False
    """Say nothing but errors."""
    json: bool = False
    """Print one JSON document on standard output and nothing else there."""

    def console(self) -> Console:
        """Return the console that talks this way."""
        return Console(quiet=self.quiet, json=self.json)


@Parameter(name="*")
@dataclass(frozen=True)
class Source:
    """What the files do not say themselves."""

    name: str | None = None
    """Where person, session and camera stand in the path, such as '{person}/{session}/*.c3d'."""
    labels: Path | None = None
    """A CSV table with a column 'path' and any of 'person', 'session', 'camera'."""
    only: tuple[str, ...] = ()
    """Use only some recordings: FIELD=VALUE,VALUE with FIELD one of person, session, camera, source; repeatable."""
    layout: str | None = None
    """Joint layout: a name, or a .toml file that declares one. Recordings of another layout are converted."""
    unit: Unit | None = None
    """Unit of files that do not state it: m, cm, mm or in."""
    up: Up | None = None
    """Axis that points up where the file does not show it: x, y, z, -x, -y or -z."""
    markers: Path | None = None
    """How joints follow from the markers of C3D and TRC files of a set that himpc does not know: a .toml file."""
    fps: float | None = None
    """Frames per second of files that do not state it."""
    raw: bool = False
    """Leave frames as they are: no gap filling, no dropping of empty, frozen or impossible frames."""

    def words(self) -> list[str]:
        """Return the options that any verb needs to read the same files the same way."""
        given = {"layout": self.layout, "unit": self.unit, "up": self.up, "markers": self.markers, "fps": self.fps}
        words = [word for name, value in given.items() if value is not None for word in (f"--{name}", str(value))]
        return [*words, "--raw"] if self.raw else words

    def read(self, paths: tuple[Path, ...], console: Console) -> Recordings:
        """Read the recordings at some paths, list what was left out, and keep what `only` asks for."""
        from himpc.data import read
        from himpc.data.selection import select

        found = read(paths, **self._reading(), progress=console.progress)
        console.problems(found.problems)
        return found.with_(select(found, self.only)) if self.only else found

    def plan(self, paths: tuple[Path, ...]) -> Plan:
        """Find what `read` would read, and read none of it."""
        from himpc.data.read import plan

        return plan(paths, **self._reading())

    def _reading(self) -> dict[str, Any]:
        names = ("name", "labels", "layout", "unit", "up", "fps", "markers")
        return {name: getattr(self, name) for name in names} | {"clean": not self.raw}
