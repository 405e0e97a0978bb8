"""Measure every stage at growing sizes beside the plain formulas and the bars: ``make bench``, some six minutes.

Each case is a process of its own (`perf/cases.py`), so that its peak memory is its own; what it compiles, it
compiles before the clock starts, and `compiling` says how long that takes for the one stage where it is long. Growth
and the ratio to the plain formula are of processor seconds, over all threads.

Where others use the machine, take ``--threads 1``: then the bars, too, are held against processor seconds, which other
programs hardly lengthen. Several threads wait for each other busily, and count that.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from himpc.reporting import markdown_table

SMALL = 3_000
"""Windows at which the plain formulas, which take N x N memory, are measured as well."""

SIZES = {
    "features": (3_000, 50_000, 100_000, 200_000),
    "exact": (3_000, 6_000, 12_000, 24_000),
    "approximate": (25_000, 50_000, 100_000, 200_000),
    "compiling": (2_000,),
    "jaccard": (3_000, 6_000, 12_000, 50_000, 100_000, 200_000),
    "dbscan": (3_000, 6_000, 12_000, 50_000, 100_000, 200_000),
    "levels": (6_000, 12_000),
    "level": (100_000, 200_000),
    "hdbscan": (12_000,),
    "loss": (3_000,),
    "steps": (6_000, 12_000),
    "epoch": (6_000, 11_800),
    "embedding": (3_000, 100_000, 200_000),
}
PLAIN = {
    "features": "plain_features",
    "exact": "plain_neighbours",
    "jaccard": "plain_jaccard",
    "dbscan": "plain_dbscan",
    "loss": "plain_loss",
}
NAMES = {
    "exact": "neighbours, exact",
    "approximate": "neighbours, approximate",
    "compiling": "compiling the approximate neighbours",
    "level": "clustering, one level",
    "levels": "clustering, three levels",
    "hdbscan": "clustering by HDBSCAN, one level",
    "loss": "loss and gradients of one level",
    "steps": "steps of one epoch",
    "epoch": "whole epoch",
}
GROWTH = 2.6


@dataclass(frozen=True)
class Bar:
    """What a stage must keep to at one size, on two free cores: seconds, and GB at the peak."""

    seconds: float
    gigabytes: float = float("inf")

    def __str__(self) -> str:
        return f"{self.seconds:g} s" + (f", {self.gigabytes:g} GB" if self.gigabytes < float("inf") else "")


BARS = {("levels", 12_000): Bar(4, 1), ("level", 200_000): Bar(60, 4), ("epoch", 11_800): Bar(6)}


@dataclass(frozen=True)
class Result:
    """One case: seconds of the clock and of the processor, and bytes of the process at its peak."""

    stage: str
    n: int
    seconds: float
    cpu: float
    peak: int

    def keeps(self, bar: Bar, *, alone: bool) -> bool:
        """Return whether the case keeps to its bar; one thread alone is judged by processor seconds."""
        return (self.cpu if alone else self.seconds) <= bar.seconds and self.peak / 1e9 <= bar.gigabytes


def measure(folder: Path, stage: str, n: int, threads: int) -> Result:
    """Run one case in a process of its own."""
    script = Path(__file__).with_name("cases.py")
    command = [sys.executable, "-W", "ignore", str(script), str(folder), stage, str(n), "--threads", str(threads)]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    result = Result(stage, n, **found)
    print(f"{stage:<18} {n:>8,} {result.seconds:9.2f} s {result.peak / 1e9:6.2f} GB", file=sys.stderr, flush=True)
    return result


def measure_all(most: int, threads: int) -> list[Result]:
    """Run every case up to a number of windows, in the order in which one needs another's result."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measure(folder, "prepare", most, threads)
        results = [measure(folder, stage, n, threads) for stage, sizes in SIZES.items() for n in sizes if n <= most]
        return results + [measure(folder, stage, SMALL, threads) for stage in PLAIN.values()]


def table(results: list[Result], *, alone: bool) -> str:
    """Return the results as a table, with growth, ratios and bars."""
    by_case = {(result.stage, result.n): result for result in results}
    rows = []
    for result in results:
        if result.stage in PLAIN.values():
            continue
        half = by_case.get((result.stage, result.n // 2))
        slow = by_case.get((PLAIN.get(result.stage, ""), result.n))
        bar = BARS.get((result.stage, result.n))
        rows.append(
            {
                "stage": NAMES.get(result.stage, result.stage),
                "N": f"{result.n:,}",
                "s": f"{result.seconds:.2f}",
                "CPU s": f"{result.cpu:.2f}",
                "peak GB": f"{result.peak / 1e9:.2f}",
                "N/2 to N": f"{result.cpu / half.cpu:.2f}" if half else "",
                "plain / ours": f"{slow.cpu / result.cpu:.1f}" if slow else "",
                "plain GB": f"{slow.peak / 1e9:.2f}" if slow else "",
                "bar": _verdict(str(bar), result.keeps(bar, alone=alone)) if bar else _growth(result, half),
            }
        )
    return markdown_table(rows)


def _growth(result: Result, half: Result | None) -> str:
    if result.stage != "approximate" or half is None:
        return ""
    return _verdict(f"growth {GROWTH}", result.cpu / half.cpu < GROWTH)


def _verdict(what: str, kept: bool) -> str:
    return f"{what}: {'kept' if kept else 'MISSED'}"


def machine(threads: int) -> dict[str, object]:
    """Return what the numbers depend on."""
    packages = ("himpc", "numba", "numpy", "scikit-learn", "scipy", "torch", "voyager")
    load = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": threads,
        "load when it began": load,
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {package: version(package) for package in packages},
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def main() -> None:
    """Measure, print the table, and write the numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=200_000, help="the largest N; 12000 takes two minutes")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("results"), help="a folder")
    options = parser.parse_args()
    about = machine(options.threads)
    results = measure_all(options.most, options.threads)
    print(table(results, alone=options.threads == 1))
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"bench-{about['date']}.json"
    numbers = {"machine": about, "results": [asdict(result) for result in results]}
    path.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    print(f"\nThe numbers, with machine and versions: {path}")


if __name__ == "__main__":
    main()
