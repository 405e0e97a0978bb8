"""Measure time and memory of every stage of training at growing sizes: ``make perf``, about six minutes.

The stages are compared with the reference implementation (`perf/reference.py`) and with limits. Each measurement is a
process (`perf/stage.py`), so that its peak memory is its own. Compilation happens before the clock starts; the stage
`compiling` measures it where it takes long. Growth and the ratio to the reference are of processor seconds of all
threads.

On a machine with other load use ``--threads 1``: the limits then apply to processor seconds, which other programs
hardly change. With several threads, busy waiting counts as well.
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

from himpc.evaluation import markdown_table

REFERENCE_SIZE = 3_000
"""Windows at which the reference, which needs N x N memory, is measured as well."""

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
REFERENCE = {
    "features": "reference_features",
    "exact": "reference_neighbours",
    "jaccard": "reference_jaccard",
    "dbscan": "reference_dbscan",
    "loss": "reference_loss",
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
MAX_GROWTH = 2.6
"""Of the processor seconds of approximate neighbours when N doubles."""


@dataclass(frozen=True)
class Limit:
    """The limits of a stage at one size on two idle cores: seconds, and GB at the peak."""

    seconds: float
    gigabytes: float = float("inf")

    def __str__(self) -> str:
        return f"{self.seconds:g} s" + (f", {self.gigabytes:g} GB" if self.gigabytes < float("inf") else "")


LIMITS = {("levels", 12_000): Limit(4, 1), ("level", 200_000): Limit(60, 4), ("epoch", 11_800): Limit(6)}


@dataclass(frozen=True)
class Result:
    """One measurement: seconds of the clock and of the processor, and peak bytes of the process."""

    stage: str
    n: int
    seconds: float
    cpu: float
    peak: int

    def meets(self, limit: Limit, one_thread: bool) -> bool:
        """Check a limit; a single thread is judged by processor seconds."""
        return (self.cpu if one_thread else self.seconds) <= limit.seconds and self.peak / 1e9 <= limit.gigabytes


def measure(folder: Path, stage: str, n: int, threads: int) -> Result:
    """Measure one stage in a process of its own."""
    script = Path(__file__).with_name("stage.py")
    command = [sys.executable, "-W", "ignore", str(script), str(folder), stage, str(n), "--threads", str(threads)]
    output = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    result = Result(stage, n, **output)
    print(f"{stage:<18} {n:>8,} {result.seconds:9.2f} s {result.peak / 1e9:6.2f} GB", file=sys.stderr, flush=True)
    return result


def measure_all(max_windows: int, threads: int) -> list[Result]:
    """Measure every stage up to a number of windows, in the order of their dependencies."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measure(folder, "prepare", max_windows, threads)
        results = [
            measure(folder, stage, n, threads) for stage, sizes in SIZES.items() for n in sizes if n <= max_windows
        ]
        return results + [measure(folder, stage, REFERENCE_SIZE, threads) for stage in REFERENCE.values()]


def table(results: list[Result], *, one_thread: bool) -> str:
    """Return the results as a table, with growth, ratios and limits."""
    by_case = {(result.stage, result.n): result for result in results}
    rows = []
    for result in results:
        if result.stage in REFERENCE.values():
            continue
        half = by_case.get((result.stage, result.n // 2))
        reference = by_case.get((REFERENCE.get(result.stage, ""), result.n))
        limit = LIMITS.get((result.stage, result.n))
        rows.append(
            {
                "stage": NAMES.get(result.stage, result.stage),
                "N": f"{result.n:,}",
                "s": f"{result.seconds:.2f}",
                "CPU s": f"{result.cpu:.2f}",
                "peak GB": f"{result.peak / 1e9:.2f}",
                "N/2 to N": f"{result.cpu / half.cpu:.2f}" if half else "",
                "reference / himpc": f"{reference.cpu / result.cpu:.1f}" if reference else "",
                "reference GB": f"{reference.peak / 1e9:.2f}" if reference else "",
                "limit": _verdict(str(limit), result.meets(limit, one_thread=one_thread))
                if limit
                else _growth(result, half),
            }
        )
    return markdown_table(rows)


def _growth(result: Result, half: Result | None) -> str:
    if result.stage != "approximate" or half is None:
        return ""
    return _verdict(f"growth {MAX_GROWTH}", result.cpu / half.cpu < MAX_GROWTH)


def _verdict(limit: str, met: bool) -> str:
    return f"{limit}: {'met' if met else 'MISSED'}"


def machine(threads: int) -> dict[str, object]:
    """Return processor, load and versions, on which the numbers depend."""
    packages = ("himpc", "numba", "numpy", "scikit-learn", "scipy", "torch")
    load = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": threads,
        "load at the start": load,
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {package: version(package) for package in packages},
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def main() -> None:
    """Measure, print the table, and write the numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--max-windows", type=int, default=200_000, help="the largest N; 12000 takes two minutes")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("results"), help="a folder")
    options = parser.parse_args()
    about = machine(options.threads)
    results = measure_all(options.max_windows, options.threads)
    print(table(results, one_thread=options.threads == 1))
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"stages-{about['date']}.json"
    numbers = {"machine": about, "results": [asdict(result) for result in results]}
    path.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    print(f"\nThe numbers, with machine and versions: {path}")


if __name__ == "__main__":
    main()
