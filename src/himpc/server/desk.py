"""What is asked of the gallery, as plain data: the work behind the routes, done in threads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc._version import __version__
from himpc.api import group
from himpc.errors import ConfigError, DataError, NotEnrolledError
from himpc.gallery import Gallery
from himpc.gallery.cache import RevisionCache
from himpc.gallery.frame_weights import FrameWeights
from himpc.gallery.recordings import embed_recordings
from himpc.learning import group_recordings
from himpc.recordings import Recording, number_whole_recordings
from himpc.recordings.progress import Progress
from himpc.server.plain import drawn_map, grouped, known, plain_answer, plain_skeleton
from himpc.server.problems import Unusable
from himpc.server.uploads import Sent

__all__ = ["Desk"]

_PROTOTYPES = 256
"""People among whom hard frames are looked for; of more, the first by name."""

_RECORDINGS = 8
"""Recordings of each of them."""

_DRAWN = 5_000
"""Recordings in the map."""


class Desk:
    """A gallery, and what was worked out from it and holds until it changes.

    After a change answers go on by the calibration and the prototypes from before, until new ones are there: a few
    seconds in a gallery of 100,000 recordings.
    """

    def __init__(self, gallery: Gallery) -> None:
        self.gallery = gallery
        gallery.calibrated.lag = True
        gallery.cache_vectors()
        self._weights = RevisionCache(self._make_weights, lag=True)
        self._map = RevisionCache(self._make_map)

    @property
    def name(self) -> str:
        """What the gallery is called: the last part of its place."""
        return self.gallery.where.rstrip("/").rpartition("/")[2]

    def warm(self) -> None:
        """Work out what searches need, before the first one waits for it."""
        changes = self.gallery.changes()
        self.gallery.calibrated.get(changes)
        self._weights.get(changes)

    def close(self) -> None:
        """Close the gallery, when nothing is being worked out any more."""
        for kept in (self._weights, self._map):
            kept.settle()
        self.gallery.close()

    def about(self) -> dict[str, Any]:
        """Return what the gallery is."""
        people, recordings, windows = self.gallery.counts()
        model = self.gallery.model
        layout = model.layout
        calibration, note = self.gallery.calibrated.get(self.gallery.changes())
        learned = None
        if calibration is not None:
            fmr = self.gallery.fmr(calibration)
            learned = {
                "source": calibration.source,
                "persons": calibration.persons,
                "threshold": calibration.threshold(fmr),
                "fmr": fmr,
            }
        return {
            "version": __version__,
            "name": self.name,
            "people": people,
            "recordings": recordings,
            "windows": windows,
            "model": {
                "fingerprint": model.fingerprint,
                "layout": layout.name,
                "joints": list(layout.joints),
                "parents": list(layout.parents),
                "left": [left for left, _ in layout.pairs],
                "right": [right for _, right in layout.pairs],
                "window_length": model.window_length,
                "size": model.size,
            },
            "calibration": learned,
            "note": note,
            "keeps_skeletons": self.gallery.keep_skeletons,
        }

    def people(self) -> dict[str, Any]:
        """Return who is enrolled."""
        return {"people": [each.to_dict() for each in self.gallery.people()]}

    def person(self, name: str) -> dict[str, Any]:
        """Return somebody who is enrolled, with recordings.

        Raises
        ------
        NotEnrolledError
            If nobody has that name.
        """
        recordings = self.gallery.recordings(name)
        found = next((each for each in self.gallery.people() if each.name == name), None)
        if found is None:
            raise NotEnrolledError(f"nobody in the gallery is called {name!r}")
        return found.to_dict() | {"recordings": [known(each) for each in recordings]}

    def recordings(self, offset: int, limit: int) -> dict[str, Any]:
        """Return what is enrolled, a part of it."""
        everything = self.gallery.recordings()
        return {"recordings": [known(each) for each in everything[offset : offset + limit]], "total": len(everything)}

    def skeleton(self, number: int) -> dict[str, Any]:
        """Return the joints of a recording, to draw.

        Raises
        ------
        NotEnrolledError
            If it is not there, or its joints are not kept.
        """
        recording, joints = self.gallery.recording(number), self.gallery.joints(number)
        drawn = plain_skeleton(joints, self._weights_of(joints, recording.person))
        about = {"source": recording.source, "person": recording.person, "fps": recording.fps}
        return {"id": str(number)} | about | drawn

    def map(self) -> dict[str, Any]:
        """Return where recordings lie by similarity."""
        return {"points": self._map.get(self.gallery.changes())}

    def audit(self, limit: int) -> dict[str, Any]:
        """Return the last events."""
        return {"events": [each.to_dict() for each in self.gallery.audit()[-limit:]]}

    def search(self, sent: Sent, *, skeletons: bool = False, **how: Any) -> dict[str, Any]:
        """Return whom recordings show.

        Raises
        ------
        Unusable
            If the gallery is empty, or cannot tell the rate that is asked for.
        """
        try:
            answers = self.gallery.search(sent.recordings, **how)
        except DataError as error:
            raise Unusable(str(error).removeprefix(f"{self.gallery.where}: ")) from error
        found = [plain_answer(answer) for answer in answers]
        if skeletons:
            for answer, (fps, joints) in zip(found, _wholes(sent.recordings, self.gallery), strict=True):
                answer["probe"] = {"source": answer["source"], "person": None, "fps": fps} | self._drawn(joints)
        return {"answers": found, "left_out": sent.left_out}

    def embed(self, sent: Sent) -> dict[str, Any]:
        """Return the embedding of each recording; one that is shorter than a window is left out."""
        found = embed_recordings(self.gallery.model, sent.recordings)
        short = f"shorter than a window of {self.gallery.model.window_length} frames"
        return {
            "recordings": [
                {"source": take.source, "vector": take.pooled.tolist(), "windows": len(take.windows)}
                for take in found
                if len(take.windows)
            ],
            "left_out": sent.left_out + [{"path": t.source, "why": short} for t in found if not len(t.windows)],
        }

    def enroll(self, sent: Sent, person: str | None, unnamed: bool, progress: Progress) -> dict[str, Any]:
        """Add recordings to the people they show: all, or none.

        Raises
        ------
        ConfigError
            If it is not said whom they show.
        Unusable
            If all are too short, or one is enrolled already as somebody else.
        """
        recordings = sent.recordings
        if person is not None:
            recordings = [each.with_(person=person) for each in recordings]
        if not unnamed and any(each.person is None for each in recordings):
            raise ConfigError("whom the recordings show is not known: send person=NAME, or unnamed=true for new people")
        try:
            done = self.gallery.enroll(recordings, unnamed=unnamed, progress=progress)
        except DataError as error:
            raise Unusable(str(error)) from error
        self.gallery.index()
        return done.to_dict() | {"left_out": sent.left_out}

    def group(self, sent: Sent | None, people: int | None) -> dict[str, Any]:
        """Return which recordings show the same person: those that were sent, or the gallery's own."""
        model = self.gallery.model
        if sent is not None:
            grouping = group(sent.recordings, model, people=people)
            rows: list[dict[str, Any]] = [{"id": None, "source": r.source, "person": None} for r in sent.recordings]
            return grouped(grouping, rows) | {"left_out": sent.left_out}
        recordings = self.gallery.recordings()
        entries = self.gallery.embeddings([each.id for each in recordings])
        by_id = {each.id: each for each in recordings}
        there = [by_id[number] for number in entries.ids.tolist()]
        grouping = group_recordings(entries.windows, entries.of, len(there), people, whiten=not model.whitened)
        rows = [{"id": str(each.id), "source": each.source, "person": each.person} for each in there]
        return grouped(grouping, rows) | {"left_out": []}

    def _drawn(self, joints: NDArray[np.float32]) -> dict[str, Any]:
        return plain_skeleton(joints, self._weights_of(joints, None))

    def _weights_of(self, joints: NDArray[np.float32], person: str | None) -> NDArray[np.float32]:
        weigh, places = self._weights.get(self.gallery.changes())
        if weigh is None or not np.isfinite(joints).all():
            return np.zeros(len(joints), dtype=np.float32)
        return weigh(joints, None if person is None else places.get(person))

    def _make_weights(self) -> tuple[FrameWeights | None, dict[str, int]]:
        """Return what weighs frames among the people of the gallery, and the place of each of them."""
        names = [each.name for each in self.gallery.people()[:_PROTOTYPES]]
        centres: list[NDArray[np.floating]] = []
        places: dict[str, int] = {}
        for name in names:
            try:
                ids = [each.id for each in self.gallery.recordings(name)[:_RECORDINGS]]
            except NotEnrolledError:  # gone since
                continue
            pooled = self.gallery.embeddings(ids).pooled
            if len(pooled):
                places[name] = len(centres)
                centres.append(pooled.mean(axis=0))
        return (FrameWeights(self.gallery.model, np.stack(centres)) if centres else None), places

    def _make_map(self) -> list[dict[str, Any]]:
        recordings = self.gallery.recordings()
        chosen = np.linspace(0, len(recordings) - 1, min(_DRAWN, len(recordings))).astype(int)
        by_id = {recordings[place].id: recordings[place] for place in chosen.tolist()}
        return drawn_map(by_id, self.gallery.embeddings(list(by_id)))


def _wholes(recordings: Sequence[Recording], gallery: Gallery) -> list[tuple[float | None, NDArray[np.float32]]]:
    """Return frame rate and joints of each take, in the order in which the gallery answers."""
    layout = gallery.model.layout
    parts: dict[int, list[Recording]] = {}
    for number, recording in zip(number_whole_recordings(recordings).tolist(), recordings, strict=True):
        parts.setdefault(number, []).append(recording.to(layout))
    return [(own[0].fps, np.concatenate([part.joints for part in own])) for own in parts.values()]
