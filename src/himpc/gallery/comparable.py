"""Probes of other systems than the enrolled recordings: their offsets are removed, or they cannot be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from himpc.errors import count_noun
from himpc.gallery.recordings import EmbeddedRecording, embed_moved, pairs_apart
from himpc.gallery.systems import MIN_COMMON_PEOPLE, EnrolledSystems

if TYPE_CHECKING:
    from himpc.learning import SystemEffects
    from himpc.model import Model

MAX_CANDIDATES, CANDIDATES_PER_PROBE = 80, 5
"""Maximum number of enrolled people, and of those nearest to each probe, who may be the people of an unknown system."""

NearestPeople = Callable[[EmbeddedRecording, int], Sequence[int]]
"""Return up to a number of people nearest to a recording, by id."""

VectorsOf = Callable[[Sequence[int]], tuple[NDArray[np.floating], NDArray[np.int64]]]
"""Return the embeddings of the recordings of some people, without offsets, and the person of each, by id."""


@dataclass(frozen=True, eq=False)
class ComparableRecording:
    """A probe without the offset of its system.

    Attributes
    ----------
    recording : EmbeddedRecording
    systems : frozenset of str or None
        The systems with whose recordings it can be compared; None if with all.
    note : str
        How, or why not; may be empty.
    slack : mapping of str to float
        For each enrolled system, as in `EnrolledSystems`.
    by_system : mapping of str to EmbeddedRecording
        The probe as enrolled systems record it, where this is known better than by offsets.
    """

    recording: EmbeddedRecording
    systems: frozenset[str] | None = None
    note: str = ""
    slack: Mapping[str, float] = field(default_factory=dict)
    by_system: Mapping[str, EmbeddedRecording] = field(default_factory=dict)


def make_comparable(
    model: Model,
    enrolled: EnrolledSystems,
    probes: Sequence[EmbeddedRecording],
    nearest_people: NearestPeople,
    vectors_of: VectorsOf,
) -> list[ComparableRecording]:
    """Remove the offsets of the systems that made probes.

    That of an enrolled system is known. That of another one is estimated from the probes, if several of them show
    enrolled people who differ from it alike; a single one, if it differs from an enrolled person by nothing.

    Parameters
    ----------
    model : Model
    enrolled : EnrolledSystems
    probes : sequence of EmbeddedRecording
    nearest_people, vectors_of : callable
        Look up what is enrolled.
    """
    results = [ComparableRecording(each) for each in probes]
    if model.scoring is None or not any(enrolled.people):
        return results
    unseen: dict[str, list[int]] = {}
    for row, probe in enumerate(probes):
        if probe.system is None or not len(probe.windows):
            continue
        if probe.system not in enrolled.people:
            unseen.setdefault(probe.system, []).append(row)
        elif enrolled.offsets:
            results[row] = _convert(model, enrolled, probe, probe.system)
    for system, rows in unseen.items():
        placed = _place(model, enrolled, system, [probes[row] for row in rows], nearest_people, vectors_of)
        for row, each in zip(rows, placed, strict=True):
            results[row] = each
    return results


def _convert(model: Model, enrolled: EnrolledSystems, probe: EmbeddedRecording, system: str) -> ComparableRecording:
    """Convert a probe of an enrolled system to the systems that are linked with it."""
    from himpc.learning import add_in_body_frame

    linked = enrolled.linked.get(system, frozenset({system}))
    slack = {other: enrolled.slack.get((system, other), 0.0) for other in linked}
    by_system = {system: probe}
    known = enrolled.displacements
    if system in known and probe.joints is not None:
        for other in linked & known.keys() - {system}:
            joints = add_in_body_frame(probe.joints, known[other] - known[system], model.layout)
            by_system[other] = embed_moved(model, probe, joints)
    shifted = _subtract(probe, enrolled.offset(system))
    return ComparableRecording(shifted, linked, _describe_unlinked(system, enrolled, linked), slack, by_system)


def _place(
    model: Model,
    enrolled: EnrolledSystems,
    system: str,
    probes: Sequence[EmbeddedRecording],
    nearest_people: NearestPeople,
    vectors_of: VectorsOf,
) -> list[ComparableRecording]:
    """Estimate the offset of a system that is not enrolled, and subtract it.

    A large offset is estimated more exactly after the probes were given the mean body of the model's recordings; but of
    a single probe, this leaves nothing to tell people apart.
    """
    from himpc.learning import centre_on_model, system_effects

    moved, bodies = centre_on_model(model, [probe.joints for probe in probes if probe.joints is not None])
    centred = [embed_moved(model, each, joints) for each, joints in zip(probes, moved, strict=True)]
    near = Counter(person for each in (*probes, *centred) for person in nearest_people(each, CANDIDATES_PER_PROBE))
    vectors, person = vectors_of([number for number, _ in near.most_common(MAX_CANDIDATES)])
    source = np.repeat([0, 1], [len(vectors), len(probes)])
    effects = system_effects(model, model.layout, bodies, source, ("enrolled", system))
    as_they_are = replace(effects, shift=np.zeros_like(effects.shift))
    found = max(
        (_link(model, probes, vectors, person, as_they_are), _link(model, centred, vectors, person, effects)),
        key=lambda link: link.n_common,
    )
    names = " and ".join(sorted(name for name in enrolled.people if name is not None))
    if not found.n_common:
        note = (
            f"no recording of {system} is enrolled, and the recordings searched do not tell how it differs from "
            f"{names}: the nearest person is a guess; enroll {MIN_COMMON_PEOPLE} people or more by both, or search "
            f"recordings of several people by {system} at once"
        )
        return [ComparableRecording(each, frozenset(), note) for each in found.probes]
    note = (
        f"no recording of {system} is enrolled: how it differs from {names} for every body was estimated from "
        f"{count_noun(found.n_common, 'enrolled person', 'enrolled people')} found in these recordings, and removed"
    )
    slack = {name: found.slack for name in enrolled.people if name is not None}
    return [ComparableRecording(each, None, note, slack) for each in found.probes]


@dataclass(frozen=True, eq=False)
class _Link:
    """Probes without the offset that was found, the number of enrolled people found in them, and the slack."""

    probes: list[EmbeddedRecording]
    n_common: int
    slack: float


def _link(
    model: Model,
    probes: Sequence[EmbeddedRecording],
    vectors: NDArray[np.floating],
    person: NDArray[np.int64],
    effects: SystemEffects,
) -> _Link:
    """Estimate the offset between probes and the recordings of enrolled people, whose vectors are ``(R, D)``."""
    from himpc.learning import cluster_each_system, estimate_offsets

    scoring = model.scoring
    assert scoring is not None
    own = np.stack([each.pooled for each in probes]).astype(np.float64)
    pairs = pairs_apart(probes)
    of_probe = cluster_each_system(own, np.ones(len(own)), scoring, np.zeros(len(own), dtype=np.int64), pairs)
    of_enrolled = np.unique(person, return_inverse=True)[1]
    n_people = int(of_enrolled.max()) + 1
    found = estimate_offsets(
        np.concatenate([vectors.astype(np.float64), own]),
        np.concatenate([of_enrolled, n_people + of_probe]),
        np.ones(len(vectors) + len(own)),
        scoring,
        effects,
        pairs + len(vectors),
    )
    is_enrolled = found.clusters < n_people
    n_common = len(np.intersect1d(found.people[is_enrolled], found.people[~is_enrolled]))
    offset = (found.offsets[1] - effects.shift[1]) - (found.offsets[0] - effects.shift[0])
    return _Link([_subtract(each, offset) for each in probes], n_common, float(found.slack[0, 1]))


def _subtract(recording: EmbeddedRecording, offset: NDArray[np.float64] | float) -> EmbeddedRecording:
    return replace(
        recording,
        pooled=(recording.pooled - offset).astype(np.float32),
        windows=(recording.windows - offset).astype(np.float32),
    )


def _describe_unlinked(system: str, enrolled: EnrolledSystems, linked: frozenset[str]) -> str:
    """Return a note on the systems whose recordings cannot be compared with one of another system."""
    others = sorted(name for name in enrolled.offsets if name not in linked)
    if not others:
        return ""
    return (
        f"compared with people enrolled by {' or '.join(sorted(linked))} only: fewer than {MIN_COMMON_PEOPLE} people "
        f"are enrolled by both {system} and {' or '.join(others)}, so how these differ is not known"
    )
