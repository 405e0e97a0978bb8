"""`Grouping`: the groups of recordings, and doubts about them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.errors import Hint, Reference, count_noun
from himpc.learning.clustering.system_effects import SystemMatch
from himpc.learning.views import ViewCheck

__all__ = ["Grouping"]

MAX_RANGE = 1.5
"""Ratio of the largest to the smallest plausible number of people above which a warning calls the number uncertain:
half as many again."""

MAX_UNMATCHED_STILL = 0.05
"""Share of recordings without movement in no group with a moving one, above which a warning is given."""

LOW_CONFIDENCE, MAX_LOW_SHARE = 0.5, 0.2
"""Confidence below which a recording is more likely in a wrong group than in its own, and the share of such recordings
above which a warning is given."""


@dataclass(frozen=True, eq=False)
class Grouping:
    """The result of `group_recordings`.

    Attributes
    ----------
    groups : int64 array ``(R,)``
        The group of each recording, numbered from 1 in order of decreasing size; 0 for recordings without a window, and
        for those of small groups that may show the person of a larger one (`himpc.learning.clustering.membership`).
    confidence : float array ``(R,)``
        In [0, 1]; NaN if the group is 0. With a scoring, the probability that the recording belongs to its group, and
        that the group is one person. Otherwise its silhouette, or 0 if that is negative. A recording alone in its group
        is taken to be as far from others of its person as the median recording is; if all are alone, it is NaN.
    vectors : float64 array ``(R, D)``
        The vectors by which the recordings were compared; NaN for recordings without a window.
    estimated : bool
        True if the number of people was estimated, False if it was specified.
    plausible : (int, int) or None
        The smallest and the largest plausible number of people; None if it was specified, or is not known.
    kept_apart : int
        The number of pairs of recordings that were kept in different groups, because they overlap in time.
    views : ViewCheck or None
        Whether the groups are people, or the sides from which people were seen; None if no heading is known.
    view_effect_removed : bool
        True if the mean effect of the heading on bodies was removed before they were compared, since it was larger than
        that of the person.
    systems : SystemMatch or None
        Whether people were found who were recorded by several systems; None if there is one system.
    is_still : bool array ``(R,)`` or None
        Whether a recording shows no movement; None if none is known to do so.
    whole : int64 array ``(R,)`` or None
        The whole recording of which each is a part; None if none has parts.
    """

    groups: NDArray[np.int64]
    confidence: NDArray[np.float64]
    vectors: NDArray[np.float64]
    estimated: bool
    plausible: tuple[int, int] | None = None
    kept_apart: int = 0
    views: ViewCheck | None = None
    view_effect_removed: bool = False
    systems: SystemMatch | None = None
    is_still: NDArray[np.bool_] | None = None
    whole: NDArray[np.int64] | None = None

    def __repr__(self) -> str:
        recordings = count_noun(self._count(np.ones(len(self.groups), dtype=np.bool_)), "recording")
        return f"<Grouping: {count_noun(self.people, 'group')} in {recordings}>"

    @property
    def people(self) -> int:
        """The number of people."""
        return int(self.groups.max(initial=0))

    @property
    def ungrouped(self) -> int:
        """The number of recordings that have a window, but no group."""
        return int(self._is_ungrouped.sum())

    @property
    def _is_ungrouped(self) -> NDArray[np.bool_]:
        is_ungrouped: NDArray[np.bool_] = (self.groups == 0) & np.isfinite(self.vectors).all(axis=1)
        return is_ungrouped

    @property
    def is_unmatched_still(self) -> NDArray[np.bool_]:
        """Whether a recording shows no movement, and is in no group with a moving one, ``(R,)``."""
        if self.is_still is None or self.is_still.all():
            return np.zeros(len(self.groups), dtype=np.bool_)
        of_moving = self.groups[~self.is_still]
        unmatched: NDArray[np.bool_] = self.is_still & ((self.groups == 0) | ~np.isin(self.groups, of_moving))
        return unmatched

    @property
    def warning(self) -> str:
        """Doubts about views, the number of people and confidences, in one text; empty if there are none."""
        return self.render_warning()

    @property
    def note(self) -> str:
        """What was done to the bodies before they were compared; empty if nothing was."""
        notes = [] if self.systems is None else [self.systems.note]
        if self.view_effect_removed:
            notes.append(
                "bodies differed more by the side from which they were seen than by the person, so the mean effect of "
                "the side was removed before they were compared"
            )
        return "; ".join(note for note in notes if note)

    @property
    def remarks(self) -> tuple[str, ...]:
        """All that concerns views and systems: `note`, and the doubts whether groups are people."""
        return tuple(remark for remark in (self.note, *self._doubts_of_people) if remark)

    def render_warning(self, spell: Callable[[Reference], str] = str) -> str:
        """Return `warning` with each reference to a parameter written by `spell`, such as an option of a command."""
        return "; ".join(self.render_doubts(spell))

    def render_doubts(self, spell: Callable[[Reference], str] = str) -> tuple[str, ...]:
        """Return the doubts of `warning`, each a text of its own."""
        return tuple(doubt for doubt in (*self._doubts_of_people, *self._doubts_of_number(spell)) if doubt)

    @property
    def _doubts_of_people(self) -> tuple[str, ...]:
        """Doubts whether groups are people, or the sides or the systems from which these were seen."""
        return tuple("" if check is None else check.warning for check in (self.views, self.systems))

    def _doubts_of_number(self, spell: Callable[[Reference], str]) -> Iterator[str]:
        """Yield doubts about an estimated number of people, and about the recordings in groups."""
        if not self.estimated:
            return
        grouped = self._count(self.groups > 0)
        if self.plausible is not None:
            yield from (each.render(spell) for each in self._doubts_of_evidence())
        elif self.people == grouped:
            yield Hint(
                f"no two of {grouped} recordings were found to show the same person, so each is its own group; if that "
                "is wrong, state the number of people with {people}"
            ).render(spell)
        elif self.people <= math.ceil(math.sqrt(grouped)):
            yield Hint(
                f"{count_noun(self.people, 'person', 'people')} is the smallest number that is tried for {grouped} "
                "recordings; if there are fewer, state the number of people with {people}"
            ).render(spell)

    def _doubts_of_evidence(self) -> Iterator[Hint]:
        """Yield doubts about a grouping by evidence."""
        assert self.plausible is not None
        low, high = self.plausible
        n_recordings = self._count(np.ones(len(self.groups), dtype=np.bool_))
        if ungrouped := self._count(self._is_ungrouped):
            yield Hint(
                f"{count_noun(ungrouped, 'recording')} in no group: each differs from all groups, but too few are "
                "alike to say that they show another person"
            )
        unmatched = self._count(self.is_unmatched_still)
        if self.is_still is not None and unmatched > MAX_UNMATCHED_STILL * n_recordings:
            yield Hint(
                f"{unmatched} of {count_noun(self._count(self.is_still), 'recording')} without movement "
                f"{'is' if unmatched == 1 else 'are'} in no group with a moving one, because a pose changes what is "
                "measured of a body; if they hold markers, compare these as they are with {layout=points}, or leave "
                "them out"
            )
        if high > MAX_RANGE * low:
            yield Hint(
                f"the number of people is uncertain: from {low} to {high} are plausible; if you know it, state it "
                "with {people}"
            )
        low_confidence = self._count(self.confidence < LOW_CONFIDENCE)
        if low_confidence > MAX_LOW_SHARE * n_recordings and not any(self._doubts_of_people):
            yield Hint(
                f"{low_confidence} of {n_recordings} recordings have a confidence below {LOW_CONFIDENCE}; "
                "check their groups before you rely on them"
            )

    def _count(self, mask: NDArray[np.bool_]) -> int:
        """Count the whole recordings of a mask ``(R,)``."""
        return int(mask.sum()) if self.whole is None else len(np.unique(self.whole[mask]))
