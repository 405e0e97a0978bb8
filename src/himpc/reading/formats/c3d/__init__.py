"""C3D, the format of optical motion capture laboratories: markers become joints by the rules of their marker set.

Theia3D writes poses of segments instead of markers (see `segments`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from himpc.reading.axes import UP_AXES
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.c3d.file import open_c3d, read_points
from himpc.reading.formats.c3d.segments import read_segments
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.parsing.markers import marker_recordings
from himpc.reading.formats.parsing.named_points import resolve_points
from himpc.reading.formats.parsing.subjects import propose_subjects
from himpc.recordings import Recording

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="motion capture",
    files="*.c3d",
    reads="points, integers or floats of any processor type, with labels, rate, unit (`POINT:UNITS`) and upward axis "
    "(`Y_SCREEN`); poses of segments by Theia3D (`pelvis_4X4`), whose origins are proximal joints",
    assumes="joints follow from the labels by marker sets and names; a unit or an upward axis that the body "
    "contradicts gives way to what the body shows",
    ignores="analog data, forces, angles, moments, powers and events; points without a label; segments beside the "
    "markers of a person",
    source="https://www.c3d.org",
    exports=(
        Export(
            "Vicon Nexus",
            "Pipeline Tools pane, File Export, export C3D",
            "https://vicon-help.atlassian.net/wiki/x/5wqx",
        ),
        Export(
            "Qualisys Track Manager",
            "export to C3D, or in the steps of Processing",
            "https://docs.qualisys.com/qtm/content/processing_measurement/introduction_to_data_processing.htm",
        ),
        Export("Motive 3.2", "File > Export Tracking Data, C3D", "https://docs.optitrack.com/v3.2/motive/data-export"),
        Export(
            "Theia3D (Axiom 2025)",
            "File > Save Skeleton Poses",
            "https://docs.theiamarkerless.com/axiom-v2025/theia3d-documentation/data-formats/c3d-files",
        ),
    ),
)

_NOT_POSITIONS = ("ANGLES", "FORCES", "MOMENTS", "POWERS", "SCALARS")
"""Parameters of the group POINT that list labels of other quantities than positions."""

_OUTPUT = re.compile(r"\b(angles?|moments?|forces?|powers?)\b", re.IGNORECASE)
"""Descriptions of points that are other quantities; Captury calls the angle of the left hip ``LHip``."""


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the magic number 0x50."""
    return len(head) >= 2 and head[1] == 0x50 and (path.suffix.lower() == ".c3d" or 2 <= head[0] <= 8)


def _are_body_labels(labels: Sequence[str], options: FileOptions) -> bool:
    """Return whether the labels of segments are of a body, and not of tools beside the markers of a person."""
    subjects = [subject for proposal in propose_subjects(labels) for subject in proposal]
    return any(resolve_points([name for name, _ in subject.points], options) for subject in subjects)


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each person whose markers, or whose segments, a C3D file holds."""
    segments = read_segments(path)
    if segments and (not segments.beside_points or _are_body_labels(segments.labels, options)):
        return marker_recordings(
            path,
            segments.labels,
            lambda columns: segments.origins[:, columns],
            options,
            unit=segments.unit,
            fps=segments.rate,
            notes=segments.notes,
        )
    file = open_c3d(path)
    unit = "".join(file.strings("UNITS")[:1]) or None
    # Y_SCREEN names the axis that is shown upwards on a screen.
    upward = "".join(file.strings("Y_SCREEN")[:1]).strip().lower().removeprefix("+")
    outputs = {label for group in _NOT_POSITIONS for label in file.strings(group)}
    outputs |= {
        label for label, text in zip(file.labels, file.strings("DESCRIPTIONS"), strict=False) if _OUTPUT.search(text)
    }
    return marker_recordings(
        path,
        ["" if label in outputs else label for label in file.labels],
        lambda columns: read_points(path, file, columns),
        options,
        unit=unit,
        up=upward if upward in UP_AXES else None,
        fps=file.rate,
        notes=file.notes,
    )
