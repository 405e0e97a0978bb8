"""``himpc embed``: compute the embeddings of recordings."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from himpc._extras import require
from himpc._files import check_output
from himpc.cli.models import load_embedder
from himpc.cli.options import InputOptions
from himpc.cli.output_options import OutputOptions
from himpc.cli.whole_number import WholeNumber
from himpc.errors import count_noun

if TYPE_CHECKING:
    from himpc.api import Embedder
    from himpc.archive import EmbeddingTable
    from himpc.cli.console import Console
    from himpc.skeleton import Level


def embed(
    *paths: Path,
    model: str,
    out: Path,
    level: Literal["joint", "component", "limb"] | None = None,
    window_length: WholeNumber | None = None,
    device: str = "auto",
    ray: bool = False,
    source: InputOptions = InputOptions(),
    output: OutputOptions = OutputOptions(),
) -> int:
    """Compute the embeddings of recordings with a trained model.

    Parameters
    ----------
    paths
        Files or folders of recordings.
    model
        A run folder or saved model, or a baseline: body, bones, d13, d16, raw.
    out
        The .npz file to write: 'windows' (N, D), 'window_recording' (N,), 'window_start' (N,), 'recordings' (R, D),
        'source', 'person', 'session' and 'camera' (R,). Or a .parquet file, with a row a recording: the same labels,
        and the columns 'himpc0', 'himpc1' and so on. Requires the extra interchange.
    level
        Level whose features to use instead of the multi-level representation.
    window_length
        Frames per window; that of the model if not given.
    device
        auto, cpu or cuda; with --ray always the CPUs of the cluster.
    ray
        Embed each file as a task on a Ray cluster: that of the environment variable RAY_ADDRESS, or local workers.
        Finished files are kept in a folder .parts beside 'out'; after an interruption the same command resumes.
        Requires the extra ray.
    """
    if out.suffix.lower() == ".parquet":  # before the work
        require("pandas", "interchange")
        require("pyarrow", "interchange")
    check_output(out, ".npz", ".parquet")
    console = output.console()
    source.check_outputs(paths, [out])
    embedder = load_embedder(model, "cpu" if ray else device)
    if ray:
        table = _embed_on_ray(embedder, paths, out.with_suffix(".parts"), window_length, level, source, console)
    else:
        table = _embed_locally(embedder, paths, window_length, level, source, console)
    for name in table.short:
        console.warn(f"{name}: shorter than a window, its embedding is NaN")
    table.save(out)
    if ray:
        shutil.rmtree(out.with_suffix(".parts"), ignore_errors=True)
    count, size = table.windows.shape
    contents = f"{count_noun(count, 'window')} of {count_noun(len(table.recordings), 'recording')}"
    console.print(f"Wrote {out}: {contents}, {size} dimensions")
    return console.result(
        {
            "out": str(out),
            "windows": count,
            "recordings": len(table.recordings),
            "size": size,
            "short": table.short,
            "left_out": console.skipped_files,
        }
    )


def _embed_locally(
    embedder: Embedder,
    paths: tuple[Path, ...],
    length: int | None,
    level: Level | None,
    source: InputOptions,
    console: Console,
) -> EmbeddingTable:
    from himpc.api import embed as embed_recordings
    from himpc.archive import EmbeddingTable

    recordings = source.read(paths, console)
    return EmbeddingTable.from_recordings(
        embed_recordings(embedder, recordings, window_length=length, level=level), recordings
    )


def _embed_on_ray(
    embedder: Embedder,
    paths: tuple[Path, ...],
    parts: Path,
    length: int | None,
    level: Level | None,
    source: InputOptions,
    console: Console,
) -> EmbeddingTable:
    from himpc.archive import embed_archive, run_on_ray
    from himpc.recordings import select

    table, problems = embed_archive(
        embedder,
        source.plan(paths),
        parts,
        window_length=length,
        level=level,
        run=run_on_ray,
        progress=console.progress,
    )
    console.problems(problems)
    return table.select([row.number for row in select(table.rows(), source.only)]) if source.only else table
