"""What distances mean for strangers, where a gallery's people were trained on: models trained again without some."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from himpc._schema import parse
from himpc.api import embed
from himpc.errors import ConfigError, DataError
from himpc.gallery.calibration.calibration import Calibration, calibrate
from himpc.gallery.calibration.comparisons import Fold
from himpc.learning import Config, train
from himpc.model import Model
from himpc.recordings import Recording, Windows
from himpc.recordings.progress import Progress

__all__ = ["FOLDS", "MOST", "calibrate_by_folds", "halves_of"]

FOLDS = 4
MOST = 2_000
"""Recordings that are compared; of more, people are drawn with all of theirs."""


class _Silent:
    def on_warning(self, message: str) -> None:
        """Say nothing: these models are trained on fewer people, for their distances only."""


def calibrate_by_folds(
    model: Model,
    recordings: Sequence[Recording],
    folds: int = FOLDS,
    *,
    device: str = "auto",
    progress: Progress | None = None,
) -> Calibration:
    """Train again as a model was trained, each time without some of the people, and compare these by what came of it.

    A model puts people whom it was trained on farther apart than strangers, so that thresholds learned from them let
    strangers pass. Here each recording is compared by a model that has never seen its person. Names serve to leave
    people out as a whole; no training sees them.

    Parameters
    ----------
    model : Model
        Whose settings are used again.
    recordings : sequence of Recording
        Of the gallery, in the model's layout, each with its person, none shorter than a window.
    folds : int
        How many models; each leaves out as many of the people.
    device : str
        Where to train.
    progress : callable, optional
        Wraps the folds to show progress.

    Raises
    ------
    ConfigError
        If `folds` is less than 2.
    DataError
        If there are fewer than three people, or too few recordings of the others to train on.
    """
    names = sorted({str(recording.person) for recording in recordings})
    if folds < 2:
        raise ConfigError(f"folds must be 2 or more, found {folds}")
    if len(names) < 3:
        raise DataError(f"leaving people out needs three or more, the gallery has {len(names)}")
    code = {name: number for number, name in enumerate(names)}
    person = np.array([code[str(recording.person)] for recording in recordings], dtype=np.int64)
    whole = len(np.unique(person)) == len(person)
    count = min(folds, len(names))
    config = parse(Config, model.settings)
    made = []
    for fold in _shown(range(count), count, progress):
        left_out = person % count == fold
        kept = [recording for recording, out in zip(recordings, left_out.tolist(), strict=True) if not out]
        windows = Windows.cut(kept, config.window_length, config.training_stride)
        without = train(windows, config, device=device, callbacks=[_Silent()]).model
        found = embed(without, recordings)
        halves = halves_of(found.vectors, found.windows.recording, len(recordings)) if whole else None
        made.append(Fold(found.pooled, left_out, halves))
    own = embed(model, recordings)
    halves = halves_of(own.vectors, own.windows.recording, len(recordings)) if whole else None
    return calibrate(own.pooled, person, halves, made)


def halves_of(vectors: NDArray[np.floating], of: NDArray[np.integer], count: int) -> NDArray[np.float32]:
    """Return the means of the first and second half of each recording's windows, ``(count, 2, D)``.

    `vectors` stand in order of time, `of` says which recording each belongs to, rising. A recording with a single
    window has NaN.
    """
    halves = np.full((count, 2, vectors.shape[1]), np.nan, dtype=np.float32)
    edges = np.searchsorted(of, np.arange(count + 1))
    for number in np.flatnonzero(np.diff(edges) > 1):
        rows = vectors[edges[number] : edges[number + 1]]
        middle = len(rows) // 2
        halves[number] = rows[:middle].mean(axis=0), rows[middle:].mean(axis=0)
    return halves


def _shown(folds: Iterable[int], count: int, progress: Progress | None) -> Iterable[int]:
    return folds if progress is None else progress(folds, count, "training without some of the people")
