"""The data of a report: the files of a run, combined with recordings."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.api import embed, group_embedded, unify_layouts
from himpc.errors import DataError, HimpcError, LayoutWarning
from himpc.evaluation import pool_recordings
from himpc.gallery import FrameWeights
from himpc.model import Model
from himpc.recordings import Recording, number_whole_recordings
from himpc.reporting.comparison import Comparison
from himpc.reporting.run_files import RunFiles


@dataclass(frozen=True, eq=False)
class RunData:
    """The files of a run, and recordings to compare and to play."""

    files: RunFiles
    comparison: Comparison | None
    players: Mapping[int, Recording]
    """By the number of a compared recording, what is played."""
    problems: Sequence[str]
    facts: Sequence[tuple[str, str]]
    remarks: Sequence[str] = ()
    """What to know about the groups."""

    def frame_weights(self, chosen: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        """Compute the weights of the frames of recordings, with people, or else groups, as prototypes.

        Raises
        ------
        HimpcError
            If the recordings do not fit the model.
        """
        model, comparison = self.files.model, self.comparison
        if model is None or comparison is None or comparison.vectors.shape[1] != model.size:
            return {}
        known = comparison.persons if comparison.has_persons else [g or None for g in comparison.groups.tolist()]
        names = sorted({each for each in known if each is not None}, key=str)
        if not names:
            return {}
        centres = np.stack([comparison.vectors[[each == name for each in known]].mean(axis=0) for name in names])
        weigh, weights = FrameWeights(model, centres), {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LayoutWarning)
            converted = unify_layouts([self.players[i] for i in chosen], model) if chosen else []
        for i, recording in zip(chosen, converted, strict=True):
            if recording.dimensions == 3 and np.isfinite(recording.joints).all():
                found = weigh(recording.joints, None if known[i] is None else names.index(known[i]))
                if found.any():
                    weights[i] = found
        return weights


def collect(files: RunFiles, recordings: Sequence[Recording]) -> RunData:
    """Combine the files of a run with recordings.

    Raises
    ------
    DataError, LayoutError, ModelError
        If the recordings do not fit the model of the run.
    """
    problems, remarks = list(files.problems), list(files.remarks)
    if files.kind == "grouping":
        comparison, players = _of_grouping(files, recordings, problems)
    elif files.model is not None and recordings:
        comparison, players = _of_model(files.model, recordings, problems, remarks)
    else:
        comparison, players = None, {}
        if recordings:
            problems.append("Rank lists: the run has no model to compare the recordings by")
    facts = [("recordings of this report", str(len(recordings)))] if recordings else []
    return RunData(files, comparison, players, problems, facts, remarks)


def _of_model(
    model: Model, recordings: Sequence[Recording], problems: list[str], remarks: list[str]
) -> tuple[Comparison | None, dict[int, Recording]]:
    embedded = embed(model, recordings)
    whole = number_whole_recordings(recordings)
    pooled = pool_recordings(
        embedded.vectors, whole[embedded.windows.recording], int(whole.max()) + 1, model.pose_scale
    )
    order = np.lexsort((-np.array([len(each) for each in recordings]), whole))
    first = order[np.unique(whole[order], return_index=True)[1]]  # the longest part of each
    present = np.flatnonzero(np.isfinite(pooled).all(axis=1))
    groups, confidence = np.zeros(len(first), np.int64), np.full(len(first), np.nan)
    try:
        grouping = group_embedded(recordings, embedded, model)
        groups, confidence = grouping.groups[first], grouping.confidence[first]
        remarks += grouping.remarks
    except HimpcError as error:
        problems.append(f"Groups: {error}")
    if short := len(first) - len(present):
        problems.append(f"{short} of {len(first)} recordings: shorter than a window of {model.window_length} frames")
    chosen = [recordings[first[i]] for i in present]
    comparison = Comparison(
        vectors=pooled[present],
        sources=[each.whole_source or f"recording {i}" for i, each in enumerate(chosen, start=1)],
        persons=[each.person for each in chosen],
        groups=groups[present],
        confidence=confidence[present],
    )
    return comparison if len(present) else None, dict(enumerate(chosen))


def _of_grouping(
    files: RunFiles, recordings: Sequence[Recording], problems: list[str]
) -> tuple[Comparison | None, dict[int, Recording]]:
    by_source = {each.source: each for each in recordings}
    if recordings and not by_source.keys() & {row.source for row in files.groups}:
        raise DataError(
            f"{files.path}: lists none of the {len(recordings)} recordings, expected those that were "
            "grouped, by the same paths"
        )
    if files.vectors is None:
        problems.append("Rank lists, distances and map: the folder holds no vectors; group the recordings again")
        vectors = np.zeros((len(files.groups), 0), np.float32)
        present = np.arange(len(vectors))
    else:
        vectors = files.vectors
        present = np.flatnonzero(np.isfinite(vectors).all(axis=1))
    rows = [files.groups[i] for i in present.tolist()]
    persons = [row.person or (by_source[row.source].person if row.source in by_source else None) for row in rows]
    comparison = Comparison(
        vectors=vectors[present],
        sources=[row.source for row in rows],
        persons=persons,
        groups=np.array([row.group for row in rows], np.int64),
        confidence=np.array([row.confidence for row in rows], np.float64),
    )
    players = {i: by_source[row.source] for i, row in enumerate(rows) if row.source in by_source}
    return comparison if len(present) else None, players
