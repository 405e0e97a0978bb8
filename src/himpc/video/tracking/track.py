"""One person over time, as a camera saw them without a doubt that it is one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

__all__ = ["ENDINGS", "Ending", "Track"]

Ending = Literal["video ended", "left", "cut", "crossing", "bones", "length"]
"""Why a track ended: with the video; nobody was there any more; the shot changed; somebody else came so close that they
could be taken for each other; the bone lengths became another body's; it had the length that is kept in memory at most
(the next track goes on with the same person)."""

ENDINGS: tuple[Ending, ...] = get_args(Ending)


@dataclass(frozen=True, eq=False)
class Track:
    """One person, from the first to the last picture in which it is beyond doubt the same one.

    Attributes
    ----------
    number : int
        From 1, in the order of the first pictures of a video.
    shot : int
        The shot of the video, from 1.
    frames : int64 array ``(n,)``
        Numbers of the pictures, from 0, ascending; where the person was lost for a moment, some are left out.
    seconds : float64 array ``(n,)``
        When each was taken, from the start of the video.
    points : float32 array ``(n, J, 2)``
        Pixels in the upright picture; NaN where a joint was not seen.
    confidence : float32 array ``(n, J)``
        Of each joint, in [0, 1].
    joints : float32 array ``(n, J, 3)`` or None
        Metres, see `Detection`.
    ended : Ending
        Why there are no more pictures.
    """

    number: int
    shot: int
    frames: NDArray[np.int64] = field(repr=False)
    seconds: NDArray[np.float64] = field(repr=False)
    points: NDArray[np.float32] = field(repr=False)
    confidence: NDArray[np.float32] = field(repr=False)
    joints: NDArray[np.float32] | None = field(repr=False)
    ended: Ending

    def __len__(self) -> int:
        """Return the number of pictures that show the person."""
        return len(self.frames)
