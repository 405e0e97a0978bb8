"""Upright bodies to write to files in tests, and damage to do to the files."""

import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats import HEAD_BYTES, Format
from himpc.recordings import Recording
from himpc.simulation import Sensor, simulate
from himpc.skeleton import MarkerSet, get_layout
from himpc.skeleton.marker_rules import Mean

_JUNK = (b"nan", b"-", b"9" * 400, b"1e999", b",", b";", b"[", b"\0", b"\xff", b"null", b'"')


def pytest_terminal_summary(terminalreporter: "pytest.TerminalReporter") -> None:  # Pytest 8 does not export it.
    """Print how many damaged files went through how many readers; ``make test-exhaustive`` tries them all."""
    for outcome, what in (("passed", "gave recordings or one clear error"), ("failed", "are of readers that failed")):
        reports = terminalreporter.stats.get(outcome, [])
        counts = {report.nodeid: dict(report.user_properties).get("damaged files", 0) for report in reports}
        readers = {nodeid.partition("[")[2] for nodeid, count in counts.items() if count}
        if readers:
            terminalreporter.write_line(f"{sum(counts.values()):,} damaged files of {len(readers)} readers {what}")


CheckDamaged = Callable[..., None]
Walking = Callable[..., tuple[np.ndarray, tuple[str, ...]]]


@pytest.fixture(scope="session")
def check_damaged() -> CheckDamaged:
    """Damage a file and read it, or the folder it is in: recordings or a `FormatError` of one line, nothing else."""

    def check(
        fmt: Format,
        file: Path,
        content: bytes,
        seed: int,
        folder: Path | None = None,
        options: FileOptions | None = None,
    ) -> None:
        file.write_bytes(_damaged(content, random.Random(seed)))
        path = folder or file
        fmt.recognise(path, b"" if folder else file.read_bytes()[:HEAD_BYTES])
        message = ""
        try:
            recordings = fmt.read(path, options or FileOptions())
        except FormatError as error:
            message, recordings = str(error), []
        assert bool(message) != bool(recordings)
        assert not message or ((str(path) in message or str(file) in message) and "\n" not in message)
        assert all(isinstance(recording, Recording) for recording in recordings)

    return check


def _damaged(content: bytes, rng: random.Random) -> bytes:
    """Return content with some of its bytes or lines changed, repeated or cut, one to four times."""
    for _ in range(rng.randint(1, 4)):
        at, end = sorted(rng.randrange(len(content) + 1) for _ in range(2))
        lines = content.split(b"\n")
        i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
        content = rng.choice(
            [
                content[:at] + bytes([rng.randrange(256)]) + content[at + 1 :],
                content[:at] + rng.choice(_JUNK) + content[at:],
                content[:at] + rng.choice(_JUNK) + content[at + 3 :],
                content[:at] + content[end:],
                content[:at],
                b"\n".join([*lines[:i], lines[j], *lines[i:]]),
                b"\n".join([*lines[:i], *lines[i + 1 :]]),
            ]
        )
    return content


@pytest.fixture(scope="session")
def walking() -> Walking:
    """Make ``(frames, J, 3)`` joints in metres, y up, of a simulated walker, and the names of the joints."""

    @cache
    def make(layout: str, frames: int = 20, seed: int = 0) -> tuple[np.ndarray, tuple[str, ...]]:
        (walk,) = simulate(1, 1, seconds=frames / 30 + 0.01, layout=layout, sensor=Sensor(), seed=seed)
        return walk.joints[:frames].astype(np.float64), walk.layout.joints

    return make


@pytest.fixture(scope="session")
def one_marker_a_joint() -> MarkerSet:
    """A marker set whose markers, named after the joints of kinect-v1, are the joints themselves."""
    joints = get_layout("kinect-v1").joints
    return MarkerSet(name="own", markers=joints, joints={joint: (Mean(mean=(joint,)),) for joint in joints})


@pytest.fixture
def write(standing):
    """Write a small recording of twenty joints as a CSV of ';'-split cells."""

    def make(path: Path, frames: int = 10, seed: int = 0) -> Path:
        kinect = get_layout("kinect-v1")
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [";".join(" ".join(map(str, xyz)) for xyz in frame) for frame in standing(kinect, frames, seed)]
        header = ";".join(kinect.joints)
        path.write_text("\n".join([header, *rows]))
        return path

    return make
