"""``himpc embed``: recordings into embeddings."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from himpc.cli.models import load_embedder
from himpc.cli.options import Output, Source


def embed(
    *paths: Path,
    model: str,
    out: Path,
    level: Literal["joint", "component", "limb"] | None = None,
    window_length: int | None = None,
    device: str = "auto",
    source: Source = Source(),
    output: Output = Output(),
) -> int:
    """Turn recordings into embeddings with a trained model.

    Parameters
    ----------
    paths
        Files or folders of recordings.
    model
        A run folder or saved model, or a baseline: body, bones, d13, d16, raw.
    out
        The .npz file to write: 'windows' (N, D), 'window_recording' (N,), 'recordings' (R, D), 'source', 'person',
        'session' and 'camera' (R,).
    level
        A single level's features instead of the multi-level representation.
    window_length
        Frames a window; the model's own if not given.
    device
        auto, cpu or cuda.
    """
    from himpc.jobs import embed as embed_recordings
    from himpc.report import save_embeddings

    console = output.console()
    embedder = load_embedder(model, device)
    recordings = source.read(paths, console)
    embedded = embed_recordings(embedder, recordings, window_length=window_length, level=level)
    short = [recordings[i].source for i in embedded.windows.short]
    for name in short:
        console.warn(f"{name}: shorter than a window of {embedded.windows.length} frames, its embedding is NaN")
    save_embeddings(out, embedded.vectors, embedded.pooled, embedded.windows, recordings)
    count, size = embedded.vectors.shape
    console.say(f"wrote {out}: {count} windows of {len(recordings)} recordings, {size} numbers each")
    console.result(
        {
            "out": str(out),
            "windows": count,
            "recordings": len(recordings),
            "size": size,
            "short": short,
            "left_out": console.left_out,
        }
    )
    return console.exit_code
