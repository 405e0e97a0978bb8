"""The service layer behind `Gallery`, which the server, the watcher and the command line use as well.

This layer is private to himpc: its members may change in any release.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from himpc.errors import DamagedGalleryError, DataError, GalleryError, HimpcError, ModelError
from himpc.gallery.catalog import Catalog, changes, queries
from himpc.gallery.checked_store import CheckedStore
from himpc.gallery.grouping import centre_enrolled, group_unnamed
from himpc.gallery.opening import Location
from himpc.gallery.reader import GalleryReader
from himpc.gallery.recordings import (
    EmbeddedRecording,
    check_persons,
    embed_recordings,
    mean_headings,
    remove_copies,
)
from himpc.gallery.records import EnrolledRecording, Enrollment
from himpc.gallery.repair import add_headings, compute_again
from himpc.gallery.reserve import Reserve
from himpc.gallery.store import VectorStore
from himpc.gallery.verification import check_vectors, find_problems
from himpc.gallery.writer import GalleryWriter
from himpc.model import CARD_FILE, WEIGHTS_FILE, parse_card
from himpc.recordings import Progress, Recording, number_whole_recordings, to_common_layout

if TYPE_CHECKING:
    from himpc.gallery.calibration import Calibration
    from himpc.gallery.review import Review
    from himpc.gallery.search import Searcher
    from himpc.learning import Grouping
    from himpc.model import Model

MAX_CALIBRATION_RECORDINGS = 2_000
"""Maximum number of recordings in a cross-validation; in a larger gallery, people are sampled with all of theirs."""


@dataclass(frozen=True)
class EnrollmentBatch:
    """The result of enrolling recordings."""

    new: list[EmbeddedRecording]
    """Those that were enrolled now, with the people of the gallery that they show."""
    already: list[EmbeddedRecording]
    """Those that were enrolled before, with their people."""
    short: list[EmbeddedRecording]
    """Those that are shorter than a window, and were not enrolled."""
    persons: list[str | None]
    """The person of each recording passed; None if it is too short."""
    notes: tuple[str, ...] = ()
    """What else to know about the grouping of recordings without a person."""


class GalleryService(GalleryReader):
    """A gallery's catalog, store and model, and the operations on them.

    Attributes
    ----------
    location : str
        The folder or address, without its password.
    keep_skeletons : bool
        Whether joints are stored.
    actor : str
        The name under which the audit log records the operations of this object.
    writer : GalleryWriter
        Renaming, merging, moving and removing.
    """

    def __init__(
        self,
        catalog: Catalog,
        store: CheckedStore,
        load_model: Callable[[], Model],
        reserve: Reserve,
        *,
        keep_skeletons: bool,
        actor: str | None,
    ) -> None:
        super().__init__(catalog, store, load_model)
        self._checked_store = store
        self.keep_skeletons, self.actor = keep_skeletons, actor or _user_name()
        self.writer = GalleryWriter(catalog, store, self.actor, reserve)

    @cached_property
    def review(self) -> Review:
        """The queue of questions that a person decides, and the decisions."""
        from himpc.gallery.review import Review

        return Review(self._catalog, self._checked_store, self.searcher, self.writer, self.actor)

    @cached_property
    def searcher(self) -> Searcher:
        """Searches the gallery, and caches the data that searches need."""
        from himpc.gallery.search import Searcher

        return Searcher(self._catalog, self._checked_store, self.model, self.actor)

    @classmethod
    def create(
        cls, location: str | Path, model: Model, *, keep_skeletons: bool = True, actor: str | None = None
    ) -> Self:
        """Create an empty gallery; see `Gallery.create`."""
        target = Location.parse(location)
        catalog, reserve = target.create_catalog(), target.reserve()
        try:
            reserve.ensure()
            checked = CheckedStore(lambda: target.open_store(catalog, model.size, make=True), catalog)
            _ = checked.store  # made before the catalog says that the gallery is complete
            properties = {"store": target.scheme.encode(), "skeletons": b"1" if keep_skeletons else b"0"}
            catalog.create(model.to_files() | properties)
            service = cls(catalog, checked, lambda: model, reserve, keep_skeletons=keep_skeletons, actor=actor)
            service.log("created", 0)
        except (HimpcError, OSError):
            target.discard(catalog)
            raise
        return service

    @classmethod
    def open(
        cls,
        location: str | Path,
        *,
        device: str = "cpu",
        actor: str | None = None,
        rebuild: bool = False,
        check: bool = True,
    ) -> Self:
        """Open a gallery; see `Gallery.open`.

        With `rebuild`, a store that cannot be opened is made again, empty. Without `check`, model and vectors are
        loaded, which checks them, when they are first used.
        """
        target = Location.parse(location)
        catalog = target.open_catalog()
        catalog.check_version()
        with catalog.read() as connection:
            files = {name: catalog.get_property(connection, name) for name in (CARD_FILE, WEIGHTS_FILE)}
            keep_skeletons = catalog.get_property(connection, "skeletons") != b"0"
        with _translate_damage(catalog.location):
            size = parse_card(files[CARD_FILE] or b"", CARD_FILE).size

        def load_model() -> Model:
            from himpc.model import Model

            with _translate_damage(catalog.location):
                present = {name: content for name, content in files.items() if content is not None}
                return Model.from_files(present, catalog.location, device)

        def open_store() -> VectorStore:
            try:
                return target.open_store(catalog, size)
            except DamagedGalleryError:
                if not rebuild:
                    raise
                return cls._make_store_again(target, catalog, size)

        store = CheckedStore(open_store, catalog)
        service = cls(catalog, store, load_model, target.reserve(), keep_skeletons=keep_skeletons, actor=actor)
        if check:
            _ = service.model, store.store
        service._settle()
        return service

    @staticmethod
    def _make_store_again(target: Location, catalog: Catalog, size: int) -> VectorStore:
        """Delete the vectors and return an empty store, unless recordings have no skeleton to compute them from."""
        with catalog.read() as connection:
            enrolled = queries.list_recordings(connection)
        if bare := [each for each in enrolled if not each.skeleton]:
            raise DamagedGalleryError(
                f"{catalog.location}: its vectors cannot be read, nor computed again: the skeletons of {len(bare)} "
                f"recordings are not stored, the first of {bare[0].source} ({bare[0].person})",
                hint="restore the gallery from a backup",
            )
        target.clear_store(catalog)
        return target.open_store(catalog, size, make=True)

    def _settle(self) -> None:
        """Erase what killed processes have left, and add digests to recordings that an older version has enrolled."""
        if self._catalog.is_read_only:
            return
        with suppress(GalleryError):  # on a full disk; the next opening tries again, and `verify` reports it
            if self._catalog.begun_changes():
                self.writer.settle()
            self.writer.add_digests()
            add_headings(self._catalog, self)

    def close(self) -> None:
        """Close files and connections, after background threads have ended."""
        if "searcher" in vars(self):
            self.searcher.calibration.wait()
            self.searcher.index.wait()
        self._store.close()
        self._catalog.close()

    def cache_vectors(self) -> None:
        """Cache the pooled vectors in memory from now on; a very large gallery is still searched in its store."""
        self.searcher.uses_index = True
        self.searcher.index.get(self.revision())

    def revision(self) -> int:
        """Return the revision of the gallery, the number of its changes."""
        return self.searcher.revision()

    def counts(self) -> tuple[int, int, int]:
        """Return the numbers of people, recordings and windows."""
        return self.searcher.counts.get(self.revision())

    def log(self, action: str, recordings: int) -> None:
        """Log an action that concerns the gallery as a whole."""
        with self._catalog.write() as connection:
            self._catalog.log_change(connection, action, self.actor, [(None, recordings)])

    # Enrolling

    def enroll(
        self, recordings: Sequence[Recording], *, unnamed: bool = False, progress: Progress | None = None
    ) -> Enrollment:
        """Enroll people by their recordings; see `Gallery.enroll`."""
        if not recordings:
            raise DataError("there are no recordings to enroll")
        length = self.model.window_length
        if all(len(recording) < length for recording in recordings):
            to_common_layout(recordings, self.model.input_layout, owner="the gallery")
            raise DataError(
                f"all recordings are shorter than a window of {length} frames", hint="enroll longer recordings"
            )
        if not unnamed:
            check_persons([recording for recording in recordings if len(recording) >= length])
        added = self.add(recordings, progress=progress)
        return Enrollment(
            recordings=len(added.new),
            people=tuple(sorted({str(each.person) for each in added.new})),
            already=tuple(each.source for each in added.already),
            short=tuple(each.source for each in added.short),
            notes=tuple(dict.fromkeys([*(each.note for each in added.new if each.note), *added.notes])),
        )

    def add(
        self,
        recordings: Sequence[Recording],
        *,
        files: Iterable[str] = (),
        progress: Progress | None = None,
    ) -> EnrollmentBatch:
        """Enroll recordings in one transaction; those without a person are grouped into new people.

        `files` are hashes of the files they came from, recorded in the same transaction (`FolderWatcher`).
        """
        embedded = embed_recordings(self.model, recordings, progress)
        usable = remove_copies([each for each in embedded if len(each.windows)])
        usable = [
            each if each.person is None else replace(each, person=changes.check_name(each.person)) for each in usable
        ]
        groups, notes = group_unnamed(self.model, usable, self._match_threshold())
        new, already = self.writer.add(
            usable,
            groups,
            skeletons=self.keep_skeletons,
            files=files,
        )
        if new:
            self.build_index()
        person_of = {each.fingerprint: each.person for each in [*new, *already]}
        whole_persons = [person_of.get(each.fingerprint) if len(each.windows) else None for each in embedded]
        persons = [whole_persons[number] for number in number_whole_recordings(recordings).tolist()]
        return EnrollmentBatch(new, already, [each for each in embedded if not len(each.windows)], persons, notes)

    def _match_threshold(self) -> float | None:
        """Return the distance up to which searches match by default, or None if there is no calibration yet."""
        if not self.counts()[0]:
            return None
        calibration, _ = self.searcher.calibration.get(self.revision())
        return None if calibration is None else calibration.operating_point().threshold

    def add_embedded(self, added: Sequence[EmbeddedRecording], groups: Sequence[int | None]) -> tuple[int, int]:
        """Enroll recordings of another gallery with the same model; return the numbers of new and existing ones.

        Recordings without a person are enrolled as new people, one for each group.
        """
        new, already = self.writer.add(added, groups, skeletons=self.keep_skeletons, action="imported")
        if new:
            self.build_index()
        return len(new), len(already)

    def has_file(self, content: str) -> bool:
        """Return True if a folder watcher has handled a file with this hash."""
        with self._catalog.read() as connection:
            return queries.has_file(connection, content)

    def build_index(self) -> bool:
        """Build or extend the store's index if the gallery is large enough; return True if there is one."""
        with self._catalog.write():
            return self._store.index()

    def group(self, people: int | None = None) -> tuple[list[EnrolledRecording], Grouping]:
        """Group all enrolled recordings by person, whatever their names; those that overlap in time are kept apart.

        Raises
        ------
        DataError, ConfigError
            As `himpc.learning.group_recordings`.
        """
        from himpc.learning import group_recordings

        listed = {each.id: each for each in self.recordings()}
        entries = self.embeddings(list(listed))
        ids = entries.ids.tolist()
        pairs = [(one, other) for one, others in enumerate(self.simultaneous(ids)) for other in others if one < other]
        windows, effects = centre_enrolled(
            self.model, [listed[id] for id in ids], entries, self.systems(ids), self.joints
        )
        grouping = group_recordings(
            windows,
            entries.of,
            len(ids),
            people,
            whiten=not self.model.whitened,
            scoring=self.model.scoring,
            cannot_link=np.array(pairs, dtype=np.int64).reshape(-1, 2),
            headings=mean_headings([mean for _, mean in self.headings(ids)]),
            systems=effects,
        )
        return [listed[id] for id in ids], grouping

    # Calibration

    def calibration(self) -> Calibration:
        """Return the calibration that searches use.

        Raises
        ------
        DataError
            If the gallery has too few people or recordings for one.
        """
        calibration, reason = self.searcher.calibration.get(self.revision())
        if calibration is None:
            raise DataError(f"{self.location}: {reason}")
        return calibration

    def calibrate(self, folds: int, *, device: str = "auto", progress: Progress | None = None) -> Calibration:
        """Calibrate by cross-validation and save the result; see `Gallery.calibrate`."""
        from himpc.gallery.calibration import cross_calibrate

        # an adapted model was not trained, so it separates no people better than others
        if folds == 0 or (folds > 1 and self.model.scoring is not None):
            self._set_properties({"trained": b"no", "calibration": None})
            return self.calibration()
        calibration = cross_calibrate(
            self.model, self.stored_recordings(MAX_CALIBRATION_RECORDINGS), folds, device=device, progress=progress
        )
        self.saved_calibration = calibration
        return calibration

    @property
    def saved_calibration(self) -> Calibration | None:
        """The calibration saved by `calibrate`, or None if distances are calibrated by the gallery as it is."""
        from himpc.gallery.calibration import load_stored_calibration

        with self._catalog.read() as connection:
            saved = self._catalog.get_property(connection, "calibration")
        return None if saved is None else load_stored_calibration(saved, self.location)

    @saved_calibration.setter
    def saved_calibration(self, calibration: Calibration) -> None:
        from himpc.gallery.calibration import save_calibration

        self._set_properties({"calibration": save_calibration(calibration)})

    def _set_properties(self, properties: dict[str, bytes | None]) -> None:
        with self._catalog.write() as connection:
            for name, value in properties.items():
                self._catalog.set_property(connection, name, value)

    def verify(self, *, repair: bool = False) -> list[str]:
        """Check catalog and store; see `Gallery.verify`."""
        store = self._checked_store.store
        if repair:
            self.writer.settle()
            if replaced := compute_again(
                self._catalog, self, [id for id, _ in check_vectors(self._catalog, store, self.model)]
            ):
                self.writer.replace_vectors(replaced)
                self.build_index()
        return find_problems(self._catalog, store, self.model)


@contextmanager
def _translate_damage(location: str) -> Iterator[None]:
    """Raise errors of a stored model as `DamagedGalleryError`."""
    try:
        yield
    except ModelError as error:
        raise DamagedGalleryError(
            f"{location}: its model is damaged ({error.message})", hint="restore the gallery from a backup"
        ) from error


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # the user of a container may have no name
        return "unknown"
