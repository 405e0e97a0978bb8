"""Group marker files with their names and with random ones: ``python perf/random_names.py``.

The files of `c3d-walking` and `trc-walking` are copied with every label replaced by a random name, the same one in all
files, and grouped as they are and as copied. ARI with random names should be within 0.03 of that with the names.
"""

from __future__ import annotations

import argparse
import os
import re
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

import himpc
from himpc.evaluation import grouping_agreement, markdown_table
from measurement import use_one_thread

CASES = {
    "trc-walking, walks": ("trc-walking", "{person}/{session}/*.trc", ("dynamic",)),
    "c3d-walking, walks": ("c3d-walking", "{person}/{session}/*.c3d", ("Straight", "Turn")),
    "c3d-walking, walks and static trials": ("c3d-walking", "{person}/{session}/*.c3d", ("Straight", "Turn", "Static")),
}
"""The set, the pattern of its files, and the sessions that are grouped."""

_LETTERS = list(b"bcdfghjkmnpqstvwxz")
"""Without vowels, so that no name is that of a marker or a joint; four letters fit the labels of all C3D files."""

_LABEL = re.compile(rb"LABELS\d*", re.IGNORECASE)


class RandomNames:
    """Random names for labels, the same for a label in all files."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._names: dict[bytes, bytes] = {}

    def of(self, label: bytes) -> bytes:
        """Return the random name of a label."""
        if label not in self._names:
            taken = set(self._names.values())
            while (name := bytes(self._rng.choice(_LETTERS, 4).tolist())) in taken:
                pass
            self._names[label] = name
        return self._names[label]


def rename_trc(content: bytes, names: RandomNames) -> bytes:
    """Return a TRC file with other labels."""
    lines = content.split(b"\n")
    cells = lines[3].split(b"\t")
    lines[3] = b"\t".join(cells[:2] + [names.of(cell.strip()) if cell.strip() else cell for cell in cells[2:]])
    return b"\n".join(lines)


def rename_c3d(content: bytes, names: RandomNames) -> bytes:
    """Return a C3D file with other labels of points; the lists of angles and forces keep the old ones."""
    changed = bytearray(content)
    for start, width, count in _label_arrays(content):
        for place in range(start, start + width * count, width):
            label = content[place : place + width].strip(b" \0")
            if label:
                changed[place : place + width] = names.of(label).ljust(width)[:width]
    return bytes(changed)


def _label_arrays(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the place, the width and the number of the labels of a C3D file's points."""
    place = 512 * (content[0] - 1) + 4
    groups: dict[int, bytes] = {}
    found: list[tuple[int, int, int, int]] = []
    while (length := abs(int(np.int8(content[place])))) and place + 2 < len(content):
        group = int(np.array(content[place + 1], np.uint8).astype(np.int8))
        name = content[place + 2 : place + 2 + length]
        offset = place + 2 + length
        if group < 0:
            groups[-group] = name
        elif _LABEL.fullmatch(name) and content[offset + 3] == 2:
            width, count = content[offset + 4], content[offset + 5]
            found.append((group, offset + 6, width, count))
        step = int.from_bytes(content[offset : offset + 2], "little")
        if not step:
            break
        place = offset + step
    yield from ((start, width, count) for group, start, width, count in found if groups[group].upper() == b"POINT")


RENAME: dict[str, Callable[[bytes, RandomNames], bytes]] = {".trc": rename_trc, ".c3d": rename_c3d}


def copy_with_random_names(source: Path, target: Path, seed: int = 0) -> None:
    """Copy the marker files of a folder, with random labels."""
    names = RandomNames(seed)
    for path in sorted(source.rglob("*")):
        if rename := RENAME.get(path.suffix.lower()):
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(rename(path.read_bytes(), names))


def measure(folder: Path, pattern: str, sessions: tuple[str, ...]) -> tuple[float, int, int, int, int]:
    """Return the ARI, the numbers of people, groups and recordings, and of points that are compared."""
    recordings = [each for each in himpc.read(folder, name=pattern) if each.session in sessions]
    found = himpc.group(recordings)
    agreement = grouping_agreement(np.where(found.groups > 0, found.groups, -1), [str(r.person) for r in recordings])
    people = len({each.person for each in recordings})
    points = len(himpc.api.unify_layouts(recordings)[0].layout)
    return agreement.ari, people, found.people, len(recordings), points


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder of the real sets")
    arguments.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    arguments.add_argument("--seed", type=int, default=0, help="seed of the names")
    options = arguments.parse_args()
    use_one_thread()
    warnings.simplefilter("ignore")
    rows = []
    for case in options.cases:
        name, pattern, sessions = CASES[case]
        with tempfile.TemporaryDirectory() as folder:
            copy_with_random_names(options.data / name, Path(folder), options.seed)
            for title, place in (("names", options.data / name), ("random names", Path(folder))):
                began = time.process_time()
                ari, people, groups, recordings, points = measure(place, pattern, sessions)
                rows.append(
                    {"set": case, "labels": title, "recordings": str(recordings), "points": str(points)}
                    | {"people": str(people), "groups": str(groups), "ARI": f"{ari:.3f}"}
                )
                print(f"{rows[-1]} in {time.process_time() - began:.0f} s", flush=True)
    print(markdown_table(rows))


if __name__ == "__main__":
    main()
