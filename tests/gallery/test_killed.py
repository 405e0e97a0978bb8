"""A process that is killed leaves the gallery as it was before, or as it is after; several may write at once."""

import subprocess
import sys
import time

import numpy as np
import pytest

from himpc.recordings import save

ENROLL = """
import sys, himpc
from himpc.gallery import Gallery
with Gallery.open(sys.argv[1]) as gallery:
    walks = himpc.read(sys.argv[2])
    print("ready", flush=True)
    for round in range(int(sys.argv[3])):
        shifted = [w.with_(joints=w.joints + round, source=f"{w.source}-{sys.argv[4]}-{round}") for w in walks]
        gallery.enroll(shifted)
        print(round, flush=True)
        if sys.argv[5] == "remove":
            gallery.remove(walks[0].person)
"""


def started(home, walks_file, rounds, name, then="stay"):
    command = [sys.executable, "-W", "ignore", "-c", ENROLL, str(home), str(walks_file), str(rounds), name, then]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("then", ["stay", "remove"])
def test_killed_process_leaves_all_or_nothing(gallery, home, walks, tmp_path, then):
    """Each round enrolls eight recordings of two people, and removes one of them again or not."""
    save(walks("a", "b"), tmp_path / "walks.npz")
    before = gallery.enroll(walks("c")).recordings
    rng = np.random.default_rng(0)
    for kill in range(2):
        process = started(home, tmp_path / "walks.npz", 1000, str(kill), then)
        assert process.stdout.readline() == "ready\n"
        time.sleep(rng.uniform(0, 0.5))
        process.kill()
        output = process.stdout.read().split()
        process.wait()
        counts = {person.name: person.recordings for person in gallery.people()}
        done = counts.get("b", 0)
        assert counts["c"] == before
        assert done % 4 == 0
        assert counts.get("a", 0) in ((done,) if then == "stay" else (0, 4))
        assert done // 4 >= len(output)
        gallery.verify(repair=True)
        assert gallery.verify() == []
        for name in set(counts) - {"c"}:
            gallery.remove(name)
    assert {person.name: person.recordings for person in gallery.people()} == {"c": before}


@pytest.mark.slow
def test_concurrent_enrolments_lose_nothing(gallery, home, walks, tmp_path):
    save(walks("a", "b"), tmp_path / "walks.npz")
    processes = [started(home, tmp_path / "walks.npz", 3, name) for name in ("one", "two", "three")]
    for process in processes:
        process.communicate(timeout=300)
        assert process.returncode == 0
    # rounds of the three hold the same joints, so each is enrolled once
    assert {person.name: person.recordings for person in gallery.people()} == {"a": 12, "b": 12}
    assert gallery.verify() == []
