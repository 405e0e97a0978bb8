"""Settings of cleaning."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field

from himpc._schema import validated
from himpc.video.cleaning.posture import Posture

Step = Literal["fill", "swaps", "smooth", "bones", "up"]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]

STEPS: tuple[Step, ...] = get_args(Step)
"""All steps, in their order: joints of low confidence, swaps of left and right, noise, bone lengths, camera tilt."""

DEFAULT_STEPS: tuple[Step, ...] = ("fill", "swaps", "smooth", "up")
"""All steps but constant bone lengths. The variation of a bone's length tells a model how reliable it is; constant
lengths look as if they were exact, and re-identification gets far worse (``perf/video_proof.py noise``)."""


@validated
class PoseCleaningRules:
    """How skeletons from video are cleaned.

    Raises
    ------
    ConfigError
        If a step or posture is unknown, or a number out of range.
    """

    steps: tuple[Step, ...] = DEFAULT_STEPS
    """Which of `STEPS` are applied."""
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.3
    """Joints of lower confidence are interpolated between confident ones."""
    max_gap_seconds: Positive = 0.4
    """A longer gap, of the person or of a joint, is not filled; the recording is split there."""
    cutoff: Positive = 6.0
    """Cut-off frequency of the smoothing, hertz."""
    max_impossible: Annotated[float, Field(ge=0, le=1)] = 0.5
    """A track of more impossible frames, as a share, gives no recording: it often mixes two people."""
    leave_out: tuple[Posture, ...] = ()
    """Postures whose stretches are removed, such as "standing"."""
