"""Simulated walkers, and the five data sets written from them in both forms."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from himpc.recordings import Recording
from himpc.research import BenchmarkData, find_benchmark, load_benchmark
from himpc.simulation import Sensor, simulate

from .writers import (
    KGBD_ORDER,
    Walk,
    plain_windows,
    raw_biwi,
    raw_casia_b,
    raw_ias,
    raw_kgbd,
    raw_ks20,
    write_arrays,
)


@pytest.fixture(scope="session")
def walkers() -> Callable[..., list[list[NDArray[np.float64]]]]:
    """Make the recordings of each of some people, each ``(frames, J, 3)``, rounded as text files are."""

    def make(people: int, recordings: int, frames: int, layout: str = "kinect-v1") -> list[list[NDArray[np.float64]]]:
        walks: Sequence[Recording] = simulate(
            people=people,
            recordings=recordings,
            seconds=frames / 30,
            layout=layout,
            sensor=Sensor(),
            difficulty="easy",
            seed=3,
        )
        joints = [np.round(walk.joints.astype(np.float64), 6) for walk in walks]
        return [joints[i : i + recordings] for i in range(0, len(joints), recordings)]

    return make


@dataclass(frozen=True)
class Written:
    """A data set written in both forms, and the plain windows that must be found in each part."""

    name: str
    raw: Path
    arrays: Path
    length: int
    windows: dict[str, list[Walk]]

    def load(self, form: str) -> BenchmarkData:
        """Load one of the forms."""
        return load_benchmark(self.name, self.raw if form == "raw" else self.arrays, window_length=self.length)


WRITERS = {"BIWI": raw_biwi, "IAS": raw_ias, "KGBD": raw_kgbd, "KS20": raw_ks20, "CASIA_B": raw_casia_b}
HOW = {"KGBD": "apart", "CASIA_B": "half"}


def write(name: str, root: Path, walkers: Callable[..., list[list[NDArray[np.float64]]]]) -> Written:
    """Write a data set raw; read which recording is in which part; write the arrays of these parts."""
    length = 8 if name == "CASIA_B" else 6
    left = WRITERS[name](root / "raw", walkers)
    protocol = find_benchmark(name)
    prefix, folder = protocol.array_prefix, root / "npy" / "Datasets" / (protocol.array_folder or name) / str(length)
    windows = {}
    assignment = load_benchmark(name, root / "raw", window_length=length).assignment
    assert {each["source"] for each in assignment} == set(left)
    for part in ("train", *protocol.tests):
        walks = [left[each["source"]] for each in assignment if each["part"] == part]
        train = part == "train"
        windows[part] = plain_windows(walks, length, HOW.get(name, "offsets") if train else "apart")
        ordered = [(person, frames[:, KGBD_ORDER] if name == "KGBD" else frames) for person, frames in windows[part]]
        place = folder / (f"{prefix}train_npy_data" if train else f"{prefix}test_npy_data/{part}")
        write_arrays(place, name, length, ordered, test=not train)
    return Written(name, root / "raw", root / "npy", length, windows)


@pytest.fixture(scope="session", params=WRITERS)
def written(request, tmp_path_factory, walkers) -> Written:
    """Each of the five data sets in turn, in both forms."""
    return write(request.param, tmp_path_factory.mktemp(request.param), walkers)


@pytest.fixture(scope="session")
def biwi(tmp_path_factory, walkers) -> Written:
    """BIWI alone."""
    return write("BIWI", tmp_path_factory.mktemp("biwi"), walkers)
