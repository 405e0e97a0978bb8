"""perf/open_set.py: vectors, distances, measures, and the table."""

import numpy as np
import pytest

import open_set
from himpc.model import BASELINES
from himpc.recordings import Windows, clean, number_whole_recordings
from himpc.simulation import simulate


def test_recordings_and_halves_are_means_of_windows():
    walks = [part for walk in simulate(3, 2, seconds=2.0, seed=0) for part in clean(walk)]
    arrays = open_set.recorded("raw", BASELINES["raw"], walks)
    windows = Windows.cut(walks, 6)
    vectors = BASELINES["raw"].embed(windows)
    wholes = np.unique(number_whole_recordings(walks))
    assert len(arrays["raw"]) == len(wholes) == len(arrays["raw persons"])
    of_first = vectors[windows.recording == 0]
    half = (len(of_first) + 1) // 2
    assert walks[0].origin is None
    for here, there in (
        (arrays["raw"][0], of_first),
        (arrays["raw halves"][0, 0], of_first[:half]),
        (arrays["raw halves"][0, 1], of_first[half:]),
    ):
        np.testing.assert_allclose(here, there.mean(axis=0), rtol=1e-4, atol=1e-5)


def test_distance_to_a_person_is_that_of_the_nearest_recordings():
    entries, code = np.array([[0.0], [3.0], [10.0]]), np.array([0, 0, 1])
    np.testing.assert_array_equal(open_set.nearest(np.array([[4.0]]), entries, code), [[1, 6]])
    np.testing.assert_array_equal(open_set.nearest(np.array([[4.0]]), entries, code, 2), [[2.5, 6]])


def test_gallery_is_measured_on_enrolled_and_unknown_probes():
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(16), 2)
    centre = 20 * rng.normal(size=(16, 3))
    entries, probe = (centre[who] + rng.normal(size=(32, 3)) for _ in range(2))
    names = np.char.add("person ", who.astype(str))
    enrolled = who < 8
    halves = np.stack([entries, entries], axis=1)
    run = {"gallery raw": entries[enrolled], "gallery raw persons": names[enrolled]}
    run |= {"gallery raw halves": halves[enrolled], "probe raw": probe, "probe raw persons": names}
    cell = open_set.measure(run, "raw")
    assert (cell.source, cell.enrolled, cell.unknown) == ("recordings", 8, 8)
    assert cell.measures["stated FMR"][0] == pytest.approx(1 / 29)
    assert cell.measures["EER"][0] < 0.1
    assert cell.measures["found"][0] > 0.8
    assert cell.measures["Brier"][0] < 0.3
    text = open_set.document([open_set.row("a set", "raw", [cell, cell])], 2)
    assert "| a set | " in text
    assert "8 / 8" in text
