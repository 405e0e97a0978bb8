"""The recordings of a sweep: those of a recipe, divided into training, gallery and probe."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from himpc.api import Embedder, evaluate
from himpc.evaluation import Evaluation, ExclusionKey
from himpc.model import BASELINES
from himpc.reading import Problem
from himpc.recordings import Progress, Recording, number_whole_recordings
from himpc.research.recipes import divide_recordings
from himpc.research.sweep.grid import Grid


@dataclass(frozen=True, eq=False)
class SweepData:
    """Recordings to train on, without labels, and labelled recordings to measure with."""

    train: tuple[Recording, ...]
    gallery: tuple[Recording, ...]
    probe: tuple[Recording, ...]
    exclude: ExclusionKey | None = None
    """Ignore gallery entries that show the probe's person from the probe's own camera or session."""
    problems: tuple[Problem, ...] = ()
    """Files that could not be used."""
    notes: tuple[str, ...] = ()
    """Remarks on the parts."""

    @property
    def test(self) -> tuple[Recording, ...]:
        """Gallery and probe together, which are grouped."""
        return self.gallery + self.probe

    def fingerprint(self) -> str:
        """Compute a hash (SHA-256) of all data that a run depends on: joints, layouts, labels, parts, exclusion."""
        digest = hashlib.sha256(json.dumps(self.exclude).encode())
        for part in (self.train, self.gallery, self.probe):
            digest.update(f"{len(part)}".encode())
            for whole, each in zip(number_whole_recordings(part).tolist(), part, strict=True):
                about = [each.layout.to_dict(), each.joints.shape, each.dimensions]
                about.append(whole if each.origin is not None and each.origin.part else None)
                about += [each.person, each.session, each.camera]
                digest.update(json.dumps(about, sort_keys=True).encode())
                digest.update(np.ascontiguousarray(each.joints).data)
        return digest.hexdigest()

    def measure(self, model: Embedder) -> Evaluation:
        """Rank the gallery for each probe; probes whose person is not in the gallery are left out."""
        return evaluate(model, self.gallery, self.probe, exclude=self.exclude, without_match="skip")

    def check(self) -> None:
        """Measure an untrained method, so that an error that would stop every run is raised before the first.

        Raises
        ------
        DataError
            As `himpc.evaluate`.
        """
        self.measure(BASELINES["raw"])


def load_data(grid: Grid, root: str | Path | None = None, progress: Progress | None = None) -> SweepData:
    """Read or simulate the recordings of a grid's recipe, and divide them.

    Parameters
    ----------
    grid : Grid
    root : path, optional
        The folder of the recordings; default: the grid's.
    progress : callable, optional
        Wraps the loop over files or people.

    Raises
    ------
    ConfigError
        If a folder is needed but not given.
    DataError
        If nothing can be read, or the parts cannot be evaluated (see `himpc.research.load_benchmark`).
    """
    _, partition = divide_recordings(grid.recipe, root or grid.root, seed=grid.data_seed, progress=progress)
    return SweepData(
        train=tuple(partition.train),
        gallery=tuple(partition.tests["gallery"]),
        probe=tuple(partition.tests["probe"]),
        exclude=grid.recipe.exclude,
        problems=tuple(partition.problems),
        notes=tuple(partition.notes),
    )
