"""A process that is killed leaves the gallery as it was before, or as it is after; several may write at once."""

import json
import time

import numpy as np
import pytest

from himpc.recordings import save


def task(home, walks_file, name, remove=False):
    """Return the document of a worker's task ``enroll``."""
    return json.dumps({"home": str(home), "walks": str(walks_file), "name": name, "remove": remove})


@pytest.mark.slow
@pytest.mark.parametrize("then", ["stay", "remove"])
def test_killed_process_leaves_all_or_nothing(gallery, home, walks, tmp_path, worker, then):
    """Each round enrolls eight recordings of two people, and removes one of them again or not."""
    save(walks("a", "b"), tmp_path / "walks.npz")
    before = gallery.enroll(walks("c")).recordings
    rng = np.random.default_rng(0)
    for kill in range(2):
        worker.start("enroll", 1000, task(home, tmp_path / "walks.npz", str(kill), then == "remove"))
        time.sleep(rng.uniform(0, 0.5))
        output = worker.kill()
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
def test_concurrent_enrolments_lose_nothing(gallery, home, walks, tmp_path, worker):
    save(walks("a", "b"), tmp_path / "walks.npz")
    for name in ("one", "two", "three"):
        worker.start("enroll", 3, task(home, tmp_path / "walks.npz", name))
    assert sorted(worker.wait()) == sorted(3 * ["done 0", "done 1", "done 2"])
    # rounds of the three hold the same joints, so each is enrolled once
    assert {person.name: person.recordings for person in gallery.people()} == {"a": 12, "b": 12}
    assert gallery.verify() == []
