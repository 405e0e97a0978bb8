"""Where a recipe's recordings come from: a folder of files of any format that himpc reads."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, cast

from himpc.errors import ConfigError, DataError
from himpc.reading import Recordings, read
from himpc.reading.formats.file_options import Unit, Up
from himpc.reading.labels import NamePattern
from himpc.recordings.progress import Progress
from himpc.research.folders import child

__all__ = ["FolderSource"]

_PATHS = ("layout", "markers")


@dataclass(frozen=True)
class FolderSource:
    """How the files of a folder are read: the arguments of `himpc.read` that they need.

    Attributes
    ----------
    name : str, optional
        Where person, session and camera stand in the path, such as ``{person}/{session}/*.c3d``.
    labels : str, optional
        A table that says so instead, by its path in the folder.
    layout, unit, up, fps, markers : optional
        What the files do not state.
    """

    name: str | None = None
    labels: str | None = None
    layout: str | None = None
    unit: str | None = None
    up: str | None = None
    fps: float | None = None
    markers: str | None = None

    @classmethod
    def from_table(cls, table: object, folder: Path) -> FolderSource:
        """Check the table ``[files]`` of a recipe; a layout or marker set in a file is looked for in a folder.

        Raises
        ------
        ConfigError
            If a key is unknown or of another type, or neither `name` nor `labels` says whom recordings show.
        """
        known = [each.name for each in fields(cls)]
        if not isinstance(table, dict):
            raise ConfigError(f"'files' must be a table, found {table!r}")
        for key, value in table.items():
            if key not in known:
                raise ConfigError(f"unknown key {key!r} in [files]; it has {', '.join(known)}")
            wanted = (int, float) if key == "fps" else (str,)
            if isinstance(value, bool) or not isinstance(value, wanted):
                raise ConfigError(
                    f"{key!r} in [files] must be {'a number' if key == 'fps' else 'a text'}, found {value!r}"
                )
        if not {"name", "labels"} & set(table):
            raise ConfigError("[files] needs 'name', a pattern of paths that has {person}, or 'labels', a table")
        if "name" in table:
            NamePattern(table["name"])
        source = cls(**table)
        beside = {key: str(folder / table[key]) for key in _PATHS if str(table.get(key, "")).endswith(".toml")}
        return replace(source, **cast(dict[str, Any], beside))

    def find(self, name: str, root: str | Path | None) -> Path:
        """Return the folder of a recipe's recordings: the one that is given, or one of the recipe's name in it.

        Raises
        ------
        ConfigError, DataError
            If none is given, or it is not there.
        """
        if root is None:
            raise ConfigError(f"{name} needs --root, the folder of its recordings")
        if not Path(root).is_dir():
            raise DataError(f"{root}: is no folder; expected that of {name}")
        return child(Path(root), name) or Path(root)

    def read(self, folder: Path, progress: Progress | None = None) -> Recordings:
        """Read and clean the recordings."""
        return read(
            folder,
            name=self.name,
            labels=None if self.labels is None else folder / self.labels,
            layout=self.layout,
            unit=cast(Unit | None, self.unit),
            up=cast(Up | None, self.up),
            fps=self.fps,
            markers=self.markers,
            progress=progress,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what is given as plain data."""
        return {"files": {key: value for key, value in vars(self).items() if value is not None}}
