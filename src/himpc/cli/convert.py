"""``himpc convert``: write recordings of any format to one .npz file."""

from __future__ import annotations

from pathlib import Path

from himpc.cli.options import InputOptions, OutputOptions


def convert(
    *paths: Path, out: Path, source: InputOptions = InputOptions(), output: OutputOptions = OutputOptions()
) -> int:
    """Convert recordings of any format to one .npz file, which loads fast and keeps labels, origins and quality.

    Parameters
    ----------
    paths
        Files or folders of recordings.
    out
        The .npz file to write.
    """
    from himpc.recordings import save

    console = output.console()
    recordings = source.read(paths, console)
    save(recordings, out)
    console.print(f"Wrote {out}: {recordings.summary()}")
    console.print(f"Next: himpc info {out}")
    return console.result({"out": str(out), "recordings": len(recordings), "left_out": console.skipped_files})
