"""perf/gpu.py: where no GPU is there, the same functions run on the CPU, and what they count is right."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from himpc.learning import Config

SCRIPT = Path(__file__).parents[2] / "perf" / "gpu.py"


@pytest.fixture(scope="module")
def gpu():
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("gpu", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["gpu"] = module  # its dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


def test_every_stage_is_measured_beside_its_floor(gpu):
    windows, config = gpu.walking(300), Config(hidden=16, heads=2, k1=10)
    cpu = torch.device("cpu")
    found = gpu.stages(windows, config, cpu, repeats=1)
    clustering = [f"{step}, {level}" for level in config.levels for step in ("neighbours", "Jaccard", "DBSCAN")]
    assert [stage.name for stage in found] == ["features", *clustering, "epoch"]
    by_name = {stage.name: stage for stage in found}
    assert by_name["neighbours, joint"].operations == 2 * 300 * 300 * 16
    assert by_name["epoch"].operations > by_name["features"].operations > 0
    assert all(stage.seconds > 0 and stage.bytes > 0 for stage in found)
    rates = gpu.rates_of(cpu, 64)
    assert all(stage.floor(rates) > 0 for stage in found)
    assert len(gpu.table(found, rates).splitlines()) == 2 + len(found)


def test_bytes_are_those_that_each_operation_reads_and_writes(gpu):
    rows, index = torch.ones(100, 8), torch.arange(10)
    with gpu.Traffic() as traffic:
        rows + rows
        rows.view(8, 100)
    assert traffic.bytes == 3 * 3200
    with gpu.Traffic() as traffic:
        rows[index]
    assert traffic.bytes == 320 + 80 + 320
    with gpu.Traffic() as traffic:
        rows.sum().item()
    assert traffic.waits == 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU, on which it would measure")
def test_without_a_gpu_it_says_so_in_one_line():
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "no CUDA GPU" in done.stderr
