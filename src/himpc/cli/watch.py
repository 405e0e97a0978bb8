"""``himpc gallery watch``: enroll the recordings that arrive in a folder."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from himpc._schema import to_plain
from himpc.cli.console import Console
from himpc.cli.enroll import check_model
from himpc.cli.gallery import DEFAULT_LOCATION, Location, open_gallery
from himpc.cli.hints import translate_reference
from himpc.cli.options import InputOptions
from himpc.cli.output_options import OutputOptions
from himpc.errors import ConfigError

if TYPE_CHECKING:
    from himpc.gallery import Arrival, Gallery, MergeSuggestion

MAX_INTERVAL = 86_400
"""Maximum number of seconds between two polls."""


def watch(
    folder: Path,
    *,
    location: Location = DEFAULT_LOCATION,
    model: str | None = None,
    fmr: float | None = None,
    every: float = 5.0,
    once: bool = False,
    source: InputOptions = InputOptions(),
    output: OutputOptions = OutputOptions(),
) -> int:
    """Enroll the recordings that arrive in a folder: enrolled people are matched, others become new unnamed people.

    Each file is processed once, even across restarts; Ctrl-C stops. Pairs of people who may be the same person are
    suggested, and remain separate until you merge them.

    Parameters
    ----------
    folder
        The folder in which recordings arrive.
    model
        The model of a new gallery: a run folder or saved model.
    fmr
        False match rate: the share of comparisons with another person that may match; default as in search.
    every
        Seconds between polls; a file is processed once it has not changed between two polls.
    once
        Process the files that are present, and exit.
    """
    from himpc.gallery import FolderWatcher, suggest_merges

    if not 0 < every <= MAX_INTERVAL:
        raise ConfigError(f"every must be above 0 seconds and at most a day, {MAX_INTERVAL}, found {every}")
    if not folder.is_dir():
        raise ConfigError(f"{folder}: is not a folder")
    report = _Report(output.console())
    with _open_or_create(location, model) as gallery:
        layout = gallery.model.layout
        plan = partial(source.plan, (folder,), videos=False, preferred_layout=layout)
        watcher = FolderWatcher(gallery, folder, plan, fmr, translate_reference)
        try:
            while True:
                if arrivals := watcher.poll(immediate=once):
                    report.add_arrivals(arrivals)
                    report.add_suggestions(suggest_merges(gallery, fmr=fmr))
                if once:
                    break
                time.sleep(every)
        except KeyboardInterrupt:
            report.console.print("Stopped; the same command resumes")
    return report.console.result(report.document())


@dataclass
class _Report:
    """Collect and print results; each suggestion and each note is printed once."""

    console: Console
    arrivals: list[Arrival] = field(default_factory=list)
    suggestions: dict[tuple[str, str], MergeSuggestion] = field(default_factory=dict)
    notes: set[str] = field(default_factory=set)

    def add_arrivals(self, arrivals: list[Arrival]) -> None:
        """Print the result for each new file."""
        self.arrivals += arrivals
        for arrival in arrivals:
            if arrival.problem:
                self.console.skipped_files.append({"path": arrival.path, "why": arrival.problem})
                self.console.warn(f"skipped {arrival.path}: {arrival.problem}")
            else:
                new = "new" if arrival.new else ""
                probability = "" if arrival.probability is None else f"probability {arrival.probability:.2f}"
                match = ", ".join(filter(None, (new, arrival.verdict, probability)))
                self.console.print(f"{arrival.path}: {', '.join(arrival.people)} ({match})")
        for note in dict.fromkeys(arrival.note for arrival in arrivals if arrival.note):
            if note not in self.notes:
                self.console.warn(note)
                self.notes.add(note)

    def add_suggestions(self, suggestions: list[MergeSuggestion]) -> None:
        """Print the suggestions that are new."""
        for each in suggestions:
            if (each.person, each.other) not in self.suggestions:
                self.console.print(
                    f"{each.other} may be {each.person} (probability {each.probability:.2f}); if so: "
                    f"himpc gallery merge {shlex.join((each.person, each.other))}"
                )
            self.suggestions[each.person, each.other] = each

    def document(self) -> dict[str, Any]:
        """Return all results as a JSON document."""
        return {"arrivals": to_plain(self.arrivals), "suggestions": to_plain(list(self.suggestions.values()))}


@contextmanager
def _open_or_create(location: str, model: str | None) -> Iterator[Gallery]:
    from himpc.gallery import Gallery, gallery_exists

    if gallery_exists(location):
        with open_gallery(location) as gallery:
            if model is not None:
                check_model(gallery, model)
            yield gallery
    elif model is None:
        raise ConfigError(f"{location}: there is no gallery here", hint="set the model of a new gallery: {model}")
    else:
        from himpc.model import Model

        with Gallery.create(location, Model.load(model)) as gallery:
            yield gallery
