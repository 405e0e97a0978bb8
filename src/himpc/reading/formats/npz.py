"""himpc's own ``.npz``; the format itself is written and described in `himpc.recordings.store`."""

from __future__ import annotations

from pathlib import Path

from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.parsing.arrays import is_npz, npz_names
from himpc.recordings import Recording, load

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="any program",
    files="*.npz",
    reads="recordings as himpc saved them: joints, layout, confidence, rate, labels, times and counts of cleaning",
    assumes="nothing: the file states all of it",
    ignores="nothing",
    exports=(Export("himpc", "{save()}", None),),
)


def recognise(path: Path, head: bytes) -> bool:
    """Recognise a NumPy archive that states a version of himpc, or is damaged; `load` names the damage."""
    if not is_npz(head):
        return False
    names = npz_names(path)
    return not names or "himpc_version" in names


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read the recordings of an archive."""
    return load(path)
