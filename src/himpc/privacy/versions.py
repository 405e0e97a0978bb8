"""The recordings to attack: which of them can be used, and each method's version of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from himpc.anonymization import Chain
from himpc.errors import DataError, HimpcError, count_noun
from himpc.learning import Config
from himpc.recordings import Problem, Recording, number_whole_recordings

__all__ = ["check_people", "indices_in_all", "leave_out_unusable", "transform"]

MIN_PEOPLE = 2

MIN_SHARE = 0.5
"""Smallest share of the recordings that a method must allow to be assessed. All methods are compared on the recordings
that every assessed method allows."""


def check_people(recordings: Sequence[Recording]) -> None:
    """Raise DataError unless all recordings have a person, and one of two or more people has two recordings."""
    unknown = [recording for recording in recordings if recording.person is None]
    if unknown:
        raise DataError(
            f"{len(unknown)} of {count_noun(len(recordings), 'recording')} have no person (the first is "
            f"{unknown[0].source or 'nameless'}), expected all to have one: risk is measured against the true people",
            hint="read the person from file names with {name} or from a table with {labels}",
        )
    wholes = number_whole_recordings(recordings) if recordings else np.zeros(0, np.int64)
    pairs = {(recording.person, int(whole)) for recording, whole in zip(recordings, wholes, strict=True)}
    people = {person for person, _ in pairs}
    if len(people) < MIN_PEOPLE or len(pairs) == len(people):
        raise DataError(
            f"found {count_noun(len(people), 'person', 'people')} in {count_noun(len(pairs), 'recording')}, expected "
            "two people or more, one of them with two recordings: the attacker holds one, the other is published"
        )


def leave_out_unusable(recordings: Sequence[Recording]) -> tuple[list[Recording], list[Problem]]:
    """Leave out recordings that are shorter than a window, or lack joints."""
    length = Config.preset("tracklet").window_length
    usable, problems = [], []
    for recording in recordings:
        path = Path(recording.source or "recording")
        if not recording.complete:
            problems.append(Problem(path, "lacks joints in some frames, expected every joint in every frame"))
        elif len(recording) < length:
            problems.append(Problem(path, f"has {count_noun(len(recording), 'frame')}, expected {length} or more"))
        else:
            usable.append(recording)
    return usable, problems


def transform(
    recordings: Sequence[Recording], chains: Sequence[Chain], seed: int
) -> tuple[dict[str, dict[int, Recording]], list[str], list[tuple[int, Problem]]]:
    """Apply each method to each recording that allows it.

    Returns
    -------
    versions : dict of str to dict of int to Recording
        The transformed recordings of each method, by index.
    untested : list of str
        Methods that too few recordings allow, and why.
    refused : list of (int, Problem)
        The index of each recording that an assessed method does not allow, and why.
    """
    length = Config.preset("tracklet").window_length
    versions: dict[str, dict[int, Recording]] = {}
    untested: list[str] = []
    refused: list[tuple[int, Problem]] = []
    for chain in chains:
        streams = np.random.default_rng(seed).spawn(len(recordings))
        version, problems = {}, []
        for index, (recording, rng) in enumerate(zip(recordings, streams, strict=True)):
            path = Path(recording.source or "recording")
            try:
                changed = chain.apply(recording, rng)
            except HimpcError as error:
                problems.append((index, Problem.of(error, path, recording.source)))
                continue
            if len(changed) < length:
                problems.append((index, Problem(path, f"has fewer than {length} frames after {chain}")))
            else:
                version[index] = changed
        if len(version) < MIN_SHARE * len(recordings):
            reason = problems[0][1].message if problems else ""
            untested.append(f"{chain}: {len(problems)} of {len(recordings)} recordings do not allow it ({reason})")
        else:
            versions[str(chain)] = version
            refused += problems
    return versions, untested, refused


def indices_in_all(versions: dict[str, dict[int, Recording]], count: int) -> list[int]:
    """Return the indices, below `count`, of the recordings that every version has."""
    return [index for index in range(count) if all(index in version for version in versions.values())]
