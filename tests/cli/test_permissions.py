"""Verbs run by a user who may not write: one plain line, and nothing left behind."""

import ctypes
import os
import sys
from contextlib import contextmanager

import pytest

from himpc.cli import main
from himpc.recordings import save

LINUX_CAPABILITY_VERSION_3, CAP_DAC_OVERRIDE = 0x20080522, 1  # linux/capability.h


@contextmanager
def without_override():
    """Make the modes of files apply to root, too, in this thread and those that it starts."""
    if os.geteuid() != 0:
        yield
        return
    header = (ctypes.c_uint32 * 2)(LINUX_CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted and inheritable: the lower half, then the upper one
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.capget(header, sets) == 0
    before = sets[0]
    sets[0] &= ~(1 << CAP_DAC_OVERRIDE)
    assert libc.capset(header, sets) == 0, os.strerror(ctypes.get_errno())
    try:
        yield
    finally:
        sets[0] = before
        assert libc.capset(header, sets) == 0


VERBS = {
    "layout": ["layout", "{walks}", "--out", "{closed}/layout.toml"],
    "view": ["view", "{walks}", "--out", "{closed}/view.html"],
    "convert": ["convert", "{walks}", "--out", "{closed}/walks.npz"],
    "simulate": ["simulate", "--people", "2", "--recordings", "2", "--seconds", "1", "--out", "{closed}/sim.npz"],
    "train": ["train", "{walks}", "--out", "{closed}/run", "--max-epochs", "1"],
    "embed": ["embed", "{walks}", "--model", "bones", "--out", "{closed}/e.npz"],
    "group": ["group", "{walks}", "--model", "bones", "--out", "{closed}/groups"],
    "audit": ["audit", "{walks}", "--out", "{closed}/audit"],
    "anonymize": ["anonymize", "{walks}", "--method", "none", "--out", "{run}/a.npz", "--key", "{closed}/key.csv"],
    "report": ["report", "{run}", "--out", "{closed}/report.html"],
    "enroll": ["gallery", "enroll", "{walks}", "--gallery", "{closed}/gallery"],
    "benchmark": ["benchmark", "one-view-easy", "--out", "{closed}/run", "--max-epochs", "1"],
}


@pytest.fixture(scope="module")
def places(tmp_path_factory, walkers):
    root = tmp_path_factory.mktemp("permissions")
    save(walkers[:8], root / "walks.npz")
    (root / "run").mkdir()
    (root / "run" / "groups.csv").write_text("recording,group,confidence\na.csv,1,0.5\n")
    closed = root / "closed"
    closed.mkdir(mode=0o555)
    with without_override():
        if os.access(closed, os.W_OK, effective_ids=True):
            pytest.skip("this user can write to every folder, and cannot give that up")
    yield {"walks": root / "walks.npz", "closed": closed, "run": root / "run"}
    closed.chmod(0o755)


@pytest.mark.skipif(sys.platform != "linux", reason="needs the capabilities of Linux")
@pytest.mark.parametrize("verb", VERBS)
def test_verb_that_may_not_write_says_so_in_one_line(places, verb, capsys):
    with without_override():
        assert main([each.format(**places) for each in VERBS[verb]]) == 1
    errors = capsys.readouterr().err
    assert "Traceback" not in errors
    last = errors.strip().splitlines()[-1]
    assert last.startswith("himpc: "), errors
    assert str(places["closed"]) in last
    assert "cannot be written: " in last.lower() or "permission denied" in last.lower()
    assert list(places["closed"].iterdir()) == []
