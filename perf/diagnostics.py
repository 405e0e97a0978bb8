"""Measure how well self-diagnostics predict accuracy: ``python perf/diagnostics.py``, also part of perf/identity.py.

Cases are the development sets, parts of them (halves of their people, single views, groups of actions), and simulated
suites of every difficulty, with published and with reduced differences between people. In each, what ships is adapted
to or trained on the training part without labels, `himpc.learning.diagnose` computes its numbers from that part, and
the probe is ranked in its gallery with labels. Spearman's correlations over all cases are printed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from scipy.stats import spearmanr

import himpc
from himpc._files import write_atomically
from himpc.api import unify_layouts
from himpc.evaluation import markdown_table
from himpc.learning import Config, diagnose
from himpc.recordings import Recording, Windows
from himpc.research import divide_recordings, get_recipe
from identity_measures import grouping, ranking
from identity_methods import SHIPPED, apply_changes, fit, package_hash
from measurement import use_one_thread

SUITES = ("cross-view", "cross-session", "clothing", "long-term")
DIFFICULTIES = ("easy", "medium", "hard")
ALIKE = 0.3
"""Difference between bodies and gaits of people who are alike, as a fraction of the published one."""
PEOPLE = 12
FIRST_SEED = 300
VIDEO = "video-walkers"
"""A set without a recipe: clips of the near camera are trained on and enrolled, those of the far one searched."""

SETS = ("kinect-v1-views", "kinect-v1-daily", "kinect-v1-actions", VIDEO, "trc-walking", "c3d-walking")
NUMBERS = ("confidence", "margin", "nearest", "halves")
"""Numbers of `himpc.learning.Diagnosis`."""

MIN_CASES = 5
"""Fewer cases have no correlation."""

ACCURACIES = ("recording Rank-1", "recording mAP", "ARI given", "ARI estimated")

Parts = dict[str, list[Recording]]


@dataclass(frozen=True)
class Case:
    """Recordings that one diagnosis is made of.

    Attributes
    ----------
    set : str
        The development set, or "simulated".
    title : str
    parts : dict
        Recordings for ``train``, ``gallery`` and ``probe``.
    seed : int
    """

    set: str
    title: str
    parts: Parts
    seed: int = 0


def real_cases(data: Path, name: str) -> Iterator[Case]:
    """Yield a development set as its recipe divides it, halves of its people, single views and groups of actions."""
    if name == VIDEO:
        walks = list(himpc.read(data / name))
        near, far = ([each for each in walks if each.camera == camera] for camera in ("near", "far"))
        parts = {"train": near, "gallery": near, "probe": far}
    else:
        partition = divide_recordings(get_recipe(name), data / name)[1]
        parts = {"train": partition.train, **partition.tests}
    yield Case(name, "all", parts)
    people = sorted({str(walk.person) for walks in parts.values() for walk in walks})
    for number in (0, 1):
        half = set(people[number::2])
        yield Case(name, f"half of the people, {number + 1}", _only(parts, lambda walk, half=half: walk.person in half))
    everything = list({id(walk): walk for walks in parts.values() for walk in walks}.values())
    if name == "kinect-v1-views":
        for view in ("v01", "v02", "v03"):
            own = [walk for walk in everything if walk.camera == view]
            yield Case(name, f"view {view[1:]}", _thirds_of_sessions(own))
    if name in ("kinect-v1-daily", "kinect-v1-actions"):
        sessions = sorted({str(walk.session) for walk in everything})
        size = 9 if name == "kinect-v1-daily" else 3
        for first in range(0, len(sessions), size):
            group = sessions[first : first + size]
            own = [walk for walk in everything if walk.session in group]
            yield Case(name, f"actions {first + 1} to {first + size}", _thirds_of_sessions(own))


def _only(parts: Mapping[str, Sequence[Recording]], is_used: Any) -> Parts:
    return {part: [walk for walk in walks if is_used(walk)] for part, walks in parts.items()}


def _thirds_of_sessions(walks: Sequence[Recording]) -> Parts:
    """Train on every third session, and search every third in those between them."""
    sessions = sorted({str(walk.session) for walk in walks})
    place = {session: number % 3 for number, session in enumerate(sessions)}
    return {
        part: [walk for walk in walks if place[str(walk.session)] == number]
        for number, part in enumerate(("train", "gallery", "probe"))
    }


def simulated_cases() -> Iterator[Case]:
    """Yield each suite with published and with reduced differences between people, each with its own seed."""
    for number, (suite, difficulty, alike) in enumerate(product(SUITES, DIFFICULTIES, (False, True))):
        recipe = get_recipe(f"{suite}-{difficulty}")
        assert recipe.simulation is not None
        knobs = {key: dict(table) for key, table in recipe.simulation.knobs.items()}
        knobs[difficulty] |= {"bodies": ALIKE, "gaits": ALIKE} if alike else {}
        recipe = replace(recipe, simulation=replace(recipe.simulation, people=PEOPLE, knobs=knobs))
        partition = divide_recordings(recipe, seed=FIRST_SEED + number)[1]
        title = recipe.name + (", people alike" if alike else "")
        yield Case("simulated", title, {"train": partition.train, **partition.tests}, FIRST_SEED + number)


def measure_all(data: Path, runs: Path, sets: Sequence[str], *, simulated: bool = True) -> str:
    """Measure all cases, and return the table of correlations and that of the cases."""
    rows = [measure(case, data, runs) for name in sets for case in real_cases(data, name)]
    rows += [measure(case, data, runs) for case in simulated_cases()] if simulated else []
    return f"{correlation_table(rows)}\n\n{case_table(rows)}"


def measure(case: Case, data: Path, runs: Path) -> dict[str, Any]:
    """Diagnose a model without labels, and measure it with labels; models and accuracy are kept in `runs`."""
    folder = runs / f"diagnostics-{package_hash()}" / re.sub("[^a-z0-9]+", "-", f"{case.set} {case.title}")
    if not (folder / "accuracy.json").exists():
        with apply_changes(SHIPPED, case.set, data):
            model = fit(SHIPPED, case.parts["train"], case.seed)
            walks = list({id(walk): walk for part in ("gallery", "probe") for walk in case.parts[part]}.values())
            accuracy = ranking(model, case.parts) | grouping(walks, fit(SHIPPED, walks, case.seed))
        model.save(folder / "model")
        accuracy["people"] = len({walk.person for walk in case.parts["train"]})
        write_atomically(folder / "accuracy.json", json.dumps(accuracy).encode())
        print(f"{case.set}, {case.title}: measured", file=sys.stderr, flush=True)
    accuracy = json.loads((folder / "accuracy.json").read_text(encoding="utf-8"))
    model, config = himpc.Model.load(folder / "model"), Config.preset("tracklet")
    windows = Windows.cut(unify_layouts(case.parts["train"], model), config.window_length, config.training_stride)
    diagnosis = diagnose(model, windows)
    method = "prior" if model.scoring is not None else "trained"
    return {"set": case.set, "part": case.title, "method": method, **accuracy, **diagnosis.to_dict()}


def correlation_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return Spearman's correlations of each number with accuracy, over all cases that have the number."""
    chosen = {
        "all": rows,
        "development sets": [row for row in rows if row["set"] != "simulated"],
        "adapted prior": [row for row in rows if row["method"] == "prior"],
        "trained": [row for row in rows if row["method"] == "trained"],
    }
    table = []
    for title, own in chosen.items():
        for number in NUMBERS:
            known = [row for row in own if row[number] is not None]
            if len(known) < MIN_CASES:
                continue
            row = {"cases": f"{title} ({len(known)})", "number": f"`{number}`"}
            values = [each[number] for each in known]
            for accuracy in ACCURACIES:
                row[accuracy] = f"{spearmanr(values, [each[accuracy] for each in known]).statistic:.2f}"
            table.append(row)
    return markdown_table(table)


def case_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a row per case, the best first."""
    table = []
    for row in sorted(rows, key=lambda row: -row["recording Rank-1"]):
        cells = {"set": row["set"], "part": row["part"], "method": row["method"]}
        cells["Rank-1 / mAP"] = f"{row['recording Rank-1']:.0f} / {row['recording mAP']:.0f}"
        cells["ARI"] = f"{row['ARI estimated']:.2f}"
        cells |= {number: "-" if row[number] is None else f"{row[number]:.2f}" for number in NUMBERS}
        table.append(cells | {"advice": row["advice"][0].split(":")[0].split(";")[0]})
    return markdown_table(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder of the real sets")
    parser.add_argument("--runs", type=Path, default=Path("runs/identity"), help="existing models are reused")
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=SETS)
    parser.add_argument("--no-simulated", action="store_true", help="leave out the simulated suites")
    options = parser.parse_args()
    use_one_thread()
    warnings.simplefilter("ignore")
    print(measure_all(options.data, options.runs, options.sets, simulated=not options.no_simulated))


if __name__ == "__main__":
    main()
