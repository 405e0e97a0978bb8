"""himpc's own ``.npz``; the format itself is written and described in `himpc.recordings.store`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.parsing.arrays import is_npz, npz_names
from himpc.reading.formats.parsing.timeline import choose_rate
from himpc.reading.formats.parsing.world import to_metres_y_up
from himpc.recordings import Recording, load

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="any program",
    files="*.npz",
    reads="recordings as himpc saved them: joints, layout, confidence, rate, labels, times and counts of cleaning",
    assumes="metres, y up; the rate is that of the original, which may be unknown: state {fps}",
    ignores="nothing",
    exports=(Export("himpc", "{save()}", None),),
)


def recognise(path: Path, head: bytes) -> bool:
    """Recognise a NumPy archive that states a version of himpc, or is damaged; `load` names the damage."""
    if not is_npz(head):
        return False
    names = npz_names(path)
    return not names or "himpc_version" in names


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read the recordings of an archive, with the rate, unit and upward axis that the user states."""
    return [_restate(recording, str(path), options) for recording in load(path)]


def _restate(recording: Recording, where: str, options: FileOptions) -> Recording:
    fps, notes = (recording.fps, ()) if options.fps is None else choose_rate(options, recording.fps)
    joints = recording.joints
    if recording.dimensions == 3 and any(each is not None for each in (options.unit, options.scale, options.up)):
        (turned,), more = to_metres_y_up([joints], recording.layout, where, options, "m", "y")
        joints, notes = turned.astype(np.float32), (*notes, *more)
    if joints is recording.joints and fps == recording.fps:
        return recording
    quality = replace(recording.quality, notes=(*recording.quality.notes, *notes))
    return recording.with_(joints=joints, fps=fps, quality=quality)
