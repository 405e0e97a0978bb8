"""What a model is for, as functions: `embed`, `evaluate` and `group` recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError, ModelError
from himpc.evaluation import Evaluation, LabelledEmbeddings, evaluate_embeddings, pool_recordings
from himpc.learning import Config, Grouping, group_recordings, train
from himpc.model import Model
from himpc.recordings import Recording, Windows, number_whole_recordings
from himpc.skeleton import Level

__all__ = ["Embedder", "RecordingEmbeddings", "embed", "evaluate", "group"]


class Embedder(Protocol):
    """What turns windows into vectors: a trained `himpc.model.Model`, or a baseline."""

    def embed(self, windows: Windows) -> NDArray[np.float32]:
        """Return one vector a window, ``(N, D)``."""
        ...


@dataclass(frozen=True, eq=False)
class RecordingEmbeddings:
    """What `embed` returns.

    Attributes
    ----------
    vectors : float32 array ``(N, D)``
        One vector a window.
    pooled : float32 array ``(R, D)``
        One vector a recording, the mean of its windows; NaN where a recording is shorter than a window.
    windows : Windows
        The windows, in the order of `vectors`.
    """

    vectors: NDArray[np.float32]
    pooled: NDArray[np.float32]
    windows: Windows


def embed(
    model: Embedder, recordings: Sequence[Recording], *, window_length: int | None = None, level: Level | None = None
) -> RecordingEmbeddings:
    """Return the embeddings of recordings, a window and a recording at a time.

    Parameters
    ----------
    model : Embedder
        A trained `Model`, or a baseline of `himpc.model.BASELINES`.
    recordings : sequence of Recording
        All of one layout; the model's, where it has learned one.
    window_length : int, optional
        Frames a window; the model's own if not given (6 for baselines). Windows do not overlap.
    level : {"joint", "component", "limb"}, optional
        A single level's features instead of the multi-level representation (docs/method.md, section 5).

    Raises
    ------
    DataError
        If the recordings cannot be used together, or all are shorter than a window.
    ModelError
        If they do not fit the model, or it has no such level.
    """
    length = window_length
    if length is None:
        length = model.window_length if isinstance(model, Model) else Config().window_length
    windows = Windows.cut(recordings, length)
    if level is None:
        vectors = model.embed(windows)
    elif isinstance(model, Model):
        vectors = model.embed_level(windows, level)
    else:
        raise ModelError(f"a baseline has no {level} level: leave `level` out")
    return RecordingEmbeddings(vectors, pool_recordings(vectors, windows.recording, len(recordings)), windows)


def evaluate(
    model: Embedder,
    gallery: Sequence[Recording],
    probe: Sequence[Recording] | None = None,
    *,
    window_length: int | None = None,
    level: Level | None = None,
    exclude: Literal["camera", "session"] | None = None,
    without_match: Literal["error", "skip", "count"] = "error",
    seed: int = 0,
) -> Evaluation:
    """Measure how well a model finds the person of each probe in the gallery.

    Parameters
    ----------
    model : Embedder
        A trained `Model`, or a baseline of `himpc.model.BASELINES`.
    gallery, probe : sequence of Recording
        Recordings whose persons are known. Without a probe, each of the gallery is asked for among the others.
    window_length, level
        As in `embed`.
    exclude : {"camera", "session"}, optional
        Gallery entries of the query's person from its own camera or session do not count.
    without_match : {"error", "skip", "count"}
        What to do with a query whose person is not in the gallery: stop, leave it out and say how many there were, or
        count it as missed.
    seed : int
        Of the bootstrap over persons that gives the 95 % intervals.

    Returns
    -------
    Evaluation
        Rank-k, CMC, mAP and mINP at window level (the paper's) and at recording level, where the parts that long gaps
        split a recording into are one.

    Raises
    ------
    DataError
        If a recording has no person, the gallery is empty, a recording stands in gallery and probe, or a query has no
        match and `without_match` is "error".
    """
    listed = {id(recording) for recording in gallery}
    if twice := [recording for recording in probe or () if id(recording) in listed]:
        raise DataError(
            f"{len(twice)} recordings stand in gallery and probe and would find themselves (the first is "
            f"{twice[0].source or 'nameless'}): share them out, or leave the probe out"
        )

    def side(recordings: Sequence[Recording]) -> LabelledEmbeddings:
        embedded = embed(model, recordings, window_length=window_length, level=level)
        whole = number_whole_recordings(recordings)
        first = np.unique(whole, return_index=True)[1]
        return LabelledEmbeddings.from_recordings(
            embedded.vectors, whole[embedded.windows.recording], [recordings[i] for i in first]
        )

    return evaluate_embeddings(
        side(gallery),
        None if probe is None else side(probe),
        exclude=exclude,
        without_match=without_match,
        seed=seed,
    )


def group(
    recordings: Sequence[Recording],
    model: Embedder | None = None,
    *,
    people: int | None = None,
    window_length: int | None = None,
) -> Grouping:
    """Say which recordings show the same person, without labels.

    It decides per recording, not per window: a recording shows one person, and so do the parts that long gaps split
    it into.

    Parameters
    ----------
    recordings : sequence of Recording
        All of one layout.
    model : Embedder, optional
        A trained model, or a baseline. If not given, the preset ``tracklet`` is trained on these very recordings;
        docs/results.md compares its groups with those of the others.
    people : int, optional
        How many people there are; if not given, it is decided (see `himpc.learning.group_recordings`).
    window_length : int, optional
        As in `embed`.

    Returns
    -------
    Grouping
        ``groups (R,)``, numbered from 1 by falling size, 0 for a recording that is shorter than a window, and
        ``confidence``.

    Raises
    ------
    DataError
        If they cannot be used together, or are too few (fewer than four without `people`).
    """
    if model is None:
        changed = {} if window_length is None else {"window_length": window_length}
        config = Config.preset("tracklet").with_(**changed)
        model = train(Windows.cut(recordings, config.window_length, config.training_stride), config).model
    embedded = embed(model, recordings, window_length=window_length)
    whole = number_whole_recordings(recordings)
    whiten = not (isinstance(model, Model) and model.whitened)
    of = whole[embedded.windows.recording]
    wholes = group_recordings(embedded.vectors, of, int(whole.max()) + 1, people, whiten=whiten)
    return replace(
        wholes, groups=wholes.groups[whole], confidence=wholes.confidence[whole], vectors=wholes.vectors[whole]
    )
