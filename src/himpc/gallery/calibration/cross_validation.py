"""Cross-validated calibration: each fold compares people by a model that was trained without them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from himpc._schema import parse
from himpc.errors import ConfigError, DataError
from himpc.gallery.calibration.calibration import Calibration, calibrate
from himpc.gallery.calibration.comparisons import Fold
from himpc.model import pool_windows
from himpc.recordings import Progress, Recording, Windows

if TYPE_CHECKING:
    from himpc.model import Model


def cross_calibrate(
    model: Model,
    recordings: Sequence[Recording],
    folds: int,
    *,
    device: str = "auto",
    progress: Progress | None = None,
) -> Calibration:
    """Train a model again with the same settings, each time without some of the people, and calibrate by the results.

    A model separates people it was trained on better than other people, so that thresholds learned from them are too
    large. Here each recording is compared by a model that was not trained on its person. Names are used only to leave
    people out completely; the training does not receive them.

    Parameters
    ----------
    model : Model
        The model whose settings are used again.
    recordings : sequence of Recording
        Those of the gallery, in the model's layout, each with its person, none shorter than a window.
    folds : int
        The number of models; each leaves out an equal share of the people.
    device : str
        The device to train on.
    progress : callable, optional
        Wrapped around the folds.

    Raises
    ------
    ConfigError
        If `folds` is less than 2.
    DataError
        If there are fewer than three people, or too few recordings of the others to train on.
    """
    from himpc.api import embed
    from himpc.learning import Config, IgnoreWarnings, train

    names = sorted({str(recording.person) for recording in recordings})
    if folds < 2:
        raise ConfigError(f"folds must be 2 or more, or 0 for none, found {folds}")
    if len(names) < 3:
        raise DataError(f"cross-validation needs three people or more, the gallery has {len(names)}")
    code = {name: number for number, name in enumerate(names)}
    person = np.array([code[str(recording.person)] for recording in recordings], dtype=np.int64)
    has_one_each = len(np.unique(person)) == len(person)
    config = parse(Config, model.settings)

    def compare(other: Model, left_out: NDArray[np.bool_]) -> Fold:
        embeddings = embed(other, recordings)
        of = embeddings.windows.recording
        halves = mean_halves(embeddings.vectors, of, len(recordings), other.pose_scale) if has_one_each else None
        return Fold(embeddings.pooled, left_out, halves)

    count = min(folds, len(names))
    numbers = range(count)
    fold_results = []
    for fold in numbers if progress is None else progress(numbers, count, "training without some of the people"):
        left_out = person % count == fold
        remaining = [
            recording for recording, is_left_out in zip(recordings, left_out.tolist(), strict=True) if not is_left_out
        ]
        windows = Windows.cut(remaining, config.window_length, config.training_stride)
        fold_results.append(
            compare(train(windows, config, device=device, callbacks=[IgnoreWarnings()]).model, left_out)
        )
    full = compare(model, np.zeros(len(person), dtype=bool))
    return calibrate(full.vectors, person, full.halves, fold_results)


def mean_halves(
    vectors: NDArray[np.floating],
    of: NDArray[np.integer],
    count: int,
    pose_scale: NDArray[np.floating] | None = None,
) -> NDArray[np.float32]:
    """Compute the means of the first and second half of each recording's windows, ``(count, 2, D)``.

    `vectors` are in order of time, `of` is the recording of each, ascending, and `pose_scale` that of the model. A
    recording with a single window has NaN.
    """
    edges = np.searchsorted(of, np.arange(count + 1))
    sizes = np.diff(edges)
    place = np.arange(len(of)) - edges[:-1][of]
    is_late = place >= sizes[of] // 2
    halves = pool_windows(vectors, 2 * of + is_late, 2 * count, pose_scale).reshape(count, 2, vectors.shape[1])
    halves[sizes < 2] = np.nan
    return halves.astype(np.float32)
