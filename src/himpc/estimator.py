"""`HiMPC`: the method as a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin
from sklearn.exceptions import NotFittedError

from himpc.api import embed, fit, fit_and_group, group
from himpc.errors import ConfigError, DataError, ModelError
from himpc.learning import SINGLE_PROCESS, Config, Grouping, ProcessGroup
from himpc.model import Model
from himpc.recordings import Recording

__all__ = ["HiMPC"]


class _UnfittedError(ModelError, NotFittedError):  # type: ignore[misc]  # scikit-learn is untyped
    """An estimator is used before it is fitted, in the words of himpc and of scikit-learn."""


class HiMPC(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Hi-MPC with hard skeleton mining: learn from recordings without labels, then group or embed recordings.

    A recording is one sample, so that a list of recordings takes the place of ``X``. The conventions of scikit-learn
    hold: `get_params`, `set_params`, `clone`, `set_output`, pipelines and searches work, and attributes that end in an
    underscore exist after `fit`.

    Parameters
    ----------
    preset : str
        Initial settings: ``"tracklet"`` for recordings of your own, ``"clean"`` for the published method without
        labels; see `himpc.learning.preset_names`.
    settings : mapping, optional
        Settings that differ from the preset, such as ``{"eps": 0.6, "max_epochs": 20}``: any fields of `himpc.Config`,
        where their types, ranges and defaults are declared.
    people : int, optional
        Number of groups of `predict`; by default it is estimated.
    seed : int
        Seed of all random numbers, unless `settings` has one.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"cuda:N"``.
    callbacks : sequence of himpc.learning.Callback
        Objects that are called for batches, epochs and warnings.

    Attributes
    ----------
    model_ : Model
        The model of the last `fit` or `fit_predict`.
    history_ : History
        Loss, clusters and noise of each epoch, and the reason for the end of the training.
    labels_ : int array ``(R,)``
        After `predict` or `fit_predict`: the group of each recording, from 1; 0 if it is in none.
    confidence_ : float array ``(R,)``
        After `predict` or `fit_predict`: confidence of each group membership, in [0, 1]; NaN where unknown.
    config : Config
        All settings: those of the preset, changed by `seed` and `settings`.

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
        processes: ProcessGroup = SINGLE_PROCESS,
    ) -> Self:
        """Train on recordings, as ``himpc train`` does; labels of people are not used.

        The identity prior is adapted to 3D recordings of bodies. If twelve or more all show one activity, such as
        walking, a network is trained, too, by which `himpc.evaluate` ranks (`Model.ranking_network`), unless the
        settings state a ``prior``.

        Parameters
        ----------
        recordings : sequence of Recording
            Of any layouts; those of several systems are brought to the joints that they share, with a
            `himpc.errors.LayoutWarning`.
        y : ignored
            Present for compatibility with scikit-learn.
        out : path, optional
            A run folder for checkpoints, history and the model.
        resume : bool
            Resume the run in `out`; on a CPU the result has the same bits as an uninterrupted run.
        overwrite : bool
            Replace a run that is already in `out`.
        processes : ProcessGroup
            The processes that share the work (`himpc.learning.train`).

        Raises
        ------
        DataError
            If the recordings cannot be used together, or are too few.
        ConfigError
            If a setting is invalid, or the preset is ``"paper"``, which needs labels.
        RunFolderError
            If `out` cannot be written, or holds another run.
        """
        trained = fit(
            recordings,
            self.config.without_labels(self.preset),
            out=out,
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
        """Compute one embedding per recording, ``(R, levels x H)``: the mean over its windows.

        Raises
        ------
        DataError
            If a recording is shorter than a window.
        """
        embedded = embed(self._model(), recordings)
        if embedded.windows.short:
            names = ", ".join(recordings[i].source for i in embedded.windows.short[:5])
            raise DataError(
                f"recordings are shorter than a window of {embedded.windows.length} frames: {names}",
                hint="leave them out",
            )
        return embedded.pooled

    def predict(self, recordings: Sequence[Recording]) -> NDArray[np.int64]:
        """Group recordings by person and return the number of each one's group, ``(R,)``; see `himpc.group`."""
        return self._keep(group(recordings, self._model(), people=self.people))

    def fit_predict(self, recordings: Sequence[Recording], y: object = None) -> NDArray[np.int64]:
        """Fit a model to recordings and group these, as `himpc.group` does; return the number of each one's group.

        Other than by `fit` and then `predict`, the effects of sides and of systems are removed, and no network is
        trained where the identity prior is adapted.

        Parameters
        ----------
        recordings, y
            As in `fit`.

        Returns
        -------
        int array ``(R,)``
            As `predict`.

        Raises
        ------
        DataError, ConfigError
            As `fit` and `himpc.group`.
        """
        grouping, trained = fit_and_group(
            recordings,
            self.config.without_labels(self.preset),
            people=self.people,
            device=self.device,
            callbacks=self.callbacks,
        )
        self.model_, self.history_ = trained.model, trained.history
        return self._keep(grouping)

    def save(self, path: str | Path) -> None:
        """Write the trained model to a folder: weights as safetensors, and a JSON card."""
        self._model().save(path)

    @classmethod
    def load(cls, path: str | Path, device: str = "auto") -> Self:
        """Load a saved model as an estimator with the settings of its training.

        Raises
        ------
        ModelError
            If there is no model, or it is damaged, or of another format version.
        """
        model = Model.load(path, device=device)
        learner = cls(settings=dict(model.settings), seed=model.settings.get("seed", 0), device=device)
        learner.model_ = model
        return learner

    @property
    def _n_features_out(self) -> int:
        """The size of an embedding, from which scikit-learn derives `get_feature_names_out`."""
        return self._model().size

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn may assume: samples are recordings, not rows of an array."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.allow_nan = True
        tags.no_validation = True
        return tags

    @property
    def config(self) -> Config:
        """All settings: those of the preset, changed by `seed` and `settings`."""
        if not isinstance(self.settings, Mapping | None):
            raise ConfigError(f"settings should be a mapping of names to values, found {self.settings!r}")
        return Config.preset(self.preset).with_(seed=self.seed).with_(**dict(self.settings or {}))

    def _keep(self, grouping: Grouping) -> NDArray[np.int64]:
        self.labels_, self.confidence_ = grouping.groups, grouping.confidence
        return grouping.groups

    def _model(self) -> Model:
        if not hasattr(self, "model_"):
            raise _UnfittedError("this HiMPC is not fitted", hint="train it with {HiMPC.fit()} or load a trained one")
        model: Model = self.model_
        return model
