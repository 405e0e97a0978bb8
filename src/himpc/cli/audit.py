"""``himpc audit``: check the labels of a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from himpc.cli import FAILURE
from himpc.cli.options import InputOptions
from himpc.cli.output_options import OutputOptions


def audit(
    *paths: Path,
    out: Path = Path("audit"),
    fail_on: Literal["possible", "likely", "certain"] | None = None,
    source: InputOptions = InputOptions(),
    output: OutputOptions = OutputOptions(),
) -> int:
    """Check the labels of a data set (--name or --labels), and find copies, exchanged sides and other heights.

    Parameters
    ----------
    paths
        Files or folders of recordings; they are not changed.
    out
        The folder to write: audit.html (each suspect beside the alternative; it holds skeletons: protect it like the
        recordings), audit.csv (findings), labels.csv (labels with the proposed corrections, for --labels).
    fail_on
        End with exit code 1 if there is a finding of this level or a higher one: possible (a probability of 0.5 or
        more), likely (0.9) or certain (0.99).
    """
    from himpc._files import check_output_folder
    from himpc.auditing import audit as audit_recordings
    from himpc.reporting import write_audit

    console = output.console()
    check_output_folder(out)
    recordings = source.read(paths, console)
    result = audit_recordings(recordings, progress=console.progress)
    files = write_audit(out, recordings, result)
    console.print(result.summary())
    console.print(f"Wrote {', '.join(map(str, files))}")
    document = result.to_dict() | {"files": [str(path) for path in files], "left_out": console.skipped_files}
    code = console.result(document)
    return FAILURE if fail_on is not None and result.at_least(fail_on) else code
