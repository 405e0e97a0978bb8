"""Options that several verbs share, each written once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from cyclopts import Parameter

from himpc.cli.console import Console
from himpc.errors import ConfigError, DataError
from himpc.reading.formats.base import Unit, Up

if TYPE_CHECKING:
    from himpc.reading import Recordings
    from himpc.reading.read import Plan
    from himpc.video import PoseCleaningRules, PoseEstimator, VideoResult

__all__ = ["Output", "Seeing", "Source"]


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
class Seeing:
    """How people are found in videos."""

    name: str | None = None
    """Where person, session and camera stand in the path, such as '{person}/{session}/*.c3d'."""
    raw: bool = False
    """Leave frames as they are: no gap filling, no dropping of empty, frozen or impossible frames."""
    estimator: str = "mediapipe"
    """What finds people in videos: mediapipe (3D), or rtmlib (2D or 3D, as its --weights are)."""
    weights: tuple[Path, ...] = ()
    """Local files of the estimator: a .task file, or a detector and a pose model as .onnx; repeatable."""
    tiles: int = 0
    """Look at videos in so many rows of overlapping tiles, too: finds people that are small in the picture."""
    leave_out: tuple[str, ...] = ()
    """Of videos, leave out where people are 'standing' or 'seated'; repeatable."""
    steady_bones: bool = False
    """Of videos, give each bone of arms and legs one length: good to look at, but people are known again less well."""

    def open_estimator(self) -> PoseEstimator:
        """Return what finds people in videos."""
        from himpc.video import open_estimator

        return open_estimator(self.estimator, self.weights, tiles=self.tiles)

    def cleaning(self) -> PoseCleaningRules:
        """Return how skeletons from video are made clean."""
        from himpc.video import DEFAULT_STEPS, STEPS, PoseCleaningRules

        if self.raw and self.steady_bones:
            raise ConfigError("--raw changes nothing and --steady-bones does: give one of them")
        steps = () if self.raw else STEPS if self.steady_bones else DEFAULT_STEPS
        return PoseCleaningRules(steps=steps, leave_out=cast(Any, self.leave_out))


@Parameter(name="*")
@dataclass(frozen=True)
class Source(Seeing):
    """What the files do not say themselves."""

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

    def words(self) -> list[str]:
        """Return the options that any verb needs to read the same files the same way."""
        given = {"layout": self.layout, "unit": self.unit, "up": self.up, "markers": self.markers, "fps": self.fps}
        words = [word for name, value in given.items() if value is not None for word in (f"--{name}", str(value))]
        if self.estimator != "mediapipe":
            words += ["--estimator", self.estimator]
        words += [word for path in self.weights for word in ("--weights", str(path))]
        words += ["--tiles", str(self.tiles)] if self.tiles else []
        words += [word for posture in self.leave_out for word in ("--leave-out", posture)]
        words += ["--steady-bones"] if self.steady_bones else []
        return [*words, "--raw"] if self.raw else words

    def read(
        self, paths: tuple[Path, ...], console: Console, seen: Callable[[VideoResult], None] | None = None
    ) -> Recordings:
        """Read the recordings at some paths, list what was left out, and keep what `only` asks for.

        `seen` is called with the people in each video.
        """
        from himpc.reading import Recordings, read
        from himpc.recordings.selection import parse_condition, select

        for path in paths:
            with suppress(PermissionError):  # is told when it is read
                if not path.exists():
                    raise DataError(f"{path}: there is no such file or folder")
        for condition in self.only:
            parse_condition(condition)
        videos = [path for path in paths if self._is_of_videos(path, console)]
        others = [path for path in paths if path not in videos]
        found = self.videos(videos, console, seen) if videos else Recordings([])
        if others or not videos:
            more = read(others, **self._reading(), progress=console.progress)
            found = Recordings([*found, *more], found.problems + more.problems)
        console.problems(found.problems)
        return found.with_(select(found, self.only)) if self.only else found

    def _is_of_videos(self, path: Path, console: Console) -> bool:
        """Tell whether it is a video, or a folder of videos that holds nothing else to read.

        Videos beside recordings, as in many a data set, are told and not looked at: that takes minutes.
        """
        from himpc.errors import EmptyError
        from himpc.reading.read import plan
        from himpc.video.decoding import is_video
        from himpc.video.read import find_videos

        if not path.is_dir():
            return is_video(path)
        inside: list[Any] = []
        with suppress(EmptyError):
            inside, _ = find_videos([path])
        try:
            plan(path, **self._reading())
        except EmptyError:
            return bool(inside)
        if inside:
            console.warn(f"{path}: {len(inside)} videos in it are not looked at, for it holds recordings: name them")
        return False

    def videos(
        self, paths: Sequence[Path], console: Console, found: Callable[[VideoResult], None] | None = None
    ) -> Recordings:
        """Return the recordings of the people in videos; `found` is called with what was found in each."""
        from himpc.skeleton import get_layout
        from himpc.video import read_videos

        layout = None if self.layout is None else get_layout(self.layout)
        with console.watching() as watcher:
            recordings = read_videos(
                paths,
                self.open_estimator(),
                name=self.name,
                labels=self.labels,
                cleaning=self.cleaning(),
                on_progress=watcher,
                found=found,
            )
        if layout is None:
            return recordings
        return recordings.with_([each.to(layout) for each in recordings])

    def plan(self, paths: tuple[Path, ...]) -> Plan:
        """Find what `read` would read, and read none of it."""
        from himpc.reading.read import plan

        return plan(paths, **self._reading())

    def _reading(self) -> dict[str, Any]:
        names = ("name", "labels", "layout", "unit", "up", "fps", "markers")
        return {name: getattr(self, name) for name in names} | {"clean": not self.raw}
