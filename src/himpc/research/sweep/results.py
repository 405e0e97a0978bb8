"""The output of a sweep: a file per run, one table of all runs, a summary and a figure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from himpc._files import make_folder, remove_file, write_atomically, write_csv
from himpc._schema import field, parse_json, to_plain, validated
from himpc._version import __version__
from himpc.errors import FormatError, count_noun
from himpc.evaluation import markdown_table, mean_and_spread
from himpc.reporting import AblationRow, draw_ablation, save_figures
from himpc.research.sweep.grid import Choice, Grid

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

DRAWN_MEASURES = tuple(MEASURES)[:4]


@validated
class Row:
    """One run."""

    key: str
    """The hash of settings, data and version; the name of the run's file."""
    settings: dict[str, Any]
    """Every setting of `himpc.learning.Config`."""
    measures: dict[str, Annotated[float, Field(allow_inf_nan=False)]] = field(default_factory=dict)
    """Those of `MEASURES`; empty if the run failed."""
    groups: int = 0
    people: int = 0
    """`groups`, `people`: the estimated and the true number of people."""
    epochs: int = 0
    stopped: str = ""
    """The reason why training stopped."""
    seconds: float = 0.0
    """Duration of the run since it was last started."""
    threads: int = 1
    failed: str = ""
    """The reason of a failure; empty without."""
    himpc: str = __version__
    """Version of himpc."""

    def save(self, folder: Path) -> None:
        """Write the run's file."""
        write_atomically(folder / f"{self.key}.json", json.dumps(to_plain(self), indent=2) + "\n")

    @classmethod
    def load(cls, folder: Path, key: str) -> Row | None:
        """Read the run of a key; None if its file is missing or damaged."""
        try:
            row = parse_json(cls, folder / f"{key}.json")
        except FormatError:
            return None
        is_complete = row.key == key and (bool(row.failed) or [*row.measures] == [*MEASURES])
        return row if is_complete else None


@dataclass(frozen=True, eq=False)
class SweepResult:
    """The finished runs of a grid."""

    grid: Grid
    rows: Mapping[str, Row]
    """By key, in the order of the grid."""
    choices: Mapping[str, Choice]
    """The first choice with the settings of each key."""
    data: str
    """The fingerprint of the recordings."""

    @property
    def failed(self) -> list[Row]:
        """The runs that failed."""
        return [row for row in self.rows.values() if row.failed]

    def runs_of(self, choice: Choice) -> list[Row]:
        """Return the successful runs of a choice, one per seed."""
        settings = {**to_plain(choice.config), "seed": None}
        return [row for row in self.rows.values() if not row.failed and {**row.settings, "seed": None} == settings]

    def table(self) -> str:
        """Return a Markdown table: a row per choice, the preset first; mean and spread over the seeds, in percent."""
        lines = []
        for choice in self.grid.choices:
            runs = self.runs_of(choice)
            cells = {title: mean_and_spread([run.measures[name] for run in runs]) for name, title in MEASURES.items()}
            lines.append({"variant": choice.name, **cells, "runs": str(len(runs))})
        return markdown_table(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return the runs as plain data."""
        return {"himpc": __version__, "data": self.data, "runs": [self._record(row) for row in self.rows.values()]}

    def write_table(self, out: Path) -> None:
        """Write ``results.csv``: a row per run, a column per measure and setting."""
        records = [self._record(row) for row in self.rows.values()]
        write_csv(out / "results.csv", list(records[0]) if records else ["key"], records)

    def write(self, out: str | Path, formats: Sequence[str] = ("png",)) -> list[str]:
        """Write ``results.csv``, ``summary.md`` and, if a run of the preset succeeded, ``sweep.png``; return names.

        `formats` are those of the figure: png, svg or pdf.
        """
        out = make_folder(out)
        self.write_table(out)
        write_atomically(out / "summary.md", self._summary())
        names = ["results.csv", "summary.md"]
        rows = [self._ablation_row(choice) for choice in self.grid.choices]
        if rows[0].runs and len(rows) > 1:
            title = f"Effect of each setting, against preset {self.grid.preset!r}"
            seeds = count_noun(len(self.grid.seeds), "seed")
            figure = draw_ablation(rows[0], rows[1:], {name: MEASURES[name] for name in DRAWN_MEASURES}, title, seeds)
            return [*names, *(path.name for path in save_figures([figure], out / "sweep", formats))]
        for suffix in (".png", ".svg", ".pdf"):
            remove_file(out / f"sweep{suffix}")  # of an earlier grid
        return names

    def _ablation_row(self, choice: Choice) -> AblationRow:
        runs = [run.measures for run in self.runs_of(choice)]
        return AblationRow(choice.group, choice.label, runs, choice.config == self.grid.choices[0].config)

    def _record(self, row: Row) -> dict[str, Any]:
        choice = self.choices[row.key]
        settings = {name: "+".join(v) if isinstance(v, list) else v for name, v in row.settings.items()}
        return {
            "varied": choice.group,
            "value": choice.label,
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
            "probe together with the people. No label was used in training.",
            self.table(),
        ]
        if self.failed:
            reasons = (f"- {self.choices[r.key].name}, seed {r.settings['seed']}: {r.failed}" for r in self.failed)
            lines += ["Runs that failed; the same command repeats them:", "\n".join(reasons)]
        return "\n\n".join(lines) + "\n"
