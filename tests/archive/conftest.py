"""An archive of valid files, a damaged one, one shorter than a window, and a table of labels."""

import pytest

from himpc.model import Model, Network
from himpc.recordings import save
from himpc.simulation import simulate
from himpc.skeleton import LEVELS


@pytest.fixture(scope="module")
def walks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive")
    recordings = list(simulate(people=3, recordings=3, seconds=1.5, seed=3))
    for number in range(0, 8, 2):
        save(recordings[number : number + 2], folder / f"walk{number}.npz")
    short = recordings[8].with_(joints=recordings[8].joints[:4], confidence=None, source="short")
    save([short], folder / "walk8.npz")
    save([short.with_(source="other"), recordings[8]], folder / "walk9.npz")
    (folder / "walk10.npz").write_bytes((folder / "walk0.npz").read_bytes()[:-50])
    (folder / "people.csv").write_text("path,person\nwalk2.npz,Ada\nwalk77.npz,Bo\n")
    return folder


@pytest.fixture(scope="module")
def model(walks):
    layout = simulate(people=1, recordings=1, seconds=1.0)[0].layout
    return Model(Network(layout, LEVELS, 32, 2, seed=1), layout, window_length=6)
