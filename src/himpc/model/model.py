"""Trained models: embedding of windows, saving and loading."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from himpc._files import make_folder, write_atomically
from himpc.errors import ModelError
from himpc.model.array_inference import ArrayInference, blocks_of
from himpc.model.card import CARD_FILE, WEIGHTS_FILE, Card, parse_card, read_card
from himpc.model.device import resolve_device
from himpc.model.scoring import IdentityScoring
from himpc.model.stream import Stream
from himpc.model.tensors import arrays_to_bytes, parse_arrays, read_arrays
from himpc.model.weights import Arrangement, Weights, arrange
from himpc.recordings import BodySize, Windows
from himpc.skeleton import Layout, Level

if TYPE_CHECKING:
    import torch

    from himpc.model.encoder import Network
    from himpc.model.inference import Inference

RANKING_NETWORK_FOLDER = "ranking-network"


class Model:
    """A trained encoder of windows.

    A model that was read from files embeds on a CPU without torch; its network is made when it is first used.

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
    ranking_network : Model or None
        For an adapted model: a network trained on the same recordings, by which `himpc.evaluate` ranks, too.

    Examples
    --------
    >>> import himpc
    >>> walks = himpc.simulate(people=3, recordings=3, seconds=1.0, difficulty="easy")
    >>> model = himpc.HiMPC(settings={"max_epochs": 1, "hidden": 16}).fit(walks).model_
    >>> model.embed(himpc.recordings.Windows.cut(walks, model.window_length)).shape
    (45, 48)
    """

    def __init__(
        self,
        network: Network | Weights,
        layout: Layout,
        window_length: int,
        dimensions: int = 3,
        align: bool = False,
        settings: Mapping[str, Any] | None = None,
        training: Mapping[str, Any] | None = None,
    ) -> None:
        self._weights = network
        self.layout = layout
        self.window_length = window_length
        self.dimensions = dimensions
        self.align = align
        self.settings = dict(settings or {})
        self.training = dict(training or {})
        self.ranking_network: Model | None = None
        self._inference_cache: tuple[list[tuple[int, int]], ArrayInference | Inference] | None = None

    @property
    def network(self) -> Network:
        """The weights, on any device."""
        weights = self._weights
        if isinstance(weights, Weights):
            import torch

            network = self._card().network()
            network.load_state_dict({name: torch.from_numpy(each) for name, each in weights.arrays.items()})
            self._weights = weights = network
        return weights

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
        return self._weights.levels

    @property
    def whitened(self) -> bool:
        """Whether embeddings are whitened by the variation within recordings (preset ``tracklet``)."""
        return self._weights.whiten

    @property
    def pose_scale(self) -> NDArray[np.float64] | None:
        """Scale ``(D,)`` by which `pool_windows` weights windows; None if all windows weigh the same."""
        return self._array("pose_scale") if self._weights.adapted else None

    @property
    def scoring(self) -> IdentityScoring | None:
        """Log-likelihood ratios of one person against two; None for a model without the identity prior."""
        pose_scale = self.pose_scale
        if pose_scale is None:
            return None
        return IdentityScoring(pose_scale, self._array("between"), float(self._array("noise")))

    @property
    def size(self) -> int:
        """Size of an embedding: levels times H."""
        return len(self.levels) * self._weights.hidden

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return self.network.device

    @property
    def fingerprint(self) -> str:
        """A SHA-256 hash of the weights, layout and window length: equal for models with equal embeddings."""
        digest = hashlib.sha256(self._card().essentials().encode())
        for name, array in sorted(self._present_weights().arrays.items()):
            digest.update(f"{name} torch.{array.dtype} {array.shape}".encode())
            digest.update(array.tobytes())
        return digest.hexdigest()

    def to(self, device: str | torch.device) -> Model:
        """Move the weights to a device ("auto", "cpu", "cuda" or "cuda:N") and return the model."""
        if self.ranking_network is not None:
            self.ranking_network.to(device)
        if isinstance(self._weights, Weights) and (str(device) == "cpu" or resolve_device(device).type == "cpu"):
            return self
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
        return self._embed(windows, self._make_inference((level,), meta=False))

    def stream(self, length: int | None = None) -> Stream:
        """Return a `Stream`, which takes the frames of one person one at a time and embeds the last F of them.

        Parameters
        ----------
        length : int, optional
            F; by default `window_length`.
        """
        return Stream(ArrayInference(self.arrangement()), self.layout, length or self.window_length, align=self.align)

    def arrangement(self, levels: Sequence[Level] | None = None, *, meta: bool = True) -> Arrangement:
        """Return copies of the present weights, merged for embedding; see `himpc.model.weights.arrange`."""
        return arrange(self._present_weights(), levels, meta=meta)

    def _inference(self) -> ArrayInference | Inference:
        """Return the weights arranged for embedding, from a cache that ends when they change."""
        weights = self._weights
        parameters = () if isinstance(weights, Weights) else weights.parameters()
        versions = [(each.data_ptr(), each._version) for each in parameters]
        if self._inference_cache is None or self._inference_cache[0] != versions:
            self._inference_cache = versions, self._make_inference()
        return self._inference_cache[1]

    def _make_inference(
        self, levels: Sequence[Level] | None = None, *, meta: bool = True
    ) -> ArrayInference | Inference:
        weights = self._weights
        if isinstance(weights, Weights) or weights.device.type == "cpu":
            return ArrayInference(self.arrangement(levels, meta=meta))
        from himpc.model.inference import Inference

        return Inference(weights, levels, meta=meta)

    def _present_weights(self) -> Weights:
        weights = self._weights  # which another thread may replace by the network
        return weights if isinstance(weights, Weights) else weights.weights()

    def _array(self, name: str) -> NDArray[np.float64]:
        """Return an array of an adapted network."""
        weights = self._weights
        stored = weights.arrays[name] if isinstance(weights, Weights) else getattr(weights, name)
        return np.asarray(stored if isinstance(stored, np.ndarray) else stored.cpu(), dtype=np.float64)

    def _embed(self, windows: Windows, inference: ArrayInference | Inference) -> NDArray[np.float32]:
        if self._weights.adapted and windows.layout != self.layout:
            windows = windows.to(self.layout)
        self._check(windows)
        windows = windows.aligned() if self.align else windows
        out = np.empty((len(windows), inference.size), dtype=np.float32)
        if isinstance(inference, ArrayInference):
            for rows, joints, index in blocks_of(windows, "cpu"):
                out[rows] = inference.embed_windows(joints, index)[: len(rows)]
        else:
            for rows, vectors in inference.embed_blocks(windows):
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

        A `ranking_network` is written to ``ranking-network`` in it.

        Raises
        ------
        RunFolderError
            If the folder cannot be written.
        """
        folder = make_folder(folder)
        if self.ranking_network is not None:
            self.ranking_network.save(folder / RANKING_NETWORK_FOLDER)
        for name, content in self.to_files().items():
            write_atomically(folder / name, content)

    def to_files(self) -> dict[str, bytes]:
        """Return the contents of the files that `save` writes, by name, without those of a `ranking_network`."""
        return {
            WEIGHTS_FILE: arrays_to_bytes(self._present_weights().arrays),
            CARD_FILE: self._card(self.fingerprint).to_json().encode(),
        }

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
        model = cls._read(folder)
        if fingerprint := model.training.get("ranking_network"):
            model.ranking_network = network = cls._read(folder / RANKING_NETWORK_FOLDER)
            if network.fingerprint != fingerprint:
                raise ModelError(
                    f"{folder / RANKING_NETWORK_FOLDER}: is another network than the one of the model in {folder}",
                    hint="copy the whole folder again",
                )
        return model.to(device)

    @classmethod
    def _read(cls, folder: Path) -> Model:
        card = read_card(folder / CARD_FILE)
        return cls._restore(card, read_arrays(folder / WEIGHTS_FILE, card.shapes()), str(folder))

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], source: str, device: str | torch.device = "cpu") -> Model:
        """Return the model whose files `to_files` returned.

        Parameters
        ----------
        files : mapping
            The contents by name.
        source : str
            Where they come from, for messages.
        device : str
            As in `load`.

        Raises
        ------
        ModelError
            If a file is missing, damaged, changed, or of another format version.
        """
        if missing := [name for name in (CARD_FILE, WEIGHTS_FILE) if name not in files]:
            raise ModelError(f"{source}: has no {missing[0]}")
        card = parse_card(files[CARD_FILE], CARD_FILE)
        return cls._restore(card, parse_arrays(files[WEIGHTS_FILE], card.shapes(), WEIGHTS_FILE), source).to(device)

    @classmethod
    def _restore(cls, card: Card, arrays: Mapping[str, NDArray[np.float32]], source: str) -> Model:
        """Return the model of a card and its weights.

        Raises
        ------
        ModelError
            If they do not belong together.
        """
        weights = card.weights(arrays)
        rest = (card.layout, card.window_length, card.dimensions, card.align, card.settings, card.training)
        model = cls(weights, *rest)
        if model.fingerprint != card.fingerprint:
            raise ModelError(
                f"{source}: {CARD_FILE} and {WEIGHTS_FILE} do not belong together: the fingerprint of the weights is "
                f"{model.fingerprint[:12]}, that of the card is {card.fingerprint[:12]}",
                hint="copy both files again",
            )
        return model

    def _card(self, fingerprint: str = "") -> Card:
        return Card(
            layout=self.layout,
            levels=self.levels,
            hidden=self._weights.hidden,
            heads=self._weights.heads,
            window_length=self.window_length,
            dimensions=self.dimensions,
            align=self.align,
            normalise=self._weights.normalise,
            distances=self._weights.distances,
            whiten=self._weights.whiten,
            adapted=self._weights.adapted,
            fingerprint=fingerprint,
            settings=self.settings,
            training={key: value for key, value in self.training.items() if key != "ranking_network"}
            | ({} if self.ranking_network is None else {"ranking_network": self.ranking_network.fingerprint}),
        )
