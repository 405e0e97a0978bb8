"""Embedding of a stream of frames: of the last F frames, at a constant cost per frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from himpc.errors import DataError
from himpc.model.array_inference import ArrayInference
from himpc.skeleton import Layout, body_frame, centre


class Stream:
    """Embedding of the last F frames of one person; made by `himpc.model.Model.stream`.

    Each frame is encoded once. A ring buffer holds the last F encoded frames, beside their sum. Every F frames the sum
    is replaced by one that started at zero, so that rounding errors do not accumulate over more than two windows.

    Parameters
    ----------
    inference : ArrayInference
        The weights.
    layout : Layout
        The J joints of each frame.
    length : int
        Frames per window, F.
    align : bool
        Whether each frame is turned to one heading.
    """

    def __init__(self, inference: ArrayInference, layout: Layout, length: int, *, align: bool = False) -> None:
        self.layout = layout
        self.length = length
        self.align = align
        self._inference = inference
        self._ring = np.zeros((length, inference.layers.encoded_size), dtype=np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget all frames, before another person, or before the same person after a gap."""
        self._ring[:] = 0
        self._sum = np.zeros(self._ring.shape[1])
        self._fresh = np.zeros_like(self._sum)
        self._seen = 0

    def push(self, joints: ArrayLike) -> NDArray[np.float32] | None:
        """Add one frame and compute the embedding of the last F frames; return None while there are fewer.

        Parameters
        ----------
        joints : array ``(J, 3)``
            Joint positions in metres, y up; the root is subtracted here. For a model of image-plane skeletons, pixels
            with 0 on the third axis.

        Returns
        -------
        float32 array ``(levels · H,)`` or None
            Equal to that of `Model.embed` for the same frames.

        Raises
        ------
        DataError
            If the frame has another shape, or a joint is not finite (not seen). The frame is not added: continue with
            the next one if few frames are missing, and `reset` after a gap.
        """
        frame = self._prepare(joints)
        new = self._inference.encode_frames(frame[None])[0]
        place = self._seen % self.length
        if place == 0:
            self._sum, self._fresh = self._fresh, np.zeros_like(self._fresh)
        self._sum += new.astype(np.float64) - self._ring[place]
        self._fresh += new
        self._ring[place] = new
        self._seen += 1
        if self._seen < self.length:
            return None
        vectors = self._inference.embed_means((self._sum / self.length).astype(np.float32)[None])
        return vectors.ravel()

    def _prepare(self, joints: ArrayLike) -> NDArray[np.float32]:
        """Check, centre and align a frame."""
        frame = np.asarray(joints, dtype=np.float32)
        if frame.shape != (len(self.layout), 3):
            expected = f"({len(self.layout)} joints of layout {self.layout.name!r}, 3)"
            raise DataError(f"a frame has shape {frame.shape}, expected {expected}")
        unseen = ~np.isfinite(frame).all(axis=1)
        if unseen.any():
            names = ", ".join(self.layout.joints[j] for j in np.flatnonzero(unseen))
            raise DataError(f"a frame lacks joints ({names})", hint="skip it, and reset the stream after a gap")
        centred = centre(frame, self.layout)
        return (body_frame(centred, self.layout) if self.align else centred).astype(np.float32, copy=False)
