"""``himpc evaluate``: how well a model re-identifies people who are known."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from himpc.cli.models import load_embedder
from himpc.cli.options import InputOptions, OutputOptions


def evaluate(
    *paths: Path,
    model: str,
    gallery: tuple[str, ...] = (),
    probe: tuple[str, ...] = (),
    exclude: Literal["camera", "session"] | None = None,
    without_match: Literal["error", "skip", "count"] = "error",
    level: Literal["joint", "component", "limb"] | None = None,
    window_length: int | None = None,
    device: str = "auto",
    seed: int = 0,
    source: InputOptions = InputOptions(),
    output: OutputOptions = OutputOptions(),
) -> int:
    """Measure re-identification on recordings whose persons are known (--name or --labels).

    Parameters
    ----------
    paths
        Files or folders of recordings.
    model
        A run folder or saved model, or a baseline: body, bones, d13, d16, raw.
    gallery
        Which recordings are the gallery: FIELD=VALUE,VALUE with FIELD one of person, session, camera, source;
        repeatable. Without it, all that are not asked for.
    probe
        Which recordings are asked for, likewise. Without it, each of the gallery is asked for among the others.
    exclude
        A gallery entry of the query's own camera or session does not count.
    without_match
        A query whose person is not in the gallery: stop with an error, skip it, or count it as missed.
    level
        A single level's features instead of the multi-level representation.
    window_length
        Frames a window; the model's own if not given.
    device
        auto, cpu or cuda.
    seed
        Of the bootstrap over persons that gives the 95 % intervals.
    """
    from himpc.api import evaluate as evaluate_model
    from himpc.recordings import select

    console = output.console()
    embedder = load_embedder(model, device)
    recordings = source.read(paths, console)
    asked = select(recordings, probe) if probe else None
    others = set(map(id, asked or ()))
    result = evaluate_model(
        embedder,
        select(recordings, gallery) if gallery else [r for r in recordings if id(r) not in others],
        asked,
        window_length=window_length,
        level=level,
        exclude=exclude,
        without_match=without_match,
        seed=seed,
    )
    console.say(result.table())
    console.result(result.to_dict() | {"left_out": console.left_out})
    return console.exit_code
