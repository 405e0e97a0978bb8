"""When a person in one picture is the same as in another, and when two pieces of tracks are one person's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from himpc.errors import ConfigError

__all__ = ["JoiningRules", "TrackingRules"]


@dataclass(frozen=True)
class TrackingRules:
    """When a person in one picture is the same as in another.

    Distances are means over the joints, as shares of the body's size in the picture (the longer side of the box around
    its joints), so that they mean the same at every resolution.

    Attributes
    ----------
    reach : float
        The farthest that a body may be from where it is expected.
    pace : float
        So much is added to the reach for each second since the body was seen: people walk 0.7 to 1 of their height a
        second, and most of that is expected.
    margin : float
        Somebody else's body must be at least so much farther; if not, it is not beyond doubt who is who.
    patience : float
        Seconds that somebody may be lost and is still followed.
    body : float
        Bone lengths (mean change, as a share) may differ by so much; more is another body. Estimated bones wobble by
        a tenth in the mean over some pictures.
    covered : float
        Somebody who is lost while so much of where they are expected is covered by another is let go: whoever comes
        out again may be another.
    edge : float
        Somebody who is lost with so large a share of the joints outside of the picture has left, at once: whoever comes
        in there may be another.
    clear : float
        Seconds that people must be apart before they are followed again after a doubt.
    longest : float
        Seconds of a track; then another goes on, so that memory stays flat.

    Raises
    ------
    ConfigError
        If a number is not above 0.
    """

    reach: float = 0.3
    pace: float = 1.0
    margin: float = 0.2
    patience: float = 1.0
    body: float = 0.25
    covered: float = 0.2
    edge: float = 0.25
    clear: float = 0.2
    longest: float = 600.0

    def __post_init__(self) -> None:
        _check(self)


@dataclass(frozen=True)
class JoiningRules:
    """When two pieces of tracks are one person's.

    Each is how far the two may be apart; what is farther is somebody else. Places and ways are in body sizes (the
    longer side of the box around the joints). The defaults were chosen on simulated crowds (`perf/tracking.py`,
    seeds 3 to 5; it measures others) so that of 353 joins 6 were of two people.

    Attributes
    ----------
    longest_gap : float
        Seconds between the pieces.
    place : float
        Between where each is expected by the other and where it is, half a second away; more for longer gaps, in
        proportion.
    pace : float
        Body sizes a second, between the ways they go.
    size : float
        Share of the size in the picture.
    turn : float
        Degrees between the directions they face.
    body : float
        Share of the bone lengths, mean.
    margin : float
        Anybody else must be farther off by so much, where 1 is what is allowed; if not, it is not beyond doubt.

    Raises
    ------
    ConfigError
        If a number is not above 0.
    """

    longest_gap: float = 1.5
    place: float = 0.1
    pace: float = 0.2
    size: float = 0.06
    turn: float = 60.0
    body: float = 0.2
    margin: float = 1.0

    def __post_init__(self) -> None:
        _check(self)


def _check(rules: TrackingRules | JoiningRules) -> None:
    """Raise `ConfigError` if a number is not above 0."""
    for name, value in vars(rules).items():
        if not (np.isfinite(value) and value > 0):
            raise ConfigError(f"{name} of {type(rules).__name__} must be a number above 0, found {value!r}")
