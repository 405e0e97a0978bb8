"""Recordings as a data set of Motion-BIDS, the part on motion of the Brain Imaging Data Structure.

Each recording is a table ``sub-<person>[_ses-<session>]_task-<task>_tracksys-<layout>[_run-<n>]_motion.tsv`` without a
header, beside ``_channels.tsv`` and ``_channels.json``, which describe its columns and axes, and ``_motion.json``.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from himpc._files import make_folder, write_atomically
from himpc._version import __version__
from himpc.errors import DataError
from himpc.recordings.common_size import body_size
from himpc.recordings.recording import Recording

__all__ = ["LAYOUT_KEY", "SIZE_KEY", "save_motion_bids"]

_BIDS_VERSION = "1.10.0"
LAYOUT_KEY = "HimpcLayout"
"""The key of ``_motion.json`` that states the layout, because the joints of several layouts may have the same names."""
_AXES = "RSP"
"""Directions of x, y and z: right, superior (up) and posterior; right-handed."""

SIZE_KEY = "HimpcSize"
"""The key of ``_motion.json`` that states what lengths mean (`himpc.recordings.BodySize`)."""


def save_motion_bids(recordings: Sequence[Recording], folder: str | Path, *, task: str = "motion") -> list[Path]:
    """Write recordings as a data set of Motion-BIDS, which `himpc.read` reads back with equal joints.

    Parameters
    ----------
    recordings : sequence of Recording
        In 3D, of people and frame rates that are known. Labels are written without characters other than letters and
        digits, as BIDS demands.
    folder : path
        A folder that is empty or does not exist yet.
    task : str
        What the people do, for all recordings.

    Returns
    -------
    list of Path
        The tables, one for each recording.

    Raises
    ------
    DataError
        If there is no recording, one is in 2D or states no person or frame rate, or two labels become the same.
    RunFolderError
        If the folder cannot be written.
    """
    names = _file_names(recordings, folder, task)
    folder = make_folder(folder)
    if any(folder.iterdir()):
        raise DataError(f"{folder}: holds files already, expected an empty folder", hint="choose another: {out}")
    description = {
        "Name": f"Motion of {task}",
        "BIDSVersion": _BIDS_VERSION,
        "DatasetType": "raw",
        "GeneratedBy": [{"Name": "himpc", "Version": __version__}],
    }
    people = sorted({name.parts[0] for name in names})
    write_atomically(folder / "dataset_description.json", _json(description))
    write_atomically(folder / "participants.tsv", "".join(f"{line}\n" for line in ("participant_id", *people)))
    write_atomically(
        folder / "README.md", f"# Motion of {task}\n\nPositions of joints in metres, converted by himpc.\n"
    )
    for recording, name in zip(recordings, names, strict=True):
        make_folder((folder / name).parent)
        _write(recording, folder / name, task)
    return [folder / name for name in names]


def _file_names(recordings: Sequence[Recording], folder: str | Path, task: str) -> list[Path]:
    """Return the path of each table in the data set; several of one person, session and layout are numbered runs."""
    if not recordings:
        raise DataError(f"{folder}: there are no recordings to save")
    labels: dict[tuple[str, str], str] = {}
    stems = []
    for recording in recordings:
        where = recording.source or "recording"
        if recording.dimensions != 3:
            raise DataError(f"{where}: is in 2D, but Motion-BIDS holds positions in space", hint="leave it out")
        if recording.fps is None:
            raise DataError(f"{where}: has no frame rate, which Motion-BIDS demands", hint="state it: {fps}")
        if recording.person is None:
            raise DataError(
                f"{where}: has no person, whom Motion-BIDS names in every file",
                hint="state the people: {labels} or {pattern}",
            )
        entities = [("sub", recording.person), ("ses", recording.session), ("task", task)]
        entities += [("tracksys", recording.layout.name), ("acq", recording.camera)]
        stems.append("_".join(f"{key}-{_label(key, value, labels)}" for key, value in entities if value is not None))
    count, seen = Counter(stems), Counter[str]()
    names = []
    for stem in stems:
        seen[stem] += 1
        run = f"_run-{seen[stem]:02}" if count[stem] > 1 else ""
        folders = [entity for entity in stem.split("_") if entity.startswith(("sub-", "ses-"))]
        names.append(Path(*folders, "motion", f"{stem}{run}_motion.tsv"))
    return names


def _label(key: str, value: str, labels: dict[tuple[str, str], str]) -> str:
    """Return a label of letters and digits, and check that no other label became the same."""
    plain = unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode()
    label = re.sub("[^A-Za-z0-9]", "", plain)
    if not label:
        raise DataError(f"the label {value!r} has no letter or digit of ASCII, of which labels of BIDS consist")
    if labels.setdefault((key, label.lower()), value) != value:
        other = labels[key, label.lower()]
        raise DataError(
            f"the labels {other!r} and {value!r} both become {label!r}, because BIDS allows letters and digits only",
            hint="rename one: {labels}",
        )
    return label


def _write(recording: Recording, path: Path, task: str) -> None:
    joints, stem = recording.layout.joints, str(path).removesuffix("_motion.tsv")
    rows = ["\t".join(("name", "component", "type", "tracked_point", "units", "reference_frame"))]
    rows += [f"{joint}_{axis}\t{axis}\tPOS\t{joint}\tm\tglobal" for joint in joints for axis in "xyz"]
    description = {
        "TaskName": task,
        "SamplingFrequency": float(recording.fps or 0),
        "TrackingSystemName": recording.layout.name,
        "TrackedPointsCount": len(joints),
        "MotionChannelCount": 3 * len(joints),
        "POSChannelCount": 3 * len(joints),
        "RecordingType": "continuous",
        "RecordingDuration": recording.seconds,
        "MissingValues": "n/a",
        LAYOUT_KEY: recording.layout.to_dict(),
        SIZE_KEY: body_size([recording]),
    }
    frame = {
        "Description": "The axes of the recording; y points up, and x and z have no relation to the body.",
        "SpatialAxes": _AXES,
    }
    lines = ("\t".join(map(_cell, joints)) for joints in recording.joints.reshape(len(recording), -1))
    write_atomically(f"{stem}_channels.tsv", "\n".join(rows) + "\n")
    write_atomically(f"{stem}_channels.json", _json({"reference_frame": {"Levels": {"global": frame}}}))
    write_atomically(f"{stem}_motion.json", _json({k: v for k, v in description.items() if v is not None}))
    write_atomically(path, "".join(f"{line}\n" for line in lines))


def _cell(value: np.float32) -> str:
    """Format a number by the fewest digits that give the same number again."""
    return "n/a" if np.isnan(value) else str(value)


def _json(table: object) -> str:
    return json.dumps(table, indent=2, ensure_ascii=False) + "\n"
