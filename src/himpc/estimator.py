"""The few names people need: `HiMPC` with scikit-learn's manners, `evaluate` and `group`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClusterMixin, TransformerMixin

from himpc.data import Recording, Windows
from himpc.errors import DataError, ModelError
from himpc.evaluation import Embedded, Evaluation, evaluate_embeddings, pool_recordings
from himpc.learning import Config, Grouping, group_recordings, train
from himpc.model import BASELINES, Model
from himpc.skeleton import Level

__all__ = ["Embedder", "HiMPC", "embed", "evaluate", "group"]


class Embedder(Protocol):
    """What turns windows into vectors: a trained `himpc.model.Model`, or a baseline."""

    def embed(self, windows: Windows) -> NDArray[np.float32]:
        """Return one vector a window, ``(N, D)``."""
        ...


class HiMPC(TransformerMixin, ClusterMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Hi-MPC with hard skeleton mining: learns from recordings without labels, then tells people apart.

    It has scikit-learn's manners: settings are constructor arguments kept as given, `fit` returns the estimator, what
    was learned ends in an underscore. A recording is one sample.

    Parameters
    ----------
    preset : str
        The settings to start from; see `himpc.learning.preset_names`.
    settings : mapping, optional
        Settings that differ from the preset's, such as ``{"eps": 0.6, "max_epochs": 20}``; see
        `himpc.learning.Config`.
    people : int, optional
        How many people `predict` finds; if not given, it decides.
    seed : int
        One seed gives one result.
    device : str
        ``"auto"``, ``"cpu"`` or ``"cuda"``.
    callbacks : sequence
        Told of batches, epochs and warnings (see `himpc.learning.Callback`).

    Attributes
    ----------
    model_ : Model
        The trained model.
    history_ : History
        Loss, clusters and noise of each epoch, and why training stopped.
    labels_ : int array ``(R,)``
        After `fit_predict`: the group of each recording.
    confidence_ : float array ``(R,)``
        After `fit_predict`: how clearly each recording belongs to its group, in [0, 1].

    References
    ----------
    Rao, Leung, Miao: Hierarchical skeleton meta-prototype contrastive learning with hard skeleton mining for
    unsupervised person re-identification. IJCV 2023.

    Examples
    --------
    >>> import himpc
    >>> walks = himpc.simulate(people=3, recordings=3, seconds=1.0, difficulty="easy")
    >>> learner = himpc.HiMPC(settings={"max_epochs": 1, "hidden": 16, "heads": 2}).fit(walks)
    >>> learner.transform(walks).shape
    (9, 48)
    """

    def __init__(
        self,
        preset: str = "clean",
        *,
        settings: Mapping[str, Any] | None = None,
        people: int | None = None,
        seed: int = 0,
        device: str = "auto",
        callbacks: Sequence[object] = (),
    ) -> None:
        self.preset = preset
        self.settings = settings
        self.people = people
        self.seed = seed
        self.device = device
        self.callbacks = callbacks

    def fit(
        self,
        recordings: Sequence[Recording],
        y: object = None,
        *,
        out: str | Path | None = None,
        resume: bool = False,
        overwrite: bool = False,
    ) -> Self:
        """Train on recordings; no person's name is looked at.

        Parameters
        ----------
        recordings : sequence of Recording
            All of one layout.
        y : ignored
            Only there because scikit-learn passes it.
        out : path, optional
            A run folder for checkpoints, history and the model.
        resume : bool
            Go on with the run in `out`, to the same bits as an unbroken one.
        overwrite : bool
            Replace a run that is already in `out`.

        Raises
        ------
        DataError
            If the recordings cannot be used together, or are too few.
        ConfigError
            If a setting is wrong.
        RunError
            If `out` cannot be written, or holds another run.
        """
        config = self.config
        windows = Windows.cut(recordings, config.window_length, config.training_stride)
        trained = train(
            windows,
            config,
            out=None if out is None else Path(out),
            device=self.device,
            resume=resume,
            overwrite=overwrite,
            callbacks=self.callbacks,
        )
        self.model_ = trained.model
        self.history_ = trained.history
        return self

    def transform(self, recordings: Sequence[Recording]) -> NDArray[np.float32]:
        """Return one embedding a recording, ``(R, levels x H)``: the mean of its windows' representation.

        Raises
        ------
        DataError
            If a recording is shorter than a window.
        """
        embedded = embed(self._model(), recordings)
        if embedded.windows.short:
            names = ", ".join(recordings[i].source for i in embedded.windows.short[:5])
            raise DataError(f"shorter than a window of {embedded.windows.length} frames: {names}; leave them out")
        return embedded.pooled

    def predict(self, recordings: Sequence[Recording]) -> NDArray[np.int64]:
        """Return the group of each recording, ``(R,)``: recordings of one number show one person."""
        grouping = group(recordings, self._model(), people=self.people)
        self.labels_, self.confidence_ = grouping.groups, grouping.confidence
        return grouping.groups

    def fit_predict(self, recordings: Sequence[Recording], y: object = None, **kwargs: Any) -> NDArray[np.int64]:
        """Train on recordings and return the group of each."""
        return self.fit(recordings, **kwargs).predict(recordings)

    def save(self, path: str | Path) -> None:
        """Write the trained model to a folder: weights as safetensors, and a JSON card."""
        self._model().save(path)

    @classmethod
    def load(cls, path: str | Path, device: str = "auto") -> Self:
        """Return an estimator around a saved model; its settings are those that the model was trained with.

        Raises
        ------
        ModelError
            If there is no model, it is damaged, or of another version.
        """
        model = Model.load(path, device=device)
        learner = cls(settings=dict(model.settings), seed=model.settings.get("seed", 0), device=device)
        learner.model_ = model
        return learner

    @property
    def config(self) -> Config:
        """All settings: the preset's, changed by `settings` and `seed`."""
        return Config.preset(self.preset).with_(seed=self.seed).with_(**dict(self.settings or {}))

    def _model(self) -> Model:
        if not hasattr(self, "model_"):
            raise ModelError("this HiMPC has not learned yet: call fit() first, or HiMPC.load() a trained one")
        model: Model = self.model_
        return model


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
        Rank-k, CMC, mAP and mINP at window level (the paper's) and at recording level.

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

    def side(recordings: Sequence[Recording]) -> Embedded:
        embedded = embed(model, recordings, window_length=window_length, level=level)
        return Embedded.of(embedded.vectors, embedded.windows.recording, recordings)

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

    It decides per recording, not per window: a recording shows one person.

    Parameters
    ----------
    recordings : sequence of Recording
        Two or more, all of one layout.
    model : Embedder, optional
        A trained model, or a baseline. If not given, the baseline ``"body"``: bone lengths, and the pose turned to face
        one way. It needs no training; docs/results.md compares its groups with those of the others.
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
        If there are fewer than two recordings, or they cannot be used together.
    """
    embedded = embed(model or BASELINES["body"], recordings, window_length=window_length)
    return group_recordings(embedded.vectors, embedded.windows.recording, len(recordings), people)
