"""The folder of a run: settings, history, checkpoint and model, each written atomically."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch

from himpc._files import make_folder, remove_file, write_atomically
from himpc._schema import to_plain
from himpc._version import __version__
from himpc.errors import RunFolderError
from himpc.learning.state import CHECKPOINT_FILE, Identity, State
from himpc.model import CARD_FILE, WEIGHTS_FILE

CONFIG_FILE = "config.json"
HISTORY_FILE = "history.jsonl"


@dataclass(frozen=True)
class RunFolder:
    """The folder of a run; create it with `open`."""

    path: Path
    identity: Identity

    @classmethod
    def open(cls, path: Path, identity: Identity, *, resume: bool, overwrite: bool) -> RunFolder:
        """Create the folder if necessary, and write the settings to it.

        Raises
        ------
        RunFolderError
            If it cannot be written, contains a run and neither `resume` nor `overwrite` is set, or has none to resume.
        """
        has_run = any((path / name).exists() for name in (CHECKPOINT_FILE, CARD_FILE))
        if has_run and not (resume or overwrite):
            raise RunFolderError(
                f"{path}: already contains a run",
                hint="choose another folder, or pass {resume=True} or {overwrite=True}",
            )
        if resume and not has_run:
            raise RunFolderError(f"{path}: contains no run to resume", hint="leave {resume} out to start one")
        folder = cls(make_folder(path), identity)
        if not resume:
            for name in (CARD_FILE, WEIGHTS_FILE, CHECKPOINT_FILE, HISTORY_FILE):
                remove_file(path / name)
            write_atomically(path / CONFIG_FILE, folder._settings())
        return folder

    def save(self, state: State) -> None:
        """Write history and checkpoint.

        Raises
        ------
        RunFolderError
            If the folder cannot be written.
        """
        write_atomically(self.path / HISTORY_FILE, state.history.to_lines())
        state.save(self.path, self.identity)

    def _settings(self) -> str:
        table = {
            "himpc": __version__,
            "torch": torch.__version__,
            "config": to_plain(self.identity.config),
            "data": {"fingerprint": self.identity.data, "windows": self.identity.windows},
        }
        return json.dumps(table, indent=2) + "\n"
