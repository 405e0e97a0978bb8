"""The answer of a search: the person identified, the probability, and the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

MATCH_PROBABILITY = 0.9
LIKELY_PROBABILITY = 0.5
"""The probabilities from which a person is called a match, and likely; docs/gallery.md has the measured precision."""

Verdict = Literal["match", "likely", "unsure", "unknown"]
BY_CERTAINTY: tuple[Verdict, ...] = ("unsure", "likely", "unknown", "match")
"""The verdicts, the least certain one first."""


@dataclass(frozen=True)
class Neighbour:
    """A recording of the gallery near a probe.

    Attributes
    ----------
    id : int
        Its id in the gallery.
    source : str
    distance : float
        Between the means of the windows: Euclidean, or, if the model is an adapted prior, a function of the
        log-likelihood ratio of one person against two (`himpc.model.IdentityScoring.to_distance`).
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
        Euclidean distance.
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
    system_doubt : str
        Why none is named, if the system that made the probe measures bodies otherwise than those of the gallery: the
        nearest people are then guesses. Otherwise empty.
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
    system_doubt: str = ""

    @property
    def verdict(self) -> Verdict:
        """The answer in a word.

        "match" and "likely" name a person within the threshold, with a probability of at least 0.9 and 0.5. "unsure" is
        for a person to decide: the probability contradicts the threshold, there is no threshold yet, or systems cannot
        be compared. "unknown" is no enrolled person, or a recording that is too short.
        """
        if not self.matches or not self.windows:
            return "unknown"
        probability = self.matches[0].probability if self.person is None else self.probability
        if probability is None:
            return "unsure"
        if self.person is None:
            return "unsure" if probability >= LIKELY_PROBABILITY else "unknown"
        if probability >= LIKELY_PROBABILITY:
            return "match" if probability >= MATCH_PROBABILITY else "likely"
        return "unsure"

    @property
    def reason(self) -> str:
        """The reason for the verdict, in a sentence without a full stop."""
        if not self.windows:
            return self.note or "the recording is too short"
        if not self.matches:
            return "there is no person to compare with"
        first = self.matches[0]
        if self.system_doubt:
            return f"{first.person} is the nearest, but {self.system_doubt}"
        if self.threshold is None or first.probability is None:
            return f"{first.person} is the nearest, but the gallery has no threshold yet"
        agreement = f"{round(first.agreement * self.windows)} of {self.windows} windows are nearest to {first.person}"
        number, limit = _round_apart(first.distance, self.threshold)
        distance = f"the distance {number}"
        if first.distance > self.threshold:
            probable = ", although likely" if first.probability >= LIKELY_PROBABILITY else ""
            return f"{first.person} is the nearest{probable}, but {distance} is beyond the threshold {limit}"
        if self.person is None:
            return f"{first.person} is the nearest, within the threshold, but was not named"
        if (self.probability or 0.0) >= LIKELY_PROBABILITY:
            return f"{distance} is within the threshold {limit}, and {agreement}"
        second = max(self.matches[1:], key=lambda each: each.probability or 0.0, default=None)
        rival = "a person who is not enrolled"
        if second is not None and (second.probability or 0.0) > (self.nobody or 0.0):
            rival = second.person
        return f"{distance} is within the threshold {limit}, but {rival} is about as likely; {agreement}"


def _round_apart(distance: float, threshold: float) -> tuple[str, str]:
    """Round both to two decimals, or to as many more, up to six, as tell them apart."""
    decimals = next((n for n in range(2, 6) if f"{distance:.{n}f}" != f"{threshold:.{n}f}"), 6)
    return f"{distance:.{decimals}f}", f"{threshold:.{decimals}f}"


def least_certain(answers: Sequence[Answer]) -> Verdict | None:
    """Return the verdict of the least certain answer, None if there is none."""
    return min((answer.verdict for answer in answers), key=BY_CERTAINTY.index, default=None)
