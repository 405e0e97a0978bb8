"""``himpc group``: group recordings by person."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from himpc.cli.hints import translate_reference
from himpc.cli.models import load_embedder
from himpc.cli.options import InputOptions
from himpc.cli.output_options import FigureOptions, OutputOptions
from himpc.cli.training import EpochBar, TrainingOptions
from himpc.cli.whole_number import WholeNumber
from himpc.errors import ConfigError, count_noun

if TYPE_CHECKING:
    from himpc.api import Embedder
    from himpc.cli.console import Console
    from himpc.video import VideoResult


def group(
    *paths: Path,
    out: Path = Path("groups"),
    model: str = "train",
    people: WholeNumber | None = None,
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
        Files or folders of recordings; or one file of `himpc embed`, whose embeddings are grouped into groups.csv only.
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
    from himpc._files import check_output_folder
    from himpc.api import fit_and_group
    from himpc.api import group as group_recordings
    from himpc.archive import is_embedding_table
    from himpc.learning import check_people
    from himpc.recordings import count_recordings
    from himpc.reporting import write_groups

    check_output_folder(out)
    console = output.console()
    embedder = None if model == "train" else load_embedder(model, settings.device)
    if len(paths) == 1 and is_embedding_table(paths[0]):
        return _group_embeddings(paths[0], out, embedder, people, console)
    videos: list[VideoResult] = []
    recordings = source.read(paths, console, videos.append)
    check_people(people, len(recordings))  # before the training, which may take minutes
    if embedder is None:
        with EpochBar(console, settings) as bar:
            grouping, trained = fit_and_group(
                recordings, settings.config(), people=people, device=settings.device, callbacks=[bar]
            )
        adapted = trained.model.scoring is not None
        start = "Adapted the identity prior to" if adapted else "Trained a model on"
        console.print(f"{start} {count_recordings(recordings)}")
    else:
        grouping = group_recordings(recordings, embedder, people=people)
    report = write_groups(out, recordings, grouping, drawn.figures, translate_reference)
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


def _group_embeddings(path: Path, out: Path, model: Embedder | None, people: int | None, console: Console) -> int:
    """Group the recordings of a table of embeddings, and write ``groups.csv``."""
    from himpc._files import make_folder, write_csv
    from himpc.archive import EmbeddingTable, group_table
    from himpc.model import Model

    if not isinstance(model, Model):
        raise ConfigError(f"{path}: holds embeddings", hint="name the model that computed them: {model}")
    table = EmbeddingTable.load(path)
    grouping = group_table(table, model, people)
    make_folder(out)
    rows = [
        {
            "recording": source,
            "group": group or None,
            "confidence": None if math.isnan(certainty) else round(certainty, 3),
        }
        for source, group, certainty in zip(
            table.source.tolist(), grouping.groups.tolist(), grouping.confidence.tolist(), strict=True
        )
    ]
    write_csv(out / "groups.csv", ("recording", "group", "confidence"), rows)
    console.print(f"{count_noun(grouping.people, 'group')} in {count_noun(len(rows), 'recording')}")
    if warning := grouping.render_warning(translate_reference):
        console.warn(warning)
    console.print(f"Wrote {out / 'groups.csv'}")
    return console.result({"people": grouping.people, "recordings": rows, "files": [str(out / "groups.csv")]})
