"""From a recipe to a data set: recordings are read or simulated, shared out, and cut into windows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from himpc.errors import ConfigError, DataError, HimpcError
from himpc.reading import natural_key
from himpc.recordings import Recording, Windows
from himpc.recordings.progress import Progress
from himpc.recordings.selection import select
from himpc.research.data import BenchmarkSet, Counts, LabelledWindows
from himpc.research.partition import RawSet, count, label
from himpc.research.recipes.folder_source import FolderSource
from himpc.research.recipes.recipe import Recipe

__all__ = ["load_recipe", "read_recipe"]

Cut = Callable[[Sequence[Recording]], Windows]


def load_recipe(
    recipe: Recipe,
    root: str | Path | None = None,
    *,
    window_length: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> BenchmarkSet:
    """Make a data set by a recipe.

    Parameters
    ----------
    recipe : Recipe
    root : path, optional
        The folder of the recordings, or one that holds it under the recipe's name; none for simulated walkers.
    window_length : int, optional
        F; the recipe's if not given.
    seed : int
        Of simulated walkers, and of the draw of people who are tested only.
    progress : callable, optional
        Shows how far reading or simulating is.

    Raises
    ------
    ConfigError
        If a folder is missing, or is given to simulated walkers.
    DataError
        If a part has no recording or no window, a recording is both in gallery and probe, or nobody of the probe is in
        the gallery.
    """
    length = recipe.window_length if window_length is None else window_length
    folder, found = read_recipe(recipe, root, seed=seed, progress=progress)
    train = _labelled(recipe, "train", found.train, lambda walks: Windows.cut(walks, length, max(1, length // 2)))
    tests = {
        name: _labelled(recipe, name, walks, lambda walks: Windows.cut(walks, length))
        for name, walks in found.tests.items()
    }
    counts = {"train": count(train, found.train)}
    counts |= {name: count(tests[name], walks) for name, walks in found.tests.items()}
    return BenchmarkSet(
        protocol=recipe.protocol,
        form="recordings" if isinstance(recipe.source, FolderSource) else "simulated",
        folder=folder,
        train=train,
        tests=tests,
        counts=counts | {"all": _count_all(found, counts)},
        assignment=found.assignment(),
        problems=tuple(found.problems),
        notes=tuple(found.notes),
        recipe=recipe.to_dict(),
    )


def read_recipe(
    recipe: Recipe, root: str | Path | None = None, *, seed: int = 0, progress: Progress | None = None
) -> tuple[Path | None, RawSet]:
    """Read or simulate the recordings of a recipe and share them out, as in `load_recipe`; return their folder too."""
    if isinstance(recipe.source, FolderSource):
        folder = recipe.source.find(recipe.name, root)
        read = recipe.source.read(folder, progress)
        found = _share_out(recipe, read, seed)
        found.problems.extend(read.problems)
        return folder, found
    if root is not None:
        raise ConfigError(f"{recipe.name} is simulated: leave --root out")
    return None, _share_out(recipe, recipe.source.walk(seed, progress), seed)


def _share_out(recipe: Recipe, recordings: Sequence[Recording], seed: int) -> RawSet:
    """Put recordings into their parts."""
    left_out = {
        id(each) for condition in recipe.leave_out for each in _select(recipe, recordings, "leave_out", condition)
    }
    pool = [recording for recording in recordings if id(recording) not in left_out]
    parts = {part: _select(recipe, pool, part, *getattr(recipe, part)) for part in ("train", "gallery", "probe")}
    for recording in (each for part in parts.values() for each in part):
        _check_known(recipe, recording)
    twice = {id(recording) for recording in parts["gallery"]} & {id(recording) for recording in parts["probe"]}
    if twice:
        first = next(recording for recording in parts["probe"] if id(recording) in twice)
        raise DataError(
            f"{recipe.name}: {len(twice)} recordings are in gallery and probe and would find themselves (the first is "
            f"{first.source}); change the conditions so that they share none"
        )
    if recipe.unseen:
        parts = _unseen(recipe, parts, seed)
    persons = {part: {recording.person for recording in walks} for part, walks in parts.items()}
    if len(persons["gallery"]) < 2:
        raise DataError(f"{recipe.name}: the gallery shows one person only, so every answer would be right")
    missing = persons["probe"] - persons["gallery"]
    if missing == persons["probe"]:
        raise DataError(f"{recipe.name}: nobody of the probe ({_listed(missing)}) is in the gallery")
    found = RawSet(train=parts["train"], tests={"gallery": parts["gallery"], "probe": parts["probe"]})
    if missing:
        found.notes.append(f"{len(missing)} persons of the probe are not in the gallery and are left out")
    trained = {id(recording) for recording in parts["train"]}
    if asked := sum(id(recording) in trained for recording in parts["probe"]):
        found.notes.append(f"{asked} recordings of the probe are also trained on")
    return found


def _select(recipe: Recipe, recordings: Sequence[Recording], part: str, *conditions: str) -> list[Recording]:
    try:
        return select(recordings, conditions)
    except DataError as error:
        raise DataError(f"{recipe.name}: {part}: {error}") from error


def _check_known(recipe: Recipe, recording: Recording) -> None:
    for name in ("person", recipe.exclude):
        if name is not None and getattr(recording, name) is None:
            raise DataError(
                f"{recipe.name}: {recording.source} says not its {name}; see 'name' and 'labels' in [files]"
            )


def _unseen(recipe: Recipe, parts: dict[str, list[Recording]], seed: int) -> dict[str, list[Recording]]:
    """Draw the people who are tested only; they leave the training part, and the others leave the tests."""
    people = sorted({str(r.person) for walks in parts.values() for r in walks}, key=natural_key)
    order = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed))).permutation(len(people))
    tested = {people[i] for i in order[: round(recipe.unseen * len(people))]}
    drawn = {
        part: [recording for recording in walks if (recording.person in tested) is (part != "train")]
        for part, walks in parts.items()
    }
    for part, walks in drawn.items():
        if not walks:
            raise DataError(
                f"{recipe.name}: unseen = {recipe.unseen:g} leaves the {part} part empty: of {len(people)} people "
                f"{len(tested)} are tested only"
            )
    return drawn


def _labelled(recipe: Recipe, part: str, walks: list[Recording], cut: Cut) -> LabelledWindows:
    try:
        return label(cut(walks), walks)
    except HimpcError as error:
        raise type(error)(f"{recipe.name}: {part}: {error}") from error


def _count_all(found: RawSet, counts: dict[str, Counts]) -> Counts:
    """Count everything; what is in several parts is counted once but for its windows, which are cut anew for each."""
    walks = list({id(r): r for part in (found.train, *found.tests.values()) for r in part}.values())
    return Counts(
        persons=len({recording.person for recording in walks}),
        windows=sum(each.windows for each in counts.values()),
        recordings=len(walks),
        frames=sum(map(len, walks)),
        dropped=sum(recording.quality.dropped for recording in walks),
    )


def _listed(persons: set[str | None]) -> str:
    names = sorted(map(str, persons), key=natural_key)
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
