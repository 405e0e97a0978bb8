"""``himpc pose``: pose estimation on videos."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from himpc.cli import FAILURE
from himpc.cli.options import CalibratedOptions
from himpc.cli.output_options import OutputOptions
from himpc.errors import ConfigError, count_noun

if TYPE_CHECKING:
    from himpc.cli.console import Console
    from himpc.reading import Source
    from himpc.video import VideoReport

STANDARD_INPUT, STANDARD_INPUT_NAME = Path("-"), "stdin"


def pose(
    *paths: Annotated[Path, Parameter(allow_leading_hyphen=True)],
    out: Path = Path("poses"),
    overlay: bool = False,
    pictures: bool = False,
    blur: bool = False,
    source: CalibratedOptions = CalibratedOptions(),
    output: OutputOptions = OutputOptions(),
) -> int:
    """Estimate the poses of the people in videos, and write a recording of each person.

    A video that was processed with the same settings is skipped, so an interrupted run continues where it stopped.

    With the calibration of two or more cameras, each path is what one of them saw at the same time: a video, or a file
    or folder of 2D poses. Every person then becomes one recording of true size.

    Parameters
    ----------
    paths
        Videos, folders of them, folders of numbered pictures, text files that list them, or - for standard input.
    out
        The folder to write: for each video recordings/NAME.npz and NAME.json (the tracks and the changes by cleaning),
        and tracks.csv (a row for each track of all videos in the folder).
    overlay
        Also write NAME.overlay.mp4: skeletons and the numbers of their tracks on a plain background.
    pictures
        Draw overlays on the frames of the video instead. The overlays then show faces.
    blur
        Also write NAME.blurred.mp4: the video with every detected person as coarse squares, without sound. Look at it
        before you show it, since a person who was not detected is not blurred.
    """
    if unknown := next((path for path in paths if str(path).startswith("-") and path != STANDARD_INPUT), None):
        raise ConfigError(f"unknown option {unknown}", hint=f"write ./{unknown} for a file of such a name")
    console = output.console()
    if source.calibration:
        from himpc.cli.cameras import expand_folders, pose_from_cameras
        from himpc.video import read_calibration

        cameras = read_calibration(source.calibration)
        views = expand_folders(paths)
        if len(views) > 1 and sum(camera.translation is not None for camera in cameras) > 1:
            if overlay or blur:
                raise ConfigError(
                    "overlays and blurred copies are of one camera, expected none with several",
                    hint="make them without {calibration}",
                )
            return pose_from_cameras(views, cameras, out, source, console)
    if STANDARD_INPUT not in paths:
        return _estimate_all(paths, out, overlay, pictures, blur, source, console, {})
    with TemporaryDirectory() as folder:
        spooled = Path(folder) / STANDARD_INPUT_NAME
        with spooled.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        places = [spooled if path == STANDARD_INPUT else path for path in paths]
        return _estimate_all(places, out, overlay, pictures, blur, source, console, {spooled: STANDARD_INPUT_NAME})


def _estimate_all(
    paths: Sequence[Path],
    out: Path,
    overlay: bool,
    pictures: bool,
    blur: bool,
    source: CalibratedOptions,
    console: Console,
    names: Mapping[Path, str],
) -> int:
    """Estimate the poses of all videos; `names` are those of videos whose path is not to be shown."""
    from himpc._schema import to_plain
    from himpc.errors import DataError, RunFolderError
    from himpc.reading import NamePattern, Problem
    from himpc.video import RECORDINGS_FOLDER, PoseFolder, find_videos

    found, problems = find_videos(paths, None if source.name is None else NamePattern(source.name))
    videos = [replace(video, name=names.get(video.path, video.name)) for video in found]
    shown = {video.path: Path(names.get(video.path, video.path)) for video in found}
    reader = source.video_reader(console)
    console.problems(problems)
    files = (*source.weights, *source.calibration)
    stamps = [(path.stat().st_size, path.stat().st_mtime_ns) for path in files if path.exists()]
    heights = [source.person_height, source.camera_height]
    folder = PoseFolder(
        out,
        [source.estimator, source.tiles, source.fps, source.min_rate, heights, reader.cleaning, stamps],
        overlay=None if not overlay else "pictures" if pictures else "plain",
        blur=blur,
        progress=console.progress,
    )
    reports: list[VideoReport] = []
    processed: list[Source] = []
    for video in videos:
        try:
            report = folder.report(video)
            if report is None:
                report = folder.add(video, reader.estimate(video))
        except (DataError, RunFolderError) as error:
            console.problems([replace(Problem.of(error, video.path), path=shown[video.path])])
            continue
        reports.append(report)
        processed.append(video)
        if report.nobody:
            console.problems([Problem(shown[video.path], report.nobody)])
        console.print(_describe(report))
    if not reports:
        console.result({"out": str(out), "videos": [], "copies": [], "left_out": console.skipped_files})
        return FAILURE
    table = folder.write_table()
    count = sum(len(report.recordings) for report in reports)
    console.print(f"Wrote {out}: {count_noun(count, 'recording')} of {count_noun(len(reports), 'video')}, and {table}")
    copies = [copy for video in processed for copy in folder.copies(video)]
    for copy in copies:
        console.print(f"Wrote {copy}")
    if count > 1:  # a model is trained on at least two recordings
        recordings = out / RECORDINGS_FOLDER
        console.print(f"Next: himpc group {recordings}, or himpc gallery enroll {recordings} --unnamed")
    console.result(
        {
            "out": str(out),
            "videos": to_plain(reports),
            "copies": list(map(str, copies)),
            "left_out": console.skipped_files,
        }
    )
    return console.exit_code


def _describe(report: VideoReport) -> str:
    frames = sum(each["frames"] for each in report.recordings)
    reasons = Counter(each["reason"] for each in report.dropped)
    short = "".join(f", {count_noun(number, 'track')} {reason}" for reason, number in reasons.items())
    notes = "".join(f"; {note}" for note in report.notes)
    count = count_noun(len(report.recordings), "recording")
    return f"{report.video}: {count}, {frames} frames, {report.seconds:.1f} s{short}{notes}"
