"""What the released code does with labels, so that published numbers can be checked; each can be turned on alone.

Its habits that need no label are settings of `himpc.learning.Config`. Training itself is never given a label: here its
windows are chosen, and its epochs judged, from outside (docs/method.md, section 7).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError, DataError
from himpc.evaluation import evaluate_ranking
from himpc.learning import Score
from himpc.model import Model
from himpc.research.data import BenchmarkData, LabelledWindows

__all__ = ["Conventions", "balance_identities", "rank_1_on", "whole_batches"]

_UNBALANCED = "KGBD"
"""The one data set that the released code does not balance."""


@dataclass(frozen=True)
class Conventions:
    """Habits of the released code that need labels, or leave out what was to be tested.

    Attributes
    ----------
    balance_identities : bool
        Before training, draw as many windows of each person, about twice as many in all.
    probe_checkpoint : bool
        The epoch with the highest Rank-1 on the probe set is the result; each split has a training of its own.
    drop_last_test : bool
        Leave out the last batch of gallery and probe where it is not full: the last persons are never tested.
    self_match_in_map : bool
        Where a set is asked for among itself, average precision counts the query as a match of itself.
    mislabel : bool
        Raw files of KS20 and IAS-Lab are labelled as by the original scripts, which mistake sessions and persons
        (docs/benchmarks.md); nothing elsewhere, and the authors' arrays are labelled already.
    true_people : bool
        The people themselves stand for pseudo-labels: no habit of the released code, but the ceiling that training
        without labels can be held against.
    """

    balance_identities: bool = False
    probe_checkpoint: bool = False
    drop_last_test: bool = False
    self_match_in_map: bool = False
    mislabel: bool = False
    true_people: bool = False

    @classmethod
    def preset(cls, preset: str, data_set: str = "") -> Conventions:
        """Return those of a preset: all habits for ``"paper"`` (KGBD is not balanced), none for any other."""
        if preset != "paper":
            return cls()
        habits = {each.name: True for each in fields(cls)}
        return cls(**habits | {"balance_identities": data_set != _UNBALANCED, "true_people": False})

    def with_(self, **changes: bool | None) -> Conventions:
        """Return a copy with some of them turned on or off; `None` leaves one as it is."""
        return replace(self, **{name: value for name, value in changes.items() if value is not None})

    @property
    def labels_used(self) -> str:
        """What labels were used for in training, in words; "none" without."""
        used = ["identities balanced the training set"] * self.balance_identities
        used += ["the probe set chose the checkpoint"] * self.probe_checkpoint
        used += ["true people stood for pseudo-labels"] * self.true_people
        return " and ".join(used) or "none"

    @property
    def notes(self) -> list[str]:
        """What a reader of the results should know, a sentence each."""
        notes = [f"not label-free: {self.labels_used}"] if self.labels_used != "none" else []
        if self.drop_last_test:
            notes.append("the last windows of gallery and probe, fewer than a batch, were not tested")
        if self.self_match_in_map:
            notes.append("where a set is asked for among itself, mAP counts the query as its own match")
        return notes

    def trained(self, train: LabelledWindows, batch_size: int, seed: int) -> LabelledWindows:
        """Return the windows to train on.

        Raises
        ------
        ConfigError
            If they are to be balanced, and a batch has room for too few or too many of them.
        """
        return balance_identities(train, batch_size, seed) if self.balance_identities else train

    def known(self, train: LabelledWindows) -> NDArray[np.int64] | None:
        """Return what training is told of the groups of its windows, if anything."""
        return np.unique(train.persons, return_inverse=True)[1].astype(np.int64) if self.true_people else None

    def tested(self, data: BenchmarkData, batch_size: int) -> BenchmarkData:
        """Return the split as it is tested.

        Raises
        ------
        DataError
            If only whole batches are to be tested, and there is none.
        """
        if not self.drop_last_test:
            return data
        probe = None if data.probe is None else whole_batches(data.probe, batch_size)
        return replace(data, gallery=whole_batches(data.gallery, batch_size), probe=probe)

    def score(self, data: BenchmarkData) -> Score | None:
        """Return what chooses the checkpoint of a split, if labels do."""
        return rank_1_on(data) if self.probe_checkpoint else None

    def to_dict(self) -> dict[str, Any]:
        """Return the conventions as plain data."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def balance_identities(part: LabelledWindows, batch_size: int, seed: int) -> LabelledWindows:
    """Return windows drawn so that each person has as many, as the released code does before training.

    With C persons, N windows and b = batch_size // C, each of 2 (N // batch_size) rounds takes the next b windows of
    each person, or b of all of them, with replacement, where fewer than b are left. Then all are shuffled once.

    Raises
    ------
    ConfigError
        If a batch has no room for one window of each person, or there are fewer windows than a batch.
    """
    names, person = np.unique(part.persons, return_inverse=True)
    share, rounds = batch_size // len(names), 2 * (len(part) // batch_size)
    if not share or not rounds:
        raise ConfigError(
            f"balance_identities needs a batch_size from {len(names)}, one window a person, to {len(part)}, all "
            f"windows; found {batch_size}"
        )
    rng = np.random.default_rng([seed, 0])
    own = [np.flatnonzero(person == number) for number in range(len(names))]
    drawn = []
    for start in range(0, rounds * share, share):
        for windows in own:
            left = windows[start : start + share]
            drawn.append(left if len(left) == share else rng.choice(windows, share))
    return _take(part, rng.permutation(np.concatenate(drawn)))


def whole_batches(part: LabelledWindows, batch_size: int) -> LabelledWindows:
    """Return the windows without those of the last batch, where it is not full.

    Raises
    ------
    DataError
        If there are fewer than one batch.
    """
    kept = len(part) // batch_size * batch_size
    if not kept:
        raise DataError(
            f"drop_last_test leaves nothing of {len(part)} windows, for a batch is {batch_size}: turn it off, or take "
            "a smaller batch_size"
        )
    return _take(part, np.arange(kept))


def rank_1_on(data: BenchmarkData) -> Score:
    """Return the function that says how often the nearest window of the gallery shows a probe's person, in [0, 1]."""
    asked = data.probe or data.gallery

    def rank_1(model: Model) -> float:
        gallery = model.embed(data.gallery.windows)
        probe = gallery if data.probe is None else model.embed(asked.windows)
        found = evaluate_ranking(
            probe, gallery, asked.persons, data.gallery.persons, same=data.probe is None, without_match="skip"
        )
        return found.rank[1]

    return rank_1


def _take(part: LabelledWindows, index: NDArray[np.int64]) -> LabelledWindows:
    """Return some of the windows, with all that is known of them."""
    windows = replace(part.windows, starts=part.windows.starts[index], recording=part.windows.recording[index])
    known = {field.name: getattr(part, field.name) for field in fields(part) if field.name != "windows"}
    return replace(part, windows=windows, **{name: each[index] for name, each in known.items() if each is not None})
