"""`HiMPC`: the method with scikit-learn's manners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClusterMixin, TransformerMixin

from himpc.api import embed, group
from himpc.errors import ConfigError, DataError, ModelError
from himpc.learning import ALONE, Config, Processes, train
from himpc.model import Model
from himpc.recordings import Recording, Windows

__all__ = ["HiMPC"]


class HiMPC(TransformerMixin, ClusterMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Hi-MPC with hard skeleton mining: learns from recordings without labels, then tells people apart.

    It has scikit-learn's manners: settings are constructor arguments kept as given, `fit` returns the estimator, what
    was learned ends in an underscore. A recording is one sample.

    Parameters
    ----------
    preset : str
        The settings to start from: ``"tracklet"`` for recordings of your own, ``"clean"`` for the published method
        without labels; see `himpc.learning.preset_names`.
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
        After `fit_predict`: how clearly each recording belongs to its group, in [0, 1]; NaN where that is not known.

    References
    ----------
    Rao, Leung, Miao: Hierarchical skeleton meta-prototype contrastive learning with hard skeleton mining for
    unsupervised person re-identification. IJCV 2023.

    Examples
    --------
    >>> import himpc
    >>> walks = himpc.simulate(people=3, recordings=3, seconds=1.0, difficulty="easy")
    >>> learner = himpc.HiMPC(settings={"max_epochs": 1, "hidden": 16}).fit(walks)
    >>> learner.transform(walks).shape
    (9, 48)
    """

    def __init__(
        self,
        preset: str = "tracklet",
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
        processes: Processes = ALONE,
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
        processes : Processes
            Those that share the work (`himpc.learning.train`).

        Raises
        ------
        DataError
            If the recordings cannot be used together, or are too few.
        ConfigError
            If a setting is wrong, or the preset is ``"paper"``, which needs labels.
        RunFolderError
            If `out` cannot be written, or holds another run.
        """
        config = self.config
        if self.preset == "paper":
            raise ConfigError(
                "preset 'paper' balances the training set by person and lets a labelled probe set choose the "
                "checkpoint: use it in 'himpc benchmark', or turn on alone what in it needs no label (joint_weight, "
                "shuffle, drop_last)"
            )
        windows = Windows.cut(recordings, config.window_length, config.training_stride)
        trained = train(
            windows,
            config,
            out=None if out is None else Path(out),
            device=self.device,
            resume=resume,
            overwrite=overwrite,
            callbacks=self.callbacks,
            processes=processes,
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
