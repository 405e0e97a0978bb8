"""Embedding while frames come in: the last F of them, at the same cost for every frame."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from himpc.errors import DataError
from himpc.model.inference import Inference
from himpc.skeleton import Layout, body_frame, centre

__all__ = ["Stream"]


class Stream:
    """The embedding of the last F frames of one person; made by `himpc.model.Model.stream`.

    Each frame goes through the first layer once, and its activations are kept for F frames in a ring, beside their sum.
    The sum is taken anew every F frames while the ring fills, so that no rounding lasts longer than two windows.

    Parameters
    ----------
    inference : Inference
        The weights.
    layout : Layout
        The J joints of each frame.
    length : int
        F, frames a window.
    align : bool
        Whether each frame is turned to face one way.
    """

    def __init__(self, inference: Inference, layout: Layout, length: int, *, align: bool = False) -> None:
        self.layout = layout
        self.length = length
        self.align = align
        self._inference = inference
        self._ring = np.zeros((length, inference.size), dtype=np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget all frames: another person is seen now, or the same one after a gap."""
        self._ring[:] = 0
        self._sum = np.zeros(self._ring.shape[1])
        self._fresh = np.zeros_like(self._sum)
        self._seen = 0

    def push(self, joints: ArrayLike) -> NDArray[np.float32] | None:
        """Take one frame and return the embedding of the last F, or None while there are fewer.

        Parameters
        ----------
        joints : array ``(J, 3)``
            Joint positions in metres, y up, where the body stands: the root is subtracted here. (In pixels, the third
            axis 0, for a model of image-plane skeletons.)

        Returns
        -------
        float32 array ``(levels · H,)`` or None
            As `Model.embed` gives it for the same frames.

        Raises
        ------
        DataError
            If the frame has another shape, or a joint was not seen (NaN) or is not finite. The frame is not taken: go
            on with the next one where few are missing, and `reset` after a gap.
        """
        frame = self._checked(joints)
        with torch.inference_mode():
            activations = self._inference.of_frames(torch.from_numpy(frame[None]).to(self._inference.device))
            new = activations[0].cpu().numpy()
            place = self._seen % self.length
            if place == 0:
                self._sum, self._fresh = self._fresh, np.zeros_like(self._fresh)
            self._sum += new.astype(np.float64) - self._ring[place]
            self._fresh += new
            self._ring[place] = new
            self._seen += 1
            if self._seen < self.length:
                return None
            mean = torch.from_numpy((self._sum / self.length).astype(np.float32)[None])
            vector: NDArray[np.float32] = self._inference.of_windows(mean.to(self._inference.device))[0].cpu().numpy()
            return vector

    def _checked(self, joints: ArrayLike) -> NDArray[np.float32]:
        """Return a frame as the network takes it."""
        frame = np.asarray(joints, dtype=np.float32)
        if frame.shape != (len(self.layout), 3):
            expected = f"({len(self.layout)} joints of layout {self.layout.name!r}, 3)"
            raise DataError(f"a frame has shape {frame.shape}, expected {expected}")
        unseen = ~np.isfinite(frame).all(axis=1)
        if unseen.any():
            names = ", ".join(self.layout.joints[j] for j in np.flatnonzero(unseen))
            raise DataError(f"a frame lacks joints ({names}): leave it out, and reset the stream after a gap")
        centred = centre(frame, self.layout)
        return (body_frame(centred, self.layout) if self.align else centred).astype(np.float32, copy=False)
