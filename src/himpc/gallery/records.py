"""People, recordings and events of a gallery, as its methods return them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


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
        created, enrolled, searched, named, merged, moved, removed, exported, imported, or what was decided in the
        queue: confirmed, rejected, assigned or undone.
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


@dataclass(frozen=True)
class QueueItem:
    """A question about the gallery that a person decides; see `Gallery.queue`.

    Attributes
    ----------
    id : str
        Eight hexadecimal digits, the same until the question changes.
    kind : {"merge", "doubtful", "unknown"}
        "merge": the person may be `candidate`. "doubtful": the recording is nearer to another person than to its own,
        who is `candidate`. "unknown": the person has no name.
    person : str
        The person whom the recordings show, as far as the gallery knows.
    recordings : tuple of int
        The recordings that the decision concerns: all of the person, or the doubtful one.
    recording : int
        The one that was compared.
    source : str
        Its file.
    candidate : str or None
        The person whom `confirm` accepts and `reject` excludes; None if no person is likely enough.
    nearest : str or None
        The nearest other person.
    other : int or None
        The nearest recording of the candidate, or of the nearest person if there is no candidate.
    distance, probability : float, optional
        Of `nearest`: of all people, and of a person who is not enrolled, as in an `Answer`.
    reason : str
    contradicts : bool
        Whether both people were named by hand, so that a merge contradicts their names.
    enrolled : str
        When the recording was enrolled: ISO 8601, UTC.
    """

    id: str
    kind: Literal["merge", "doubtful", "unknown"]
    person: str
    recordings: tuple[int, ...]
    recording: int
    source: str
    candidate: str | None
    nearest: str | None
    other: int | None
    distance: float | None
    probability: float | None
    reason: str
    contradicts: bool
    enrolled: str


@dataclass(frozen=True)
class PersonQuality:
    """How well a person is enrolled.

    Attributes
    ----------
    person : str
    named : bool
    recordings, sessions, cameras : int
        How many of each; sessions and cameras as far as they are known.
    seconds : float
        The duration of all recordings; at 30 frames per second where that is not known.
    quality : float
        The lowest quality of a recording, in [0, 1].
    problems : tuple of str
        What makes answers about this person less reliable, such as "one recording"; empty if nothing does.
    """

    person: str
    named: bool
    recordings: int
    sessions: int
    cameras: int
    seconds: float
    quality: float
    problems: tuple[str, ...]
