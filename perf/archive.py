"""Measure how grouping grows with the number of recordings, from 1,000 to a million, with the true people known.

    python perf/archive.py [--sizes 1000 10000 100000 1000000] [--out perf/results/archive.json]

The identity prior is adapted to simulated walkers (`--people`, four recordings each), whose embeddings give the
covariance between people and the errors of recordings. Embeddings of any number of people are drawn from these: the
mean of a person from a normal distribution, the errors from those observed. Each size is grouped in a process of its
own, which reports clock and processor seconds, peak memory, and the adjusted Rand index with the true people.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import himpc
from himpc.learning import group_recordings
from himpc.model import IdentityScoring

RECORDINGS_PER_PERSON = 4


def observe(people: int, path: Path) -> None:
    """Adapt the prior to simulated walkers, and save the statistics of their embeddings."""
    walks = himpc.simulate(people=people, recordings=RECORDINGS_PER_PERSON, seconds=3.0, difficulty="easy", seed=1)
    model = himpc.HiMPC(settings={"prior": "identity"}).fit(walks).model_
    pooled = himpc.embed(model, walks).pooled.astype(np.float64).reshape(people, RECORDINGS_PER_PERSON, -1)
    means = pooled.mean(axis=1)
    residuals = (pooled - means[:, None]).reshape(people * RECORDINGS_PER_PERSON, -1)
    residuals *= np.sqrt(RECORDINGS_PER_PERSON / (RECORDINGS_PER_PERSON - 1))
    covariance = np.cov(means.T) - residuals.T @ residuals / len(residuals) / RECORDINGS_PER_PERSON
    variance, axes = np.linalg.eigh(covariance)
    scoring = model.scoring
    assert scoring is not None
    np.savez(
        path,
        roots=axes * np.sqrt(np.maximum(variance, 0)),
        residuals=residuals,
        pose_scale=scoring.pose_scale,
        between=scoring.between,
        noise=scoring.noise,
    )


def measure(size: int, path: Path) -> dict[str, float]:
    """Group that number of drawn recordings."""
    with np.load(path) as stored:
        roots, residuals = stored["roots"], stored["residuals"]
        scoring = IdentityScoring(stored["pose_scale"], stored["between"], float(stored["noise"]))
    rng = np.random.default_rng(size)
    people = size // RECORDINGS_PER_PERSON
    person = np.repeat(np.arange(people), RECORDINGS_PER_PERSON)
    means = (rng.normal(size=(people, len(roots))) @ roots.T).astype(np.float32)
    vectors = means[person]
    for start in range(0, size, 2**16):
        block = vectors[start : start + 2**16]
        block += residuals[rng.integers(len(residuals), size=len(block))]
    order = rng.permutation(size)
    vectors, person = vectors[order], person[order]
    begin, begin_cpu = time.perf_counter(), time.process_time()
    grouping = group_recordings(vectors, np.arange(size), size, scoring=scoring)
    seconds, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
    from sklearn.metrics import adjusted_rand_score

    return {
        "recordings": size,
        "people": people,
        "groups": grouping.people,
        "ari": round(float(adjusted_rand_score(person, grouping.groups)), 4),
        "seconds": round(seconds, 1),
        "processor_seconds": round(cpu, 1),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "load": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    """Measure each size in a process of its own, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--people", type=int, default=400, help="simulated walkers")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--statistics", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.statistics:
        print(json.dumps(measure(options.sizes[0], options.statistics)))
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "statistics.npz"
        observe(options.people, path)
        print(
            "| recordings | people | groups | ARI | s | processor s | peak GB |\n|---:|---:|---:|---:|---:|---:|---:|"
        )
        for size in options.sizes:
            command = [sys.executable, __file__, "--sizes", str(size), "--statistics", str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            rows.append(json.loads(done.stdout.splitlines()[-1]))
            names = ("recordings", "people", "groups", "ari", "seconds", "processor_seconds", "peak_gb")
            print("| " + " | ".join(f"{rows[-1][name]:,}" for name in names) + " |", flush=True)
    if options.out:
        options.out.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
