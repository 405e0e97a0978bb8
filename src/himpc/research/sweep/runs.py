"""One run of a sweep, in a process of its own: train, measure, write the row."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import threading
import time
from dataclasses import dataclass, replace
from multiprocessing import connection, parent_process
from pathlib import Path
from typing import Any

import numpy as np
import torch

from himpc._schema import to_plain
from himpc._version import __version__
from himpc.api import group
from himpc.errors import HimpcError, Reference, escape_unprintable
from himpc.evaluation import grouping_agreement
from himpc.learning import CHECKPOINT_FILE, Config, IgnoreWarnings, train
from himpc.recordings import Windows
from himpc.research.sweep.data import SweepData
from himpc.research.sweep.results import MEASURES, Row


@dataclass(frozen=True)
class Run:
    """The settings of one training and the place of its row."""

    config: Config
    key: str
    """A hash of the settings, the data's fingerprint and himpc's version."""
    folder: Path
    """The folder of the rows; during the run its checkpoint is in ``folder / key``."""
    device: str

    @classmethod
    def of(cls, config: Config, data: str, folder: Path, device: str) -> Run:
        """Return the run of some settings on data with a fingerprint."""
        about = json.dumps([__version__, to_plain(config), data], sort_keys=True)
        return cls(config, hashlib.sha256(about.encode()).hexdigest()[:16], folder, device)

    def row(self, **values: Any) -> Row:
        """Return a row of this run."""
        return Row(self.key, to_plain(self.config), **values)


def perform(run: Run, data: SweepData) -> Row:
    """Train and measure; an existing checkpoint is continued, with results equal to the bit.

    Raises
    ------
    HimpcError
        If the settings do not fit the data, or nothing can be learned.
    """
    began = time.perf_counter()
    windows = Windows.cut(data.train, run.config.window_length, run.config.training_stride)
    out = run.folder / run.key
    resume = (out / CHECKPOINT_FILE).exists()
    trained = train(windows, run.config, out=out, device=run.device, resume=resume, callbacks=(IgnoreWarnings(),))
    evaluation = data.measure(trained.model)
    grouping = group(data.test, trained.model)
    persons = [recording.person for recording in data.test]
    agreement = grouping_agreement(np.where(grouping.groups > 0, grouping.groups, -1), persons)
    levels = evaluation.window, evaluation.recording
    values = [
        *(level.ranking.metrics[name] for level in levels for name in ("rank_1", "mAP")),
        *(agreement.ari, agreement.ami, agreement.purity),
    ]
    return run.row(
        measures=dict(zip(MEASURES, map(float, values), strict=True)),
        groups=grouping.people,
        people=agreement.n_persons,
        epochs=len(trained.history),
        stopped=trained.history.stopped,
        seconds=time.perf_counter() - began,
    )


def perform_in_process(run: Run, data: SweepData, threads: int) -> None:
    """Perform a run in a child process and write its row, or the reason of its failure.

    The child ignores Ctrl-C, which the parent handles, and ends with its parent; the checkpoint stays.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(threads)
    try:
        row = perform(run, data)
    except HimpcError as error:
        row = run.row(failed=escape_unprintable(error.render(Reference.as_entry)))
    except MemoryError:
        row = run.row(failed="does not fit into memory: run fewer at once, or choose smaller settings")
    except Exception as error:  # an unexpected failure must not stop the other runs
        row = run.row(failed=escape_unprintable(f"{type(error).__name__}: {error}"))
    replace(row, threads=threads).save(run.folder)
    shutil.rmtree(run.folder / run.key, ignore_errors=True)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
