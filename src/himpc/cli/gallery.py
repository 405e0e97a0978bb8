"""``himpc gallery``: enroll people by their recordings, and identify them in new ones."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from himpc._schema import to_plain
from himpc.cli import FAILURE
from himpc.cli.examples import example
from himpc.cli.options import InputOptions, OutputOptions
from himpc.cli.tables import complete_ids, shorten_ids
from himpc.errors import ConfigError, count_noun, escape_unprintable

if TYPE_CHECKING:
    from himpc.cli.console import Console
    from himpc.gallery import Gallery
    from himpc.recordings import Recording
    from himpc.video import VideoResult

gallery = App(name="gallery", default_parameter=Parameter(negative=()), help_prologue=example("gallery"))
for _verb, _help in {
    "enroll": "Enroll people by their recordings; creates the gallery if there is none.",
    "search": "Identify the person in each recording, or report it as unknown.",
    "queue": "List likely merges, doubtful recordings and people without a name; or decide about them.",
    "quality": "List how well people are enrolled, those with most problems first.",
    "watch": "Enroll or identify the recordings that arrive in a folder.",
}.items():
    gallery.command(f"himpc.cli.{_verb}:{_verb}", name=_verb, help=_help, help_prologue=example(f"gallery {_verb}"))

DEFAULT_LOCATION = "gallery"

Location = Annotated[str, Parameter(name="--gallery", help="A folder, or postgresql://USER:PASSWORD@HOST/DATABASE.")]
"""The option that names the gallery."""


@contextmanager
def open_gallery(location: str) -> Iterator[Gallery]:
    """Open an existing gallery for the time of a block; model and vectors are loaded when they are first used."""
    from himpc.gallery import Gallery

    with Gallery.open(location, check=False) as gallery:
        yield gallery


def read_probes(
    paths: tuple[Path, ...],
    source: InputOptions,
    gallery: Gallery,
    console: Console,
    on_video: Callable[[VideoResult], None] | None = None,
) -> list[Recording]:
    """Read recordings to search for; those that lack joints of the gallery's layout are reported and left out."""
    from himpc.recordings import leave_out_unfit

    recordings = source.read(paths, console, on_video, gallery.model.layout)
    usable, problems = leave_out_unfit(recordings, gallery.model.input_layout, owner="the gallery")
    console.problems(problems)
    return usable


@gallery.command(help_prologue=example("gallery calibrate"))
def calibrate(
    *,
    location: Location = DEFAULT_LOCATION,
    folds: int = 4,
    device: str = "auto",
    output: OutputOptions = OutputOptions(),
) -> int:
    """Calibrate a gallery whose model was trained on its people.

    The model is trained again several times without some of the people. Do this once most people are enrolled: without
    calibration, non-enrolled people match more often than the rate states. A model that adapts the identity prior is
    calibrated by its gallery as it is.

    Parameters
    ----------
    folds
        The number of trainings; 0 states that the model was not trained on people of the gallery.
    device
        auto, cpu or cuda.
    """
    console = output.console()
    with open_gallery(location) as gallery:
        calibration = gallery.calibrate(folds, device=device, progress=console.progress)
    point, recordings = calibration.operating_point(), count_noun(calibration.recordings, "recording")
    console.print(
        f"Calibrated by {recordings} of {calibration.persons} people: distances up to {point.threshold:.3g} match, "
        f"at an {point.measure} of {point.rate:.3g}"
    )
    return console.result(
        {
            "people": calibration.persons,
            "recordings": calibration.recordings,
            "measure": point.measure,
            "rate": point.rate,
            "unseen": calibration.unseen,
        }
    )


@gallery.command(name="list", help_prologue=example("gallery list"))
def list_people(*, location: Location = DEFAULT_LOCATION, output: OutputOptions = OutputOptions()) -> int:
    """List the people who are enrolled."""
    console = output.console()
    with open_gallery(location) as gallery:
        people = gallery.people()
    console.table(
        ["person", "recordings", "windows", "cameras", "first enrolled", "last enrolled"],
        [[p.name, p.recordings, p.windows, ", ".join(p.cameras) or "-", p.first[:10], p.last[:10]] for p in people],
        keys=["person"],
        title=", ".join(
            (count_noun(len(people), "person", "people"), count_noun(sum(p.recordings for p in people), "recording"))
        ),
    )
    return console.result({"people": to_plain(people)})


@gallery.command(help_prologue=example("gallery show"))
def show(person: str, *, location: Location = DEFAULT_LOCATION, output: OutputOptions = OutputOptions()) -> int:
    """List the recordings of a person.

    Parameters
    ----------
    person
        The name.
    """
    console = output.console()
    with open_gallery(location) as gallery:
        recordings = gallery.recordings(person)
        short = shorten_ids([str(each.id) for each in gallery.recordings()])
    console.table(
        ["id", "recording", "session", "camera", "frames", "windows", "quality", "enrolled"],
        [
            [
                short[str(r.id)],
                r.source,
                r.session or "-",
                r.camera or "-",
                r.frames,
                r.windows,
                f"{r.quality:.0%}",
                r.enrolled[:10],
            ]
            for r in recordings
        ],
        keys=["id"],
    )
    return console.result({"recordings": to_plain(recordings)})


@gallery.command(help_prologue=example("gallery merge"))
def merge(
    person: str, *others: str, location: Location = DEFAULT_LOCATION, output: OutputOptions = OutputOptions()
) -> int:
    """Merge people into the first one named.

    Parameters
    ----------
    person
        The person who remains.
    others
        The people to merge into that person.
    """
    console = output.console()
    if not others:
        raise ConfigError(f"name the people to merge into {person}")
    with open_gallery(location) as gallery:
        moved = gallery.merge(person, *others)
    console.print(f"{person} has {count_noun(moved, 'more recording')}")
    return console.result({"person": person, "moved": moved})


@gallery.command(help_prologue=example("gallery rename"))
def rename(
    person: str, name: str, *, location: Location = DEFAULT_LOCATION, output: OutputOptions = OutputOptions()
) -> int:
    """Rename a person, or name an unnamed one.

    Parameters
    ----------
    person
        The current name.
    name
        The new name.
    """
    console = output.console()
    with open_gallery(location) as gallery:
        gallery.rename(person, name)
    console.print(f"{person} is now called {name}")
    return console.result({"person": name})


@gallery.command(help_prologue=example("gallery move"))
def move(
    *ids: str, person: str | None = None, location: Location = DEFAULT_LOCATION, output: OutputOptions = OutputOptions()
) -> int:
    """Assign recordings to another person.

    Parameters
    ----------
    ids
        The ids of the recordings, as `himpc gallery show` lists them, or their first digits.
    person
        The person they show, who may be new; default a new unnamed person.
    """
    console = output.console()
    if not ids:
        raise ConfigError("name the ids of the recordings to move, as himpc gallery show lists them")
    with open_gallery(location) as gallery:
        numbers = find_recordings(gallery, ids)
        name = gallery.move(numbers, person)
    count = len(set(numbers))
    console.print(f"Moved {count_noun(count, 'recording')} to {name}")
    return console.result({"person": name, "moved": count})


@gallery.command(help_prologue=example("gallery remove"))
def remove(
    *people: str,
    recording: tuple[str, ...] = (),
    yes: bool = False,
    location: Location = DEFAULT_LOCATION,
    output: OutputOptions = OutputOptions(),
) -> int:
    """Erase people permanently, with all their recordings, or single recordings.

    No data of them remains in tables, indexes, logs or old versions. Backups are not changed.

    Parameters
    ----------
    people
        Their names.
    recording
        The id of a recording to erase, as `himpc gallery show` lists it, or its first digits; repeatable.
    yes
        Erase without a question; required if standard input is not a terminal, and with --json.
    """
    console = output.console()
    if not people and not recording:
        raise ConfigError("name the people to erase, or give a --recording")
    with open_gallery(location) as gallery:
        numbers = find_recordings(gallery, recording)
        if not yes and not _confirm_removal(gallery, people, numbers, can_ask=not output.json):
            console.warn("nothing was erased")
            return FAILURE
        erased = gallery.remove(*people, recordings=numbers)
    names = list(dict.fromkeys(people))
    console.print(f"Erased {count_noun(len(names), 'person', 'people')}, {count_noun(erased, 'recording')}")
    return console.result({"people": names, "recordings": erased})


def find_recordings(gallery: Gallery, ids: Sequence[str]) -> list[int]:
    """Return the numbers of recordings by their ids, or the first digits of these."""
    if not ids:
        return []
    known = [str(each.id) for each in gallery.recordings()]
    return [int(each) for each in complete_ids(ids, known)]


def _confirm_removal(gallery: Gallery, people: Sequence[str], ids: Sequence[int], *, can_ask: bool) -> bool:
    """Ask whether to erase people and recordings, which must be enrolled."""
    found = {name: len(gallery.recordings(name)) for name in people}
    what = [f"{name} ({count_noun(count, 'recording')})" for name, count in found.items()]
    what += [f"recording {id}" for id in ids]
    if not can_ask or not sys.stdin.isatty():
        raise ConfigError(
            f"{', '.join(what)}: erasing cannot be undone and was not confirmed", hint="confirm it with {yes=True}"
        )
    question = f"Erase {escape_unprintable(', '.join(what))} for good? [y/N] "
    return input(question).strip().lower() in ("y", "yes")


@gallery.command(help_prologue=example("gallery export"))
def export(out: Path, *, location: Location = DEFAULT_LOCATION, output: OutputOptions = OutputOptions()) -> int:
    """Write a whole gallery to one file, which `import` reads into another gallery.

    Parameters
    ----------
    out
        The file to write. It holds names, embeddings and skeletons: protect it like the gallery.
    """
    from himpc.gallery import export_gallery

    console = output.console()
    with open_gallery(location) as gallery:
        count = export_gallery(gallery, out)
    console.print(f"Wrote {count_noun(count, 'recording')} to {out}")
    return console.result({"recordings": count, "path": str(out)})


@gallery.command(name="import", help_prologue=example("gallery import"))
def import_(path: Path, *, location: Location = DEFAULT_LOCATION, output: OutputOptions = OutputOptions()) -> int:
    """Import a file of `export` into a gallery; creates the gallery if there is none.

    Parameters
    ----------
    path
        The file.
    """
    from himpc.gallery import import_gallery

    console = output.console()
    count, already = import_gallery(path, location)
    console.print(f"Read {count_noun(count, 'recording')}" + (f"; {already} were enrolled already" if already else ""))
    return console.result({"recordings": count, "already": already})


@gallery.command(help_prologue=example("gallery verify"))
def verify(
    *,
    location: Location = DEFAULT_LOCATION,
    repair: Annotated[bool, Parameter(name=["--repair", "--mend"])] = False,
    output: OutputOptions = OutputOptions(),
) -> int:
    """Check that everything enrolled is stored and unchanged.

    Parameters
    ----------
    repair
        First compute damaged vectors again from stored skeletons, and erase vectors that belong to no recording.
    """
    from himpc.gallery import Gallery

    console = output.console()
    if repair:
        problems = Gallery.repair(location)
    else:
        with open_gallery(location) as gallery:
            problems = gallery.verify()
    for line in problems:
        console.warn(line)
    if not problems:
        console.print("No problems found")
    code = console.result({"wrong": problems})
    return FAILURE if problems else code


@gallery.command(help_prologue=example("gallery audit"))
def audit(*, location: Location = DEFAULT_LOCATION, output: OutputOptions = OutputOptions()) -> int:
    """List all changes and searches in order, with time, actor, former names and the people found."""
    console = output.console()
    with open_gallery(location) as gallery:
        events = gallery.audit()
    console.table(
        ["number", "time", "action", "person", "recordings", "former names or people found", "actor"],
        [
            [
                event.number,
                event.time[:19].replace("T", " "),
                event.action,
                event.person or "-",
                event.recordings,
                ", ".join(event.former or event.found) or "-",
                event.actor,
            ]
            for event in events
        ],
        keys=["number", "person"],
    )
    return console.result({"events": to_plain(events)})
