"""``himpc convert``: write recordings of any format as .npz, netCDF or Motion-BIDS."""

from __future__ import annotations

from pathlib import Path

from himpc.cli.options import InputOptions
from himpc.cli.output_options import OutputOptions
from himpc.errors import ConfigError, count_noun


def convert(
    *paths: Path,
    out: Path,
    task: str = "motion",
    source: InputOptions = InputOptions(),
    output: OutputOptions = OutputOptions(),
) -> int:
    """Convert recordings of any format to one .npz file, to netCDF of the package movement, or to Motion-BIDS.

    Parameters
    ----------
    paths
        Files or folders of recordings.
    out
        A .npz file, which loads fast and keeps labels, origins and quality; a .nc file, numbered if there are several
        recordings; or, without a suffix, a new folder for a data set of Motion-BIDS.
    task
        What the people do, for Motion-BIDS.
    """
    from himpc.recordings import save, save_motion_bids, save_netcdf

    suffix = out.suffix.lower()
    if suffix not in (".npz", ".nc", ""):
        raise ConfigError(
            f"{out}: himpc does not write {suffix} files; expected .npz, .nc, or no suffix for Motion-BIDS",
            hint="change {out}",
        )
    console = output.console()
    recordings = source.read(paths, console)
    source.check_outputs(paths, [out], recordings)
    if suffix == ".npz":
        save(recordings, out)
        files = [out]
    else:
        files = save_netcdf(recordings, out) if suffix else save_motion_bids(recordings, out, task=task)
    place = out if not suffix or len(files) == 1 else out.parent
    count = "" if len(files) == 1 else f"{count_noun(len(files), 'file')} in "
    console.print(f"Wrote {count}{place}: {recordings.summary()}")
    console.print(f"Next: himpc info {place}")
    return console.result(
        {
            "out": str(out),
            "files": [str(file) for file in files],
            "recordings": len(recordings),
            "left_out": console.skipped_files,
        }
    )
