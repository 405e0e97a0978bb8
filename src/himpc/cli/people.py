"""Verbs of ``himpc gallery`` about the people who are enrolled: list, show, merge, rename, move and remove them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from himpc._schema import to_plain
from himpc.cli import FAILURE
from himpc.cli.gallery import DEFAULT_LOCATION, Location, open_gallery
from himpc.cli.output_options import OutputOptions
from himpc.cli.tables import complete_ids, shorten_ids
from himpc.errors import ConfigError, count_noun, escape_unprintable

if TYPE_CHECKING:
    from himpc.gallery import Gallery


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
