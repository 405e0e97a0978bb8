"""Measure how long verbs take from start to end, beside the time to import what they cannot do without: ``make bench``.

    python perf/verbs.py [--against OTHER/src] [--threads 2] [--repeats 2] [--people 11] [--verbs group,serve]

The verbs work on simulated walks of three seconds, three of each person; `serve` is the time until it listens. With
`--against`, the sources of another version run in turn on the same files. `group (busy)` runs beside two processes that
never wait. Printed are the least clock and processor seconds of the repetitions, and the bar of a quiet machine for the
former; on a busy machine compare processor seconds.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOURCES = Path(__file__).parents[1] / "src"
GALLERY_PACKAGES = "cyclopts, pydantic, numpy, sqlalchemy"
GROUP_PACKAGES = "cyclopts, pydantic, numpy, scipy.sparse, numba, torch, matplotlib.figure"
FLOORS = {
    "gallery list": GALLERY_PACKAGES,
    "gallery rename": GALLERY_PACKAGES,
    "gallery search": f"{GALLERY_PACKAGES}, safetensors",
    "serve": f"{GALLERY_PACKAGES}, fastapi, uvicorn, prometheus_client",
    "group": GROUP_PACKAGES,
    "group (busy)": GROUP_PACKAGES,
    "gallery enroll": f"{GALLERY_PACKAGES}, torch, scipy.sparse, numba",
}
"""Packages that each verb needs."""

BARS = {
    "gallery list": 0.8,
    "gallery rename": 0.8,
    "gallery search": 2,
    "serve": 3,
    "group": 3.5,
    "group (busy)": 11.3,
    "gallery enroll": 4,
}
"""Clock seconds that a verb should take on two processors of a quiet machine."""


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    """Run processes that never wait, for the time of a block."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def start_server(gallery: Path, sources: Path, threads: int) -> tuple[float, float]:
    """Start a server and stop it, and return its clock and processor seconds until it listens."""
    environment = os.environ | {"PYTHONPATH": str(sources), "OMP_NUM_THREADS": str(threads)}
    command = [sys.executable, "-u", "-m", "himpc", "serve", "--port", "0", "--gallery", str(gallery)]
    begin = time.perf_counter()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.readline()
        clock = time.perf_counter() - begin
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        process.terminate()
    return clock, sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def run(command: list[str], sources: Path, threads: int) -> tuple[float, float]:
    """Run a command, and return its clock and processor seconds."""
    environment = os.environ | {"PYTHONPATH": str(sources), "OMP_NUM_THREADS": str(threads)}
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *command], env=environment, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - begin, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure_all(versions: dict[str, Path], options: argparse.Namespace, folder: Path) -> None:
    """Print one line for each verb and version."""
    walks, one = folder / "walks.npz", folder / "one.npz"
    for people, recordings, path in ((options.people, 3, walks), (1, 1, one)):
        size = ["--people", str(people), "--recordings", str(recordings), "--seconds", "3"]
        run(["-m", "himpc", "simulate", *size, "--out", str(path)], SOURCES, 1)
    for name in options.verbs.split(",") if options.verbs else FLOORS:
        packages = FLOORS[name]
        times: dict[str, list[tuple[float, float]]] = {}
        for number in range(options.repeats):
            times.setdefault("floor", []).append(run(["-c", f"import {packages}"], SOURCES, options.threads))
            for version, sources in versions.items():
                gallery = folder / f"gallery-{version}"
                person = f"person-000{'-new' * (number % 2)}", f"person-000{'-new' * ((number + 1) % 2)}"
                arguments = {
                    "gallery list": ["--gallery", str(gallery)],
                    "gallery rename": [*person, "--gallery", str(gallery)],
                    "gallery search": [str(one), "--gallery", str(gallery)],
                    "group": [str(walks), "--out", str(folder / "groups")],
                    "group (busy)": [str(walks), "--out", str(folder / "groups")],
                    "serve": [],
                    "gallery enroll": [str(walks), "--gallery", str(folder / f"new-{version}-{number}")],
                }
                if not gallery.exists():
                    run(["-m", "himpc", "gallery", "enroll", str(walks), "--gallery", str(gallery)], sources, 1)
                command = ["-m", "himpc", *name.removesuffix(" (busy)").split(), *arguments[name]]
                with busy_processes(2 if name.endswith("(busy)") else 0):
                    if name == "serve":
                        result = start_server(gallery, sources, options.threads)
                    else:
                        result = run(command, sources, options.threads)
                times.setdefault(version, []).append(result)
        for version, seconds in times.items():
            clock, processor = (min(each) for each in zip(*seconds, strict=True))
            bar = "" if version == "floor" else f"{BARS[name]:g}: {'met' if clock <= BARS[name] else 'missed'}"
            print(f"| {name} | {version} | {clock:.2f} | {processor:.2f} | {bar} |", flush=True)


def main() -> None:
    """Measure this version, and another one beside it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--against", type=Path, help="the folder src of another version")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--verbs", default="", help="some of the rows, separated by commas")
    parser.add_argument("--people", type=int, default=11)
    options = parser.parse_args()
    versions = {"this": SOURCES} | ({"other": options.against.resolve()} if options.against else {})
    print(f"Load {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors, {options.threads} threads\n")
    print("| verb | version | clock, s | processor, s | bar, s |\n|---|---|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        measure_all(versions, options, Path(folder))


if __name__ == "__main__":
    main()
