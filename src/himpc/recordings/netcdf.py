"""Recordings as netCDF files of the package movement, which `himpc.read` reads back with equal joints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from himpc._extras import require
from himpc._files import replace_atomically
from himpc.errors import DataError
from himpc.recordings.recording import Recording

__all__ = ["save_netcdf"]


def save_netcdf(recordings: Sequence[Recording], path: str | Path) -> list[Path]:
    """Write recordings as netCDF 4 of the package movement, a file for each, atomically.

    Several recordings are numbered: ``walks-001.nc``, ``walks-002.nc`` and so on, because the individuals of one file
    would share its time.

    Returns
    -------
    list of Path
        The files that were written.

    Raises
    ------
    DataError
        If there is no recording.
    DependencyError
        If xarray or h5netcdf is not installed (extra ``interchange``).
    RunFolderError
        If a file cannot be written.
    """
    require("h5netcdf", "interchange")
    require("h5py", "interchange")
    if not recordings:
        raise DataError(f"{path}: there are no recordings to save")
    path = Path(path)
    digits = max(3, len(str(len(recordings))))
    several = len(recordings) > 1
    files = [path.with_stem(f"{path.stem}-{i + 1:0{digits}}") if several else path for i in range(len(recordings))]
    for recording, file in zip(recordings, files, strict=True):
        with replace_atomically(file) as beside:
            recording.to_xarray().to_netcdf(beside, engine="h5netcdf")
    return files
