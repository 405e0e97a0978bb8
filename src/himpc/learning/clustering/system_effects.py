"""The effects of capture systems on embeddings of recordings, and the people who were recorded by several systems."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.errors import count_noun

__all__ = ["SystemEffects", "SystemMatch", "match_systems"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SystemEffects:
    """The systems of R recordings, whose embeddings were centred: each system has the same mean body.

    Attributes
    ----------
    system : int64 array ``(R,)``
        The system of each recording, 0 to S - 1; each occurs.
    shift : float64 array ``(S, D)``
        The embedding of the mean body of each system, before it was centred, minus that after it.
    variance : float64 array ``(D,)``
        Variance of embeddings if a system displaces each joint by 3 cm (`himpc.learning.system_centring`).
    names : tuple of str
        The names of the systems, to show.
    """

    system: NDArray[np.int64]
    shift: Array
    variance: Array
    names: tuple[str, ...]

    def of(self, recordings: NDArray[np.integer]) -> SystemEffects:
        """Return the effects for some of the recordings, given by number."""
        present, system = np.unique(self.system[recordings], return_inverse=True)
        return SystemEffects(system, self.shift[present], self.variance, tuple(self.names[i] for i in present))


@dataclass(frozen=True)
class SystemMatch:
    """The people who were found by several systems, and the systems that were matched with no other.

    Attributes
    ----------
    names : tuple of str
        The systems.
    common_people : int
        The number of people who were found by more than one of them.
    unmatched : tuple of str
        The systems that have no person in common with another one.
    """

    names: tuple[str, ...]
    common_people: int
    unmatched: tuple[str, ...]

    @property
    def note(self) -> str:
        """What was found; empty if nothing was."""
        if not self.common_people:
            return ""
        return (
            f"{count_noun(self.common_people, 'person', 'people')} found by more than one of {len(self.names)} "
            "systems; the difference that a system makes to every body was estimated from them and removed"
        )

    @property
    def warning(self) -> str:
        """The doubt about systems that have no person in common with the others; empty if there is none."""
        if not self.unmatched:
            return ""
        if len(self.unmatched) == len(self.names):
            found = f"no person was found by more than one of {len(self.names)} systems ({', '.join(self.names)})"
        else:
            found = f"no person of {' or '.join(self.unmatched)} was found by another system"
        return f"{found}: systems measure a body differently, so one person may have a group in each"


def match_systems(labels: NDArray[np.int64], effects: SystemEffects) -> SystemMatch:
    """Find the people whom several systems recorded, from the cluster of each recording."""
    seen = np.zeros((labels.max() + 1, len(effects.names)), dtype=bool)
    seen[labels, effects.system] = True
    is_common = seen.sum(axis=1) > 1
    is_matched = seen[is_common].any(axis=0)
    unmatched = tuple(name for name, matched in zip(effects.names, is_matched, strict=True) if not matched)
    return SystemMatch(effects.names, int(is_common.sum()), unmatched)
