"""People before several calibrated cameras: ``himpc pose`` with the calibration of two cameras or more."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from himpc.cli.options import CalibratedOptions
from himpc.errors import ConfigError, count_noun

if TYPE_CHECKING:
    from himpc.cli.console import Console
    from himpc.recordings import Recording
    from himpc.video import CalibratedCamera, VideoReader

MAX_NAME = 80
"""Letters of the names of all cameras together, in the name of their recordings."""


def expand_folders(paths: Sequence[Path]) -> list[Path]:
    """Return the videos in folders of them, and other paths as they are."""
    from himpc.errors import DataError
    from himpc.video import find_videos

    places: list[Path] = []
    for path in paths:
        try:
            places += [video.path for video in find_videos([path])[0]]
        except DataError:  # a folder of poses, which says so itself if it is none
            places.append(path)
    return places


def pose_from_cameras(
    paths: Sequence[Path],
    cameras: Sequence[CalibratedCamera],
    out: Path,
    source: CalibratedOptions,
    console: Console,
) -> int:
    """Estimate poses in the pictures of each camera, triangulate the people, and write their recordings."""
    from himpc._files import make_folder, write_atomically
    from himpc.recordings import save
    from himpc.video import RECORDINGS_FOLDER, match_cameras, triangulate

    if source.person_height or source.camera_height:
        raise ConfigError(
            "a height is stated, but the calibration of several cameras tells the size of people",
            hint="leave out {person_height} and {camera_height}",
        )
    chosen = match_cameras(cameras, [str(path) for path in paths])
    reader = source.video_reader(console)
    reader.options = replace(reader.options, calibration=())  # no video is scaled by itself
    views = []
    for path, camera in zip(paths, chosen, strict=True):
        views.append(_see(path, camera, reader, source))
        console.print(f"{path}: camera {camera.name}, {count_noun(len(views[-1]), 'track')}")
    name = "+".join(path.stem for path in paths)[:MAX_NAME]
    found = triangulate(views, chosen, name=name, options=source.file_options(), cleaning=reader.cleaning)
    recordings = make_folder(out / RECORDINGS_FOLDER) / f"{name}.npz"
    save(found.recordings, recordings)
    report = {
        "views": [{"path": str(path), "camera": camera.name} for path, camera in zip(paths, chosen, strict=True)],
        "people": [person.report() for person in found.people],
        "alone": list(found.alone),
        "ambiguous": [list(pair) for pair in found.ambiguous],
        "notes": list(found.notes),
    }
    write_atomically(out / f"{name}.json", json.dumps(report, indent=1) + "\n")
    columns = ["person", "cameras", "tracks", "frames", "error px", "error mm", "joints lost"]
    rows = [
        [
            str(number),
            ", ".join(person.cameras),
            str(len(person.tracks)),
            str(sum(len(each.recording) for each in person.cleaned)),
            f"{person.error:.1f}",
            f"{person.error_mm:.0f}",
            f"{person.lost:.1%}",
        ]
        for number, person in enumerate(found.people, start=1)
    ]
    console.table(columns, rows)
    for note in found.notes:
        console.print(note)
    if found.alone:
        console.warn(f"{count_noun(len(found.alone), 'track')} fit none of another camera: {_list(found.alone)}")
    if found.ambiguous:
        pairs = [f"{one} and {other}" for one, other in found.ambiguous]
        console.warn(f"not joined, because other matches fit nearly as well: {_list(pairs)}")
    console.print(f"Wrote {recordings}: {count_noun(len(found.recordings), 'recording')}, and {out / name}.json")
    console.result({"out": str(out), **report})
    return console.exit_code


def _see(path: Path, camera: CalibratedCamera, reader: VideoReader, source: CalibratedOptions) -> list[Recording]:
    """Return what a camera sees, in a video or in a file or folder of 2D poses."""
    from himpc.reading import Source as VideoSource
    from himpc.reading import find_format, read
    from himpc.video import view_of_video

    if find_format(path).name != "video":
        return list(read(path, source.read_options(), clean=False))
    return view_of_video(reader.estimate(VideoSource(path, str(path))), reader.estimator.layout, camera)


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f", and {len(names) - 5} more" if len(names) > 5 else "")
