"""Capture systems in a gallery: their offsets, and the recordings that can be compared (docs/method.md, section 14)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from himpc.model import Model

MIN_COMMON_PEOPLE = 2
"""Number of people whom two systems recorded from which the offset between them is known: that of one person may be
what a system adds to this body only."""

MAX_COMMON_PEOPLE, MAX_POSES = 50, 4
"""Maximum number of people of several systems whose skeletons are compared, and of their recordings by each."""

MAX_PEOPLE = 500
"""Maximum number of people, those of most systems first, from whom the offsets of enrolled systems are estimated."""

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class EnrolledSystems:
    """The systems that made the recordings of a gallery.

    Attributes
    ----------
    people : mapping of str or None to int
        The number of people whom each system recorded; a system is None if it is not known.
    offsets : mapping of str to float64 array ``(D,)``
        What is subtracted from embeddings of each known system; empty if there is one system, or no scoring.
    linked : mapping of str to frozenset of str
        The systems that have enough people in common with each, directly or by others; itself included.
    slack : mapping of (str, str) to float
        The squared distance that two systems add between recordings of one person on average, beside their offsets.
    displacements : mapping of str to float64 array ``(J, 3)``
        How each system displaces joints, in the body frame, compared with the first; where skeletons tell.
    """

    people: Mapping[str | None, int]
    offsets: Mapping[str, Array]
    linked: Mapping[str, frozenset[str]]
    slack: Mapping[tuple[str, str], float] = field(default_factory=dict)
    displacements: Mapping[str, Array] = field(default_factory=dict)

    def offset(self, system: str | None) -> Array | float:
        """Return what is subtracted from embeddings of a system: that of the most people if it is not known."""
        if not self.offsets:
            return 0.0
        most = max(self.offsets, key=lambda name: self.people[name])
        return self.offsets.get(most if system is None else system, self.offsets[most])

    def correct(self, vectors: NDArray[np.floating], systems: Sequence[str | None]) -> NDArray[np.float32]:
        """Subtract the offset of the system of each row of vectors ``(R, D)``."""
        if not self.offsets:
            return vectors.astype(np.float32, copy=False)
        offsets = {each: self.offset(each) for each in set(systems)}
        corrected: NDArray[np.float32] = np.empty(vectors.shape, dtype=np.float32)
        for row, each in enumerate(systems):
            corrected[row] = vectors[row] - offsets[each]
        return corrected


def learn_offsets(
    model: Model,
    people: Mapping[str | None, int],
    vectors: NDArray[np.floating],
    person: NDArray[np.int64],
    systems: Sequence[str | None],
) -> EnrolledSystems:
    """Estimate the offsets of the systems of enrolled recordings, whose people are known.

    Parameters
    ----------
    model : Model
        With a scoring.
    people : mapping of str or None to int
        As in `EnrolledSystems`.
    vectors : array ``(R, D)``
        The embeddings of recordings.
    person : int64 array ``(R,)``
        The id of the person of each.
    systems : sequence of str or None
        The system of each.
    """
    from himpc.learning import centre_embeddings, estimate_offsets

    assert model.scoring is not None
    if len({each for each in systems if each is not None}) < 2:
        return EnrolledSystems(people, {}, {})
    rows = np.array([each is not None for each in systems], dtype=np.bool_)
    names, system = np.unique([each for each in systems if each is not None], return_inverse=True)
    _, person = np.unique(person[rows], return_inverse=True)
    seen = np.zeros((person.max() + 1, len(names)), dtype=np.bool_)
    seen[person, system] = True
    by_systems = np.argsort(-seen.sum(axis=1), kind="stable")
    chosen = [by_systems[seen[by_systems, number]][:MAX_PEOPLE] for number in range(len(names))]
    used = np.isin(person, np.concatenate(chosen))
    centred, effects = centre_embeddings(model, vectors[rows].astype(np.float64), system, tuple(names.tolist()))
    found = estimate_offsets(
        centred[used],
        np.unique(person[used], return_inverse=True)[1],
        np.ones(int(used.sum())),
        model.scoring,
        replace(effects, system=system[used]),
        is_person=True,
    )
    reach = seen.T.astype(np.int64) @ seen >= MIN_COMMON_PEOPLE
    np.fill_diagonal(reach, val=True)
    for _ in names:  # systems that share people with one another by others
        reach = reach @ reach
    listed = [str(name) for name in names]
    return EnrolledSystems(
        people,
        dict(zip(listed, found.offsets, strict=True)),
        {name: frozenset(np.array(listed)[reach[i]].tolist()) for i, name in enumerate(listed)},
        {(one, other): float(found.slack[i, j]) for i, one in enumerate(listed) for j, other in enumerate(listed)},
    )


def choose_common(
    ids: NDArray[np.int64], person: NDArray[np.int64], systems: Sequence[str | None]
) -> dict[tuple[int, str], list[int]]:
    """Choose recordings of people whom several systems recorded: the ids of each person and system."""
    chosen: dict[int, dict[str, list[int]]] = {}
    for id, number, system in zip(ids.tolist(), person.tolist(), systems, strict=True):
        if system is not None:
            chosen.setdefault(number, {}).setdefault(system, []).append(id)
    common = [number for number, by_system in chosen.items() if len(by_system) > 1][:MAX_COMMON_PEOPLE]
    return {(number, system): of[:MAX_POSES] for number in common for system, of in chosen[number].items()}


def measure_displacements(poses: Mapping[tuple[int, str], Array]) -> dict[str, Array]:
    """Compute how systems displace joints, from the mean poses ``(J, 3)`` of people by each system.

    That of the system with most people is 0. Systems that have too few people in common with it, directly or by others,
    are left out. Unlike offsets of embeddings, displacements are the same for every body.
    """
    count = Counter(system for _, system in poses)
    if not count:
        return {}
    known = {(first := count.most_common(1)[0][0]): np.zeros_like(next(iter(poses.values())))}
    pending = [system for system, _ in count.most_common() if system != first]
    while True:
        for system in pending:
            differences = []
            for number in (number for number, other in poses if other == system):
                others = [poses[number, each] - known[each] for each in known if (number, each) in poses]
                if others:
                    differences.append(poses[number, system] - np.mean(others, axis=0))
            if len(differences) >= MIN_COMMON_PEOPLE:
                known[system] = np.mean(differences, axis=0)
                break
        else:
            return known
        pending.remove(system)
