"""Embedding of archives, a task per file: finished tasks are cached on disk, and a failing one stops no other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from himpc._files import make_folder, write_atomically
from himpc._version import __version__
from himpc.api import Embedder, choose_window_length, embed
from himpc.archive.embedding_table import EmbeddingTable
from himpc.errors import DataError, HimpcError, Hint, count_noun
from himpc.model import Model
from himpc.reading import Plan, Problem, Source
from himpc.recordings import Progress, stack
from himpc.skeleton import Level


@dataclass(frozen=True)
class Task:
    """Reads and embeds one file; it can be pickled."""

    model: Embedder
    plan: Plan
    """The options of reading."""
    length: int
    """Frames per window."""
    level: Level | None
    """`model`, `level`: as in `himpc.embed`."""

    def __call__(self, source: Source) -> Outcome:
        """Read one file and embed its recordings."""
        recordings, problems = self.plan.read(source)
        if not recordings:
            return None, problems
        if max(map(len, recordings)) < self.length:
            return EmbeddingTable.without_windows(recordings), problems
        try:
            embedded = embed(self.model, recordings, window_length=self.length, level=self.level)
        except HimpcError as error:
            return None, [*problems, Problem.of(error, source.path)]
        return EmbeddingTable.from_recordings(embedded, recordings), problems

    def key(self, source: Source) -> str:
        """Return a cache key, which depends on the file, the model and every option."""
        files = sorted(source.path.iterdir()) if source.path.is_dir() else [source.path]
        stamps = [(str(file.absolute()), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
        model = self.model.fingerprint if isinstance(self.model, Model) else type(self.model).__name__
        parts = [__version__, stamps, source.name, source.labels, model, self.length, self.level]
        text = json.dumps([*parts, repr(self.plan.file_options), repr(self.plan.options.video), repr(self.plan.rules)])
        return hashlib.sha256(text.encode()).hexdigest()[:32]


Outcome = tuple[EmbeddingTable | None, list[Problem]]
"""The embeddings of a file, or None if it has no usable recording, and its problems."""

Runner = Callable[[Task, Sequence[Source]], Iterable[tuple[int, Outcome]]]
"""Runs a task for each source and yields the index of the source and the outcome, in any order."""


def run_sequentially(task: Task, sources: Sequence[Source]) -> Iterator[tuple[int, Outcome]]:
    """Run a task for each source in this process."""
    for index, source in enumerate(sources):
        yield index, task(source)


def embed_archive(
    model: Embedder,
    plan: Plan,
    folder: str | Path,
    *,
    window_length: int | None = None,
    level: Level | None = None,
    run: Runner = run_sequentially,
    progress: Progress | None = None,
) -> tuple[EmbeddingTable, list[Problem]]:
    """Embed the recordings of many files, each file by itself.

    The embeddings of each file are cached in `folder` as soon as they are computed. A later call, after an interruption
    too, computes only those of other and of changed files. The result equals that of embedding all recordings at once.

    Parameters
    ----------
    model : Embedder
        A trained `Model`, or a baseline.
    plan : Plan
        The files and how to read them (`himpc.reading.plan`).
    folder : path
        The cache.
    window_length, level
        As in `himpc.embed`.
    run : Runner
        Runs the tasks in this process, or on a cluster (`himpc.archive.run_on_ray`).
    progress : callable, optional
        Wraps the files to show progress.

    Returns
    -------
    table : EmbeddingTable
        Of all usable recordings, in the order of the files.
    problems : list of Problem
        Files that could not be used, or only in part.

    Raises
    ------
    DataError
        If nothing could be embedded.
    RunFolderError
        If the folder cannot be written.
    """
    folder = make_folder(folder)
    task = Task(model, plan, choose_window_length(model, window_length), level)
    problems = list(plan.problems)
    paths: list[Path | None] = []
    for source in plan.sources:
        try:
            paths.append(folder / task.key(source))
        except OSError as error:
            paths.append(None)
            problems.append(Problem(source.path, f"cannot be opened: {error.strerror or error}"))
    missing = {index: path for index, path in enumerate(paths) if path and _read_cached(path) is None}
    outcomes = run(task, [plan.sources[index] for index in missing])
    targets = list(missing.values())
    for index, outcome in outcomes if progress is None else progress(outcomes, len(missing), "embedding"):
        _write_cached(targets[index], outcome)
    tables: list[tuple[Source, Path, EmbeddingTable]] = []
    for source, path in zip(plan.sources, paths, strict=True):
        table, of_file = (_read_cached(path) if path else None) or (None, [])
        problems += of_file
        if path is not None and table is not None:
            # Vectors of windows would take most of the memory; `_join` reads them again, file by file.
            none = np.empty((0, table.windows.shape[1]), dtype=np.float32)
            tables.append((source, path.with_suffix(".npz"), replace(table, windows=none)))
    return _join(plan, tables, problems, task.length)


def _join(
    plan: Plan, tables: list[tuple[Source, Path, EmbeddingTable]], problems: list[Problem], length: int
) -> tuple[EmbeddingTable, list[Problem]]:
    """Join the tables of all files whose vectors have one size, and add the labels of the label table."""
    sizes = [table.windows.shape[1] for _, _, table in tables]
    size = next((size for size in sizes if size), 0)
    if not size:
        first = f", the first {problems[0]}" if problems else ""
        raise DataError(
            f"no recording of {length} frames or more could be embedded: {count_noun(len(problems), 'problem')}{first}"
        )
    for (source, _, _), other in zip(tables, sizes, strict=True):
        if other not in (0, size):
            message = f"has vectors of {other} numbers, expected {size} as in the files before it"
            problems.append(Problem(source.path, message, Hint("convert all recordings with {layout}")))
    tables = [entry for entry, other in zip(tables, sizes, strict=True) if other in (0, size)]
    table = EmbeddingTable.join([table for _, _, table in tables])
    windows = (EmbeddingTable.load(path).windows for _, path, each in tables if each.windows.shape[1])
    table = replace(table, windows=stack(windows, (len(table.window_recording), size)))
    files = [source.path for source, _, of_file in tables for _ in of_file.source]
    labels, label_problems = plan.labels([str(source) for source in table.source], files)
    return table.with_labels(labels), problems + label_problems


def _write_cached(path: Path, outcome: Outcome) -> None:
    """Write an outcome; the problems last, because their file marks it as complete."""
    table, problems = outcome
    if table is not None:
        table.save(path.with_suffix(".npz"))
    listed = [[str(each.path), each.message, each.hint and each.hint.template] for each in problems]
    write_atomically(path.with_suffix(".json"), json.dumps({"embedded": table is not None, "problems": listed}))


def _read_cached(path: Path) -> Outcome | None:
    """Read an outcome; return None if it is missing or damaged."""
    try:
        entry = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        table = EmbeddingTable.load(path.with_suffix(".npz")) if entry["embedded"] else None
        problems = [
            Problem(Path(file), message, Hint(hint[0]) if any(hint) else None)
            for file, message, *hint in entry["problems"]
        ]
        return table, problems
    except (OSError, ValueError, KeyError, TypeError):
        return None
