"""Files embedded one by one: what is done stays done, and one that fails stops no other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from himpc._files import make_folder, write_atomically
from himpc._version import __version__
from himpc.api import Embedder, embed
from himpc.archive.embedding_table import EmbeddingTable
from himpc.errors import DataError, HimpcError
from himpc.learning import Config
from himpc.model import Model
from himpc.reading import Plan, Problem, Source
from himpc.recordings import Progress
from himpc.skeleton import Level

__all__ = ["Outcome", "Runner", "Task", "embed_archive", "run_sequentially"]


@dataclass(frozen=True)
class Task:
    """How each file is embedded; it travels to wherever that is done."""

    model: Embedder
    plan: Plan
    length: int
    level: Level | None

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
            return None, [*problems, Problem(source.path, str(error))]
        return EmbeddingTable.of(embedded, recordings), problems

    def name(self, source: Source) -> str:
        """Return a name that changes whenever the outcome could: with the file, the model and every option."""
        files = sorted(source.path.iterdir()) if source.path.is_dir() else [source.path]
        stamps = [(str(file.absolute()), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
        model = self.model.fingerprint if isinstance(self.model, Model) else type(self.model).__name__
        about = [__version__, stamps, source.name, source.labels, model, self.length, self.level]
        text = json.dumps([*about, repr(self.plan.file_options), repr(self.plan.options.video), repr(self.plan.rules)])
        return hashlib.sha256(text.encode()).hexdigest()[:32]


Outcome = tuple[EmbeddingTable | None, list[Problem]]
"""What became of a file: its embeddings, None where nothing could be used, and what was wrong."""

Runner = Callable[[Task, Sequence[Source]], Iterable[tuple[int, Outcome]]]
"""Does a task for each source, in any order, and gives the place of the source with the outcome."""


def run_sequentially(task: Task, sources: Sequence[Source]) -> Iterator[tuple[int, Outcome]]:
    """Do a task for each source in this process, one after the other."""
    for place, source in enumerate(sources):
        yield place, task(source)


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
    """Embed the recordings of many files, each file on its own.

    The embeddings of each file are kept in `folder` as soon as they are made, and are not made again when an archive is
    embedded anew, be it after a kill; files that changed since are. An embedding does not depend on what is embedded
    with it, so the table is that of all recordings embedded in one go.

    Parameters
    ----------
    model : Embedder
        A trained `Model`, or a baseline.
    plan : Plan
        What is to be read (`himpc.reading.plan`).
    folder : path
        Where the embeddings of each file are kept.
    window_length, level
        As in `himpc.api.embed`.
    run : Runner
        Where the work is done: here, or on a cluster (`himpc.archive.run_on_ray`).
    progress : callable, optional
        Wraps the files to show progress.

    Returns
    -------
    table : EmbeddingTable
        Of all recordings that could be used, in the order of the files.
    problems : list of Problem
        What could not be used.

    Raises
    ------
    DataError
        If nothing could be embedded.
    RunFolderError
        If the folder cannot be written.
    """
    folder = make_folder(folder)
    length = window_length
    if length is None:
        length = model.window_length if isinstance(model, Model) else Config().window_length
    task = Task(model, plan, length, level)
    problems = plan.problems
    places: list[Path | None] = [None] * len(plan.sources)
    for number, source in enumerate(plan.sources):
        try:
            places[number] = folder / task.name(source)
        except OSError as error:
            problems.append(Problem(source.path, f"cannot be opened: {error.strerror or error}"))
    missing = [number for number, place in enumerate(places) if place and _read_part(place) is None]
    outcomes = run(task, [plan.sources[number] for number in missing])
    for at, outcome in outcomes if progress is None else progress(outcomes, len(missing), "embedding"):
        _write_part(places[missing[at]] or folder, outcome)
    parts = [_read_part(place) if place else None for place in places]
    tables = []
    for source, part in zip(plan.sources, parts, strict=True):
        table, own = part or (None, [])
        problems += own
        tables += [(source, table)] if table is not None else []
    return _joined(plan, tables, problems, length)


def _joined(
    plan: Plan, tables: list[tuple[Source, EmbeddingTable]], problems: list[Problem], length: int
) -> tuple[EmbeddingTable, list[Problem]]:
    size = next((table.windows.shape[1] for _, table in tables if len(table.windows)), 0)
    if not size:
        first = f", the first {problems[0]}" if problems else ""
        raise DataError(f"no recording of {length} frames or more could be embedded: {len(problems)} problems{first}")
    odd = [(source, table) for source, table in tables if table.windows.shape[1] not in (0, size)]
    for source, table in odd:
        message = f"has vectors of {table.windows.shape[1]} numbers, the files before it of {size}: use one --layout"
        problems.append(Problem(source.path, message))
    tables = [entry for entry in tables if entry not in odd]
    table = EmbeddingTable.join([table for _, table in tables])
    origins = [source.path for source, table in tables for _ in table.source]
    known, complaints = plan.labels([str(source) for source in table.source], origins)
    return table.labelled(known), problems + complaints


def _write_part(place: Path, outcome: Outcome) -> None:
    """Keep an outcome: the embeddings first, so that a file of problems says that all is there."""
    table, problems = outcome
    if table is not None:
        table.save(place.with_suffix(".npz"))
    listed: list[Any] = [[str(problem.path), problem.render()] for problem in problems]
    write_atomically(place.with_suffix(".json"), json.dumps({"embedded": table is not None, "problems": listed}))


def _read_part(place: Path) -> Outcome | None:
    """Return an outcome that was kept, None where it was not, or is damaged."""
    try:
        said = json.loads(place.with_suffix(".json").read_text(encoding="utf-8"))
        table = EmbeddingTable.load(place.with_suffix(".npz")) if said["embedded"] else None
        return table, [Problem(Path(path), message) for path, message in said["problems"]]
    except (OSError, ValueError, KeyError, TypeError, BadZipFile):
        return None
