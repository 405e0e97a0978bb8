"""``himpc evaluate``: measure re-identification."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from himpc.cli.models import load_embedder
from himpc.cli.options import InputOptions
from himpc.cli.output_options import OutputOptions
from himpc.cli.whole_number import WholeNumber


def evaluate(
    *paths: Path,
    model: str,
    gallery: tuple[str, ...] = (),
    probe: tuple[str, ...] = (),
    exclude: Literal["camera", "session"] | None = None,
    without_match: Literal["error", "skip", "count"] = "error",
    level: Literal["joint", "component", "limb"] | None = None,
    window_length: WholeNumber | None = None,
    device: str = "auto",
    seed: WholeNumber = 0,
    source: InputOptions = InputOptions(),
    output: OutputOptions = OutputOptions(),
) -> int:
    """Measure re-identification on recordings of known people (--name or --labels).

    Parameters
    ----------
    paths
        Files or folders of recordings.
    model
        A run folder or saved model, or a baseline: body, bones, d13, d16, raw.
    gallery
        Recordings of the gallery: FIELD=VALUE,VALUE with FIELD one of person, session, camera, source; repeatable.
        Default: all recordings that are not probes.
    probe
        Probe recordings, in the same form. If not given, each gallery recording is searched among the others.
    exclude
        Ignore gallery entries of the probe's person from the same camera or session.
    without_match
        Probes whose person is not in the gallery: stop with an error, skip them, or count them as misses.
    level
        Level whose features to use instead of the multi-level representation.
    window_length
        Frames per window; that of the model if not given.
    device
        auto, cpu or cuda.
    seed
        Random seed of the bootstrap over people that gives the 95 % intervals.
    """
    from himpc.api import evaluate as evaluate_model
    from himpc.recordings import select

    console = output.console()
    embedder = load_embedder(model, device)
    recordings = source.read(paths, console)
    probes = select(recordings, probe) if probe else None
    probe_ids = set(map(id, probes or ()))
    result = evaluate_model(
        embedder,
        select(recordings, gallery) if gallery else [r for r in recordings if id(r) not in probe_ids],
        probes,
        window_length=window_length,
        level=level,
        exclude=exclude,
        without_match=without_match,
        seed=seed,
    )
    console.print(result.table())
    return console.result(result.to_dict() | {"left_out": console.skipped_files})
