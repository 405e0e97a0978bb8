"""Weights of the frames of a recording by hard skeleton mining (docs/method.md, section 4)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from himpc.errors import DataError
from himpc.learning import mining_weights
from himpc.model import Model, unit
from himpc.skeleton import Level, body_frame, centre

BATCH_SIZE = 256
"""Number of windows that are weighted together, which bounds memory."""


class FrameWeights:
    """Compute the weights of hard skeleton mining that frames would have if people were the pseudo-labels.

    The prototypes ``c_k`` of a level are the people's, in the space of its features: each prototype is an embedding
    ``f W``, with W the mean of the level's heads, and is converted back to f. With the features ``h_t`` of the frames
    of a window and the heads ``W_m``, ``z[m, t, k] = (h_t W_m) · (c_k W_m) / sqrt(H)`` (or the
    cosine divided by the temperature, if the model has one). The prediction of a head is the k with the largest mean of
    z over the window's frames. The weights are the softmax over these frames of ``s z[m, t, prediction]``, with s = -1
    where the prediction is the window's label and +1 elsewhere: see docs/method.md, section 4 (Rao,
    Leung and Miao, IJCV 2023). The label of a window is the person, or, if the person is unknown, the prototype nearest
    to the mean feature of the window, at each level.

    Windows begin at every frame. The weight of a frame is the mean over the windows, levels and heads that contain it,
    divided by the largest of the recording.

    Parameters
    ----------
    model : Model
    centres : array ``(K, D)``
        An embedding for each person: the mean of those of their recordings.

    Raises
    ------
    DataError
        If there is no centre, or one of another length, or not finite.
    """

    def __init__(self, model: Model, centres: NDArray[np.floating]) -> None:
        if centres.ndim != 2 or not len(centres) or centres.shape[1] != model.size:
            raise DataError(f"centres have shape {centres.shape}, expected (people, {model.size})")
        if not np.isfinite(centres).all():
            raise DataError("centres have numbers that are not finite")
        self._model = model
        self._temperature = float(model.settings.get("temperature") or 0)
        parts = np.split(centres.astype(np.float64), len(model.levels), axis=1)
        self._levels = [(level, *self._prepare(level, part)) for level, part in zip(model.levels, parts, strict=True)]

    def __call__(self, joints: NDArray[np.floating], person: int | None = None) -> NDArray[np.float32]:
        """Compute the weights of the frames of a recording.

        Parameters
        ----------
        joints : array ``(frames, J, 3)``
            Metres, y up, in the layout of the model, with no joint missing.
        person : int, optional
            The person the recording shows, as an index in `centres`.

        Returns
        -------
        float32 array ``(frames,)``
            In [0, 1]; the largest is 1. All are 0 if the recording is shorter than a window.

        Raises
        ------
        DataError
            If joints have another shape.
        """
        model = self._model
        if joints.ndim != 3 or joints.shape[1:] != (len(model.layout), 3):
            raise DataError(f"joints have shape {joints.shape}, expected (frames, {len(model.layout)}, 3)")
        length = model.window_length
        count = len(joints) - length + 1
        if count < 1:
            return np.zeros(len(joints), dtype=np.float32)
        centred = centre(joints, model.layout)
        frames = (body_frame(centred, model.layout) if model.align else centred).astype(np.float32)
        total, counts = np.zeros(len(joints)), np.zeros(len(joints))
        with torch.inference_mode():
            for start in range(0, count, BATCH_SIZE):
                block = frames[start : start + BATCH_SIZE + length - 1]
                by_frame, windows = self._weight_block(torch.from_numpy(block).to(self._device), length, person)
                total[start : start + len(block)] += by_frame
                counts[start : start + len(block)] += windows
        weights = total / counts
        scaled: NDArray[np.float32] = (weights / weights.max()).astype(np.float32)
        return scaled

    @property
    def _device(self) -> torch.device:
        return self._model.device

    def _weight_block(
        self, frames: Tensor, length: int, person: int | None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return for each frame the sum over its windows of the mean weight, and the number of windows."""
        count = len(frames) - length + 1
        frame_index = torch.arange(count)[:, None] + torch.arange(length)
        total = torch.zeros(len(frames), dtype=torch.float64)
        for level, centres, products in self._levels:
            weights = self._weights(frames, frame_index.to(frames.device), level, centres, products, person)
            total.index_add_(0, frame_index.flatten(), weights.mean(dim=0).flatten().double().cpu())
        windows = torch.bincount(frame_index.flatten(), minlength=len(frames)).double()
        return (total / len(self._levels)).numpy(), windows.numpy()

    def _weights(
        self, frames: Tensor, frame_index: Tensor, level: Level, centres: Tensor, products: Tensor, person: int | None
    ) -> Tensor:
        """Return the weights of one level, ``(M, windows, F)``."""
        network = self._model.network
        features = network.encode(frames, level)
        if person is None:
            labels = torch.cdist(network.over_frames(features, frame_index), centres).argmin(dim=1)
        else:
            labels = torch.full((len(frame_index),), person, device=frames.device)
        inputs = unit(features) if self._temperature else features
        logits = (inputs @ products.flatten(0, 1).T).view(len(frames), *products.shape[:2]).permute(1, 0, 2)
        return mining_weights(logits.unfold(1, frame_index.shape[1], 1).transpose(2, 3), labels)

    def _prepare(self, level: Level, embedded: NDArray[np.float64]) -> tuple[Tensor, Tensor]:
        """Return a level's prototypes ``(K, H)``, and ``(M, K, H)``, whose product with a frame is its logits.

        The embedding of a level is ``f W`` with W the mean of its heads, so f is the solution of a linear system.
        """
        heads = self._model.network.encoder(level).heads.detach().double().cpu()
        centres = torch.from_numpy(embedded)
        if len(heads):
            centres = torch.linalg.lstsq(heads.mean(dim=0).T, centres.T, driver="gelsd").solution.T
        scaled = unit(centres) / self._temperature if self._temperature else centres / centres.shape[1] ** 0.5
        products = scaled @ heads @ heads.mT if len(heads) else scaled[None]
        return centres.float().to(self._device), products.float().contiguous().to(self._device)
