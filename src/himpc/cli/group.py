"""``himpc group``: group recordings by person."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from himpc.cli.models import load_embedder
from himpc.cli.options import FigureOptions, InputOptions, OutputOptions
from himpc.cli.training import EpochBar, TrainingOptions
from himpc.errors import count_noun

if TYPE_CHECKING:
    from himpc.video import VideoResult


def group(
    *paths: Path,
    out: Path = Path("groups"),
    model: str = "train",
    people: int | None = None,
    overlay: bool = False,
    pictures: bool = False,
    source: InputOptions = InputOptions(),
    settings: TrainingOptions = TrainingOptions(),
    output: OutputOptions = OutputOptions(),
    drawn: FigureOptions = FigureOptions(),
) -> int:
    """Group recordings by person, without labels.

    Parameters
    ----------
    paths
        Files or folders of recordings.
    out
        The folder to write: groups.csv (recording, group, confidence), groups.png (the skeletons of each group, in
        pages), map.png (the recordings by similarity), distances.png (their distances, ordered by group), and
        groups.npz, for himpc report.
    model
        Model that compares recordings: 'train' adapts the identity prior to these recordings, or trains a model on
        them, with the settings below; otherwise a run folder, a saved model, or a baseline (body, bones, d13, d16,
        raw).
    people
        Number of people; estimated if not given.
    overlay
        For videos, also write NAME.overlay.mp4: skeletons and their groups on an empty background.
    pictures
        Draw overlays on the frames of the video instead. The overlays then show faces.
    """
    from himpc._files import make_folder
    from himpc.api import group as group_recordings
    from himpc.reporting import write_groups

    console = output.console()
    embedder = None if model == "train" else load_embedder(model, settings.device)
    make_folder(out)
    videos: list[VideoResult] = []
    recordings = source.read(paths, console, videos.append)
    if embedder is None:
        with EpochBar(console, settings) as bar:
            embedder = trained = settings.fit(recordings, [bar], to_group=True)
        learned = count_noun(len(recordings), "recording")
        adapted = trained.scoring is not None
        console.print(f"{'Adapted the identity prior to' if adapted else 'Trained a model on'} {learned}")
    grouping = group_recordings(recordings, embedder, people=people)
    report = write_groups(out, recordings, grouping, drawn.figures)
    overlays: list[Path] = []
    if overlay:
        from himpc.video import Label, write_overlays

        labels = {
            recording.whole_source: Label(f"group {number}", None if math.isnan(confidence) else float(confidence))
            for recording, number, confidence in zip(recordings, grouping.groups, grouping.confidence, strict=True)
            if number
        }
        overlays = write_overlays(out, videos, labels, pictures=pictures)
        if not overlays:
            console.warn("no overlay was written, since no recording comes from a video")
    console.print(report.text)
    console.print(f"Wrote {', '.join(map(str, [*report.paths, *overlays]))}")
    return console.result(report.document | {"left_out": console.skipped_files})
