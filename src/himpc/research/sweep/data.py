"""The recordings of a sweep: those of a benchmark's recipe, shared out into training, gallery and probe."""

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
from himpc.recordings import Recording, number_whole_recordings
from himpc.recordings.progress import Progress
from himpc.research.recipes.loading import read_recipe
from himpc.research.sweep.grid import Grid

__all__ = ["SweepData", "load_data"]


@dataclass(frozen=True, eq=False)
class SweepData:
    """Recordings to train on without their names, and recordings of known people to measure with.

    Attributes
    ----------
    train, gallery, probe : tuple of Recording
        Training sees the joints of the first only.
    exclude : {"camera", "session"}, optional
        Entries of the gallery that show the probe's person from its own camera or session do not count.
    problems : tuple of Problem
        Files that could not be used.
    notes : tuple of str
        What a person should know of the shares.
    """

    train: tuple[Recording, ...]
    gallery: tuple[Recording, ...]
    probe: tuple[Recording, ...]
    exclude: ExclusionKey | None = None
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def test(self) -> tuple[Recording, ...]:
        """Gallery and probe together, which are grouped."""
        return self.gallery + self.probe

    def fingerprint(self) -> str:
        """Return a hash (SHA-256) of all that a run sees of the data: joints, layouts, labels, parts, exclusion."""
        digest = hashlib.sha256(json.dumps(self.exclude).encode())
        for part in (self.train, self.gallery, self.probe):
            digest.update(f"{len(part)}".encode())
            for whole, walk in zip(number_whole_recordings(part).tolist(), part, strict=True):
                about = [walk.layout.to_dict(), walk.joints.shape, walk.dimensions]
                about.append(whole if walk.origin is not None and walk.origin.part else None)
                about += [walk.person, walk.session, walk.camera]
                digest.update(json.dumps(about, sort_keys=True).encode())
                digest.update(np.ascontiguousarray(walk.joints).data)
        return digest.hexdigest()

    def measure(self, model: Embedder) -> Evaluation:
        """Rank the gallery for each of the probe; who is not in the gallery is left out, as in `himpc benchmark`."""
        return evaluate(model, self.gallery, self.probe, exclude=self.exclude, without_match="skip")

    def check(self) -> None:
        """Measure a method that needs no training once, so that what would stop every run stops before the first.

        Raises
        ------
        DataError
            As `himpc.evaluate`.
        """
        self.measure(BASELINES["raw"])


def load_data(grid: Grid, root: str | Path | None = None, progress: Progress | None = None) -> SweepData:
    """Read or simulate the recordings of a grid's recipe, and share them out.

    Parameters
    ----------
    grid : Grid
    root : path, optional
        The folder of the recordings; the grid's if not given.
    progress : callable, optional
        Wraps the loop over files or people to show how far it is.

    Raises
    ------
    ConfigError
        If there is no folder where one is needed.
    DataError
        If nothing can be read, or the parts cannot be asked (see `himpc.research.load_benchmark`).
    """
    _, found = read_recipe(grid.recipe, root or grid.root, seed=grid.data_seed, progress=progress)
    return SweepData(
        train=tuple(found.train),
        gallery=tuple(found.tests["gallery"]),
        probe=tuple(found.tests["probe"]),
        exclude=grid.recipe.exclude,
        problems=tuple(found.problems),
        notes=tuple(found.notes),
    )
