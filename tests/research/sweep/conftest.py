"""A small grid on simulated walkers, whose runs take a second each; every run of two variants fails."""

from copy import deepcopy

import pytest

from himpc.research.sweep import Grid, Plan, load_data, run_sweep

TABLE = {
    "seeds": [0, 1],
    "data": {
        "recipe": {
            "name": "mine",
            "title": "Mine",
            "train": ["source=*-0"],
            "gallery": ["source=*-1"],
            "probe": ["source=*-2"],
            "simulation": {"people": 3, "recordings": 3, "seconds": 1, "difficulty": "easy"},
        }
    },
    "settings": {"hidden": 8, "heads": 1, "max_epochs": 1},
    "vary": {"levels": [["joint"]], "window_length": [100]},
}


@pytest.fixture
def table():
    return deepcopy(TABLE)


@pytest.fixture(scope="session")
def sweep_of():
    """Run a sweep; return its result and the keys of the runs that were done now."""

    def sweep(table, out, jobs):
        grid = Grid.from_table(table)
        done = []
        result = run_sweep(Plan(grid, load_data(grid), out, threads=1, jobs=jobs), lambda row: done.append(row.key))
        result.write(out)
        return result, done

    return sweep


@pytest.fixture(scope="session")
def finished(sweep_of, tmp_path_factory):
    """A sweep that ran one run at a time: its folder and its result."""
    out = tmp_path_factory.mktemp("sweep")
    return out, sweep_of(deepcopy(TABLE), out, jobs=1)[0]
