"""``himpc report``: a run as one HTML file."""

from __future__ import annotations

from pathlib import Path

from himpc.cli.options import InputOptions
from himpc.cli.output_options import OutputOptions


def report(
    run: Path,
    *paths: Path,
    out: Path = Path("report.html"),
    source: InputOptions = InputOptions(),
    output: OutputOptions = OutputOptions(),
) -> int:
    """Write a run as one HTML file, with rank lists, curves, map and groups; it needs no server or network.

    Parameters
    ----------
    run
        The folder that train, benchmark or group wrote.
    paths
        Files or folders of recordings to compare by the model of the run, and to play in 3D; people, if known, tell
        right from wrong. For the folder of group, the recordings that were grouped.
    out
        The file to write. It holds skeletons and names: protect it like the recordings.
    """
    from himpc._files import check_output
    from himpc.reporting import write_report

    check_output(out, ".html", ".htm")
    console = output.console()
    recordings = source.read(paths, console) if paths else ()
    source.check_outputs(paths, [out], recordings)
    document = write_report(run, out, recordings)
    for each in document["missing"]:
        console.print(f"Not in the report: {each}")
    console.print(f"Wrote {out}: open it in a browser")
    return console.result(document | {"left_out": console.skipped_files})
