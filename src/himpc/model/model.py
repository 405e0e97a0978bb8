"""A model: what training makes, and what is saved, loaded and used."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from himpc._files import make_folder, write_atomically
from himpc.errors import ModelError
from himpc.model.card import CARD_FILE, WEIGHTS_FILE, Card, read_card
from himpc.model.device import resolve_device
from himpc.model.encoder import Network
from himpc.model.inference import Inference
from himpc.model.stream import Stream
from himpc.model.tensors import read_tensors, shapes_of, write_tensors
from himpc.recordings import Windows
from himpc.skeleton import Layout, Level

__all__ = ["Model", "window_features"]

BLOCK_FRAMES = {"cpu": 2**12, "cuda": 2**16}
"""Frames encoded at once: on a CPU their activations stay in its cache, on a GPU they give it enough to do."""

LEAST_ROWS = 16
"""Rows of a product at least, with zeros for those that are missing: matrix libraries take another way, and round
otherwise, for very few rows, and what a window is embedded with must not change its embedding."""


@dataclass(eq=False)
class Model:
    """An encoder of windows, and what windows it takes.

    Attributes
    ----------
    network : Network
        The weights, on any device.
    layout : Layout
        The joints it was trained on.
    window_length : int
        F, the frames a window it was trained on.
    dimensions : {3, 2}
        2 for a model of image-plane skeletons.
    align : bool
        Every frame is turned to face one way before it is encoded (`himpc.recordings.Windows.aligned`).
    settings : dict
        All settings of the training, as `himpc.learning.Config.to_dict` gives them.
    training : dict
        How the training went: epochs, why it stopped, fingerprint of the data. Plain data.
    """

    network: Network
    layout: Layout
    window_length: int
    dimensions: int = 3
    align: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    _arranged: tuple[list[tuple[int, int]], Inference] | None = field(default=None, init=False, repr=False)

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels in use, in the order of the representation."""
        return self.network.levels

    @property
    def whitened(self) -> bool:
        """Whether embeddings are in units of what changes while a person stays the same (preset ``tracklet``)."""
        return self.network.whiten

    @property
    def size(self) -> int:
        """Numbers in an embedding: levels times H."""
        return len(self.levels) * self.network.hidden

    @property
    def fingerprint(self) -> str:
        """A hash (SHA-256) of the weights and of what windows they take; equal models have equal ones."""
        digest = hashlib.sha256(self._card().essentials().encode())
        for name, tensor in sorted(self.network.state_dict().items()):
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def to(self, device: str | torch.device) -> Model:
        """Move the weights to a device ("auto", "cpu", "cuda", "cuda:N") and return the model."""
        self.network.to(resolve_device(device))
        return self

    def embed(self, windows: Windows) -> NDArray[np.float32]:
        """Return the multi-level representation (MSMR) of each window (docs/method.md, section 5).

        Returns
        -------
        float32 array ``(N, levels · H)``
            Rank by Euclidean distance.

        Raises
        ------
        ModelError
            If the windows are of another layout, length or number of dimensions than the model takes.
        """
        return self._embedded(windows, self.inference())

    def embed_level(self, windows: Windows, level: Level) -> NDArray[np.float32]:
        """Return the window features f of one level, float32 ``(N, H)``; otherwise as `embed`.

        Raises
        ------
        ModelError
            As `embed`, and if the model was trained without that level.
        """
        if level not in self.levels:
            raise ModelError(f"the model has no level {level!r}: it was trained with {', '.join(self.levels)}")
        return self._embedded(windows, Inference(self.network, (level,), meta=False))

    def inference(self) -> Inference:
        """Return the weights as they are now, arranged for embedding; arranged anew only where they have changed."""
        marks = [(weights.data_ptr(), weights._version) for weights in self.network.parameters()]
        if self._arranged is None or self._arranged[0] != marks:
            self._arranged = marks, Inference(self.network)
        return self._arranged[1]

    def stream(self, length: int | None = None) -> Stream:
        """Return a `Stream`, which takes the frames of one person one by one and embeds the last F of them.

        Parameters
        ----------
        length : int, optional
            F, if not the window length that the model was trained on.
        """
        return Stream(self.inference(), self.layout, length or self.window_length, align=self.align)

    def check(self, windows: Windows) -> None:
        """Raise `ModelError` if the windows are of another layout, length or number of dimensions."""
        if windows.layout != self.layout:
            raise ModelError(
                f"the model takes layout {self.layout.name!r} ({len(self.layout)} joints), the windows are "
                f"{windows.layout.name!r} ({len(windows.layout)} joints): convert the recordings with "
                f"--layout {self.layout.name}, or Recording.to(model.layout)"
            )
        if windows.dimensions != self.dimensions:
            raise ModelError(
                f"the model takes {self.dimensions}D skeletons, the windows are {windows.dimensions}D: "
                "train a model on recordings of this kind"
            )
        if windows.length != self.window_length:
            raise ModelError(
                f"the model takes windows of {self.window_length} frames, found {windows.length}: "
                f"cut them with length {self.window_length}"
            )

    def _embedded(self, windows: Windows, inference: Inference) -> NDArray[np.float32]:
        self.check(windows)
        windows = windows.aligned() if self.align else windows
        out = np.empty((len(windows), inference.size), dtype=np.float32)
        for rows, vectors in _blocks(inference, windows):
            out[rows] = vectors.cpu().numpy()
        return out

    def save(self, folder: str | Path) -> None:
        """Write ``model.safetensors`` and ``model.json`` to a folder, made if need be; never a pickle.

        Raises
        ------
        RunFolderError
            If the folder cannot be written.
        """
        folder = make_folder(folder)
        write_tensors(folder / WEIGHTS_FILE, self.network.state_dict())
        write_atomically(folder / CARD_FILE, self._card(self.fingerprint).to_json())

    @classmethod
    def load(cls, path: str | Path, device: str | torch.device = "cpu") -> Model:
        """Read a model that `save` wrote.

        Parameters
        ----------
        path : path
            The folder, or either of its two files.
        device : str
            Where to put the weights: "auto", "cpu", "cuda", "cuda:N".

        Raises
        ------
        ModelError
            If there is no model, it is damaged or was changed, or another version of himpc wrote it.
        """
        path = Path(path)
        folder = path.parent if path.name in (CARD_FILE, WEIGHTS_FILE) else path
        card = read_card(folder / CARD_FILE)
        with torch.device("meta"):  # shapes only: the card is a stranger's word, so nothing that big is made yet
            expected = shapes_of(card.network().state_dict())
        weights = read_tensors(folder / WEIGHTS_FILE, expected)
        network = card.network()
        network.load_state_dict(weights)
        model = cls(
            network=network,
            layout=card.layout,
            window_length=card.window_length,
            dimensions=card.dimensions,
            align=card.align,
            settings=dict(card.settings),
            training=dict(card.training),
        )
        if model.fingerprint != card.fingerprint:
            raise ModelError(
                f"{folder}: {CARD_FILE} and {WEIGHTS_FILE} do not belong together: the weights' fingerprint is "
                f"{model.fingerprint[:12]}, the card says {card.fingerprint[:12]}; copy both files again"
            )
        return model.to(device)

    def _card(self, fingerprint: str = "") -> Card:
        return Card(
            layout=self.layout,
            levels=self.levels,
            hidden=self.network.hidden,
            heads=self.network.heads,
            window_length=self.window_length,
            dimensions=self.dimensions,
            align=self.align,
            normalise=self.network.normalise,
            distances=self.network.distances,
            whiten=self.network.whiten,
            fingerprint=fingerprint,
            settings=self.settings,
            training=self.training,
        )


def window_features(network: Network, windows: Windows) -> dict[Level, Tensor]:
    """Return each level's features of all windows, ``(N, H)`` on the network's device, without gradient.

    The windows are encoded as they are: they are to be aligned already where the model is to see them so.
    """
    inference = Inference(network, meta=False)
    out = {level: torch.empty(len(windows), network.hidden, device=inference.device) for level in network.levels}
    for rows, vectors in _blocks(inference, windows):
        where = torch.from_numpy(rows).to(inference.device)
        for level, block in zip(network.levels, inference.by_level(vectors), strict=True):
            out[level][where] = block
    return out


def _blocks(inference: Inference, windows: Windows) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
    """Embed windows block by block, each frame of a block once; yield rows and the embeddings of these windows."""
    device = inference.device
    for rows, frames, index in windows.blocks(BLOCK_FRAMES["cpu" if device.type == "cpu" else "cuda"]):
        joints = torch.from_numpy(_at_least(frames, LEAST_ROWS)).to(device)
        where = torch.from_numpy(_at_least(index, LEAST_ROWS)).to(device)
        yield rows, inference.of_index(joints, where)[: len(rows)]


def _at_least(array: NDArray[Any], rows: int) -> NDArray[Any]:
    """Return the array, with rows of zeros at its end where it has less than `rows`."""
    missing = rows - len(array)
    return array if missing <= 0 else np.concatenate([array, np.zeros((missing, *array.shape[1:]), array.dtype)])
