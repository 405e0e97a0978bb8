"""What an attacker holds: another recording of the same session, of another one, of another activity or sensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from himpc.recordings import Recording

__all__ = ["ActivityLabel", "Knowledge", "find_knowledge"]

ActivityLabel = Literal["session", "camera"]

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Knowledge:
    """An attacker by the recording that they hold of the person, compared with what is published.

    Attributes
    ----------
    name, summary : str
        Such as ``"other session"``, and a sentence.
    labels : int array ``(R,)``
        What is compared: the session, activity or sensor of each recording, as a number; -1 where unknown.
    same : bool or None
        Whether the published recordings must have the same label as the attacker's, or another one; None for any.
    """

    name: str
    summary: str
    labels: NDArray[np.int64]
    same: bool | None

    def eligible(self, probe: int) -> Bools:
        """Return which recordings are published for a probe, ``(R,)``; the probe is not excluded yet."""
        if self.same is None:
            return np.ones(len(self.labels), dtype=bool)
        known: Bools = (self.labels >= 0) & (self.labels[probe] >= 0)
        known &= (self.labels == self.labels[probe]) == self.same
        return known


def find_knowledge(
    recordings: Sequence[Recording], activity: ActivityLabel | None = None
) -> tuple[list[Knowledge], list[str]]:
    """Find which attackers the labels of recordings can show.

    Parameters
    ----------
    recordings : sequence of Recording
        Whole recordings.
    activity : {"session", "camera"}, optional
        The label that states the activity instead.

    Returns
    -------
    attackers : list of Knowledge
        The first holds any other recording.
    untested : list of str
        What the data cannot show, and why.
    """
    count = len(recordings)
    anything = "holds another recording of the person, of any kind"
    attackers = [Knowledge("any other recording", anything, np.zeros(count, np.int64), None)]
    untested: list[str] = []
    systems = {each.layout for each in recordings}
    labels: dict[str, list[str | None]] = {
        "session": [r.session for r in recordings],
        "activity": [None] * count,
        "sensor": [r.camera for r in recordings],
    }
    if activity is not None:
        taken = "session" if activity == "session" else "sensor"
        labels["activity"], labels[taken] = labels[taken], [None] * count
    if len(systems) > 1:
        names = [r.layout.name for r in recordings]
        labels["sensor"] = [f"{name}, {camera or ''}" for name, camera in zip(names, labels["sensor"], strict=True)]
    for kind, values in labels.items():
        known = {value for value in values if value is not None}
        if len(known) < 2:
            found = f"all recordings have one {kind}" if known else f"the recordings state no {kind}"
            untested.append(f"other {kind}: {found}")
            continue
        codes = {value: number for number, value in enumerate(sorted(known))}
        numbers = np.array([-1 if value is None else codes[value] for value in values], dtype=np.int64)
        if kind != "sensor":
            attackers.append(
                Knowledge(
                    f"same {kind}",
                    f"holds another recording of the person, of the same {kind} as the published ones",
                    numbers,
                    True,
                )
            )
        attackers.append(
            Knowledge(
                f"other {kind}",
                f"holds a recording of the person, of another {kind} than the published ones",
                numbers,
                False,
            )
        )
    return attackers, untested
