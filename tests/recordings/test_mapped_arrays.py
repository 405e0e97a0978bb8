"""What is mapped from a file equals what is in memory, to the bit, and little of it is in memory at once."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import FormatError, RunFolderError
from himpc.model import BASELINES, Model, Network
from himpc.recordings import Recording, Windows, load, mapped_arrays, save
from himpc.skeleton import LEVELS, get_layout

KINECT = get_layout("kinect-v1")


def record(frames: int, seed: int = 0) -> Recording:
    return Recording(np.random.default_rng(seed).normal(size=(frames, 20, 3)), KINECT, source=f"{seed}.csv")


@given(st.lists(st.integers(0, 9), max_size=5), st.integers(1, 300))
def test_stack_gives_equal_arrays_in_memory_and_mapped(lengths, block):
    parts = [np.random.default_rng(n).normal(size=(n, 2, 3)).astype(np.float32) for n in lengths]
    shape = (sum(lengths), 2, 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mapped_arrays, "BLOCK_BYTES", block)
        in_memory = mapped_arrays.stack(parts, shape)
        patch.setattr(mapped_arrays, "MAPPED_BYTES", 1)
        mapped = mapped_arrays.stack(parts, shape)
        assert mapped.shape == in_memory.shape == shape
        assert mapped.tobytes() == in_memory.tobytes() == b"".join(part.tobytes() for part in parts)
        assert b"".join(part.tobytes() for part in mapped_arrays.iter_blocks(mapped)) == in_memory.tobytes()
    assert not len(mapped) or not mapped.flags.writeable


def test_mapped_recordings_give_identical_windows_and_embeddings(tmp_path, monkeypatch):
    save([record(50), record(3, 1), record(40, 2)], tmp_path / "walks.npz")
    model = Model(Network(KINECT, LEVELS, hidden=8, heads=2), KINECT, window_length=6, align=True)
    here = load(tmp_path / "walks.npz")
    windows = Windows.cut(here, 6, 2)
    baselines = BASELINES.values()
    expected = [windows.aligned().frames, windows[:], model.embed(windows), *(b.embed(windows) for b in baselines)]
    monkeypatch.setattr(mapped_arrays, "MAPPED_BYTES", 1)
    there = load(tmp_path / "walks.npz")
    windows = Windows.cut(there, 6, 2)
    assert not windows.frames.flags.writeable
    assert [r.joints.tobytes() for r in there] == [r.joints.tobytes() for r in here]
    found = [
        windows.aligned().frames,
        windows[:],
        model.embed(windows),
        *(b.embed(windows) for b in BASELINES.values()),
    ]
    assert [array.tobytes() for array in found] == [array.tobytes() for array in expected]
    save(there, tmp_path / "walks.npz")  # in place of the file that is mapped
    assert [r.joints.tobytes() for r in there] == [r.joints.tobytes() for r in here]


def test_a_truncated_file_raises_a_format_error(tmp_path, monkeypatch):
    path = tmp_path / "walks.npz"
    save([record(50)], path)
    content = path.read_bytes()
    monkeypatch.setattr(mapped_arrays, "MAPPED_BYTES", 1)
    for size in range(0, len(content), 97):
        path.write_bytes(content[:size])
        with pytest.raises(FormatError, match=r"walks\.npz"):
            load(path)


def test_a_full_disk_raises_a_run_folder_error(monkeypatch):
    def no_room():
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mapped_arrays, "MAPPED_BYTES", 1)
    monkeypatch.setattr(mapped_arrays.tempfile, "TemporaryFile", no_room)
    with pytest.raises(RunFolderError, match="No space left on device; set the environment variable TMPDIR"):
        Windows.cut([record(10)], 6)


SCRIPT = """
import numpy as np, resource, sys
from himpc.recordings import Recording, Windows, load, mapped_arrays, save
from himpc.model import BASELINES, Model, Network
from himpc.skeleton import LEVELS, get_layout
mapped_arrays.MAPPED_BYTES, mapped_arrays.BLOCK_BYTES = 2**20, 2**22
layout = get_layout("kinect-v1")
model = Model(Network(layout, LEVELS, hidden=8, heads=1), layout, 6)
few = Windows.cut([Recording(np.ones((9000, 20, 3)), layout)], 6)
model.embed(few)
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
before = peak()
save([Recording(np.ones((10_000, 20, 3)), layout)] * 100, sys.argv[1])
windows = Windows.cut(load(sys.argv[1]), 6, 60)
windows[[0, 77, 5]], windows.aligned(), model.embed(windows)
print(peak() - before)
"""


def test_a_million_frames_need_little_memory(tmp_path):
    pytest.importorskip("resource")
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "walks.npz")]
    more = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert more < 100, "the frames themselves are 240 MB"
