"""Files of strangers: kept in a private folder under names of our own while they are read, and no longer."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from fastapi import UploadFile

from himpc.errors import ConfigError, FormatError, escape_unprintable
from himpc.reading.formats.base import Unit, Up
from himpc.reading.read import plan
from himpc.recordings import Recording
from himpc.skeleton import layout_names

__all__ = ["Options", "Sent", "read_sent"]

_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")
_LONGEST = 200


@dataclass(frozen=True)
class Options:
    """What files do not say themselves; as `himpc.reading.read` takes it.

    Attributes
    ----------
    layout : str, optional
        The name of a layout: never a path.
    unit, up, fps : optional
    """

    layout: str | None = None
    unit: Unit | None = None
    up: Up | None = None
    fps: float | None = None


@dataclass(frozen=True, eq=False)
class Sent:
    """What the files of a request held.

    Attributes
    ----------
    recordings : list of Recording
        Their sources are the names that the client gave, made printable and different.
    left_out : list of dict
        ``path`` and ``why`` of each file, or part of one, that could not be used.
    """

    recordings: list[Recording]
    left_out: list[dict[str, str]]


def read_sent(files: Sequence[UploadFile], options: Options, folder: Path) -> Sent:
    """Read files that were sent.

    Parameters
    ----------
    files : sequence of UploadFile
    options : Options
    folder : Path
        Where a private folder is made for the while.

    Raises
    ------
    ConfigError
        If an option is wrong.
    FormatError
        If nothing could be used.
    """
    if options.layout is not None and options.layout not in layout_names():
        raise ConfigError(f"unknown layout {options.layout!r}: choose one of {', '.join(layout_names())}")
    labels = _labels(files)
    here = Path(tempfile.mkdtemp(dir=folder))
    try:
        paths = [here / f"{number}{_suffix(label)}" for number, label in enumerate(labels)]
        for path, sent in zip(paths, files, strict=True):
            with path.open("xb") as file:
                shutil.copyfileobj(sent.file, file, 2**20)
        found = _read(dict(zip(paths, labels, strict=True)), options)
    finally:
        shutil.rmtree(here, ignore_errors=True)
    if not found.recordings:
        why = "; ".join(f"{each['path']}: {each['why']}" for each in found.left_out[:3])
        raise FormatError(f"none of {len(files)} files could be used: {why}" if len(files) > 1 else why)
    return found


def _read(labels: dict[Path, str], options: Options) -> Sent:
    motion = any(path.suffix == ".amc" for path in labels)
    wanted = [path for path in labels if not (motion and path.suffix == ".asf")]
    planned = plan(wanted, layout=options.layout, unit=options.unit, up=options.up, fps=options.fps)
    recordings: list[Recording] = []
    left_out: list[dict[str, str]] = []
    for source in planned.sources:
        label = labels[source.path]
        found, problems = planned.read(replace(source, name=label))
        recordings += [_in_memory(each) for each in found]
        left_out += [{"path": label, "why": _told(problem.message, labels)} for problem in problems]
    return Sent(recordings, left_out)


def _in_memory(recording: Recording) -> Recording:
    """Return the recording with joints that do not need its file any more."""
    return recording.with_(joints=recording.joints.copy(), confidence=None)


def _told(message: str, labels: dict[Path, str]) -> str:
    """Return a message in which our files have the client's names."""
    for path, label in labels.items():
        message = message.replace(str(path), label).replace(path.name, label)
    return escape_unprintable(message)


def _labels(files: Sequence[UploadFile]) -> list[str]:
    """Return what each file is called: what the client says, printable, and no two alike."""
    labels: list[str] = []
    taken: set[str] = set()
    for number, sent in enumerate(files, 1):
        said = escape_unprintable(sent.filename or "")[-_LONGEST:].replace("#", "_") or f"file {number}"
        label = said
        if label in taken:
            label = f"{said} ({number})"
        taken.add(label)
        labels.append(label)
    return labels


def _suffix(label: str) -> str:
    """Return how a name of ours ends: as the client's does, where that is plain."""
    found = PurePosixPath(label).suffix
    return found.lower() if _SUFFIX.fullmatch(found) else ""
