"""Sample recordings of real people: files of the optional package ``himpc-data``.

The package is a folder with pairs of files: ``NAME.npz`` holds recordings as `himpc.save` writes them, ``NAME.txt``
states in its first line what they are and whose, and then their licence. ``SHA256SUMS`` has the checksum of each, as
``sha256sum`` writes it. `packaging/data/build.py` of the repository makes the folder from the original files.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from himpc.errors import DataError, DependencyError, FormatError
from himpc.recordings import Recordings, load

__all__ = ["SAMPLE", "SampleData", "load_sample"]

SAMPLE = "c3d-walking"
"""The file of the installed package that is loaded unless another is named."""

_PACKAGE = "himpc_data"
_CHECKSUMS = "SHA256SUMS"
_CHECKSUM = re.compile(r"([0-9a-f]{64}) [ *](.+)")
_MAX_TEXT_BYTES = 2**20


@dataclass(frozen=True)
class SampleData:
    """Recordings of real people, and where they come from."""

    recordings: Recordings
    """The recordings, with their true persons."""
    about: str
    """What they are, who made them, and their licence, in one line."""


def load_sample(data: str | Path | None = None) -> SampleData:
    """Load sample recordings of real people after comparing their checksums. Nothing is downloaded.

    Parameters
    ----------
    data : path, optional
        An ``.npz`` in a folder that ``packaging/data/build.py`` made; default: `SAMPLE` of the installed package
        ``himpc-data``.

    Returns
    -------
    SampleData

    Raises
    ------
    DependencyError
        If no file is named and the package is not installed.
    DataError
        If a file is missing, or is another than the one whose checksum is stated.

    Examples
    --------
    >>> walks = load_sample().recordings  # doctest: +SKIP
    >>> himpc.group(walks, himpc.HiMPC(settings={"prior": "none"}).fit(walks).model_).people  # doctest: +SKIP
    16
    """
    file = _find_installed() if data is None else Path(data)
    text = file.with_suffix(".txt")
    checksums = _read_checksums(file.parent / _CHECKSUMS)
    for each in (file, text):
        _compare_checksum(each, checksums)
    about, *_ = _read_text(text).split("\n")
    return SampleData(Recordings(load(file)), about)


def _find_installed() -> Path:
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:  # the latter: a folder of this name in the working directory
        raise DependencyError(
            "recordings of real people are in the optional package himpc-data, which is not installed",
            hint="install its wheel, a file of himpc's releases, or make it from the original recordings: "
            "python packaging/data/build.py in the repository; or name a file of it: {data}",
        )
    return Path(spec.origin).with_name(f"{SAMPLE}.npz")


def _read_checksums(path: Path) -> dict[str, str]:
    lines = _read_text(path).splitlines()
    matches = [_CHECKSUM.fullmatch(line) for line in lines]
    if not matches or None in matches:
        raise FormatError(f"{path}: expected lines of sha256sum: a checksum of 64 digits, two spaces and a file name")
    return {match[2]: match[1] for match in matches if match}


def _compare_checksum(path: Path, checksums: dict[str, str]) -> None:
    if path.name not in checksums:
        raise FormatError(
            f"{path}: is not listed in {_CHECKSUMS} beside it, which lists {', '.join(sorted(checksums))}",
            hint="group recordings of your own with {group()}",
        )
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    if found != checksums[path.name]:
        raise FormatError(
            f"{path}: has the SHA-256 checksum {found[:12]}..., expected {checksums[path.name][:12]}... of "
            f"{_CHECKSUMS} beside it: it was damaged or changed",
            hint="copy all files of the release again",
        )


def _read_text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(_MAX_TEXT_BYTES)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}; sample recordings have their text "
            f"and {_CHECKSUMS} beside them",
            hint="keep the files of the release together, or group recordings of your own with {group()}",
        ) from error
