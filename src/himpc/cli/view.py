"""``himpc view``: recordings as one HTML file that plays them in 3D."""

from __future__ import annotations

from pathlib import Path

from himpc.cli.options import InputOptions
from himpc.cli.output_options import OutputOptions


def view(
    *paths: Path,
    out: Path = Path("view.html"),
    source: InputOptions = InputOptions(),
    output: OutputOptions = OutputOptions(),
) -> int:
    """Write recordings as one HTML file that plays them in 3D; it needs no gallery, server or network.

    Parameters
    ----------
    paths
        Files or folders of recordings.
    out
        The file to write. It holds the skeletons: protect it like the recordings.
    """
    from himpc._files import check_output
    from himpc.reporting import write_viewer

    check_output(out, ".html", ".htm")
    console = output.console()
    recordings = source.read(paths, console)
    source.check_outputs(paths, [out], recordings)
    write_viewer(recordings, out, " ".join(path.name for path in paths[:3]) or "Recordings")
    console.print(f"Wrote {out}: open it in a browser")
    return console.result({"recordings": len(recordings), "path": str(out), "left_out": console.skipped_files})
