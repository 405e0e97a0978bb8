"""NTU RGB+D ``.skeleton``: bodies come and go, written files are read back; errors name the line."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats import get_format
from himpc.skeleton import get_layout

NTU = get_format("ntu")

LAYOUT = get_layout("kinect-v2")


def text_of(bodies: list[np.ndarray], present: np.ndarray, state: int = 2) -> str:
    """Return bodies ``(frames, 25, 3)`` as text; `present` ``(bodies, frames)`` states which are in which frame."""
    lines = [str(present.shape[1])]
    for frame in range(present.shape[1]):
        lines.append(str(present[:, frame].sum()))
        for body in np.flatnonzero(present[:, frame]):
            lines += [f"7205759403793{body:04d} 0 1 1 1 1 0 0.2187 -0.1734 2", "25"]
            lines += [
                f"{x:.7g} {y:.7g} {z:.7g} 277.3 191.0 1036.2 519.1 -0.23 0.0004 0.97 -0.01 {state}"
                for x, y, z in bodies[body][frame]
            ]
    return "\n".join(lines) + "\n"


@given(seed=st.integers(0, 2**32), n=st.integers(1, 5), n_bodies=st.integers(1, 3))
def test_written_joints_are_read_back(tmp_path: Path, standing, seed: int, n: int, n_bodies: int) -> None:
    bodies = [standing(LAYOUT, n, seed + i) for i in range(n_bodies)]
    present = np.random.default_rng(seed).random((n_bodies, n)) < 0.7
    present[:, 0] = True
    path = tmp_path / "S001C001P001R001A001.skeleton"
    path.write_text(text_of(bodies, present))
    assert NTU.recognise(path, path.read_bytes()[:4096])
    assert NTU.recognise(path.with_suffix(".txt"), path.read_bytes()[:4096])
    recordings = NTU.read(path, FileOptions())
    assert len(recordings) == n_bodies
    for i, recording in enumerate(recordings):
        expected = np.where(present[i][:, None, None], bodies[i], np.nan)
        np.testing.assert_allclose(recording.joints, expected, rtol=1e-6)
        np.testing.assert_array_equal(recording.confidence, np.repeat(present[i][:, None], 25, axis=1))
        assert recording.source == (f"{path}#{i + 1}" if n_bodies > 1 else str(path))
        assert (recording.fps, recording.quality.frames_read) == (30, n)


@pytest.mark.parametrize(("state", "confidence"), [(0, 0), (1, 0.5), (2, 1)])
def test_the_tracking_state_is_the_confidence(tmp_path: Path, standing, state: int, confidence: float) -> None:
    path = tmp_path / "a.skeleton"
    path.write_text(text_of([standing(LAYOUT, 1, 0)], np.ones((1, 1), bool), state))
    (recording,) = NTU.read(path, FileOptions())
    assert (recording.confidence == confidence).all()
    assert np.isnan(recording.joints).all() == (state == 0)


@pytest.mark.parametrize("stated", [0, 1, 3, 3000])
def test_frames_are_counted(tmp_path: Path, standing, stated: int) -> None:
    path = tmp_path / "a.skeleton"
    text = text_of([standing(LAYOUT, 2, 0)], np.ones((1, 2), dtype=bool))
    path.write_text(text.replace("2\n", f"{stated}\n", 1))
    (recording,) = NTU.read(path, FileOptions(fps=15))
    assert (len(recording), recording.fps) == (2, 15)
    assert f"the file states {stated} frames and holds 2" in recording.quality.notes


@pytest.mark.parametrize(
    ("line", "text", "message"),
    [
        (2, "-1", "line 2: is '-1', expected the number of bodies"),
        (3, "72 0 1", "line 3: has 3 values, expected a body's id and nine more"),
        (4, "20", "line 4: states 20 joints, expected 25"),
        (5, "1 2 3", "line 5: has 3 numbers, expected 12"),
        (6, "1 2 y 0 0 0 0 0 0 0 0 2", "line 6: z is 'y'"),
        (6, "1 2 3 0 0 0 0 0 0 0 0 7", "line 6: tracking state is 7"),
        (6, "1 2 9e9 0 0 0 0 0 0 0 0 2", "line 6: a position of 9e"),
        (57, "", "line 56: ends here, expected a joint's 12 numbers"),
    ],
)
def test_errors_name_the_line(tmp_path: Path, standing, line: int, text: str, message: str) -> None:
    path = tmp_path / "a.skeleton"
    lines = text_of([standing(LAYOUT, 2, 0)], np.ones((1, 2), bool)).splitlines()
    lines[line - 1] = text
    path.write_text("\n".join(lines))
    with pytest.raises(FormatError, match=message):
        NTU.read(path, FileOptions())


def test_a_body_twice_in_a_frame_is_refused(tmp_path: Path, standing) -> None:
    path = tmp_path / "a.skeleton"
    text = text_of([standing(LAYOUT, 1, 0)] * 2, np.ones((2, 1), bool))
    path.write_text(text.replace("72057594037930001", "72057594037930000"))
    with pytest.raises(FormatError, match="line 32: body 72057594037930000 is in frame 1 twice"):
        NTU.read(path, FileOptions())


def test_many_short_bodies_allocate_no_memory(tmp_path: Path) -> None:
    n = 1300
    path = tmp_path / "a.skeleton"
    path.write_text(text_of([np.ones((n, 25, 3))] * n, np.eye(n, dtype=bool)))
    with pytest.raises(FormatError, match="1300 bodies over 1300 frames of 25 joints are too many"):
        NTU.read(path, FileOptions())


@given(seed=st.integers(0, 2**32))
def test_damaged_files_are_errors_or_recordings(tmp_path: Path, standing, check_damaged, seed: int) -> None:
    content = text_of([standing(LAYOUT, 3, 1)] * 2, np.ones((2, 3), bool)).encode()
    check_damaged(NTU, tmp_path / "a.skeleton", content, seed)
