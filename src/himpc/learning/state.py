"""The state of a training run, and its checkpoint in one safetensors file (no pickle)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from himpc._schema import parse, to_plain
from himpc._version import __version__
from himpc.errors import ModelError
from himpc.learning.clustering.density import NOISE
from himpc.learning.config import Config
from himpc.learning.distributed import ProcessGroup
from himpc.learning.frame_inputs import FrameInputs
from himpc.learning.history import EpochRecord, History, stop_reason
from himpc.learning.optimiser import Adam
from himpc.model import Network, read_note, read_tensors, shapes_of, write_tensors
from himpc.recordings import Windows
from himpc.skeleton import Layout, Level

CHECKPOINT_FILE = "checkpoint.safetensors"
FORMAT = "himpc-checkpoint"
VERSION = 1


@dataclass(frozen=True)
class Identity:
    """The settings and data that identify a run: a checkpoint can be resumed only with the same ones."""

    config: Config
    data: str
    """Fingerprint of the recordings and external labels (`himpc.learning.reproducibility.fingerprint`)."""
    windows: int
    """Number of windows."""
    scored: bool = False
    """Whether a score chooses the checkpoint."""

    @property
    def fingerprint(self) -> str:
        """A SHA-256 hash of all fields."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def check(self, note: dict[str, Any], path: Path) -> None:
        """Raise `ModelError` if the note of a checkpoint has another format, version, settings or data."""
        if (note.get("format"), note.get("version")) != (FORMAT, VERSION):
            raise ModelError(
                f"{path}: is {note.get('format')!r} of version {note.get('version')!r} (himpc {note.get('himpc')}), "
                f"expected {FORMAT!r} of version {VERSION} (himpc {__version__})",
                hint="start a new run in another folder",
            )
        settings, found = to_plain(self.config), note.get("config")
        if not isinstance(found, dict):
            raise ModelError(f"{path}: is damaged: has no settings", hint="start a new run in another folder")
        found = {**to_plain(Config()), **found}  # defaults of settings that are newer than the checkpoint
        if changed := [name for name in sorted({*settings, *found}) if settings.get(name) != found.get(name)]:
            name = changed[0]
            raise ModelError(
                f"{path}: was written with {name} = {found.get(name)!r}, now it is {settings.get(name)!r}",
                hint="resume with the same settings, or start a new run in another folder",
            )
        if note.get("scored", False) != self.scored:
            raise ModelError(
                f"{path}: was written with{'out' if self.scored else ''} a score that chooses the checkpoint",
                hint="resume it the same way, or start a new run in another folder",
            )
        if note.get("data") != self.data:
            raise ModelError(
                f"{path}: was written for other recordings (fingerprint {str(note.get('data'))[:12]}, now "
                f"{self.data[:12]})",
                hint="resume with the same ones, or start a new run in another folder",
            )


@dataclass
class State:
    """Weights, Adam's moments, the last pseudo-labels and the history."""

    network: Network
    """On the device of the training."""
    optimiser: Adam
    labels: dict[Level, Tensor]
    """Pseudo-labels of the last epoch, ``(N,)``, on the CPU; all noise before the first."""
    best: dict[str, Tensor] = field(default_factory=dict)
    """Weights of the epoch with the highest score; empty without scores."""
    history: History = field(default_factory=History)
    _frame_inputs: FrameInputs | None = field(default=None, init=False, repr=False)

    @classmethod
    def start(
        cls, layout: Layout, windows: int, config: Config, device: torch.device, *, scored: bool = False
    ) -> State:
        """Create the state before the first epoch; `scored` is True if a score chooses the checkpoint."""
        switches = {"normalise": config.normalise, "distances": config.distances, "whiten": config.whiten}
        switches["adapted"] = config.prior == "identity"
        network = Network(layout, config.levels, config.hidden, config.heads, config.seed, **switches).to(device)
        state = cls(
            network=network,
            optimiser=Adam(network.parameters(), config.learning_rate),
            labels={level: torch.full((windows,), NOISE) for level in config.levels},
        )
        if scored:
            state.best = {name: parameter.detach().clone() for name, parameter in network.named_parameters()}
        return state

    def frame_inputs(self, windows: Windows) -> FrameInputs:
        """Return the encoder of the frames of windows, whose inputs are computed by the first call for these frames.

        Frames are taken to be the same if they are one array, whose values must not change.
        """
        if self._frame_inputs is None or not self._frame_inputs.has_frames_of(windows):
            self._frame_inputs = FrameInputs(self.network, windows)
        return self._frame_inputs

    def finish_epoch(self, record: EpochRecord, config: Config) -> None:
        """Add the record of an epoch, keep the weights if their score is the best, and decide whether to stop."""
        self.history.epochs.append(record)
        if self.history.best is record:
            for name, parameter in self.network.named_parameters():
                self.best[name].copy_(parameter.detach())
        self.history.stopped = stop_reason(self.history, config)

    def restore_best(self) -> None:
        """Load the best weights into the network; do nothing without scores."""
        for name, weights in self.best.items():
            self.network.get_parameter(name).data.copy_(weights)

    def tensors(self) -> dict[str, Tensor]:
        """Return all tensors of a checkpoint by name. They share memory with the state."""
        tensors = {f"weights.{name}": tensor for name, tensor in self.network.state_dict().items()}
        for name, parameter in self.network.named_parameters():
            for part, moment in self.optimiser.state[parameter].items():
                tensors[f"adam.{part}.{name}"] = moment
        tensors |= {f"best.{name}": weights for name, weights in self.best.items()}
        return tensors | {f"labels.{level}": labels for level, labels in self.labels.items()}

    def save(self, folder: Path, identity: Identity) -> None:
        """Write the checkpoint atomically.

        Raises
        ------
        RunFolderError
            If the folder cannot be written.
        """
        note = {
            "format": FORMAT,
            "version": VERSION,
            "himpc": __version__,
            "config": to_plain(identity.config),
            "data": identity.data,
            "scored": identity.scored,
            "history": to_plain(self.history),
        }
        write_tensors(folder / CHECKPOINT_FILE, self.tensors(), json.dumps(note))

    def restore(self, folder: Path, identity: Identity) -> None:
        """Read the state from a checkpoint.

        Raises
        ------
        ModelError
            If there is none, it is damaged, or it belongs to another run.
        """
        path = folder / CHECKPOINT_FILE
        note = read_note(path)
        try:
            table = json.loads(note)
            identity.check(table, path)
            history = parse(
                History, table["history"], source=f"{path}: is damaged or is no checkpoint", error=ModelError
            )
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            if isinstance(error, ModelError):
                raise
            raise ModelError(f"{path}: is damaged or is no checkpoint of himpc ({error})") from error
        tensors = self.tensors()
        for name, tensor in read_tensors(path, shapes_of(tensors)).items():
            tensors[name].copy_(tensor)
        self.history = history

    def synchronise(self, processes: ProcessGroup) -> None:
        """Copy the state of the first process to all others."""
        for tensor in self.tensors().values():
            processes.broadcast(tensor)
        self.history = parse(History, json.loads(processes.broadcast_text(json.dumps(to_plain(self.history)))))
