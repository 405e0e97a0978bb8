"""The result of a benchmark: tables beside the published numbers, and the files of the run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
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
from himpc.research.data import BenchmarkSet

__all__ = ["SPLIT_FILE", "BenchmarkResult", "as_json", "check_new"]

SPLIT_FILE = "split.json"

_METHODS = {"simmc": "SimMC-style", "spc": "SPC-style", "tracklet": "Tracklet"}
"""Presets that are another method than Hi-MPC."""


@dataclass(eq=False)
class BenchmarkResult:
    """What `run_benchmark` returns; it is filled split by split.

    Attributes
    ----------
    data : BenchmarkSet
    out : Path
        The run folder.
    seed : int
    settings : dict of str to Config
        By split.
    conventions : Conventions
        What was done with labels.
    preset : str
        The preset that the settings started from.
    results : dict of str to dict of str to LevelEvaluation
        By split and method: each window of the probe on its own.
    recordings : dict of str to dict of str to LevelEvaluation
        The same, all windows of a recording pooled to their mean; empty where recordings cannot be told apart.
    views : dict of str to dict of str to ViewResult
        By split and view of the probe, of the multi-level representation; empty where views are not known.
    labels_used : dict of str to str
        By split, what the training says of the labels it used (`himpc.model.Model.training`).
    notes : list of str
        What was left out, and why.
    """

    data: BenchmarkSet
    out: Path
    seed: int
    settings: Mapping[str, Config]
    conventions: Conventions = field(default_factory=Conventions)
    preset: str = "clean"
    results: dict[str, dict[str, LevelEvaluation]] = field(default_factory=dict)
    recordings: dict[str, dict[str, LevelEvaluation]] = field(default_factory=dict)
    views: dict[str, dict[str, ViewResult]] = field(default_factory=dict)
    labels_used: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def method(self) -> str:
        """What the trained method is called in tables."""
        return _METHODS.get(self.preset, "Hi-MPC")

    @property
    def representation(self) -> str:
        """What the representation of all its levels is called in tables: without heads, one level's is its feature."""
        plain = all(len(config.levels) == 1 and not config.heads for config in self.settings.values())
        return self.method if plain else f"{self.method}, MSMR"

    def add(
        self,
        split: str,
        labels_used: str,
        results: dict[str, LevelEvaluation],
        recordings: dict[str, LevelEvaluation],
        views: dict[str, ViewResult],
    ) -> None:
        """Add the results of one split."""
        self.labels_used[split] = labels_used
        self.results[split] = results
        if recordings:
            self.recordings[split] = recordings
        if views:
            self.views[split] = views

    def note(self, text: str) -> None:
        """Add a note, once."""
        if text not in self.notes:
            self.notes.append(text)

    def folder_of(self, split: str) -> Path:
        """Return the folder of the model that a split is asked of: one a training (see `run_benchmark`)."""
        if self.conventions.probe_checkpoint:
            return self.out / f"model-{split.lower()}"
        if len(set(self.settings.values())) == 1:
            return self.out / "model"
        first = next(name for name, config in self.settings.items() if config == self.settings[split])
        return self.out / f"model-{first.lower()}"

    def table(self) -> str:
        """Return the published and our results as a Markdown table: Rank-1 / mAP in percent, a column a split."""
        return method_table({"": self.results}, self.published)

    def recording_table(self) -> str:
        """Return Rank-1 / mAP of recordings as a Markdown table; empty where they cannot be told apart."""
        return method_table({"": self.recordings})

    @property
    def published(self) -> Mapping[str, Mapping[str, PublishedResult]]:
        """The published results by split and method; none where the data set is not a published one."""
        return published_results() if self.data.protocol.persons else {}

    def view_table(self) -> str:
        """Return Rank-1 / mAP by the view of the probe as a Markdown table; empty where views are not known."""
        return view_table({"": self.views})

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data that JSON can hold."""
        published = self.published
        return {
            "himpc": __version__,
            "benchmark": {name: value for name, value in self.data.to_dict().items() if name != "assignment"},
            "seed": self.seed,
            **({"published_source": published_source()} if published else {}),
            "preset": self.preset,
            "conventions": self.conventions.to_dict(),
            "notes": self.notes,
            "splits": {
                split: {
                    "model": self.folder_of(split).name,
                    "settings": to_plain(self.settings[split]),
                    "labels_used_in_training": self.labels_used[split],
                    "published": {name: vars(row) for name, row in published.get(split, {}).items()},
                    "results": {name: result.to_dict() for name, result in methods.items()},
                    "recordings": {name: result.to_dict() for name, result in self.recordings.get(split, {}).items()},
                    "views": {name: vars(view) for name, view in self.views.get(split, {}).items()},
                }
                for split, methods in self.results.items()
            },
        }

    def to_markdown(self) -> str:
        """Return the report of the run: counts, results beside the published ones, and results by view."""
        theirs = f" Published: {published_source()}; their checkpoints were picked by the probe set."
        lines = [
            f"# {self.data.protocol.title}",
            f"himpc {__version__}, seed {self.seed}, from {self.data.origin}. Rank-1 / mAP in percent, each window on "
            f"its own. Labels used in training: {', '.join(sorted(set(self.labels_used.values())))}."
            + (theirs if self.published else ""),
            self.table(),
        ]
        if self.recordings:
            lines += ["## By recording (the mean of its windows)", self.recording_table()]
        lines += ["## What there is", counts_table(self.data)]
        if self.views:
            lines += [f"## By view of the probe ({self.representation})", self.view_table()]
        lines += ["## Settings of training", self._settings_table()]
        if notes := [*self.data.notes, *self.notes, *(f"left out {problem}" for problem in self.data.problems)]:
            lines += ["## Notes", "\n".join(f"- {note}" for note in notes)]
        return "\n\n".join(lines) + "\n"

    def _settings_table(self) -> str:
        """Return the settings as a Markdown table, without the stride: the protocol has its own."""
        columns = {split: to_plain(self.settings[split]) for split in self.results}
        names = [name for name in next(iter(columns.values())) if name != "stride"]
        return markdown_table(
            [{"setting": name} | {split: _plain(table[name]) for split, table in columns.items()} for name in names]
        )

    def write_split(self, *, resume: bool = False, overwrite: bool = False) -> None:
        """Write which recording is in which part to ``split.json``, before any training.

        Raises
        ------
        RunFolderError
            If the folder cannot be written, or holds a run that is neither to be resumed nor overwritten, or that is of
            another split.
        """
        document = {"benchmark": self.data.name, "seed": self.seed, "recordings": list(self.data.assignment)}
        content, path = as_json(document), make_folder(self.out) / SPLIT_FILE
        if path.exists() and not overwrite:
            check_new(self.out, resume=resume)
            if path.read_bytes() != content:
                raise RunFolderError(
                    f"{path}: is the split of another data set or seed: resume with the same, or choose another folder"
                )
        write_atomically(path, content)

    def write(self) -> None:
        """Write ``benchmark.json`` and ``benchmark.md``.

        Raises
        ------
        RunFolderError
            If the folder cannot be written.
        """
        write_atomically(self.out / "benchmark.json", as_json(self.to_dict()))
        write_atomically(self.out / "benchmark.md", self.to_markdown().encode())


def check_new(out: Path, *, resume: bool = False, overwrite: bool = False) -> None:
    """Raise `RunFolderError` where a folder holds a run that is neither to be resumed nor overwritten."""
    if not resume and not overwrite and (out / SPLIT_FILE).exists():
        raise RunFolderError(f"{out}: already holds a run: choose another folder, or --resume or --overwrite that run")


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def as_json(document: dict[str, Any]) -> bytes:
    """Return plain data as the JSON of a file."""
    return (json.dumps(document, indent=2) + "\n").encode()
