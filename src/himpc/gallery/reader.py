"""Read what a gallery stores: people, recordings, vectors, joints and the audit log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DamagedGalleryError, DataError, NotEnrolledError
from himpc.gallery.catalog import Catalog, queries
from himpc.gallery.integrity import fingerprint
from himpc.gallery.quality import assess_people
from himpc.gallery.records import EnrolledRecording, Event, Person, PersonQuality
from himpc.gallery.store import Entries, VectorStore
from himpc.recordings import Recording

if TYPE_CHECKING:
    from himpc.model import Model


class GalleryReader:
    """Read access to a gallery; the base class of `GalleryService`.

    Attributes
    ----------
    location : str
        The folder or address, without its password.
    """

    def __init__(self, catalog: Catalog, store: VectorStore, load_model: Callable[[], Model]) -> None:
        self.location = catalog.location
        self._catalog, self._store, self._load_model = catalog, store, load_model

    @cached_property
    def model(self) -> Model:
        """The model that embeds recordings; a gallery keeps the one it was created with."""
        return self._load_model()

    def people(self) -> list[Person]:
        """Return all people, sorted by name."""
        with self._catalog.read() as connection:
            return queries.list_people(connection)

    def recordings(self, person: str | None = None) -> list[EnrolledRecording]:
        """Return all recordings, or those of a person; see `Gallery.recordings`."""
        with self._catalog.read() as connection:
            number = None if person is None else queries.find_person(connection, person)
            return queries.list_recordings(connection, person=number)

    def recording(self, number: int) -> EnrolledRecording:
        """Return a recording by its id.

        Raises
        ------
        NotEnrolledError
            If it is not enrolled.
        """
        with self._catalog.read() as connection:
            rows = queries.list_recordings(connection, ids=[number])
        if not rows:
            raise NotEnrolledError(
                f"recording {number} is not in the gallery",
                hint="{Gallery.recordings()} lists ids",
            )
        return rows[0]

    def embeddings(self, ids: Sequence[int]) -> Entries:
        """Return the vectors of some recordings."""
        return self._store.entries(np.array(ids, dtype=np.int64))

    def fingerprints(self, ids: Sequence[int]) -> list[str]:
        """Return the hashes of the joints of some recordings."""
        with self._catalog.read() as connection:
            return queries.fingerprints_of(connection, ids)

    def headings(self, ids: Sequence[int]) -> list[tuple[int, complex | None]]:
        """Return the sectors of the headings of some recordings, and their means; 0 and None if not known."""
        with self._catalog.read() as connection:
            found = queries.headings_of(connection, ids)
        return [found[id] for id in ids]

    def systems(self, ids: Sequence[int]) -> list[str | None]:
        """Return the system that made each of some recordings (`himpc.recordings.system_name`); None if not known."""
        with self._catalog.read() as connection:
            found = queries.systems_of(connection, ids)
        return [found[id] for id in ids]

    def simultaneous(self, ids: Sequence[int]) -> list[list[int]]:
        """Return for each recording the places in `ids` of those that overlap it in time, ascending."""
        place = {id: number for number, id in enumerate(ids)}
        with self._catalog.read() as connection:
            pairs = queries.simultaneous_pairs(connection)
        others: list[list[int]] = [[] for _ in ids]
        for one, other in pairs:
            if one in place and other in place:
                others[place[one]].append(place[other])
                others[place[other]].append(place[one])
        return [sorted(each) for each in others]

    def joints(self, recording: int) -> NDArray[np.float32]:
        """Return the joints of a recording, ``(frames, J, 3)`` in metres, in the layout of `model`.

        Raises
        ------
        NotEnrolledError
            If the recording is not enrolled, or its joints are not stored.
        DamagedGalleryError
            If they have changed since they were enrolled.
        """
        with self._catalog.read() as connection:
            joints = queries.joints_of(connection, recording, len(self.model.layout))
            (expected,) = queries.fingerprints_of(connection, [recording])
        if fingerprint(joints) != expected:
            raise DamagedGalleryError(
                f"{self.location}: is damaged: the skeleton of recording {recording} has changed since it was enrolled",
                hint="restore the gallery from a backup, or remove the recording and enroll it again",
            )
        return joints

    def stored_recordings(self, limit: int) -> list[Recording]:
        """Return the enrolled recordings with their joints; of more than `limit`, those of a sample of people.

        Raises
        ------
        DataError
            If the joints of one are not stored.
        """
        with self._catalog.read() as connection:
            ids = list(queries.sample_recordings(connection, limit))
            listed = queries.list_recordings(connection, ids=ids)
        if missing := [each for each in listed if not each.skeleton]:
            raise DataError(
                f"{self.location}: the skeleton of {missing[0].source} is not stored, so no model can be trained on it",
                hint="enroll with skeletons, or train the model on other people than those of the gallery",
            )
        return [self.stored_recording(each) for each in listed]

    def stored_recording(self, enrolled: EnrolledRecording) -> Recording:
        """Return a recording with its joints; it raises errors as `joints`."""
        return Recording(
            joints=self.joints(enrolled.id),
            layout=self.model.layout,
            fps=enrolled.fps,
            person=enrolled.person,
            source=enrolled.source,
            dimensions=self.model.dimensions,
            true_size=self.model.body_size != "assumed",
        )

    def quality(self) -> list[PersonQuality]:
        """Assess how well each person is enrolled; see `Gallery.quality`."""
        return assess_people(self.people(), self.recordings())

    def audit(self) -> list[Event]:
        """Return the audit log in the order of its numbers."""
        with self._catalog.read() as connection:
            names = queries.all_names(connection)
        return self._catalog.read_log(names)
