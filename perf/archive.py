"""Measure how grouping grows with the number of recordings, from 1,000 to a million, with the true people known.

    python perf/archive.py [--sizes 1000 10000 100000 1000000] [--difficulty medium] [--out perf/results/archive.json]
    python perf/archive.py --train 100000 [--difficulty easy]

The identity prior is adapted to simulated walkers (`--people`, four recordings each), whose embeddings give the
covariance between people and the errors of recordings. Embeddings of any number of people are drawn from these: the
mean of a person from a normal distribution, the errors from those observed. Each size is grouped in a process of its
own, which reports clock and processor seconds, peak memory, the adjusted Rand index with the true people, and the share
of the nearest recordings that approximate search found, of those of some recordings. With ``--train``, that number of
walks is simulated and cleaned, and then the prior is adapted to them, and they are embedded and grouped.
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
from unittest import mock

import numpy as np
import torch
from numpy.typing import NDArray

import himpc
from himpc.learning import group_recordings
from himpc.learning._fast.cell_neighbours import brute_force_neighbours, cell_neighbours
from himpc.learning.clustering import neighbours
from himpc.model import IdentityScoring
from himpc.recordings import clean

RECORDINGS_PER_PERSON = 4

PEOPLE_AT_ONCE = 500
"""People who are simulated at once."""

SEARCHED = 200
"""Recordings of which the recall is measured."""

MIN_FRAMES = 30
"""People of whom a walk is shorter after cleaning are left out."""


def observe(people: int, difficulty: str, path: Path) -> None:
    """Adapt the prior to simulated walkers, and save the statistics of their embeddings."""
    walks = himpc.simulate(people=people, recordings=RECORDINGS_PER_PERSON, seconds=3.0, difficulty=difficulty, seed=1)
    longest = [max(clean(walk), key=len, default=walk) for walk in walks]
    is_usable = np.reshape([part.complete and len(part) >= MIN_FRAMES for part in longest], (people, -1)).all(axis=1)
    walks = [part for part, usable in zip(longest, np.repeat(is_usable, RECORDINGS_PER_PERSON), strict=True) if usable]
    model = himpc.HiMPC(settings={"prior": "identity"}).fit(walks).model_
    pooled = himpc.embed(model, walks).pooled.astype(np.float64).reshape(is_usable.sum(), RECORDINGS_PER_PERSON, -1)
    means = pooled.mean(axis=1)
    residuals = (pooled - means[:, None]).reshape(len(walks), -1)
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
    chosen, found = rng.permutation(size)[:SEARCHED], []

    def search(rows: torch.Tensor, queries: torch.Tensor, k: int) -> torch.Tensor:
        result = cell_neighbours(rows, queries, k)
        found.append(result[chosen])
        return result

    begin, begin_cpu = time.perf_counter(), time.process_time()
    with mock.patch.object(neighbours, "cell_neighbours", search):
        grouping = group_recordings(vectors, np.arange(size), size, scoring=scoring)
    seconds, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    recall = 1.0
    if found:
        rows = torch.from_numpy(vectors - vectors.mean(axis=0))
        expected = brute_force_neighbours(rows, rows[chosen], found[0].shape[1])
        recall = float((found[0][:, :, None] == expected[:, None]).any(dim=1).float().mean())
    from sklearn.metrics import adjusted_rand_score

    return {
        "recordings": size,
        "people": people,
        "groups": grouping.people,
        "ari": round(float(adjusted_rand_score(person, _single_if_ungrouped(grouping.groups))), 4),
        "recall": round(recall, 4),
        "seconds": round(seconds, 1),
        "processor_seconds": round(cpu, 1),
        "peak_gb": round(peak / 2**20, 2),
        "load": round(os.getloadavg()[0], 1),
    }


def train(size: int, difficulty: str) -> dict[str, float]:
    """Adapt the prior to that number of simulated walks, and group them."""
    walks, begin = [], time.process_time()
    for seed in range(-(-size // (PEOPLE_AT_ONCE * RECORDINGS_PER_PERSON))):
        block = himpc.simulate(
            people=PEOPLE_AT_ONCE, recordings=RECORDINGS_PER_PERSON, seconds=3.0, difficulty=difficulty, seed=seed
        )
        walks += [replace_person(part, seed) for walk in block for part in clean(walk)]
    walks = walks[:size]
    prepared = time.process_time() - begin
    begin, begin_cpu = time.perf_counter(), time.process_time()
    model = himpc.HiMPC(settings={"prior": "identity"}).fit(walks).model_
    fitted = time.process_time() - begin_cpu
    grouping = himpc.group(walks, model)
    from sklearn.metrics import adjusted_rand_score

    return {
        "recordings": len(walks),
        "people": len({walk.person for walk in walks}),
        "groups": grouping.people,
        "ari": round(
            float(adjusted_rand_score([str(w.person) for w in walks], _single_if_ungrouped(grouping.groups))), 4
        ),
        "simulated_and_cleaned": round(prepared, 1),
        "adapted": round(fitted, 1),
        "seconds": round(time.perf_counter() - begin, 1),
        "processor_seconds": round(time.process_time() - begin_cpu, 1),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "load": round(os.getloadavg()[0], 1),
    }


def replace_person(walk: himpc.Recording, block: int) -> himpc.Recording:
    """Name the person after its block of simulated people, too."""
    return walk.with_(person=f"{block}-{walk.person}")


def _single_if_ungrouped(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give each recording without a group one of its own."""
    return np.where(groups > 0, groups, -1 - np.arange(len(groups)))


def run(*arguments: str) -> str:
    """Run a part of the measurement in a process of its own, whose peak memory is that of this part."""
    command = [sys.executable, __file__, *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def main() -> None:
    """Measure each size, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--people", type=int, default=400, help="simulated walkers")
    parser.add_argument("--difficulty", default="medium", help="that of the simulation")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--statistics", type=Path, help="reuse the file of an earlier run; written if it is missing")
    parser.add_argument("--train", type=int, help="adapt to, embed and group that number of simulated walks instead")
    parser.add_argument("--part", choices=("observe", "measure"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train:
        print(json.dumps(train(options.train, options.difficulty)))
        return
    if options.part == "observe":
        observe(options.people, options.difficulty, options.statistics)
        return
    if options.part == "measure":
        print(json.dumps(measure(options.sizes[0], options.statistics)))
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path = options.statistics or Path(folder) / "statistics.npz"
        shared = ("--statistics", str(path), "--difficulty", options.difficulty, "--people", str(options.people))
        if not path.exists():
            run("--part", "observe", *shared)
        columns = ("recordings", "people", "groups", "ari", "recall", "seconds", "processor_seconds", "peak_gb")
        print(f"| {' | '.join(columns)} |".replace("_", " "), f"|{'---:|' * len(columns)}", sep="\n")
        for size in options.sizes:
            rows.append(json.loads(run("--part", "measure", "--sizes", str(size), *shared)))
            print("| " + " | ".join(f"{rows[-1][name]:,}" for name in columns) + " |", flush=True)
    if options.out:
        options.out.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
