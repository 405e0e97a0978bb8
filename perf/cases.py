"""Print what became of files that people really have: ``python perf/cases.py [FOLDER]``.

The README of the folder (default: ``../shared/cases``) lists files, what is right for each, and, by its headings, what
version 0.1.0 did. Each is read with shipped settings, and printed with the sizes of its people from head to ankle, its
frames and notes, or the error. Where an error gives advice, the file is read once more as advised.
"""

from __future__ import annotations

import argparse
import os
import re
import runpy
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import himpc
from himpc.errors import HimpcError, Reference
from himpc.reading.units import body_size

BEFORE = {
    "silently wrong": "read wrongly, without a word",
    "formats that": "refused: unknown format",
    "refused": "refused",
}
"""What version 0.1.0 did, by a word of the heading above the files."""

_NAME = re.compile(r"`([^`]+)`")
_MAX_NOTES = 200


@dataclass(frozen=True)
class Case:
    """A file or folder, what version 0.1.0 did with it, and what is right."""

    name: str
    before: str
    right: str


def list_cases(readme: Path) -> Iterator[Case]:
    """Yield the cases of the tables of a README."""
    before = ""
    for line in readme.read_text().splitlines():
        if line.startswith("## "):
            before = next((text for word, text in BEFORE.items() if word in line.lower()), "")
        elif line.startswith("| `"):
            files, right = (cell.strip() for cell in line.strip("| ").split(" | ", 1))
            for name in _NAME.findall(files):
                yield Case(name.rstrip("/"), before, right)


def describe(path: Path, **options: object) -> str:
    """Read a file, and say what came out."""
    recordings = himpc.read(path, clean=False, **options)  # type: ignore[arg-type]
    sizes = ", ".join(
        f"{size:.2f} m" if recording.dimensions == 3 else f"{size:.0f} px"
        for recording in recordings
        if (size := body_size(recording.joints, recording.layout)) is not None
    )
    frames = ", ".join(dict.fromkeys(f"{len(r)} frames{f' at {r.fps:g} Hz' if r.fps else ''}" for r in recordings))
    layouts = ", ".join(dict.fromkeys(recording.layout.name for recording in recordings))
    notes = "; ".join(dict.fromkeys(note for recording in recordings for note in recording.quality.notes))
    shown = notes if len(notes) <= _MAX_NOTES else f"{notes[:_MAX_NOTES]} ..."
    return "; ".join(filter(None, [f"read: {len(recordings)} of {layouts}, {frames}", sizes, shown]))


def outcome(path: Path) -> str:
    """Return what becomes of a file: what is read, or the error, and what is read as it advises."""
    try:
        return describe(path)
    except HimpcError as error:
        message = str(error).replace(f"{path}: ", "").replace(f"{path}, ", "")
        references: list[Reference] = []
        if error.hint is not None:
            error.hint.render(lambda reference: references.append(reference) or "")
        advice = {r.name: float(r.value) if r.name == "scale" else r.value for r in references if r.value is not None}
        if not advice or any(str(value).endswith(".toml") for value in advice.values()):
            return f"refused: {message}"
        return f"refused: {message}; so advised, {describe(path, **advice)}"


def main() -> None:
    """Print the table, and how many cases are read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parents[2] / "shared" / "cases")
    folder = parser.parse_args().folder
    outcomes = []
    print("| file | version 0.1.0 | right | now |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        for case in list_cases(folder / "README.md"):
            paths = [folder / case.name]
            if case.name.endswith(".py"):  # it writes files that are too large to be kept
                sys.argv = [case.name, temporary]
                runpy.run_path(str(paths[0]))
                paths = sorted(Path(temporary).iterdir())
            for path in paths:
                name = case.name if len(paths) == 1 else f"{case.name}: {path.name}"
                outcomes.append(outcome(path).replace("|", "/"))
                print(f"| {name} | {case.before} | {case.right} | {outcomes[-1]} |", flush=True)
    read = sum("read: " in text for text in outcomes)
    print(f"\n{len(outcomes)} cases: {read} read, {len(outcomes) - read} refused")


if __name__ == "__main__":
    main()
