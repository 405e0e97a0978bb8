"""Measure how often the words of answers are right: ``python perf/answers.py``.

Galleries of simulated walkers are searched for further recordings of the same people, and for as many people who are
not enrolled; both kinds weigh the same. The words by difficulty and model are written into docs/gallery.md.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import himpc
from himpc.evaluation import markdown_table
from himpc.model import Model
from himpc.recordings import Recording, clean
from measurement import replace_section, use_one_thread

FIRST_SEED = 700
DIFFICULTIES = ("easy", "medium", "hard")
GALLERIES = ((4, 1), (12, 1), (12, 3), (20, 2))
"""Numbers of people, and of recordings of each."""
RECORDINGS = 6
START, END = "<!-- answers: written by `python perf/answers.py` -->\n", "<!-- /answers -->"
PAGE = Path(__file__).parents[1] / "docs" / "gallery.md"
WORDS = ("match", "likely", "unsure", "unknown")

Outcome = tuple[str, str, bool, float]
"""The set of galleries, the word, whether it is true, and the weight of the probe."""


Merge = tuple[str, str, bool]
"""The set of galleries, and what `ask` yields."""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seeds", type=int, default=2)
    options = arguments.parse_args()
    use_one_thread()
    outcomes: list[Outcome] = []
    merges: list[Merge] = []
    for difficulty, seed in product(DIFFICULTIES, range(FIRST_SEED, FIRST_SEED + options.seeds)):
        for name, model, walks in models(difficulty, seed):
            for people, recordings in GALLERIES:
                found = list(search(model, walks, people, recordings))
                merges += [(f"{difficulty}, {name}", *each) for each in ask(model, walks, people, recordings)]
                outcomes += [(f"{difficulty}, {name}", *each) for each in found]
                outcomes += [
                    (f"{people} people, {recordings} recording{'s'[: recordings > 1]} each", *each) for each in found
                ]
                outcomes += [("all", *each) for each in found]
    on_page = [each for each in outcomes if " people, " not in each[0]]
    print(document(outcomes, options.seeds))
    print(merge_document(merges, options.seeds))
    replace_section(PAGE, START, END, document(on_page, options.seeds))


def models(difficulty: str, seed: int) -> Iterator[tuple[str, Model, dict[str, list[Recording]]]]:
    """Yield an adapted prior, and a model trained on 12 other people, with the recordings of 40 people."""
    simulated = himpc.simulate(people=52, recordings=RECORDINGS, seconds=4.0, difficulty=difficulty, seed=seed)
    walks: dict[str, list[Recording]] = {}
    for walk in simulated:
        walks.setdefault(str(walk.person), []).extend(clean(walk))
    names = sorted(walks)
    some = [part for name in names[:12] for part in walks[name]]
    others = [part for name in names[40:] for part in walks[name]]
    enrolled = {name: walks[name] for name in names[:40]}
    yield "adapted prior", himpc.HiMPC(settings={"prior": "identity"}).fit(some).model_, enrolled
    yield "trained on other people", himpc.HiMPC(settings={"prior": "none"}).fit(others).model_, enrolled


def search(
    model: Model, walks: dict[str, list[Recording]], people: int, recordings: int
) -> Iterator[tuple[str, bool, float]]:
    """Enroll the first people by their first recordings, and search for the others and for other people."""
    enrolled, unknown = sorted(walks)[:people], sorted(walks)[people : 2 * people]
    whole = {name: group(walks[name]) for name in [*enrolled, *unknown]}
    with tempfile.TemporaryDirectory() as folder, himpc.Gallery.create(Path(folder) / "gallery", model) as gallery:
        gallery.enroll([part for name in enrolled for parts in whole[name][:recordings] for part in parts])
        gallery.calibrate(folds=0)  # the model was not trained on people of the gallery
        probes = {name: whole[name][recordings:] for name in enrolled} | {name: whole[name] for name in unknown}
        counts = {kind: sum(len(probes[name]) for name in kind) for kind in (tuple(enrolled), tuple(unknown))}
        for name, own in probes.items():
            for answer in gallery.search([part for parts in own for part in parts]):
                if answer.windows:
                    nearest = answer.matches[0].person
                    truth = name not in enrolled if answer.verdict == "unknown" else nearest == name
                    weight = 1 / counts[tuple(enrolled) if name in enrolled else tuple(unknown)]
                    yield answer.verdict, truth, weight


def ask(model: Model, walks: dict[str, list[Recording]], people: int, recordings: int) -> Iterator[tuple[str, bool]]:
    """Enroll people, of whom some are enrolled again without a name or under another one; check what the queue asks.

    Yields
    ------
    kind : str
        "offered" for a merge of the queue, "contradicting" where both people were named, "missed" for two people who
        are one and are not offered as a merge.
    truth : bool
    """
    names = sorted(walks)[: people + people // 2]
    whole = {name: group(walks[name]) for name in names}
    true: dict[str, str] = {name: name for name in names}
    with tempfile.TemporaryDirectory() as folder, himpc.Gallery.create(Path(folder) / "gallery", model) as gallery:
        gallery.enroll([part for name in names[:people] for parts in whole[name][:recordings] for part in parts])
        for number, name in enumerate(names[people // 2 :]):  # half of them known, half not
            alias = f"alias-{number}"
            later = whole[name][recordings : 2 * recordings]
            gallery.enroll([part.with_(person=alias) for parts in later for part in parts])
            true[alias] = name
            if number % 2:
                true[gallery.move([each.id for each in gallery.recordings(alias)])] = name
        gallery.calibrate(folds=0)
        pairs = set()
        for item in gallery.queue():
            if item.kind == "merge":
                pairs.add(frozenset((item.person, str(item.candidate))))
                kind = "contradicting" if item.contradicts else "offered"
                yield kind, true[item.person] == true[str(item.candidate)]
        enrolled = {person.name for person in gallery.people()}
        for alias in enrolled - set(names):
            if true[alias] in enrolled and frozenset((alias, true[alias])) not in pairs:
                yield "missed", alias.startswith("unnamed-")


def merge_document(merges: list[Merge], seeds: int) -> str:
    """Return how many merges are offered, how many of them are right, and how many are not offered."""
    counts = []
    for kind, title in (("offered", "with an unnamed person"), ("contradicting", "of two people named by hand")):
        right = [truth for _, found, truth in merges if found == kind]
        missed = sum(found == "missed" and truth == (kind == "offered") for _, found, truth in merges)
        counts.append(f"{title} {sum(right)} of {len(right)} offered were right and {missed} were not offered")
    return (
        f"In the galleries above, with a third of the people enrolled twice (`python perf/answers.py`, {seeds} seeds, "
        f"himpc {himpc.__version__}), of the merges {', '.join(counts)}.\n"
    )


def group(parts: list[Recording]) -> list[list[Recording]]:
    """Return the parts of each whole recording."""
    by_source: dict[str, list[Recording]] = {}
    for part in parts:
        by_source.setdefault(part.whole_source, []).append(part)
    return list(by_source.values())


def document(outcomes: list[Outcome], seeds: int) -> str:
    """Return the table: for each word, how often it is given, and how often it is true."""
    rows = []
    for name in dict.fromkeys(each[0] for each in outcomes):
        row = {"galleries": name}
        total = sum(each[3] for each in outcomes if each[0] == name)
        for word in WORDS:
            given = sum(each[3] for each in outcomes if each[:2] == (name, word))
            right = sum(each[3] for each in outcomes if each[:2] == (name, word) and each[2])
            row[word] = f"{100 * right / given:.0f} of {100 * given / total:.0f}" if given else "–"
        rows.append(row)
    rows.sort(key=lambda row: row["galleries"] != "all")
    introduction = (
        f"Simulated walkers, {seeds} seeds, half of the probes of people who are not enrolled, himpc "
        f"{himpc.__version__}: how many answers with a word are true, in %, *of* how many have it. *Match*, *likely* "
        "and *unsure* are true if the nearest person is the right one, *unknown* if the person is not enrolled."
    )
    return f"{introduction}\n\n{markdown_table(rows)}\n"


if __name__ == "__main__":
    main()
