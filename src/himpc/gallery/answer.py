"""What a search answers: who a recording shows, how sure that is, and why."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Answer", "Match", "Moment", "Near"]


@dataclass(frozen=True)
class Near:
    """A recording of the gallery, and how far it is.

    Attributes
    ----------
    id : int
        Its number in the gallery.
    source : str
    distance : float
        Euclidean, between the means of the windows.
    """

    id: int
    source: str
    distance: float


@dataclass(frozen=True)
class Moment:
    """Two windows that are alike: where to look.

    Attributes
    ----------
    start : int
        The first frame in the recording that was searched for.
    recording : int
        The recording in the gallery.
    recording_start : int
        The first frame there.
    distance : float
    """

    start: int
    recording: int
    recording_start: int
    distance: float


@dataclass(frozen=True)
class Match:
    """A person of the gallery, as an answer.

    Attributes
    ----------
    person : str
    distance : float
        To the nearest recording of the person.
    probability : float, optional
        That it is this person; None where the gallery cannot tell yet (see `Gallery.search`).
    agreement : float
        Share of the windows searched for that are nearest to this person, among the matches.
    recordings : tuple of Near
        The nearest recordings of the person, nearest first.
    moments : tuple of Moment
        The windows that are most alike, nearest first.
    """

    person: str
    distance: float
    probability: float | None
    agreement: float
    recordings: tuple[Near, ...]
    moments: tuple[Moment, ...]


@dataclass(frozen=True)
class Answer:
    """Who a recording shows.

    Attributes
    ----------
    source : str
        The recording that was searched for.
    person : str or None
        The nearest person, where that is near enough; None for unknown.
    probability : float or None
        Of that person; where it is unknown, that of nobody. None where the gallery cannot tell yet.
    nobody : float or None
        That it is nobody of the gallery.
    margin : float
        How much nearer the nearest person is than the second, as a share of the second's distance: 0 to 1.
    threshold : float or None
        The largest distance that is a match; None where the gallery cannot tell yet.
    windows : int
        How many windows were looked at; 0 for a recording that is too short, which then has no match.
    matches : tuple of Match
        The nearest people, nearest first.
    note : str
        What else is to be known, such as why nothing can be said.
    """

    source: str
    person: str | None
    probability: float | None
    nobody: float | None
    margin: float
    threshold: float | None
    windows: int
    matches: tuple[Match, ...]
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data that JSON can hold."""
        return asdict(self)
