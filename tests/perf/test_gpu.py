"""perf/gpu.py: its functions also run on the CPU, and count operations correctly."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

import gpu
from himpc.learning import Config
from measurement import simulate_windows

SCRIPT = Path(__file__).parents[2] / "perf" / "gpu.py"


def test_every_stage_has_a_lower_bound():
    windows, config = simulate_windows(300), Config(hidden=16, heads=2, k1=10)
    cpu = torch.device("cpu")
    results = gpu.stages(windows, config, cpu, repeats=1)
    clustering = [f"{step}, {level}" for level in config.levels for step in ("neighbours", "Jaccard", "DBSCAN")]
    assert [stage.name for stage in results] == ["features", *clustering, "epoch"]
    by_name = {stage.name: stage for stage in results}
    assert by_name["neighbours, joint"].operations == 2 * 300 * 300 * 16
    assert by_name["epoch"].operations > by_name["features"].operations > 0
    assert all(stage.seconds > 0 and stage.bytes > 0 for stage in results)
    rates = gpu.rates_of(cpu, 64)
    assert all(stage.floor(rates) > 0 for stage in results)
    assert len(gpu.table(results, rates).splitlines()) == 2 + len(results)


def test_bytes_of_each_operation_are_counted():
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
def test_without_gpu_the_error_is_one_line():
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "no CUDA GPU" in done.stderr
