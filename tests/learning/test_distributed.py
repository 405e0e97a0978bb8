"""Two processes train the same model as one; if one fails, both end with one line."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from himpc.learning import SINGLE_PROCESS, Callback, ProcessGroup
from himpc.learning.clustering.neighbours import nearest_neighbours
from himpc.learning.masking import mask
from himpc.model import Model, Network, read_note, read_tensors, shapes_of, window_features
from himpc.recordings import save
from himpc.simulation import simulate

from .distributed_worker import CASES, epochs, trained

WORKER = Path(__file__).with_name("distributed_worker.py")


@given(st.integers(0, 50), st.integers(1, 8))
def test_shares_cover_every_item_once(n, world):
    shares = [range(n)[ProcessGroup(rank, world).share(n)] for rank in range(world)]
    assert [i for share in shares for i in share] == list(range(n))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@settings(max_examples=20)
@given(st.integers(1, 40), st.integers(1, 6), st.integers(1, 4))
def test_neighbours_of_shares_equal_those_of_all(n, k, world):
    features = torch.from_numpy(np.random.default_rng(n).integers(-3, 4, (n, 3))).float()
    parts = [nearest_neighbours(features, k, "exact", ProcessGroup(rank, world).share(n)) for rank in range(world)]
    assert torch.equal(torch.cat(parts), nearest_neighbours(features, k))


@pytest.mark.parametrize("masked", [0.0, 0.5])
def test_features_of_shares_equal_those_of_all(windows, masked):
    network, seen = Network(windows.layout, ["joint", "limb"], 8, 2), mask(windows, masked, 0, 1)
    parts = [window_features(network, seen.part(ProcessGroup(rank, 3).share(len(seen)))) for rank in range(3)]
    for level, found in window_features(network, seen).items():
        assert torch.equal(torch.cat([part[level] for part in parts]), found)


def test_a_single_process_exchanges_nothing():
    tensor = torch.ones(2)
    assert SINGLE_PROCESS.is_first
    for same in (SINGLE_PROCESS.gather(tensor, 2), SINGLE_PROCESS.sum(tensor), SINGLE_PROCESS.broadcast(tensor)):
        assert same is tensor
    assert SINGLE_PROCESS.broadcast_text("é") == "é"
    SINGLE_PROCESS.check_equal("00ff")
    SINGLE_PROCESS.barrier()


class Stop(Callback):
    def on_epoch(self, record):
        raise KeyboardInterrupt


@dataclass(frozen=True)
class Launched:
    """Where two processes trained, and the lines of their output and errors, without those of torchrun."""

    folder: Path
    output: list[str]
    errors: list[str]


@pytest.fixture(scope="module")
def of_two(tmp_path_factory):
    """Train each case in two processes, once resuming a run of one process, and by the command line."""
    folder = tmp_path_factory.mktemp("two")
    with pytest.raises(KeyboardInterrupt):
        trained("clean", SINGLE_PROCESS, out=folder / "broken", callbacks=[Stop()])
    save(simulate(people=3, recordings=3, seconds=2.0, seed=1), folder / "walks.npz")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*torchrun, str(WORKER), str(folder)], capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("himpc: ")]
    return Launched(folder, done.stdout.splitlines(), errors)


@pytest.mark.slow
@pytest.mark.xdist_group("two processes")
@pytest.mark.parametrize("name", [*CASES, "resumed"])
def test_two_processes_train_the_model_of_one(name, of_two):
    alone = trained("clean" if name == "resumed" else name, SINGLE_PROCESS)
    mine, files = alone.model.network.state_dict(), [of_two.folder / f"{name}-{rank}.safetensors" for rank in range(2)]
    first, second = (read_tensors(file, shapes_of(mine)) for file in files)
    for weights in mine:
        assert torch.equal(first[weights], second[weights])
        torch.testing.assert_close(first[weights], mine[weights], rtol=1e-4, atol=1e-5)
    happened, expected = json.loads(read_note(files[0])), epochs(alone)
    assert happened == json.loads(read_note(files[1]))
    for here, there in zip(happened, expected, strict=True):
        assert here.pop("loss") == pytest.approx(there.pop("loss"), rel=1e-5)
        assert here.pop("losses") == pytest.approx(there.pop("losses"), rel=1e-5)
        assert here == json.loads(json.dumps(there))


@pytest.mark.slow
@pytest.mark.xdist_group("two processes")
def test_only_the_first_process_reports_and_a_failure_is_one_line(of_two):
    assert [json.loads((of_two.folder / f"codes-{rank}.json").read_text()) for rank in range(2)] == [[0, 1], [0, 1]]
    assert [line.split()[0] for line in of_two.output] == ["Trained", "Wrote", "Next:"]
    assert Model.load(of_two.folder / "run").training["epochs"] == 1
    assert len(of_two.errors) == len(set(of_two.errors))
    assert "already contains a run" in of_two.errors[-1]
