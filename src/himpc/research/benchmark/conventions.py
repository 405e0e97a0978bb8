"""The conventions of the released code that use labels, each of which can be switched on alone.

Its conventions that need no label are settings of `himpc.learning.Config`. Training itself never receives a label: the
labels select its windows and score its epochs before and after it (docs/method.md, section 7).
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc._schema import validated
from himpc.errors import ConfigError, DataError
from himpc.evaluation import evaluate_ranking
from himpc.learning import Score
from himpc.model import Model
from himpc.research.data import LabelledWindows, SplitData

_UNBALANCED = "KGBD"
"""The data set that the released code does not balance."""


@validated
class Conventions:
    """Conventions of the released code that use labels or reduce the test sets."""

    balance_identities: bool = False
    """Draw equally many windows of each person for training, about twice as many in total."""
    probe_checkpoint: bool = False
    """Select the epoch with the highest Rank-1 on the probe set; each split then has a training of its own."""
    drop_last_test: bool = False
    """Leave out an incomplete last batch of gallery and probe, so the last people are never tested."""
    self_match_in_map: bool = False
    """If a set is searched in itself, count the probe as a match of itself in average precision."""
    mislabel: bool = False
    """Label raw files of KS20 and IAS-Lab as the original scripts do, which confuse sessions and people
    (docs/benchmarks.md); no effect elsewhere, and the authors' arrays contain these labels already."""
    true_people: bool = False
    """Use the true people as pseudo-labels: not a convention of the released code, but the supervised upper bound of
    training without labels."""

    @classmethod
    def preset(cls, preset: str, data_set: str = "") -> Conventions:
        """Return the conventions of a preset: those of the released code for ``"paper"``, none for any other."""
        if preset != "paper":
            return cls()
        enabled = {each.name: True for each in fields(cls)}
        return cls(**enabled | {"balance_identities": data_set != _UNBALANCED, "true_people": False})

    def with_(self, **changes: bool | None) -> Conventions:
        """Return a copy with some conventions switched on or off; `None` leaves one unchanged."""
        return replace(self, **{name: value for name, value in changes.items() if value is not None})

    @property
    def labels_used(self) -> str:
        """The use of labels in training, in words; "none" without."""
        used = ["identities balanced the training set"] * self.balance_identities
        used += ["the probe set chose the checkpoint"] * self.probe_checkpoint
        used += ["true people stood for pseudo-labels"] * self.true_people
        return " and ".join(used) or "none"

    @property
    def notes(self) -> list[str]:
        """Remarks for readers of the results."""
        notes = [f"not label-free: {self.labels_used}"] if self.labels_used != "none" else []
        if self.drop_last_test:
            notes.append("the last windows of gallery and probe, fewer than a batch, were not tested")
        if self.self_match_in_map:
            notes.append("where a set is searched in itself, mAP counts the probe as its own match")
        return notes

    def training_set(self, train: LabelledWindows, batch_size: int, seed: int) -> LabelledWindows:
        """Return the windows to train on; raises as `balance_identities`."""
        return balance_identities(train, batch_size, seed) if self.balance_identities else train

    def external_labels(self, train: LabelledWindows) -> NDArray[np.int64] | None:
        """Return the labels that replace the pseudo-labels, or None."""
        return np.unique(train.persons, return_inverse=True)[1].astype(np.int64) if self.true_people else None

    def test_sets(self, data: SplitData, batch_size: int) -> SplitData:
        """Return the test sets to measure on; raises as `keep_whole_batches`."""
        if not self.drop_last_test:
            return data
        probe = None if data.probe is None else keep_whole_batches(data.probe, batch_size)
        return replace(data, gallery=keep_whole_batches(data.gallery, batch_size), probe=probe)

    def checkpoint_score(self, data: SplitData) -> Score | None:
        """Return the function that scores the checkpoints of a split, if labels do."""
        return score_rank_1(data) if self.probe_checkpoint else None


def balance_identities(part: LabelledWindows, batch_size: int, seed: int) -> LabelledWindows:
    """Draw equally many windows of each person, as the released code does before training.

    With C people, N windows and b = batch_size // C, each of 2 (N // batch_size) rounds takes the next b windows of
    each person; if fewer than b remain, it draws b of all windows of the person with replacement. Then all are shuffled
    once.

    Raises
    ------
    ConfigError
        If a batch is smaller than the number of people or larger than the number of windows.
    """
    names, person = np.unique(part.persons, return_inverse=True)
    share, rounds = batch_size // len(names), 2 * (len(part) // batch_size)
    if not share or not rounds:
        raise ConfigError(
            f"balance_identities needs a batch_size from {len(names)}, one window a person, to {len(part)}, all "
            f"windows; found {batch_size}"
        )
    rng = np.random.default_rng([seed, 0])
    windows_of = [np.flatnonzero(person == number) for number in range(len(names))]
    drawn = []
    for start in range(0, rounds * share, share):
        for windows in windows_of:
            following = windows[start : start + share]
            drawn.append(following if len(following) == share else rng.choice(windows, share))
    return _take_windows(part, rng.permutation(np.concatenate(drawn)))


def keep_whole_batches(part: LabelledWindows, batch_size: int) -> LabelledWindows:
    """Return the windows without an incomplete last batch.

    Raises
    ------
    DataError
        If there are fewer windows than a batch.
    """
    count = len(part) // batch_size * batch_size
    if not count:
        raise DataError(
            f"drop_last_test leaves none of {len(part)} windows, because a batch has {batch_size}",
            hint="switch it off, or choose a smaller {batch_size}",
        )
    return _take_windows(part, np.arange(count))


def score_rank_1(data: SplitData) -> Score:
    """Return a function that computes the Rank-1 of a model on a split, in [0, 1]."""
    queries = data.probe or data.gallery

    def rank_1(model: Model) -> float:
        gallery = model.embed(data.gallery.windows)
        probe = gallery if data.probe is None else model.embed(queries.windows)
        persons = queries.persons, data.gallery.persons
        return evaluate_ranking(probe, gallery, *persons, same=data.probe is None, without_match="skip").rank[1]

    return rank_1


def _take_windows(part: LabelledWindows, index: NDArray[np.int64]) -> LabelledWindows:
    """Return windows by index, with their labels."""
    windows = replace(part.windows, starts=part.windows.starts[index], recording=part.windows.recording[index])
    labels: dict[str, Any] = {each.name: getattr(part, each.name) for each in fields(part) if each.name != "windows"}
    return replace(part, windows=windows, **{name: each[index] for name, each in labels.items() if each is not None})
