"""``himpc gallery watch``: a folder whose recordings are enrolled as they come."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from himpc.cli.console import Console
from himpc.cli.gallery import Where, check_model
from himpc.cli.models import load_model
from himpc.cli.options import Output, Source
from himpc.errors import ConfigError

if TYPE_CHECKING:
    from himpc.gallery import Gallery
    from himpc.gallery.watch import Arrival, Suggestion

__all__ = ["watch"]

_LONGEST = 86_400
"""Seconds between two looks."""


def watch(
    folder: Path,
    where: Where = "gallery",
    model: str | None = None,
    fmr: float | None = None,
    every: float = 5.0,
    once: bool = False,
    source: Source = Source(),
    output: Output = Output(),
) -> int:
    """Enroll what comes into a folder: known people are matched, strangers become new people without a name.

    Each file is handled once, across restarts; Ctrl-C stops. People who may be one are suggested, and stay two until
    you merge them.

    Parameters
    ----------
    folder
        Where recordings come in.
    where
        The gallery.
    model
        For a new gallery, which keeps it: a run folder or saved model.
    fmr
        False match rate: of comparisons with somebody else, the share that may match; 0.01 if not given.
    every
        Seconds between looks; a file is taken when it has not changed from one to the next.
    once
        Handle what is there, and end.
    """
    from himpc.gallery.watch import Watch, suggest_merges

    if not 0 < every <= _LONGEST:
        raise ConfigError(f"every must be above 0 seconds and at most a day, {_LONGEST}, found {every}")
    if not folder.is_dir():
        raise ConfigError(f"{folder}: is no folder to watch")
    console = output.console()
    told = _Told(console)
    with _opened_or_made(where, model) as gallery:
        if fmr is not None and not 0 < fmr < 1:
            raise ConfigError(f"fmr must lie between 0 and 1, found {fmr}")
        eye = Watch(gallery, folder, lambda: source.plan((folder,)), fmr)
        try:
            while True:
                if arrivals := eye.poll(settled=once):
                    told.arrived(arrivals)
                    told.suggest(suggest_merges(gallery, fmr=fmr))
                if once:
                    break
                time.sleep(every)
        except KeyboardInterrupt:
            console.say("stopped; the same command goes on from here")
    console.result(told.document())
    return console.exit_code


@dataclass
class _Told:
    """What has been said; a suggestion is made once."""

    console: Console
    arrivals: list[Arrival] = field(default_factory=list)
    suggestions: dict[tuple[str, str], Suggestion] = field(default_factory=dict)

    def arrived(self, arrivals: list[Arrival]) -> None:
        self.arrivals += arrivals
        for arrival in arrivals:
            if arrival.problem:
                self.console.left_out.append({"path": arrival.path, "why": arrival.problem})
                self.console.warn(f"left out {arrival.path}: {arrival.problem}")
            else:
                sure = "new" if arrival.probability is None else f"probability {arrival.probability:.2f}"
                self.console.say(f"{arrival.path}: {', '.join(arrival.people)} ({sure})")

    def suggest(self, suggestions: list[Suggestion]) -> None:
        for each in suggestions:
            if (each.person, each.other) not in self.suggestions:
                self.console.say(
                    f"{each.other} may be {each.person} (probability {each.probability:.2f}); if so: "
                    f"himpc gallery merge {shlex.join((each.person, each.other))}"
                )
            self.suggestions[each.person, each.other] = each

    def document(self) -> dict[str, Any]:
        return {
            "arrivals": [asdict(arrival) for arrival in self.arrivals],
            "suggestions": [asdict(suggestion) for suggestion in self.suggestions.values()],
        }


@contextmanager
def _opened_or_made(where: str, model: str | None) -> Iterator[Gallery]:
    from himpc.gallery import Gallery
    from himpc.gallery.opening import exists

    if exists(where):
        with Gallery.open(where) as gallery:
            if model is not None:
                check_model(gallery, model)
            yield gallery
    elif model is None:
        raise ConfigError(f"{where}: there is no gallery here: say by --model which model a new one is to use")
    else:
        with Gallery.create(where, load_model(model)) as gallery:
            yield gallery
