"""All that changes while a model is trained, and its checkpoint: one safetensors file, never a pickle."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from himpc._schema import to_plain
from himpc._version import __version__
from himpc.errors import ModelError
from himpc.learning.config import Config
from himpc.learning.history import History
from himpc.learning.processes import Processes
from himpc.learning.pseudo_labels import NOISE
from himpc.model import Network, read_note, read_tensors, shapes_of, write_tensors
from himpc.skeleton import Layout, Level

__all__ = ["CHECKPOINT_FILE", "Identity", "State"]

CHECKPOINT_FILE = "checkpoint.safetensors"
FORMAT = "himpc-checkpoint"
VERSION = 1


@dataclass(frozen=True)
class Identity:
    """What a checkpoint belongs to; another run cannot go on from it."""

    config: Config
    data: str
    windows: int
    scored: bool = False

    @property
    def fingerprint(self) -> str:
        """A hash (SHA-256) of all that it says."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def check(self, note: dict[str, Any], path: Path) -> None:
        """Raise `ModelError` if a checkpoint's note is of another format, version, settings or data."""
        if (note.get("format"), note.get("version")) != (FORMAT, VERSION):
            raise ModelError(
                f"{path}: is {note.get('format')!r} of version {note.get('version')!r} (himpc {note.get('himpc')}), "
                f"expected {FORMAT!r} of version {VERSION} (himpc {__version__}): start a new run in another folder"
            )
        settings, found = to_plain(self.config), note.get("config")
        if not isinstance(found, dict):
            raise ModelError(f"{path}: is damaged: it names no settings; start a new run in another folder")
        found = {**to_plain(Config()), **found}  # a checkpoint that is older than a setting
        if changed := [name for name in sorted({*settings, *found}) if settings.get(name) != found.get(name)]:
            name = changed[0]
            raise ModelError(
                f"{path}: was made with {name} = {found.get(name)!r}, now it is {settings.get(name)!r}: "
                "resume with the same settings, or start a new run in another folder"
            )
        if note.get("scored", False) != self.scored:
            raise ModelError(
                f"{path}: was made with{'out' if self.scored else ''} an outside score that chooses the checkpoint: "
                "resume it the same way, or start a new run in another folder"
            )
        if note.get("data") != self.data:
            raise ModelError(
                f"{path}: was made from other recordings (fingerprint {str(note.get('data'))[:12]}, now "
                f"{self.data[:12]}): resume with the same ones, or start a new run in another folder"
            )


@dataclass
class State:
    """Weights, Adam's moments, the last pseudo-labels and the history.

    Attributes
    ----------
    network : Network
        On the device of the training.
    labels : dict of level to int64 tensor ``(N,)``
        Pseudo-labels of the last epoch, on the CPU; all noise before the first.
    best : dict of str to tensor
        The weights of the epoch with the highest score; empty where no score chooses.
    """

    network: Network
    optimiser: torch.optim.Adam
    labels: dict[Level, Tensor]
    best: dict[str, Tensor] = field(default_factory=dict)
    history: History = field(default_factory=History)

    @classmethod
    def start(
        cls, layout: Layout, windows: int, config: Config, device: torch.device, *, scored: bool = False
    ) -> State:
        """Return the state before the first epoch; `scored` where an outside score chooses the checkpoint."""
        switches = {"normalise": config.normalise, "distances": config.distances, "whiten": config.whiten}
        network = Network(layout, config.levels, config.hidden, config.heads, config.seed, **switches).to(device)
        state = cls(
            network=network,
            optimiser=torch.optim.Adam(network.parameters(), lr=config.learning_rate, fused=True),
            labels={level: torch.full((windows,), NOISE) for level in config.levels},
        )
        if scored:
            state.best = {name: parameter.detach().clone() for name, parameter in network.named_parameters()}
        for parameter in network.parameters():
            moments = {"exp_avg": torch.zeros_like(parameter), "exp_avg_sq": torch.zeros_like(parameter)}
            state.optimiser.state[parameter] = {"step": torch.zeros((), device=device), **moments}
        return state

    def keep(self) -> None:
        """Take the weights as they are for the best."""
        for name, parameter in self.network.named_parameters():
            self.best[name].copy_(parameter.detach())

    def go_back(self) -> None:
        """Set the weights to the best, where a score chose them."""
        for name, weights in self.best.items():
            self.network.get_parameter(name).data.copy_(weights)

    def tensors(self) -> dict[str, Tensor]:
        """Return everything that a checkpoint holds as tensors, by name; changing them in place changes the state."""
        fixed = self.network.state_dict()
        tensors = {f"weights.{name}": tensor for name, tensor in fixed.items()}
        for name, parameter in self.network.named_parameters():
            for part, moment in self.optimiser.state[parameter].items():
                tensors[f"adam.{part}.{name}"] = moment
        tensors |= {f"best.{name}": weights for name, weights in self.best.items()}
        return tensors | {f"labels.{level}": labels for level, labels in self.labels.items()}

    def save(self, folder: Path, identity: Identity) -> None:
        """Write the checkpoint; a reader sees the old one or the new one, whole.

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
            "history": asdict(self.history),
        }
        write_tensors(folder / CHECKPOINT_FILE, self.tensors(), json.dumps(note))

    def restore(self, folder: Path, identity: Identity) -> None:
        """Take on the state of a checkpoint.

        Raises
        ------
        ModelError
            If there is none, it is damaged, or another run made it.
        """
        path = folder / CHECKPOINT_FILE
        note = read_note(path)
        try:
            table = json.loads(note)
            identity.check(table, path)
            history = History.from_dict(table["history"])
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            if isinstance(error, ModelError):
                raise
            raise ModelError(f"{path}: is damaged or is no checkpoint of himpc ({error})") from error
        mine = self.tensors()
        for name, tensor in read_tensors(path, shapes_of(mine)).items():
            mine[name].copy_(tensor)
        self.history = history

    def take_from_first(self, processes: Processes) -> None:
        """Take on the first process's state, in all the others."""
        for tensor in self.tensors().values():
            processes.broadcast(tensor)
        self.history = History.from_dict(json.loads(processes.broadcast_text(json.dumps(asdict(self.history)))))
