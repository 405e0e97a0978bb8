"""C3D, the format of optical motion capture laboratories: markers become joints by the rules of their marker set."""

from __future__ import annotations

from pathlib import Path

from himpc.reading.axes import UP_AXES
from himpc.reading.formats.base import FileOptions, Up
from himpc.reading.formats.c3d_file import C3DFile, open_c3d, read_points
from himpc.reading.formats.marker_files import find_subjects, subject_recording
from himpc.recordings.recording import Origin, Recording

__all__ = ["read", "recognise"]


def recognise(path: Path, head: bytes) -> bool:
    return len(head) >= 2 and head[1] == 0x50 and (path.suffix.lower() == ".c3d" or 2 <= head[0] <= 8)


def read(path: Path, options: FileOptions) -> list[Recording]:
    file = open_c3d(path)
    subjects = find_subjects(file.labels, options, str(path))
    units = file.strings("UNITS")
    recordings = []
    for number, (_, marker_set, columns) in enumerate(subjects, start=1):
        recordings.append(
            subject_recording(
                read_points(path, file, list(columns.values())),
                list(columns),
                marker_set,
                options,
                Origin(path, number if len(subjects) > 1 else None),
                unit=units[0] if units and units[0] else None,
                up=_stated_up(file),
                fps=file.rate,
            )
        )
    return recordings


def _stated_up(file: C3DFile) -> Up | None:
    """Return the axis that POINT:Y_SCREEN names: the one shown upwards on a screen."""
    axis = "".join(file.strings("Y_SCREEN")[:1]).strip().lower().removeprefix("+")
    return next((up for up in UP_AXES if up == axis), None)
