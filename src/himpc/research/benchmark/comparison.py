"""Several variants side by side on one benchmark: both presets, with and without alignment, or any other settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from himpc._files import make_folder, write_atomically
from himpc._version import __version__
from himpc.evaluation import markdown_table
from himpc.research.benchmark.published import published_source
from himpc.research.benchmark.results import BenchmarkResult, as_json, check_new
from himpc.research.benchmark.run import perform, prepare
from himpc.research.benchmark.tables import counts_table, method_table, view_table
from himpc.research.benchmark.variants import Variant, parse_variants
from himpc.research.data import BenchmarkSet

__all__ = ["Comparison", "compare_variants"]


@dataclass(frozen=True, eq=False)
class Comparison:
    """What `compare_variants` returns.

    Attributes
    ----------
    data : BenchmarkSet
    out : Path
        The folder, with one of its own for each variant.
    runs : dict of str to BenchmarkResult
        By the variant's name.
    """

    data: BenchmarkSet
    out: Path
    runs: Mapping[str, BenchmarkResult]

    def table(self) -> str:
        """Return the published and our results of all variants as a Markdown table: Rank-1 / mAP in percent."""
        published = next(iter(self.runs.values())).published
        return method_table({name: run.results for name, run in self.runs.items()}, published)

    def recording_table(self) -> str:
        """Return Rank-1 / mAP of recordings as a Markdown table; empty where they cannot be told apart."""
        return method_table({name: run.recordings for name, run in self.runs.items()})

    def view_table(self) -> str:
        """Return Rank-1 / mAP by the view of the probe as a Markdown table; empty where views are not known."""
        return view_table({name: run.views for name, run in self.runs.items()})

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data that JSON can hold: each variant as its own run has it."""
        return {"himpc": __version__, "variants": {name: run.to_dict() for name, run in self.runs.items()}}

    def to_markdown(self) -> str:
        """Return the report: the tables, and what each variant did with labels."""
        first = next(iter(self.runs.values()))
        theirs = f" Published: {published_source()}; their checkpoints were picked by the probe set."
        lines = [
            f"# {self.data.protocol.title}",
            f"himpc {__version__}, seed {first.seed}, from {self.data.origin}. Rank-1 / mAP in percent, each window on "
            "its own. Variants in which a method fares the same share its row." + (theirs if first.published else ""),
            self.table(),
        ]
        if recordings := self.recording_table():
            lines += ["## By recording (the mean of its windows)", recordings]
        if views := self.view_table():
            lines += ["## By view of the probe (all levels of what was trained)", views]
        lines += ["## Variants", self._variant_table(), "## What there is", counts_table(self.data)]
        if notes := self.notes:
            lines += ["## Notes", "\n".join(f"- {note}" for note in notes)]
        return "\n\n".join(lines) + "\n"

    @property
    def notes(self) -> list[str]:
        """What a reader should know: of the data, and by variant."""
        notes = [*self.data.notes, *(f"left out {problem}" for problem in self.data.problems)]
        for name, run in self.runs.items():
            own = [note for note in run.data.notes if note not in notes]
            notes += [f"{name}: {note}" for note in [*own, *run.notes]]
        return notes

    def _variant_table(self) -> str:
        """Return what each variant did with labels, and where its own report is."""
        rows = []
        for name, run in self.runs.items():
            used = ", ".join(sorted(set(run.labels_used.values())))
            rows.append({"variant": name, "labels used in training": used, "folder": run.out.name})
        return markdown_table(rows)

    def write(self) -> None:
        """Write ``benchmark.json`` and ``benchmark.md``.

        Raises
        ------
        RunFolderError
            If the folder cannot be written.
        """
        folder = make_folder(self.out)
        write_atomically(folder / "benchmark.json", as_json(self.to_dict()))
        write_atomically(folder / "benchmark.md", self.to_markdown().encode())


def compare_variants(
    data: BenchmarkSet,
    out: str | Path,
    variants: Sequence[str | Variant],
    *,
    splits: Sequence[str] = (),
    preset: str = "clean",
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    overwrite: bool = False,
    callbacks: Sequence[object] = (),
    tell: Callable[[str], None] | None = None,
) -> Comparison:
    """Run a benchmark with each of some variants; all of them are checked before the first is trained.

    Parameters
    ----------
    data : BenchmarkSet
        As `load_benchmark` gives it.
    out : path
        The folder of the comparison: ``benchmark.json``, ``benchmark.md``, and for each variant a run folder as
        `run_benchmark` writes it.
    variants : sequence of str or Variant
        Texts such as ``"clean"``, ``"paper"`` and ``"align=true"`` (see `Variant.parse`).
    preset : str
        That of variants which name none.
    settings : mapping, optional
        Settings of all variants; a variant's own come over them.
    resume : bool
        Variants that are done, or begun, are gone on with; others are trained: so they can be added later.
    splits, seed, device, overwrite, callbacks
        As in `run_benchmark`.
    tell : callable, optional
        Given the name of each variant before it is trained.

    Raises
    ------
    ConfigError
        If a variant, split or setting is unknown, or two variants are one.
    RunFolderError
        If a folder cannot be written, or holds a run that is neither to be resumed nor overwritten.
    """
    out = Path(out)
    runs = {
        each.name: prepare(
            data,
            out / each.folder,
            splits,
            each.preset,
            each.conventions_on(data.name),
            {**(settings or {}), **each.settings},
            seed,
        )
        for each in parse_variants(variants, preset)
    }
    for run in runs.values():
        check_new(run.out, resume=resume, overwrite=overwrite)
    for name, run in runs.items():
        if tell:
            tell(name)
        run.write_split(resume=resume, overwrite=overwrite)
        perform(run, device=device, resume=resume, overwrite=overwrite, callbacks=callbacks)
    comparison = Comparison(data, out, runs)
    comparison.write()
    return comparison
