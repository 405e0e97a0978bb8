"""Verbs run by a user who may not write: one plain line, and nothing left behind."""

import ctypes
import os
import subprocess
import sys

import pytest

from himpc.recordings import save

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1  # linux/prctl.h, linux/capability.h


def give_up_override() -> None:
    """Make the modes of files apply to root, too, from the next program that this process runs."""
    if os.geteuid() == 0:
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0)


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
    probe = [sys.executable, "-c", "import os, sys; sys.exit(os.access(sys.argv[1], os.W_OK))", str(closed)]
    if subprocess.run(probe, preexec_fn=give_up_override, check=False).returncode:
        pytest.skip("this user can write to every folder, and cannot give that up")
    yield {"walks": root / "walks.npz", "closed": closed, "run": root / "run"}
    closed.chmod(0o755)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs the capabilities of Linux")
@pytest.mark.parametrize("verb", VERBS)
def test_verb_that_may_not_write_says_so_in_one_line(places, verb):
    arguments = [each.format(**places) for each in VERBS[verb]]
    command = [sys.executable, "-m", "himpc", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=give_up_override)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("himpc: "), done.stderr
    assert str(places["closed"]) in last
    assert "cannot be written: " in last.lower() or "permission denied" in last.lower()
    assert list(places["closed"].iterdir()) == []
