"""Settings of tracking."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from himpc._schema import validated

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@validated
class TrackingRules:
    """When a detection belongs to a track, and when that is ambiguous.

    Distances are means over the joints in units of the body size (the longer side of the bounding box), so that they
    are independent of the resolution.

    Raises
    ------
    ConfigError
        If a number is not above 0.
    """

    max_distance: Positive = 0.3
    """Largest distance between a detection and the predicted position."""
    max_speed: Positive = 1.0
    """Added to `max_distance` for each second since the last detection. People walk 0.7 to 1 body heights a second,
    and most of that is predicted."""
    ambiguity_margin: Positive = 0.2
    """An assignment is ambiguous if exchanging two people is worse by less than this distance."""
    max_lost_seconds: Positive = 1.0
    """A track ends if its person is not detected for longer."""
    max_bone_change: Positive = 0.25
    """A track ends if bone lengths change by more (mean relative change). Estimated bone lengths vary by a tenth."""
    max_occlusion: Positive = 0.2
    """A lost track ends if another person covers more than this share of its predicted box: another one may
    reappear."""
    max_hidden_seconds: Positive = 5.0
    """A person lost behind another for longer than `max_lost_seconds` is expected to reappear for this long; until
    then, the other is not tracked."""
    min_known_detections: Annotated[int, Field(gt=0)] = 6
    """Detections of a person who is remembered when lost: fewer may be of a part of another person."""
    max_outside: Positive = 0.25
    """A lost track ends at once if at least this share of its joints was outside the frame."""
    separation_seconds: Positive = 0.2
    """After an ambiguity, people are tracked again when they have been apart for this long."""
    max_jitter: Positive = 0.022
    """Distance of joints from the path between the frames before and after, beyond what free fall explains, above which
    frames are dropped and the track ends (median over joints and a second). It is 0.005 for real people, 0.012 for
    drawn ones, and 0.05 for a body made of two."""
    max_seconds: Positive = 600.0
    """A longer track is continued as another one, which bounds the memory."""


@validated
class JoiningRules:
    """When two tracks are joined because they show the same person.

    Each limit is a largest difference between the end of one track and the start of another. Positions and velocities
    are in body sizes. The defaults were chosen on simulated crowds (``perf/tracking.py``, seeds 3 to 5; it reports
    others) such that 6 of 353 joins were of two people.

    Raises
    ------
    ConfigError
        If a number is not above 0.
    """

    max_gap: Positive = 1.5
    """Seconds between the tracks."""
    max_distance: Positive = 0.1
    """Distance between the position of each track and the one that the other predicts half a second away; more for
    longer gaps, in proportion."""
    max_velocity_change: Positive = 0.2
    """Body sizes per second."""
    max_size_change: Positive = 0.06
    """Relative change of the size in the image."""
    max_turn: Positive = 60.0
    """Degrees between the directions that the person faces."""
    max_bone_change: Positive = 0.2
    """Mean relative change of bone lengths."""
    ambiguity_margin: Positive = 1.0
    """Every other candidate must be worse by this much, where 1 is a difference at its limit."""
