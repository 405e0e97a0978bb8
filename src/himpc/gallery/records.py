"""People, recordings and events of a gallery, as its methods return them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """A person who is enrolled.

    Attributes
    ----------
    name : str
    named : bool
        False for a person found by grouping, such as ``unnamed-1``.
    recordings, windows : int
        How many are enrolled.
    cameras : tuple of str
        The cameras of the recordings, as far as they are known.
    first, last : str
        When the first and the last recording were enrolled: ISO 8601, UTC.
    """

    name: str
    named: bool
    recordings: int
    windows: int
    cameras: tuple[str, ...]
    first: str
    last: str


@dataclass(frozen=True)
class EnrolledRecording:
    """A recording that is enrolled.

    Attributes
    ----------
    id : int
        Its id in the gallery, which is never reused.
    person : str
    source : str
        The file it was read from.
    session, camera : str, optional
    fps : float, optional
        Frames per second.
    frames, windows : int
        Its length.
    quality : float
        The share of the frames of the file that remain after cleaning, in [0, 1].
    enrolled : str
        When it was enrolled: ISO 8601, UTC.
    skeleton : bool
        Whether its joints are stored.
    """

    id: int
    person: str
    source: str
    session: str | None
    camera: str | None
    fps: float | None
    frames: int
    windows: int
    quality: float
    enrolled: str
    skeleton: bool


@dataclass(frozen=True)
class Event:
    """An entry of the audit log.

    Attributes
    ----------
    number : int
        Its number in the log, higher than that of all earlier entries, whatever the clock says. A number is missing
        where a change failed.
    time : str
        ISO 8601, UTC.
    action : str
        created, enrolled, searched, named, merged, moved, removed, exported or imported.
    actor : str
        The user of the system, or the client of a server.
    person : str or None
        The person concerned; ``gone-...`` for one who was removed.
    recordings : int
        The number of recordings concerned.
    former : tuple of str
        The names that the person, or those whose recordings moved, had before. They are erased with the person.
    found : tuple of str
        The people that a search identified.
    """

    number: int
    time: str
    action: str
    actor: str
    person: str | None
    recordings: int
    former: tuple[str, ...] = ()
    found: tuple[str, ...] = ()


@dataclass(frozen=True)
class Enrollment:
    """The result of `Gallery.enroll`.

    Attributes
    ----------
    recordings : int
        The number of new recordings.
    people : tuple of str
        The people they show.
    already : tuple of str
        Sources of recordings that were enrolled before, with the same joints; they were not changed.
    short : tuple of str
        Sources of recordings that are shorter than a window; they were not enrolled.
    notes : tuple of str
        What else a person should know, such as recordings that were converted from another layout.
    """

    recordings: int
    people: tuple[str, ...]
    already: tuple[str, ...]
    short: tuple[str, ...]
    notes: tuple[str, ...] = ()
