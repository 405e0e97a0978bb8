"""What a sweep leaves: a file for each run, one tidy table, a summary and a figure."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from himpc._files import make_folder, remove_file, write_atomically
from himpc._schema import to_plain
from himpc._version import __version__
from himpc.evaluation import markdown_table
from himpc.reporting.ablation import AblationRow, draw_ablation
from himpc.reporting.figures import save_figure
from himpc.reporting.tables import mean_and_spread
from himpc.research.sweep.grid import Grid, Variant

__all__ = ["MEASURES", "Row", "SweepResult"]

MEASURES = {
    "window_rank_1": "window Rank-1",
    "window_mAP": "window mAP",
    "recording_rank_1": "recording Rank-1",
    "recording_mAP": "recording mAP",
    "ari": "ARI",
    "ami": "AMI",
    "purity": "purity",
}
"""The measures of a run, in [0, 1], and their titles; the last three compare groups with people."""

DRAWN = tuple(MEASURES)[:4]


@dataclass(frozen=True)
class Row:
    """One run.

    Attributes
    ----------
    key : str
        The fingerprint of settings, data and version; the name of the run's file.
    settings : mapping
        Every setting of `himpc.learning.Config`.
    measures : mapping of str to float
        Those of `MEASURES`; empty where the run failed.
    groups, people : int
        How many people were found, and how many there are.
    epochs : int
        Epochs trained.
    stopped : str
        Why training stopped.
    seconds : float
        How long the run took, since it was last begun.
    threads : int
        Threads it ran with.
    failed : str
        Why it failed; empty where it did not.
    """

    key: str
    settings: Mapping[str, Any]
    measures: Mapping[str, float] = field(default_factory=dict)
    groups: int = 0
    people: int = 0
    epochs: int = 0
    stopped: str = ""
    seconds: float = 0.0
    threads: int = 1
    failed: str = ""

    def save(self, folder: Path) -> None:
        """Write the run's file, whole."""
        write_atomically(
            folder / f"{self.key}.json", json.dumps({"himpc": __version__, **asdict(self)}, indent=2) + "\n"
        )

    @classmethod
    def load(cls, folder: Path, key: str) -> Row | None:
        """Return the run of a key, or None if its file is not there or is damaged: then it is run again."""
        try:
            table = json.loads((folder / f"{key}.json").read_text(encoding="utf-8"))
            table.pop("himpc")
            row = cls(**table)
            whole = row.key == key and (bool(row.failed) or [*row.measures] == [*MEASURES])
            return row if whole and all(math.isfinite(value) for value in row.measures.values()) else None
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None


@dataclass(frozen=True, eq=False)
class SweepResult:
    """The runs of a grid that are there.

    Attributes
    ----------
    grid : Grid
    rows : mapping of str to Row
        By key, in the order of the grid.
    variants : mapping of str to Variant
        Whose run each key is: the first variant with these settings.
    data : str
        The fingerprint of the recordings.
    """

    grid: Grid
    rows: Mapping[str, Row]
    variants: Mapping[str, Variant]
    data: str

    @property
    def failed(self) -> list[Row]:
        """The runs that failed."""
        return [row for row in self.rows.values() if row.failed]

    def runs_of(self, variant: Variant) -> list[Row]:
        """Return the runs of a variant that went well, one a seed."""
        wanted = {**to_plain(variant.config), "seed": None}
        return [r for r in self.rows.values() if not r.failed and {**r.settings, "seed": None} == wanted]

    def table(self) -> str:
        """Return a Markdown table: a row a variant, the preset first; mean and spread over the seeds, in percent."""
        lines = []
        for variant in self.grid.variants:
            runs = self.runs_of(variant)
            cells = {title: mean_and_spread([run.measures[name] for run in runs]) for name, title in MEASURES.items()}
            lines.append({"variant": variant.name, **cells, "runs": str(len(runs))})
        return markdown_table(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return the runs as plain data."""
        return {"himpc": __version__, "data": self.data, "runs": [self._record(row) for row in self.rows.values()]}

    def write_table(self, out: Path) -> None:
        """Write ``results.csv``: a row a run, a column a measure or a setting."""
        records = [self._record(row) for row in self.rows.values()]
        text = io.StringIO()
        writer = csv.DictWriter(text, list(records[0]) if records else ["key"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
        write_atomically(out / "results.csv", text.getvalue())

    def write(self, out: str | Path) -> list[str]:
        """Write ``results.csv``, ``summary.md`` and, where a run of the preset went well, ``sweep.png``; name them."""
        out = make_folder(out)
        self.write_table(out)
        write_atomically(out / "summary.md", self._summary())
        written = ["results.csv", "summary.md"]
        rows = [self._drawn(variant) for variant in self.grid.variants]
        if rows[0].runs and len(rows) > 1:
            title = f"What each setting does, against preset {self.grid.preset!r}"
            seeds = f"{len(self.grid.seeds)} seed{'s' if len(self.grid.seeds) > 1 else ''}"
            figure = draw_ablation(rows[0], rows[1:], {name: MEASURES[name] for name in DRAWN}, title, seeds)
            save_figure(figure, out / "sweep.png")
            return [*written, "sweep.png"]
        remove_file(out / "sweep.png")  # of an earlier grid
        return written

    def _drawn(self, variant: Variant) -> AblationRow:
        runs = [run.measures for run in self.runs_of(variant)]
        return AblationRow(variant.group, variant.label, runs, variant.config == self.grid.variants[0].config)

    def _record(self, row: Row) -> dict[str, Any]:
        variant = self.variants[row.key]
        settings = {name: "+".join(v) if isinstance(v, list) else v for name, v in row.settings.items()}
        return {
            "varied": variant.group,
            "value": variant.label,
            "seed": settings.pop("seed"),
            **{name: row.measures.get(name, "") for name in MEASURES},
            **{name: getattr(row, name) for name in ("groups", "people", "epochs", "stopped", "failed")},
            "seconds": round(row.seconds, 1),
            "threads": row.threads,
            "key": row.key,
            **settings,
        }

    def _summary(self) -> str:
        seeds = ", ".join(map(str, self.grid.seeds))
        lines = [
            f"# Sweep of `{self.grid.path.name}`",
            f"himpc {__version__}, preset `{self.grid.preset}`, seeds {seeds}, data `{self.data[:12]}`. Mean ± "
            "standard deviation over the seeds, in %; ARI, AMI and purity compare the groups of gallery and "
            "probe together with the people. No label was seen in training.",
            self.table(),
        ]
        if self.failed:
            reasons = (f"- {self.variants[r.key].name}, seed {r.settings['seed']}: {r.failed}" for r in self.failed)
            lines += ["Runs that failed; the same command tries them again:", "\n".join(reasons)]
        return "\n\n".join(lines) + "\n"
