"""`anonymize`: recordings transformed, without names, paths and dates, and a list of what was removed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np

from himpc._files import replace_atomically, write_csv
from himpc.anonymization.methods import Chain
from himpc.errors import ConfigError, DataError, HimpcError, RunFolderError, count_noun
from himpc.recordings import Origin, Problem, Progress, Quality, Recording, number_whole_recordings, save
from himpc.skeleton import Layout, get_layout, layout_names

__all__ = ["Anonymized", "KeyEntry", "LabelTreatment", "anonymize"]

LabelTreatment = Literal["pseudonyms", "remove"]

_LABELS = ("person", "session", "camera")


@dataclass(frozen=True)
class KeyEntry:
    """The original names of an anonymised recording. Store the key apart from the recordings."""

    recording: str
    """The pseudonymous name."""
    source: str
    person: str | None
    session: str | None
    camera: str | None
    """`source`, `person`, `session`, `camera`: those of the original."""


@dataclass(frozen=True, eq=False)
class Anonymized:
    """The result of `anonymize`.

    Attributes
    ----------
    recordings : tuple of Recording
        In random order, with pseudonymous names.
    method : Chain
        What was done to the joints.
    removed : mapping of str to int
        What was removed or replaced, and of how many recordings.
    kept : tuple of str
        What was kept, and may still say something about people.
    key : tuple of KeyEntry
        The original of each recording, in the order of `recordings`. It undoes the pseudonyms: never share it.
    problems : tuple of Problem
        Recordings that were left out, and why.
    """

    recordings: tuple[Recording, ...]
    method: Chain
    removed: Mapping[str, int]
    kept: tuple[str, ...]
    key: tuple[KeyEntry, ...]
    problems: tuple[Problem, ...]

    def save(self, path: str | Path, key: str | Path | None = None) -> None:
        """Write the recordings as an ``.npz`` file, and the key apart from it: both files, or none.

        Parameters
        ----------
        path : path
            The file of recordings.
        key : path, optional
            A CSV file that only its owner may read: recording, source, person, session, camera. Without it, the
            pseudonyms cannot be undone.

        Raises
        ------
        RunFolderError
            If a file cannot be written, or both are one.
        """
        if key is None:
            return save(self.recordings, path)
        if Path(key).resolve() == Path(path).resolve():
            hint = "name another file: {key}"
            raise RunFolderError(f"{key}: is the output as well, expected a file apart from it", hint=hint)
        rows = [{name: value or "" for name, value in vars(entry).items()} for entry in self.key]
        with replace_atomically(key, private=True) as beside:
            write_csv(beside, ("recording", "source", *_LABELS), rows, private=True)
            save(self.recordings, path)
        return None


def anonymize(
    recordings: Sequence[Recording],
    method: str | Chain = "none",
    *,
    person_labels: LabelTreatment = "pseudonyms",
    seed: int | None = None,
    progress: Progress | None = None,
) -> Anonymized:
    """Transform recordings and remove their metadata. What is left may still identify people: see `himpc.risk`.

    The recordings given are not changed. Names of recordings are replaced by numbers in random order; origins (paths),
    notes and counts of reading, and the titles of layouts that are not himpc's own are removed.

    Parameters
    ----------
    recordings : sequence of Recording
        Of any layouts.
    method : str or Chain
        Methods with their strengths, joined by ``+``: ``"standard-body:1+noise:20"``
        (`himpc.anonymization.METHODS`). ``"none"`` removes metadata only.
    person_labels : {"pseudonyms", "remove"}
        Replace persons, sessions and cameras by numbers in random order, or remove them. With pseudonyms, the
        recordings of one person stay together.
    seed : int, optional
        Seed of noise, bodies and pseudonyms. By default it is drawn and discarded. A person who knows the seed can
        subtract the noise: keep it secret, or leave it out.
    progress : callable, optional
        Wraps the loop over recordings.

    Raises
    ------
    ConfigError
        If the method is unknown, or a number out of range.
    DataError
        If there is no recording.
    HimpcError
        The first problem, if no recording can be transformed.

    Examples
    --------
    >>> import himpc
    >>> walks = himpc.simulate(people=2, recordings=2, seconds=1.0, difficulty="easy")
    >>> shared = himpc.anonymize(walks, "standard-body+noise:10", seed=1)
    >>> shared.recordings[0].source, shared.recordings[0].person, dict(shared.removed)["source"]
    ('recording-1', 'person-1', 4)
    """
    if person_labels not in get_args(LabelTreatment):
        raise ConfigError(
            f"person_labels must be one of {', '.join(get_args(LabelTreatment))}, found {person_labels!r}"
        )
    if seed is not None and not (isinstance(seed, int) and seed >= 0):
        raise ConfigError(f"seed must be a whole number, 0 or more, found {seed!r}")
    if not recordings:
        raise DataError("there are no recordings to anonymise")
    chain = Chain.parse(method)
    rng = np.random.default_rng(secrets.randbits(128) if seed is None else seed)
    transformed, sources, problems = _transform(recordings, chain, rng, progress)
    published, key = _rename(transformed, sources, person_labels, rng)
    return Anonymized(
        tuple(published),
        chain,
        MappingProxyType(_count_removed(sources)),
        _describe_kept(published),
        key,
        tuple(problems),
    )


def _transform(
    recordings: Sequence[Recording], chain: Chain, rng: np.random.Generator, progress: Progress | None
) -> tuple[list[Recording], list[Recording], list[Problem]]:
    """Return the transformed recordings, their originals, and why others were left out; raise if none is left."""
    transformed, originals = [], []
    problems: list[Problem] = []
    first_error: HimpcError | None = None
    streams = rng.spawn(len(recordings))
    items = progress(recordings, len(recordings), "anonymising recordings") if progress else recordings
    for number, (recording, stream) in enumerate(zip(items, streams, strict=True), start=1):
        try:
            transformed.append(chain.apply(recording, stream))
            originals.append(recording)
        except ConfigError:
            raise
        except HimpcError as error:
            problems.append(Problem.of(error, Path(recording.source or f"recording {number}"), recording.source))
            first_error = first_error or error
    if first_error is not None and not transformed:
        raise first_error
    return transformed, originals, problems


def _rename(
    transformed: list[Recording], originals: list[Recording], person_labels: LabelTreatment, rng: np.random.Generator
) -> tuple[list[Recording], tuple[KeyEntry, ...]]:
    """Give recordings pseudonymous names, in random order, and return their key."""
    pseudonyms = {name: _draw_pseudonyms([getattr(r, name) for r in originals], name, rng) for name in _LABELS}
    wholes = number_whole_recordings(originals)
    width = len(str(int(wholes.max()) + 1))
    names = [f"recording-{n + 1:0{width}d}" for n in rng.permutation(int(wholes.max()) + 1)]
    layouts = _anonymize_layouts(transformed)
    renamed = []
    for recording, original, whole in zip(transformed, originals, wholes, strict=True):
        part = original.origin.part if original.origin else None
        given = {
            name: pseudonyms[name].get(getattr(original, name)) if person_labels == "pseudonyms" else None
            for name in _LABELS
        }
        origin = Origin(None, names[whole], part, names[whole] if part else "")
        renamed.append(
            Recording(  # instead of `with_`, so that a field added to recordings is never passed on by accident
                recording.joints,
                layouts[recording.layout],
                fps=recording.fps,
                person=given["person"],
                session=given["session"],
                camera=given["camera"],
                source=origin.text(names[whole]),
                confidence=recording.confidence,
                dimensions=recording.dimensions,
                quality=Quality(frames_read=len(recording), cleaned=recording.quality.cleaned),
                origin=origin,
            )
        )
    parts = [(each.origin and each.origin.part) or 0 for each in originals]
    order = sorted(range(len(renamed)), key=lambda i: (names[wholes[i]], parts[i]))
    key = [
        KeyEntry(renamed[i].source, originals[i].source, *(getattr(originals[i], n) for n in _LABELS)) for i in order
    ]
    return [renamed[i] for i in order], tuple(key)


def _draw_pseudonyms(values: Sequence[str | None], kind: str, rng: np.random.Generator) -> dict[str | None, str]:
    """Return a pseudonym for each value, numbered in random order."""
    known = sorted({value for value in values if value is not None})
    width = len(str(len(known)))
    numbers = rng.permutation(len(known))
    return {value: f"{kind}-{number + 1:0{width}d}" for value, number in zip(known, numbers.tolist(), strict=True)}


@cache
def _himpc_layouts() -> frozenset[Layout]:
    return frozenset(map(get_layout, layout_names()))


def _anonymize_layouts(recordings: Sequence[Recording]) -> dict[Layout, Layout]:
    """Return each layout as it is published: one that is not himpc's loses its name, title and source."""
    own: dict[Layout, Layout] = {}
    for layout in dict.fromkeys(recording.layout for recording in recordings):
        name = f"layout-{len(layout)}"
        own[layout] = (
            layout if layout in _himpc_layouts() else replace(layout, name=name, title=name, source="", file_names=())
        )
    return own


def _count_removed(originals: Sequence[Recording]) -> dict[str, int]:
    """Count the recordings that had each kind of metadata."""
    found = {name: sum(getattr(r, name) is not None for r in originals) for name in _LABELS}
    found["source"] = sum(bool(r.source) for r in originals)
    found["path"] = sum(r.origin is not None and r.origin.path is not None for r in originals)
    found["time on a common clock"] = sum(r.clock is not None for r in originals)
    found["notes of reading"] = sum(bool(r.quality.notes) for r in originals)
    found["counts of reading"] = sum(r.quality.dropped + r.quality.filled > 0 for r in originals)
    found["name and title of the layout"] = sum(r.layout not in _himpc_layouts() for r in originals)
    return {name: count for name, count in found.items() if count}


def _describe_kept(published: Sequence[Recording]) -> tuple[str, ...]:
    """List what the published recordings still hold besides the joints."""
    kept = ["frame rate and number of frames", "position and heading in the axes of the recording"]
    if any(r.confidence is not None for r in published):
        kept.append("confidence of each joint")
    if any(r.person is not None for r in published):
        kept.append("which recordings show one person (pseudonyms)")
    own = {r.layout for r in published} - _himpc_layouts()
    names = {joint for layout in own for joint in layout.joints if not get_layout("mediapipe-33").has(joint)}
    if names:
        kept.append(
            f"{count_noun(len(names), 'name')} of joints, such as {min(names)!r}: check that none names a person"
        )
    return tuple(kept)
