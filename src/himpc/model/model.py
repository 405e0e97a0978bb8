"""Trained models: embedding of windows, saving and loading."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
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
from himpc.model.scoring import IdentityScoring
from himpc.model.stream import Stream
from himpc.model.tensors import read_tensors, shapes_of, write_tensors
from himpc.recordings import BodySize, Windows
from himpc.skeleton import Layout, Level

BLOCK_FRAMES = {"cpu": 2**12, "cuda": 2**16}
"""Frames encoded at once: on a CPU their activations fit into its cache, on a GPU they keep it busy."""

MIN_ROWS = 16
"""Matrix products are padded with zeros to this many rows. Matrix libraries use another algorithm, which rounds
differently, for very few rows, and the embedding of a window must not depend on the windows beside it."""


@dataclass(eq=False)
class Model:
    """A trained encoder of windows.

    Attributes
    ----------
    network : Network
        The weights, on any device.
    layout : Layout
        The joints.
    window_length : int
        Frames per window, F.
    dimensions : {3, 2}
        2 for a model of image-plane skeletons.
    align : bool
        Whether every frame is turned to one heading before it is encoded (`himpc.recordings.Windows.aligned`).
    settings : dict
        All settings of the training (`himpc.learning.Config`) as plain data.
    training : dict
        Record of the training as plain data: epochs, reason for the end, fingerprint of the recordings.

    Examples
    --------
    >>> import himpc
    >>> walks = himpc.simulate(people=3, recordings=3, seconds=1.0, difficulty="easy")
    >>> model = himpc.HiMPC(settings={"max_epochs": 1, "hidden": 16}).fit(walks).model_
    >>> model.embed(himpc.recordings.Windows.cut(walks, model.window_length)).shape
    (45, 48)
    """

    network: Network
    layout: Layout
    window_length: int
    dimensions: int = 3
    align: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    _inference_cache: tuple[list[tuple[int, int]], Inference] | None = field(default=None, init=False, repr=False)

    @cached_property
    def input_layout(self) -> Layout:
        """The layout to which recordings are converted first: `layout`, or a part of it.

        Where the recordings of the training had some joints of the identity prior only as means of others, these are
        computed alike for every recording (`himpc.skeleton.independent_part`).
        """
        table = self.training.get("input_layout")
        return self.layout if table is None else Layout.from_dict(table, where="input_layout of the model")

    @property
    def body_size(self) -> BodySize:
        """What lengths mean in the recordings of the training (`himpc.recordings.body_size`)."""
        size = self.training.get("body_size", "true")
        return size if size in ("assumed", "equal") else "true"

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels in use, in the order of the representation."""
        return self.network.levels

    @property
    def whitened(self) -> bool:
        """Whether embeddings are whitened by the variation within recordings (preset ``tracklet``)."""
        return self.network.whiten

    @property
    def pose_scale(self) -> NDArray[np.float64] | None:
        """Scale ``(D,)`` by which `pool_windows` weights windows; None if all windows weigh the same."""
        return self.network.pose_scale.cpu().numpy().astype(np.float64) if self.network.adapted else None

    @property
    def scoring(self) -> IdentityScoring | None:
        """Log-likelihood ratios of one person against two; None for a model without the identity prior."""
        pose_scale = self.pose_scale
        if pose_scale is None:
            return None
        between = self.network.between.cpu().numpy().astype(np.float64)
        return IdentityScoring(pose_scale, between, float(self.network.noise))

    @property
    def size(self) -> int:
        """Size of an embedding: levels times H."""
        return len(self.levels) * self.network.hidden

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return self.network.pooling("joint").device

    @property
    def fingerprint(self) -> str:
        """A SHA-256 hash of the weights, layout and window length: equal for models with equal embeddings."""
        digest = hashlib.sha256(self._card().essentials().encode())
        for name, tensor in sorted(self.network.state_dict().items()):
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def to(self, device: str | torch.device) -> Model:
        """Move the weights to a device ("auto", "cpu", "cuda" or "cuda:N") and return the model."""
        self.network.to(resolve_device(device))
        return self

    def embed(self, windows: Windows) -> NDArray[np.float32]:
        """Compute the multi-level representation (MSMR) of each window (docs/method.md, section 5).

        Returns
        -------
        float32 array ``(N, levels · H)``
            To be compared by Euclidean distance.

        Raises
        ------
        ModelError
            If the windows differ from those of the training in layout, length or number of dimensions.
        """
        return self._embed(windows, self._inference())

    def embed_level(self, windows: Windows, level: Level) -> NDArray[np.float32]:
        """Compute the window features of one level, float32 ``(N, H)``; otherwise as `embed`.

        Raises
        ------
        ModelError
            As `embed`, and if the model was trained without that level.
        """
        if level not in self.levels:
            raise ModelError(f"the model has no level {level!r}: it was trained with {', '.join(self.levels)}")
        return self._embed(windows, Inference(self.network, (level,), meta=False))

    def stream(self, length: int | None = None) -> Stream:
        """Return a `Stream`, which takes the frames of one person one at a time and embeds the last F of them.

        Parameters
        ----------
        length : int, optional
            F; by default `window_length`.
        """
        return Stream(self._inference(), self.layout, length or self.window_length, align=self.align)

    def _inference(self) -> Inference:
        """Return the weights arranged for embedding, from a cache that ends when they change."""
        versions = [(weights.data_ptr(), weights._version) for weights in self.network.parameters()]
        if self._inference_cache is None or self._inference_cache[0] != versions:
            self._inference_cache = versions, Inference(self.network)
        return self._inference_cache[1]

    def _embed(self, windows: Windows, inference: Inference) -> NDArray[np.float32]:
        if self.network.adapted and windows.layout != self.layout:
            windows = windows.to(self.layout)
        self._check(windows)
        windows = windows.aligned() if self.align else windows
        out = np.empty((len(windows), inference.size), dtype=np.float32)
        for rows, vectors in _blocks(inference, windows):
            out[rows] = vectors.cpu().numpy()
        return out

    def _check(self, windows: Windows) -> None:
        if windows.layout != self.layout:
            raise ModelError(
                f"the model takes layout {self.layout.name!r} ({len(self.layout)} joints), the windows are "
                f"{windows.layout.name!r} ({len(windows.layout)} joints)",
                hint=f"convert the recordings with {{layout={self.layout.name}}}",
            )
        if windows.dimensions != self.dimensions:
            raise ModelError(
                f"the model takes {self.dimensions}D skeletons, the windows are {windows.dimensions}D",
                hint="train a model on recordings of this kind",
            )
        if windows.length != self.window_length:
            raise ModelError(
                f"the model takes windows of {self.window_length} frames, found {windows.length}",
                hint=f"cut windows of {self.window_length} frames",
            )

    def save(self, folder: str | Path) -> None:
        """Write ``model.safetensors`` and ``model.json`` to a folder, which is created if necessary.

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
            Device of the weights: "auto", "cpu", "cuda" or "cuda:N".

        Raises
        ------
        ModelError
            If there is no model, or it is damaged, changed, or of another format version.
        """
        path = Path(path)
        folder = path.parent if path.name in (CARD_FILE, WEIGHTS_FILE) else path
        card = read_card(folder / CARD_FILE)
        with torch.device("meta"):  # shapes only: the sizes in the card are untrusted, so no memory is allocated yet
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
                f"{folder}: {CARD_FILE} and {WEIGHTS_FILE} do not belong together: the fingerprint of the weights is "
                f"{model.fingerprint[:12]}, that of the card is {card.fingerprint[:12]}",
                hint="copy both files again",
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
            adapted=self.network.adapted,
            fingerprint=fingerprint,
            settings=self.settings,
            training=self.training,
        )


def window_features(network: Network, windows: Windows) -> dict[Level, Tensor]:
    """Compute the features of all windows by level, each ``(N, H)`` on the network's device, without gradient.

    Windows are not aligned here.
    """
    inference = Inference(network, meta=False)
    out = {level: torch.empty(len(windows), network.hidden, device=inference.device) for level in network.levels}
    for rows, vectors in _blocks(inference, windows):
        where = torch.from_numpy(rows).to(inference.device)
        for level, block in zip(network.levels, inference.split_levels(vectors), strict=True):
            out[level][where] = block
    return out


def _blocks(inference: Inference, windows: Windows) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
    """Yield row numbers and embeddings of windows block by block; each frame of a block is encoded once."""
    device = inference.device
    for rows, frames, index in windows.blocks(BLOCK_FRAMES["cpu" if device.type == "cpu" else "cuda"]):
        joints = torch.from_numpy(_pad_rows(frames, MIN_ROWS)).to(device)
        where = torch.from_numpy(_pad_rows(index, MIN_ROWS)).to(device)
        yield rows, inference.embed_windows(joints, where)[: len(rows)]


def _pad_rows(array: NDArray[Any], rows: int) -> NDArray[Any]:
    """Append rows of zeros to an array that has fewer than `rows`."""
    missing = rows - len(array)
    return array if missing <= 0 else np.concatenate([array, np.zeros((missing, *array.shape[1:]), array.dtype)])
