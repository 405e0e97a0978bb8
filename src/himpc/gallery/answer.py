"""The answer of a search: the person identified, the probability, and the evidence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Neighbour:
    """A recording of the gallery near a probe.

    Attributes
    ----------
    id : int
        Its id in the gallery.
    source : str
    distance : float
        Euclidean distance between the means of the windows.
    """

    id: int
    source: str
    distance: float


@dataclass(frozen=True)
class Moment:
    """A pair of similar windows, one of the probe and one of the gallery.

    Attributes
    ----------
    start : int
        The first frame in the probe.
    recording : int
        The id of the recording in the gallery.
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
    """An enrolled person who may be shown by the probe.

    Attributes
    ----------
    person : str
    distance : float
        The distance to the nearest recording of the person.
    probability : float, optional
        The probability that the probe shows this person; None if the gallery has no calibration yet.
    agreement : float
        The share of the probe's windows that are nearest to this person, among the matches.
    recordings : tuple of Neighbour
        The nearest recordings of the person, nearest first.
    moments : tuple of Moment
        The most similar windows, nearest first.
    """

    person: str
    distance: float
    probability: float | None
    agreement: float
    recordings: tuple[Neighbour, ...]
    moments: tuple[Moment, ...]


@dataclass(frozen=True)
class Answer:
    """The person identified in a recording, or unknown.

    Attributes
    ----------
    source : str
        The probe.
    person : str or None
        The nearest person, if the distance is within the threshold; None for unknown.
    probability : float or None
        The probability of that person, or that of an unknown person if `person` is None; None if the gallery has no
        calibration yet.
    nobody : float or None
        The probability that the probe shows a person who is not enrolled.
    margin : float
        The relative margin between the nearest and the second person, as a share of the second distance: 0 to 1.
    threshold : float or None
        The largest distance that is a match; None if the gallery has no calibration yet.
    windows : int
        The number of windows of the probe; 0 if it is shorter than a window, and then there is no match.
    matches : tuple of Match
        The nearest people, nearest first.
    note : str
        A note, such as the reason why there is no calibration; may be empty.
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
