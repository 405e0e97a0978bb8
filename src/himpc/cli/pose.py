"""``himpc pose``: the people in videos, a recording of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from himpc.cli.options import Output, Seeing

__all__ = ["pose"]


def pose(
    *paths: Path,
    out: Path = Path("poses"),
    overlay: bool = False,
    pictures: bool = False,
    source: Seeing = Seeing(),
    output: Output = Output(),
) -> int:
    """Find the people in videos, and write a recording of each.

    A video that was done with the same settings is not done again, so a run that was stopped goes on.

    Parameters
    ----------
    paths
        Videos, or folders of them.
    out
        The folder to write: for each video recordings/NAME.npz and NAME.json (what was found and changed), and
        tracks.csv (a row for each track of all videos in the folder).
    overlay
        Write NAME.overlay.mp4, too: the skeletons and the numbers of their tracks, on an empty ground.
    pictures
        Draw them over the pictures instead. Faces are stored then.
    """
    from himpc.errors import DataError, RunFolderError
    from himpc.reading import Problem
    from himpc.reading.labels import NamePattern
    from himpc.video import estimate, find_videos
    from himpc.video.pose_folder import RECORDINGS, PoseFolder

    console = output.console()
    videos, problems = find_videos(paths, None if source.name is None else NamePattern(source.name))
    estimator, cleaning = source.open_estimator(), source.cleaning()
    console.problems(problems)
    weights = [(path.stat().st_size, path.stat().st_mtime_ns) for path in source.weights]
    folder = PoseFolder(
        out,
        [source.estimator, source.tiles, cleaning, weights],
        overlay=None if not overlay else "pictures" if pictures else "ground",
    )
    reports: list[dict[str, Any]] = []
    for video in videos:
        try:
            report = folder.report(video)
            if report is None:
                with console.watching() as watcher:
                    people = estimate(
                        video.path, estimator, name=video.name, known=video.known, cleaning=cleaning, watcher=watcher
                    )
                report = folder.add(video, people)
        except (DataError, RunFolderError) as error:
            console.problems([Problem(video.path, str(error).removeprefix(f"{video.path}: "))])
            continue
        reports.append(report)
        if report["nobody"]:
            console.problems([Problem(video.path, report["nobody"])])
        console.say(_line(report))
    table = folder.write_table()
    found = sum(len(report["recordings"]) for report in reports)
    console.say(f"wrote {out}: {_count(found, 'recording')} of {_count(len(reports), 'video')}; look at {table}")
    if found > 1:  # a model learns from two recordings and more
        console.say(f"next: himpc group {out / RECORDINGS}, or himpc gallery enroll {out / RECORDINGS} --unnamed")
    console.result({"out": str(out), "videos": reports, "left_out": console.left_out})
    return console.exit_code if reports else 1


def _line(report: dict[str, Any]) -> str:
    recordings, short = report["recordings"], report["short"]
    frames = sum(each["frames"] for each in recordings)
    few = f", {_count(len(short), 'track')} too short" if short else ""
    notes = "".join(f"; {note}" for note in report["notes"])
    found = _count(len(recordings), "recording")
    return f"{report['video']}: {found}, {frames} frames, {report['seconds']:.1f} s{few}{notes}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
