"""From a recipe to a benchmark: read or simulate recordings, divide them, and cut them into windows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from himpc.errors import ConfigError, DataError
from himpc.reading import natural_key, read
from himpc.recordings import Progress, Recording, Windows, select, to_common_layout
from himpc.research.data import BenchmarkData
from himpc.research.folders import find_subfolder
from himpc.research.partition import Partition, build_benchmark
from himpc.research.recipes.recipe import Recipe

__all__ = ["divide_recordings", "load_recipe"]

Parts = dict[str, list[Recording]]


def load_recipe(
    recipe: Recipe,
    root: str | Path | None = None,
    *,
    window_length: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> BenchmarkData:
    """Make a benchmark by a recipe.

    Parameters
    ----------
    recipe : Recipe
    root : path, optional
        The folder of the recordings, or one that contains it under the recipe's name; None for simulated walkers.
    window_length : int, optional
        F; default: the recipe's.
    seed : int
        Seed of simulated walkers, and of the draw of unseen people.
    progress : callable, optional
        Wraps the loop over files or people.

    Raises
    ------
    ConfigError
        If a folder is missing, or is given for simulated walkers.
    DataError
        If a part has no recording or no window, a recording is both in gallery and probe, or no person of the probe is
        in the gallery.
    """
    folder, partition = divide_recordings(recipe, root, seed=seed, progress=progress)
    return build_benchmark(
        recipe.protocol,
        partition,
        recipe.window_length if window_length is None else window_length,
        lambda recordings, length: Windows.cut(recordings, length, max(1, length // 2)),
        form="recordings" if recipe.files else "simulated",
        folder=folder,
        recipe=recipe.describe(),
    )


def divide_recordings(
    recipe: Recipe, root: str | Path | None = None, *, seed: int = 0, progress: Progress | None = None
) -> tuple[Path | None, Partition]:
    """Read or simulate the recordings of a recipe and divide them; parameters and errors are those of `load_recipe`.

    Returns
    -------
    folder : Path or None
        The folder that was read.
    partition : Partition
    """
    if recipe.files is not None:
        folder = _find_folder(recipe, root)
        labels = recipe.files.labels
        table = folder / labels if isinstance(labels, str) else labels
        recordings = read(folder, recipe.files, labels=table, progress=progress)
        unified, notes = to_common_layout(recordings)
        partition = _divide(recipe, unified, seed)
        partition.problems.extend(recordings.problems)
        partition.notes.extend(notes)
        return folder, partition
    assert recipe.simulation is not None
    if root is not None:
        raise ConfigError(f"{recipe.name} is simulated, found a folder of recordings", hint="leave out {root}")
    return None, _divide(recipe, recipe.simulation.simulate(seed, progress), seed)


def _find_folder(recipe: Recipe, root: str | Path | None) -> Path:
    """Return the root, or the folder of the recipe's name in it."""
    if root is None:
        raise ConfigError(f"{recipe.name} has no folder", hint="pass {root}, the folder of its recordings")
    if not Path(root).is_dir():
        raise DataError(f"{root}: is no folder; expected that of {recipe.name}")
    return find_subfolder(Path(root), recipe.name) or Path(root)


def _divide(recipe: Recipe, recordings: Sequence[Recording], seed: int) -> Partition:
    left_out = {
        id(each) for condition in recipe.leave_out for each in _select(recipe, recordings, "leave_out", condition)
    }
    used = [recording for recording in recordings if id(recording) not in left_out]
    parts = {part: _select(recipe, used, part, *getattr(recipe, part)) for part in ("train", "gallery", "probe")}
    _check_labels(recipe, parts)
    _check_disjoint(recipe, parts)
    if recipe.unseen:
        parts = _separate_unseen(recipe, parts, seed)
    missing = _find_missing(recipe, parts)
    partition = Partition(train=parts["train"], tests={"gallery": parts["gallery"], "probe": parts["probe"]})
    if missing:
        partition.notes.append(f"{len(missing)} people of the probe are not in the gallery and are left out")
    trained = {id(recording) for recording in parts["train"]}
    if both := sum(id(recording) in trained for recording in parts["probe"]):
        partition.notes.append(f"{both} recordings of the probe are also in the training set")
    return partition


def _select(recipe: Recipe, recordings: Sequence[Recording], part: str, *conditions: str) -> list[Recording]:
    try:
        return select(recordings, conditions)
    except DataError as error:
        raise error.with_message(f"{recipe.name}: {part}: {error.message}") from error


def _check_labels(recipe: Recipe, parts: Parts) -> None:
    for recording in (each for part in parts.values() for each in part):
        for name in ("person", recipe.exclude):
            if name is not None and getattr(recording, name) is None:
                raise DataError(
                    f"{recipe.name}: {recording.source} has no {name}; state it in [files] by 'name', a pattern of "
                    f"paths that has {{{name}}}, or by 'labels', a table"
                )


def _check_disjoint(recipe: Recipe, parts: Parts) -> None:
    shared = {id(recording) for recording in parts["gallery"]} & {id(recording) for recording in parts["probe"]}
    if shared:
        first = next(recording for recording in parts["probe"] if id(recording) in shared)
        raise DataError(
            f"{recipe.name}: {len(shared)} recordings are in gallery and probe and would match themselves (the first "
            f"is {first.source}); change the conditions so that they share none"
        )


def _find_missing(recipe: Recipe, parts: Parts) -> set[str | None]:
    """Return the people of the probe who are not in the gallery."""
    gallery, probe = ({recording.person for recording in parts[part]} for part in ("gallery", "probe"))
    if len(gallery) < 2:
        raise DataError(f"{recipe.name}: the gallery shows one person only, so every answer would be right")
    missing = probe - gallery
    if missing == probe:
        names = sorted(map(str, missing), key=natural_key)
        listed = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        raise DataError(f"{recipe.name}: no person of the probe ({listed}) is in the gallery")
    return missing


def _separate_unseen(recipe: Recipe, parts: Parts, seed: int) -> Parts:
    """Draw the people who are tested only; remove them from the training set, and the others from the test sets."""
    people = sorted({str(r.person) for recordings in parts.values() for r in recordings}, key=natural_key)
    order = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed))).permutation(len(people))
    tested = {people[i] for i in order[: round(recipe.unseen * len(people))]}
    separated = {
        part: [recording for recording in recordings if (recording.person in tested) is (part != "train")]
        for part, recordings in parts.items()
    }
    for part, recordings in separated.items():
        if not recordings:
            raise DataError(
                f"{recipe.name}: unseen = {recipe.unseen:g} leaves the {part} part empty: of {len(people)} people "
                f"{len(tested)} are tested only"
            )
    return separated
