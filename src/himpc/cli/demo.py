"""``himpc demo``: run the whole workflow on simulated walkers, or group sample recordings of real people."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from himpc.cli.output_options import FigureOptions, OutputOptions
from himpc.cli.training import EpochBar, TrainingOptions, draw_history
from himpc.cli.whole_number import WholeNumber

if TYPE_CHECKING:
    from himpc.api import Embedder
    from himpc.cli.console import Console
    from himpc.estimator import HiMPC
    from himpc.recordings import Recording

REAL_EPOCHS = 8
"""Maximum number of epochs on recordings of real people, which bounds the time."""


def demo(
    *,
    out: Path = Path("demo"),
    people: WholeNumber | None = None,
    recordings: WholeNumber | None = None,
    difficulty: Literal["easy", "medium", "hard"] | None = None,
    real: bool = False,
    data: Path | None = None,
    settings: TrainingOptions = TrainingOptions(),
    output: OutputOptions = OutputOptions(),
    drawn: FigureOptions = FigureOptions(),
) -> int:
    """Run the whole workflow on simulated walkers: train, evaluate, group, and draw figures.

    The first half of each person's recordings is for training, the last one is the probe, the others are the gallery.
    With --real, recordings of real people are grouped instead.

    Parameters
    ----------
    out
        The folder to write.
    people
        Number of people to simulate; 12 if not given.
    recordings
        Recordings per person, at least four; 6 if not given.
    difficulty
        Noise of the sensor, and change of each person between sessions; medium if not given.
    real
        Group the recordings of real people in the optional package himpc-data. Nothing is downloaded.
    data
        Group another file of himpc-data, an .npz with SHA256SUMS beside it.
    """
    console = output.console()
    if not real and data is None:
        return _simulated(
            out,
            12 if people is None else people,
            6 if recordings is None else recordings,
            difficulty or "medium",
            settings,
            console,
            drawn,
        )
    stated = {"people": people, "recordings": recordings, "difficulty": difficulty}
    if wrong := [name for name, value in stated.items() if value is not None]:
        from himpc.errors import ConfigError

        raise ConfigError(f"{' and '.join(wrong)}: are settings of simulated walkers, found with real recordings")
    return _real(out, data, settings, console, drawn)


def _real(out: Path, data: Path | None, settings: TrainingOptions, console: Console, drawn: FigureOptions) -> int:
    """Group sample recordings. The identity prior was trained on these people, so that it is not used by default."""
    from himpc.api import group
    from himpc.reporting import write_groups
    from himpc.research import load_sample

    sample = load_sample(data)
    walks = sample.recordings
    console.print(f"1. Read {walks.summary()}\n   {sample.about}")
    own: dict[str, Any] = {"prior": settings.overrides.get("prior", "none")}
    if own["prior"] == "none":
        own["max_epochs"] = settings.overrides.get("max_epochs", REAL_EPOCHS)
    settings = replace(settings, **own)
    with EpochBar(console, settings) as bar:
        model = settings.fit(walks, [bar], prefer_prior=True)
    console.print(f"2. Learned without labels from these recordings, with the setting prior={own['prior']}")
    report = write_groups(out, walks, group(walks, model), drawn.figures)
    console.print(f"\n3. Grouped them without labels: {report.text}")
    console.print(f"\nWrote {', '.join(map(str, report.paths))}\nNext: himpc info YOUR_FOLDER")
    return console.result({"about": sample.about, "grouping": report.document})


def _simulated(
    out: Path,
    people: int,
    recordings: int,
    difficulty: Literal["easy", "medium", "hard"],
    settings: TrainingOptions,
    console: Console,
    drawn: FigureOptions,
) -> int:
    """Train on simulated walkers, evaluate and group."""
    from himpc._files import make_folder
    from himpc.api import group
    from himpc.errors import ConfigError
    from himpc.evaluation import markdown_table
    from himpc.recordings import clean, save
    from himpc.reporting import write_groups
    from himpc.simulation import simulate

    if recordings < 4:
        raise ConfigError(f"the demo needs at least 4 recordings per person, found {recordings}")
    walks = simulate(people=people, recordings=recordings, difficulty=difficulty, seed=settings.seed)
    save(walks, make_folder(out) / "walkers.npz")
    console.print(f"1. Simulated {people} people, {len(walks)} recordings: {out / 'walkers.npz'}")

    sessions = [list(chain.from_iterable(clean(walk) for walk in walks[i::recordings])) for i in range(recordings)]
    half = recordings // 2
    train, gallery, probe = list(chain(*sessions[:half])), list(chain(*sessions[half:-1])), sessions[-1]
    with EpochBar(console, settings) as bar:
        learner = settings.learner(callbacks=(bar,)).fit(train, out=out / "run", overwrite=True)
    if learner.history_.epochs:
        draw_history(learner.history_, out / "run", drawn.figures)
    console.print(f"2. Learned without labels from {len(train)} recordings ({learner.history_.stopped}): {out / 'run'}")

    rows = _compare(f"Learned, preset {learner.preset}", learner, gallery, probe)
    console.print(f"3. Searched {len(probe)} probes in a gallery of {len(gallery)} recordings; Rank-1 and mAP in %:")
    console.print(markdown_table([{name: _cell(value) for name, value in row.items()} for row in rows]))
    console.print("docs/results.md holds results on real recordings.")

    test = [*gallery, *probe]
    report = write_groups(out, test, group(test), drawn.figures)
    console.print(f"\n4. Grouped gallery and probes without labels: {report.text}")
    console.print(f"\nWrote {', '.join(str(path) for path in report.paths)}")
    console.print("Next: himpc info YOUR_FOLDER, then himpc group YOUR_FOLDER (from make demo: .venv/bin/himpc ...)")
    return console.result({"evaluation": rows, "grouping": report.document})


def _compare(name: str, learner: HiMPC, gallery: list[Recording], probe: list[Recording]) -> list[dict[str, object]]:
    """Return one row for the model and one for each baseline."""
    from himpc.api import evaluate
    from himpc.model import BASELINES

    rows = []
    methods: dict[str, Embedder] = {name: learner.model_}
    for title, model in (methods | {b.title: b for b in BASELINES.values()}).items():
        result = evaluate(model, gallery, probe)
        row: dict[str, object] = {"method": title}
        for level, scores in (("window", result.window), ("recording", result.recording)):
            row[f"{level} Rank-1"] = 100 * scores.ranking.rank[1]
            row[f"{level} mAP"] = 100 * scores.ranking.mAP
        rows.append(row)
    return rows


def _cell(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
