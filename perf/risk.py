"""Measure risk and utility of anonymization: ``python perf/risk.py --data ../shared/data --out runs/risk``.

Attacks two real sets and a simulated suite, as they are and by each of `METHODS`, and writes the report of each.
``--recordings 1000`` instead measures the time of `himpc.risk` and `himpc.anonymize` on simulated recordings.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from pathlib import Path

import himpc
from himpc.recordings import Recording, clean
from himpc.reporting import write_risk

METHODS = (
    "standard-body",
    "retarget",
    "gait",
    "noise:20",
    "noise:100",
    "offset:20",
    "offset:50",
    "smooth:0.1",
    "resample:10",
    "drop:left_arm,right_arm",
    "standard-body+gait",
    "standard-body+gait+offset:50",
)
SETS = {
    "c3d-walking": ("{person}/{session}/*.c3d", "session"),
    "trc-walking": ("{person}/{session}/*.trc", None),
    "simulated": (None, None),
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder of the real sets")
    arguments.add_argument("--out", type=Path, default=Path("runs/risk"), help="the folder of the reports")
    arguments.add_argument("--only", choices=sorted(SETS), action="append", default=[])
    arguments.add_argument("--recordings", type=int, help="measure the time for this number of recordings instead")
    options = arguments.parse_args()
    if options.recordings:
        measure_time(options.recordings)
        return
    for name, (pattern, activity) in SETS.items():
        if options.only and name not in options.only:
            continue
        recordings = load(options.data / name, pattern)
        report = himpc.risk(recordings, METHODS, activity=activity)
        write_risk(options.out / name, report)
        print(f"\n{name}: {report.n_people} people, {report.n_recordings} recordings\n\n{report.table()}")
        print(f"\nNot tested: {'; '.join(report.untested)}", flush=True)


def load(folder: Path, pattern: str | None) -> list[Recording]:
    """Read the walks of a set; without a pattern, simulate 20 people in four recordings each."""
    if pattern is None:
        walks = himpc.simulate(people=20, recordings=4, seconds=4.0, difficulty="medium", seed=4)
        return [part for walk in walks for part in clean(walk)]
    return [each for each in himpc.read(folder, name=pattern) if each.session != "Static"]


def measure_time(count: int) -> None:
    """Print the processor time of each step for a number of recordings of 2 s, four of each person."""
    walks = himpc.simulate(people=count // 4, recordings=4, seconds=2.0, difficulty="easy", seed=1)
    timed("anonymize, standard-body+gait+offset:50", lambda: himpc.anonymize(walks, "standard-body+gait+offset:50"))
    timed("risk, as they are", lambda: himpc.risk(walks))
    timed("risk, as they are and standard-body", lambda: himpc.risk(walks, ["standard-body"]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{len(walks)} recordings of {len(walks[0])} frames, {count // 4} people; peak memory {peak:.1f} GiB")


def timed(what: str, run: Callable[[], object]) -> None:
    start = time.process_time()
    run()
    print(f"{what}: {time.process_time() - start:.0f} s of processor time", flush=True)


if __name__ == "__main__":
    main()
