"""Read uploaded files: untrusted input, stored in a private folder under generated names until it is read."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from fastapi import UploadFile

from himpc.errors import FormatError, Reference, escape_unprintable
from himpc.reading import ReadOptions, plan
from himpc.recordings import Recording
from himpc.server.schemas import SkippedFile
from himpc.server.wording import hide_paths
from himpc.skeleton import Layout

SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")
MAX_NAME_LENGTH = 200


@dataclass(frozen=True, eq=False)
class UploadedRecordings:
    """The contents of an upload."""

    recordings: list[Recording]
    """Their sources are the file names that the client gave, made printable and unique."""
    skipped: list[SkippedFile]
    """Files, or parts of files, that could not be used."""


@dataclass(frozen=True, eq=False)
class Upload:
    """The files of a request, not yet read."""

    files: Sequence[UploadFile]
    options: ReadOptions
    """What the files do not state."""
    layout: Layout
    """The layout of files whose joints fit several ones: that of the gallery."""
    folder: Path
    """The folder in which a private folder is made while the files are read."""
    spell: Callable[[Reference], str]
    """Names an argument in the words of the client."""

    def read(self) -> UploadedRecordings:
        """Read the recordings, and delete the files.

        Raises
        ------
        FormatError
            If no file could be used.
        """
        names = _unique_names(self.files)
        private = Path(tempfile.mkdtemp(dir=self.folder))
        try:
            paths = [private / f"{number}{_suffix(name)}" for number, name in enumerate(names)]
            for path, upload in zip(paths, self.files, strict=True):
                with path.open("xb") as file:
                    shutil.copyfileobj(upload.file, file, 2**20)
            uploaded = self._read(dict(zip(paths, names, strict=True)))
        finally:
            shutil.rmtree(private, ignore_errors=True)
        if not uploaded.recordings:
            reasons = "; ".join(f"{each.path}: {each.why}" for each in uploaded.skipped[:3])
            count = len(self.files)
            raise FormatError(f"none of {count} files could be used: {reasons}" if count > 1 else reasons)
        return uploaded

    def _read(self, names: dict[Path, str]) -> UploadedRecordings:
        has_motion = any(path.suffix == ".amc" for path in names)
        paths = [path for path in names if not (has_motion and path.suffix == ".asf")]  # .amc files read their .asf
        planned = plan(paths, self.options, self.layout)
        recordings: list[Recording] = []
        skipped: list[SkippedFile] = []
        for source in planned.sources:
            name = names[source.path]
            found, problems = planned.read(replace(source, name=name))
            recordings += [_detach(each) for each in found]
            skipped += [
                SkippedFile(path=name, why=_with_names(problem.render(self.spell), names)) for problem in problems
            ]
        return UploadedRecordings(recordings, skipped)


def _detach(recording: Recording) -> Recording:
    """Copy the joints of a recording to memory, so that its file can be deleted."""
    return recording.with_(joints=recording.joints.copy(), confidence=None)


def _with_names(message: str, names: dict[Path, str]) -> str:
    """Replace generated paths in a message by the names that the client gave."""
    for path, name in names.items():
        message = message.replace(str(path), name).replace(path.name, name)
    return escape_unprintable(hide_paths(message))


def _unique_names(files: Sequence[UploadFile]) -> list[str]:
    """Return a printable name for each file, all different."""
    names: list[str] = []
    for number, file in enumerate(files, 1):
        name = escape_unprintable(file.filename or "")[-MAX_NAME_LENGTH:].replace("#", "_") or f"file {number}"
        names.append(f"{name} ({number})" if name in names else name)
    return names


def _suffix(name: str) -> str:
    """Return the suffix of a file name if it is harmless, else nothing."""
    suffix = PurePosixPath(name).suffix
    return suffix.lower() if SUFFIX.fullmatch(suffix) else ""
