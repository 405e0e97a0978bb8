"""``himpc convert``: recordings of any format into one .npz file."""

from __future__ import annotations

from pathlib import Path

from himpc.cli.options import InputOptions, OutputOptions


def convert(
    *paths: Path, out: Path, source: InputOptions = InputOptions(), output: OutputOptions = OutputOptions()
) -> int:
    """Write recordings of any format into one .npz file, which reads fast and keeps all that is known.

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
    console.say(f"wrote {out}: {recordings.summary()}")
    console.say(f"next: himpc info {out}")
    console.result({"out": str(out), "recordings": len(recordings), "left_out": console.left_out})
    return console.exit_code
