"""What a gallery tells of the people, recordings and events in it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Enrolled", "Event", "KnownRecording", "Person"]


@dataclass(frozen=True)
class Person:
    """Somebody who is enrolled.

    Attributes
    ----------
    name : str
    named : bool
        False for somebody who was found, not named: ``unnamed-1``.
    recordings, windows : int
        How many are enrolled.
    cameras : tuple of str
        By which cameras, where that is known.
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

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self) | {"cameras": list(self.cameras)}


@dataclass(frozen=True)
class KnownRecording:
    """A recording that is enrolled.

    Attributes
    ----------
    id : int
        Its number in the gallery, which is never used again.
    person : str
    source : str
        Where it came from.
    session, camera : str, optional
    fps : float, optional
        Frames per second.
    frames, windows : int
        How long it is.
    quality : float
        Share of the frames read that were good enough to keep, in [0, 1].
    enrolled : str
        When: ISO 8601, UTC.
    skeleton : bool
        Whether its joints are kept, to look at.
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

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Event:
    """Something that was done with a gallery.

    Attributes
    ----------
    time : str
        ISO 8601, UTC.
    action : str
        created, enrolled, searched, named, merged, moved, removed, exported or imported.
    actor : str
        Who did it: the user of the system, or the client of a server.
    person : str or None
        Whom it was about; for somebody who was removed or merged, a number that no longer leads to anyone.
    recordings : int
        How many recordings it was about.
    """

    time: str
    action: str
    actor: str
    person: str | None
    recordings: int

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Enrolled:
    """What enrolling did.

    Attributes
    ----------
    recordings : int
        New in the gallery.
    people : tuple of str
        Whom they show.
    already : tuple of str
        Sources that were in the gallery before, with the same joints; they were left as they are.
    short : tuple of str
        Sources that are shorter than a window; they were left out.
    """

    recordings: int
    people: tuple[str, ...]
    already: tuple[str, ...]
    short: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}
