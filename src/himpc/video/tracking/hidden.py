"""People who were lost behind others: who is detected there may be either of them, or a body made of both."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.video.tracking.association import covered_share
from himpc.video.tracking.rules import TrackingRules

Box = NDArray[np.floating]

_REACH = 1.0
"""In body sizes, and each second: how far from the other a person may reappear."""


@dataclass
class _Hidden:
    box: Box
    """Where the person may be: the box of the one in front, pixels."""
    since: float
    covered: float
    """Time at which a person was last detected in front."""


class HiddenPeople:
    """Remembers people who were lost behind others until both are detected again.

    Estimators find one body where two people overlap. It may be of the one in front, of the other, or of both. People
    who cross are detected again within `TrackingRules.max_lost_seconds`; who is not goes the same way as the other.

    Parameters
    ----------
    rules : TrackingRules
    """

    def __init__(self, rules: TrackingRules) -> None:
        self._rules = rules
        self._hidden: dict[int, _Hidden] = {}

    def update(
        self, lost: Mapping[int, Box], detected: Mapping[int, Box], new: Collection[int], seconds: float
    ) -> set[int]:
        """Process the next frame.

        Parameters
        ----------
        lost : mapping
            Predicted boxes of the people who were not detected, by identity.
        detected : mapping
            Boxes of those who were.
        new : collection of int
            The identities that were detected for the first time.
        seconds : float
            Time of the frame.

        Returns
        -------
        set of int
            The identities, of `detected`, that may be those of hidden people.
        """
        for who, box in lost.items():
            if who not in self._hidden and self._covering(box, detected):
                self._hidden[who] = _Hidden(box, seconds, seconds)
        ambiguous: set[int] = set()
        for who, hidden in list(self._hidden.items()):
            covering = self._covering(hidden.box, detected)
            if seconds - hidden.since > self._rules.max_lost_seconds:
                ambiguous |= set(covering)
            if covering:
                hidden.box, hidden.covered = detected[max(covering, key=covering.__getitem__)], seconds
            others = [detected[other] for other in new if other not in covering]
            if (
                who in detected
                or seconds - hidden.since > self._rules.max_hidden_seconds
                or seconds - hidden.covered > self._rules.max_lost_seconds
                or (seconds > hidden.since and (len(covering) > 1 or self._is_reachable(hidden, others, seconds)))
            ):
                del self._hidden[who]
        return ambiguous

    def _covering(self, box: Box, detected: Mapping[int, Box]) -> dict[int, float]:
        """Return the share of a box that each person covers who covers enough to hide another."""
        shares = {who: covered_share(box, other) for who, other in detected.items()}
        return {who: share for who, share in shares.items() if share > self._rules.max_occlusion}

    @staticmethod
    def _is_reachable(hidden: _Hidden, boxes: list[Box], seconds: float) -> bool:
        """Return whether a hidden person may have walked to one of some boxes."""
        size = float((hidden.box[2:] - hidden.box[:2]).max())
        middle = hidden.box[:2] + hidden.box[2:]
        limit = _REACH * size * (1 + seconds - hidden.since)
        return any(float(np.linalg.norm(box[:2] + box[2:] - middle)) / 2 <= limit for box in boxes)
