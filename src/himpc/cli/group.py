"""``himpc group``: which recordings show the same person."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from himpc.cli.models import load_embedder
from himpc.cli.options import InputOptions, OutputOptions
from himpc.cli.training import EpochBar, Settings

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
    settings: Settings = Settings(),
    output: OutputOptions = OutputOptions(),
) -> int:
    """Say which recordings show the same person, without labels.

    Parameters
    ----------
    paths
        Files or folders of recordings.
    out
        The folder to write: groups.csv (recording, group, confidence), groups.png (the skeletons of each group) and
        map.png (the recordings by similarity).
    model
        What recordings are compared by: 'train' for a model trained on these very recordings with the settings below, a
        run folder or saved model, or a baseline (body, bones, d13, d16, raw).
    people
        How many people there are; if not given, it is decided.
    overlay
        Of videos, write NAME.overlay.mp4, too: skeletons and the groups they are in, on an empty ground.
    pictures
        Draw them over the pictures instead. Faces are stored then.
    """
    from himpc._files import make_folder
    from himpc.api import group as group_recordings
    from himpc.reporting import write_groups

    console = output.console()
    embedder = None if model == "train" else load_embedder(model, settings.device)
    make_folder(out)
    seen: list[VideoResult] = []
    recordings = source.read(paths, console, seen.append)
    if embedder is None:
        with EpochBar(console, settings) as bar:
            embedder = settings.learner(callbacks=(bar,)).fit(recordings).model_
    grouping = group_recordings(recordings, embedder, people=people)
    written = write_groups(out, recordings, grouping)
    films: list[Path] = []
    if overlay:
        from himpc.video.overlay import Label, write_overlays

        labels = {
            recording.whole_source: Label(f"group {number}", None if math.isnan(sure) else float(sure))
            for recording, number, sure in zip(recordings, grouping.groups, grouping.confidence, strict=True)
            if number
        }
        films = write_overlays(out, seen, labels, pictures=pictures)
        if not films:
            console.warn("there is no video to draw an overlay of")
    console.say(written.text)
    console.say(f"look at: {', '.join(map(str, [*written.paths, *films]))}")
    console.result(written.document | {"left_out": console.left_out})
    return console.exit_code
