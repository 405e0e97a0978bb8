"""The files of a run: of a training, a benchmark, or a grouping; all are untrusted, and any but one may be missing."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from himpc._files import parse_csv_text
from himpc.errors import FormatError, HimpcError, RunFolderError
from himpc.model import CARD_FILE, Model

T = TypeVar("T")

MAX_FILE_BYTES = 256 * 2**20
MAX_REMARKS = 10
GROUPS_FILE, VECTORS_FILE, BENCHMARK_FILE = "groups.csv", "groups.npz", "benchmark.json"
CONFIG_FILE, HISTORY_FILE = "config.json", "history.jsonl"


@dataclass(frozen=True)
class GroupRow:
    """A row of ``groups.csv``."""

    source: str
    group: int
    confidence: float
    person: str | None


@dataclass(frozen=True, eq=False)
class RunFiles:
    """What the folder of a run holds."""

    path: Path
    kind: str
    """"training", "benchmark" or "grouping"."""
    model: Model | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Versions, the fingerprint of the data, and the like."""
    history: Sequence[Mapping[str, Any]] = ()
    """The records of epochs."""
    benchmarks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By variant, or "", the content of ``benchmark.json``."""
    groups: Sequence[GroupRow] = ()
    vectors: NDArray[np.float32] | None = None
    """One row for each of `groups`; NaN for a recording without a group."""
    remarks: Sequence[str] = ()
    """What to know about the groups, such as that they may be views."""
    problems: Sequence[str] = ()
    """Files that could not be used."""


def read_run(path: str | Path) -> RunFiles:
    """Read the folder that `himpc.learning.train`, a benchmark or `himpc.reporting.write_groups` wrote.

    Raises
    ------
    RunFolderError
        If the folder does not exist, or is none of these.
    FormatError
        If its main file is damaged.
    """
    path = Path(path)
    if (path / BENCHMARK_FILE).is_file():
        return _read_benchmark(path)
    if (path / CARD_FILE).is_file() or (path / HISTORY_FILE).is_file():
        return _read_training(path)
    if (path / GROUPS_FILE).is_file():
        return _read_grouping(path)
    found = f"holds none of {CARD_FILE}, {BENCHMARK_FILE} and {GROUPS_FILE}"
    if not path.is_dir():
        found = "is a file, expected a folder" if path.exists() else "there is no such folder"
    raise RunFolderError(f"{path}: {found}", hint="name a folder that {HiMPC.fit()}, {benchmark()} or {group()} wrote")


def _read_training(path: Path) -> RunFiles:
    problems: list[str] = []
    model = _load_model(path, problems)
    config = _try(lambda: _read_json(path / CONFIG_FILE), problems) if (path / CONFIG_FILE).is_file() else None
    table = config if isinstance(config, dict) else {}
    history = _try(lambda: _read_history(path / HISTORY_FILE), problems) if (path / HISTORY_FILE).is_file() else []
    stated = table.get("config")
    facts = {name: value for name, value in table.items() if name != "config"}
    if model is not None:
        facts["training"] = model.training
    return RunFiles(
        path=path,
        kind="training",
        model=model,
        settings=stated if isinstance(stated, dict) else {} if model is None else model.settings,
        facts=facts,
        history=history or [],
        problems=problems,
    )


def _read_benchmark(path: Path) -> RunFiles:
    document = _read_json(path / BENCHMARK_FILE)
    variants = document.get("variants")
    benchmarks = dict(variants) if isinstance(variants, dict) else {"": document}
    for name, each in benchmarks.items():
        if not isinstance(each, dict) or not isinstance(each.get("splits"), dict):
            raise FormatError(f"{path / BENCHMARK_FILE}: {name or 'the document'} has no table 'splits'")
    problems: list[str] = []
    trained = sorted(card.parent for card in path.glob(f"**/{CARD_FILE}"))
    first = _read_training(trained[0]) if trained else RunFiles(path, "training")
    if not trained:
        problems.append("the folder holds no model")
    about = next(iter(benchmarks.values()), {})
    facts = {name: value for name, value in about.items() if name not in ("splits", "notes")}
    model = {} if not trained else {"model of this report": str(trained[0].relative_to(path))}
    return RunFiles(
        path=path,
        kind="benchmark",
        model=first.model,
        settings=first.settings,
        facts=model | facts | dict(first.facts),
        history=first.history,
        benchmarks=benchmarks,
        problems=[*problems, *first.problems],
    )


def _read_grouping(path: Path) -> RunFiles:
    problems: list[str] = []
    rows = _read_rows(path / GROUPS_FILE)
    found = None
    if (path / VECTORS_FILE).is_file():
        found = _try(lambda: _read_vectors(path / VECTORS_FILE, len(rows)), problems)
    vectors, remarks = found or (None, ())
    return RunFiles(path, "grouping", groups=rows, vectors=vectors, remarks=remarks, problems=problems)


def _read_rows(path: Path) -> list[GroupRow]:
    reader = csv.DictReader(io.StringIO(_read_text(path)))
    if not {"recording", "group", "confidence"} <= set(reader.fieldnames or ()):
        raise FormatError(f"{path}: has the columns {reader.fieldnames}, expected recording, group and confidence")
    rows: list[GroupRow] = []
    try:
        for row in reader:
            group, confidence = int(row["group"] or 0), float(row["confidence"] or "nan")
            source, person = (parse_csv_text(row.get(column) or "") for column in ("recording", "person"))
            rows.append(GroupRow(source, group, confidence, person or None))
    except (ValueError, TypeError, csv.Error) as error:
        raise FormatError(f"{path}, row {len(rows) + 2}: is not a recording, a group and a confidence") from error
    return rows


def _read_vectors(path: Path, rows: int) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Read the vectors of the recordings, and the remarks on their groups."""
    _check_size(path)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            vectors: NDArray[np.float32] = arrays["vectors"]
            remarks = arrays["remarks"] if "remarks" in arrays else np.array([], dtype=str)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise FormatError(f"{path}: is damaged or was not written by himpc ({error})") from error
    if vectors.ndim != 2 or len(vectors) != rows or vectors.dtype.kind != "f":
        raise FormatError(
            f"{path}: has vectors of shape {vectors.shape}, expected one row for each of {rows} recordings"
        )
    if remarks.ndim != 1 or len(remarks) > MAX_REMARKS or remarks.dtype.kind != "U":
        raise FormatError(f"{path}: has remarks of shape {remarks.shape}, expected a list of at most {MAX_REMARKS}")
    return vectors, tuple(remarks.tolist())


def _read_history(path: Path) -> list[Mapping[str, Any]]:
    needed = {"epoch", "loss", "losses", "clusters", "noise", "stability", "seconds"}
    records: list[Mapping[str, Any]] = []
    for number, line in enumerate(_read_text(path).splitlines(), start=1):
        record = _parse(line, f"{path}, line {number}")
        if not isinstance(record, dict) or not needed <= set(record):
            raise FormatError(f"{path}, line {number}: is not the record of an epoch")
        records.append(record)
    return records


def _load_model(path: Path, problems: list[str]) -> Model | None:
    if (path / CARD_FILE).is_file():
        return _try(lambda: Model.load(path, device="cpu"), problems)
    problems.append(f"{path.name}: the training has not ended: the folder holds no model")
    return None


def _read_json(path: Path) -> dict[str, Any]:
    document = _parse(_read_text(path), str(path))
    if not isinstance(document, dict):
        raise FormatError(f"{path}: is not a table of JSON")
    return document


def _parse(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{where}: is not valid JSON ({error})") from error


def _read_text(path: Path) -> str:
    _check_size(path)
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _check_size(path: Path) -> None:
    if (size := path.stat().st_size) > MAX_FILE_BYTES:
        raise FormatError(f"{path}: has {size:,} bytes, expected at most {MAX_FILE_BYTES:,}")


def _try(read: Callable[[], T], problems: list[str]) -> T | None:
    """Read one part, or add why it cannot be used to `problems`."""
    try:
        return read()
    except HimpcError as error:
        problems.append(str(error))
        return None
