"""The results of a benchmark: tables beside the published numbers, and the files of the run."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from himpc._files import make_folder, write_atomically
from himpc._schema import to_plain
from himpc._version import __version__
from himpc.errors import RunFolderError
from himpc.evaluation import LevelEvaluation, markdown_table
from himpc.learning import Config
from himpc.research.benchmark.conventions import Conventions
from himpc.research.benchmark.published import PublishedResult, published_results, published_source
from himpc.research.benchmark.tables import ViewResult, counts_table, method_table, view_table
from himpc.research.data import BenchmarkData

SPLIT_FILE = "split.json"

_METHODS = {"simmc": "SimMC-style", "spc": "SPC-style", "tracklet": "Tracklet"}
"""Presets whose method is not Hi-MPC."""


class _Report(ABC):
    """The tables and files that one run and several variants have in common."""

    data: BenchmarkData
    out: Path

    @property
    @abstractmethod
    def _runs(self) -> Mapping[str, BenchmarkResult]:
        """The runs by the name of the variant."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data for JSON."""

    @abstractmethod
    def to_markdown(self) -> str:
        """Return the report of ``benchmark.md``."""

    @property
    def published(self) -> Mapping[str, Mapping[str, PublishedResult]]:
        """The published results by split and method; empty for recipes."""
        return published_results() if self.data.protocol.persons else {}

    def table(self) -> str:
        """Return published and our Rank-1 / mAP in percent as a Markdown table, a column per split."""
        return method_table({name: run.results for name, run in self._runs.items()}, self.published)

    def recording_table(self) -> str:
        """Return Rank-1 / mAP of recordings as a Markdown table; empty if they cannot be distinguished."""
        return method_table({name: run.recordings for name, run in self._runs.items()})

    def view_table(self) -> str:
        """Return Rank-1 / mAP by the view of the probe as a Markdown table; empty if views are unknown."""
        return view_table({name: run.views for name, run in self._runs.items()})

    def write(self) -> None:
        """Write ``benchmark.json`` and ``benchmark.md``.

        Raises
        ------
        RunFolderError
            If the folder cannot be written.
        """
        folder = make_folder(self.out)
        write_atomically(folder / "benchmark.json", _to_json(self.to_dict()))
        write_atomically(folder / "benchmark.md", self.to_markdown())

    def _published_note(self) -> str:
        note = f" Published: {published_source()}; their checkpoints were selected by the probe set."
        return note if self.published else ""

    def _render(self, introduction: str, sections: Mapping[str, str]) -> str:
        """Return a report: title, introduction, the main table, and the sections that are not empty."""
        blocks = [f"# {self.data.protocol.title}", introduction, self.table()]
        for heading, text in sections.items():
            blocks += [f"## {heading}", text] if text else []
        return "\n\n".join(blocks) + "\n"


@dataclass(eq=False)
class BenchmarkResult(_Report):
    """The result of `run_benchmark`; it is filled split by split."""

    data: BenchmarkData
    out: Path
    """The run folder."""
    seed: int
    settings: Mapping[str, Config]
    """By split."""
    conventions: Conventions = field(default_factory=Conventions)
    preset: str = "clean"
    """The preset that the settings start from."""
    results: dict[str, dict[str, LevelEvaluation]] = field(default_factory=dict)
    """By split and method: each window of the probe by itself."""
    recordings: dict[str, dict[str, LevelEvaluation]] = field(default_factory=dict)
    """The same with all windows of a recording pooled to their mean; empty if recordings cannot be distinguished."""
    views: dict[str, dict[str, ViewResult]] = field(default_factory=dict)
    """By split and view of the probe, for the multi-level representation; empty if views are unknown."""
    labels_used: dict[str, str] = field(default_factory=dict)
    """By split, the training's statement on labels (`himpc.model.Model.training`)."""
    notes: list[str] = field(default_factory=list)
    """Results that were left out, and why."""

    @property
    def _runs(self) -> Mapping[str, BenchmarkResult]:
        return {"": self}

    @property
    def method(self) -> str:
        """The name of the trained method in tables."""
        return _METHODS.get(self.preset, "Hi-MPC")

    @property
    def representation(self) -> str:
        """The name of the multi-level representation in tables; that of one level without heads is its feature."""
        is_feature = all(len(config.levels) == 1 and not config.heads for config in self.settings.values())
        return self.method if is_feature else f"{self.method}, MSMR"

    def add_note(self, text: str) -> None:
        """Add a note, unless it is there already."""
        if text not in self.notes:
            self.notes.append(text)

    def folder_of(self, split: str) -> Path:
        """Return the folder of the model of a split: one per training (see `run_benchmark`)."""
        if self.conventions.probe_checkpoint:
            return self.out / f"model-{split.lower()}"
        if len(set(self.settings.values())) == 1:
            return self.out / "model"
        first = next(name for name, config in self.settings.items() if config == self.settings[split])
        return self.out / f"model-{first.lower()}"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data for JSON."""
        published = self.published
        return {
            "himpc": __version__,
            "benchmark": {name: value for name, value in self.data.to_dict().items() if name != "assignment"},
            "seed": self.seed,
            **({"published_source": published_source()} if published else {}),
            "preset": self.preset,
            "conventions": to_plain(self.conventions),
            "notes": self.notes,
            "splits": {split: self._split_to_dict(split) for split in self.results},
        }

    def _split_to_dict(self, split: str) -> dict[str, Any]:
        return {
            "model": self.folder_of(split).name,
            "settings": to_plain(self.settings[split]),
            "labels_used_in_training": self.labels_used[split],
            "published": {name: asdict(row) for name, row in self.published.get(split, {}).items()},
            "results": {name: result.to_dict() for name, result in self.results[split].items()},
            "recordings": {name: result.to_dict() for name, result in self.recordings.get(split, {}).items()},
            "views": {name: asdict(view) for name, view in self.views.get(split, {}).items()},
        }

    def to_markdown(self) -> str:
        """Return the report: results beside the published ones, counts, results by view, settings and notes."""
        introduction = (
            f"himpc {__version__}, seed {self.seed}, from {self.data.form_name}. Rank-1 / mAP in percent, each window "
            f"by itself. Labels used in training: {', '.join(sorted(set(self.labels_used.values())))}."
            f"{self._published_note()}"
        )
        left_out = (f"skipped {problem}" for problem in self.data.problems)
        sections = {
            "By recording (the mean of its windows)": self.recording_table(),
            "Counts": counts_table(self.data),
            f"By view of the probe ({self.representation})": self.view_table(),
            "Settings of training": self._settings_table(),
            "Notes": _bullets([*self.data.notes, *self.notes, *left_out]),
        }
        return self._render(introduction, sections)

    def _settings_table(self) -> str:
        """Return the settings as a Markdown table, without the stride, which the protocol fixes."""
        columns = {split: to_plain(self.settings[split]) for split in self.results}
        names = [name for name in next(iter(columns.values())) if name != "stride"]
        return markdown_table(
            [
                {"setting": name} | {split: _join(settings[name]) for split, settings in columns.items()}
                for name in names
            ]
        )

    def write_split(self, *, resume: bool = False, overwrite: bool = False) -> None:
        """Write the part of each recording to ``split.json``, before any training.

        Raises
        ------
        RunFolderError
            If the folder cannot be written, contains a run that is neither to be resumed nor overwritten, or belongs
            to another split.
        """
        document = {"benchmark": self.data.name, "seed": self.seed, "recordings": list(self.data.assignment)}
        content, path = _to_json(document), make_folder(self.out) / SPLIT_FILE
        if path.exists() and not overwrite:
            check_new(self.out, resume=resume)
            if path.read_bytes() != content:
                raise RunFolderError(
                    f"{path}: is the split of another data set or seed",
                    hint="resume with the same data set and seed, or choose another folder",
                )
        write_atomically(path, content)


@dataclass(frozen=True, eq=False)
class Comparison(_Report):
    """The results of `compare_variants`."""

    data: BenchmarkData
    out: Path
    """The folder of the comparison; each variant has a folder in it."""
    runs: Mapping[str, BenchmarkResult]
    """By the name of the variant."""

    @property
    def _runs(self) -> Mapping[str, BenchmarkResult]:
        return self.runs

    @property
    def notes(self) -> list[str]:
        """Remarks for readers: on the data, and by variant."""
        notes = [*self.data.notes, *(f"skipped {problem}" for problem in self.data.problems)]
        for name, run in self.runs.items():
            added = [note for note in run.data.notes if note not in notes]
            notes += [f"{name}: {note}" for note in [*added, *run.notes]]
        return notes

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data for JSON: each variant as in its own run."""
        return {"himpc": __version__, "variants": {name: run.to_dict() for name, run in self.runs.items()}}

    def to_markdown(self) -> str:
        """Return the report: the tables, and each variant's use of labels."""
        first = next(iter(self.runs.values()))
        introduction = (
            f"himpc {__version__}, seed {first.seed}, from {self.data.form_name}. Rank-1 / mAP in percent, each window "
            f"by itself. Variants with equal results of a method share its row.{self._published_note()}"
        )
        rows = []
        for name, run in self.runs.items():
            used = ", ".join(sorted(set(run.labels_used.values())))
            rows.append({"variant": name, "labels used in training": used, "folder": run.out.name})
        sections = {
            "By recording (the mean of its windows)": self.recording_table(),
            "By view of the probe (all levels of the trained model)": self.view_table(),
            "Variants": markdown_table(rows),
            "Counts": counts_table(self.data),
            "Notes": _bullets(self.notes),
        }
        return self._render(introduction, sections)


def check_new(out: Path, *, resume: bool = False, overwrite: bool = False) -> None:
    """Raise `RunFolderError` if a folder contains a run that is neither to be resumed nor overwritten."""
    if not resume and not overwrite and (out / SPLIT_FILE).exists():
        raise RunFolderError(
            f"{out}: already holds a run", hint="choose another folder, or pass {resume=True} or {overwrite=True}"
        )


def _join(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _bullets(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _to_json(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, indent=2) + "\n").encode()
