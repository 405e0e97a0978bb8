"""`Gallery`: people who are enrolled by their recordings, and the question whom a new one shows."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError, GalleryError, ModelError, NotEnrolledError
from himpc.gallery.answer import Answer
from himpc.gallery.calibration import Calibration
from himpc.gallery.calibration.cross_validation import FOLDS, MOST, calibrate_by_folds
from himpc.gallery.catalog import queries
from himpc.gallery.catalog.catalog import Catalog, events, searches
from himpc.gallery.enrolment import Enrolment
from himpc.gallery.integrity import find_mismatches, fingerprint
from himpc.gallery.model_facts import MODEL_FILES, model_from_facts, model_to_facts
from himpc.gallery.opening import place_of
from himpc.gallery.recordings import EmbeddedRecording, check_people, embed_recordings
from himpc.gallery.records import Enrolled, Event, KnownRecording, Person
from himpc.gallery.search import NOBODY, Searcher, usual_fmr
from himpc.gallery.store.base import Entries, VectorStore
from himpc.model import Model
from himpc.recordings import Recording
from himpc.recordings.progress import Progress

__all__ = ["Gallery"]


class Gallery:
    """People who are enrolled by their recordings; it lasts, and several processes may use it at once.

    Use `Gallery.create` or `Gallery.open`, as a context or with `close`.

    Attributes
    ----------
    where : str
        The folder or address, without its password.
    model : Model
        What makes the embeddings; a gallery has one, and keeps it.
    keep_skeletons : bool
        Whether the joints of what is enrolled are kept, to look at.
    actor : str
        Whom the log names for what is done here.
    calibrated : RevisionCache
        The calibration, or why there is none; with ``calibrated.lag`` nobody waits for a new one after a change.

    Examples
    --------
    >>> import himpc, tempfile
    >>> walks = himpc.simulate(people=4, recordings=3, seconds=1.0, difficulty="easy", seed=1)
    >>> learner = himpc.HiMPC(settings={"max_epochs": 1, "hidden": 16}).fit(walks)
    >>> with himpc.Gallery.create(tempfile.mkdtemp(), learner.model_) as gallery:
    ...     enrolled = gallery.enroll([walk for i, walk in enumerate(walks) if i % 3])
    ...     answers = gallery.search([walks[0]])
    >>> enrolled.recordings, answers[0].matches[0].person == walks[0].person
    (8, True)
    """

    def __init__(
        self, catalog: Catalog, vectors: VectorStore, model: Model, *, keep_skeletons: bool, actor: str
    ) -> None:
        self.model, self.keep_skeletons, self.actor = model, keep_skeletons, actor
        self.where = catalog.where
        self._catalog, self._vectors = catalog, vectors
        self._enrolment = Enrolment(catalog, vectors, actor)
        self._searcher = Searcher(catalog, vectors, model)
        self.calibrated = self._searcher.calibrated

    @classmethod
    def create(
        cls, where: str | Path, model: Model, *, keep_skeletons: bool = True, actor: str | None = None
    ) -> Gallery:
        """Make a gallery, with nobody in it.

        Parameters
        ----------
        where : path or str
            A folder, which only its owner may then read, or ``postgresql://USER:PASSWORD@HOST/DATABASE``.
        model : Model
            What recordings are compared by, now and later; the gallery keeps a copy.
        keep_skeletons : bool
            Keep the joints of recordings, so that they can be looked at; without them only embeddings are kept.
        actor : str, optional
            Whom the log names; the user of the system, if not given.

        Raises
        ------
        GalleryError
            If there is a gallery already, or something else; if the database cannot be reached; if a package is
            missing.
        RunFolderError
            If the folder cannot be written.
        """
        catalog, open_vectors = place_of(where, make=True)
        vectors = open_vectors(model.size)
        catalog.make(model_to_facts(model) | {"skeletons": b"1" if keep_skeletons else b"0"})
        gallery = cls(catalog, vectors, model, keep_skeletons=keep_skeletons, actor=actor or _user())
        with catalog.writing() as connection:
            queries.log(connection, "created", gallery.actor, [(None, 0)])
        return gallery

    @classmethod
    def open(cls, where: str | Path, *, device: str = "cpu", actor: str | None = None) -> Gallery:
        """Open a gallery that `create` made.

        Raises
        ------
        GalleryError
            If there is none, it is of another version or damaged, or the database cannot be reached.
        """
        catalog, open_vectors = place_of(where)
        catalog.check()
        with catalog.reading() as connection:
            kept = {name: catalog.fact(connection, name) for name in MODEL_FILES}
            keep = catalog.fact(connection, "skeletons") != b"0"
        try:
            model = model_from_facts({name: fact for name, fact in kept.items() if fact is not None}, device)
        except ModelError as error:
            raise GalleryError(
                f"{catalog.where}: its model is damaged: restore the gallery from a copy ({error})"
            ) from error
        return cls(catalog, open_vectors(model.size), model, keep_skeletons=keep, actor=actor or _user())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of files and connections."""
        self.calibrated.settle()
        self._searcher.index.settle()
        self._vectors.close()
        self._catalog.close()

    def cache_vectors(self) -> None:
        """Keep the pooled vectors in memory from now on, for who asks often; very large galleries stay on the disk."""
        self._searcher.caches_vectors = True
        self._searcher.index.get(self.changes())

    # Enrolling

    def enroll(
        self, recordings: Sequence[Recording], *, unnamed: bool = False, progress: Progress | None = None
    ) -> Enrolled:
        """Add recordings to the people they show: all of them, or none.

        A recording that is enrolled already, joint for joint, is left as it is, so enrolling again after an
        interruption does no harm. The parts that long gaps split a recording into are one again.

        Parameters
        ----------
        recordings : sequence of Recording
            Each with its person, unless `unnamed`; in any layout that converts to the model's.
        unnamed : bool
            Those without a person are grouped without labels (`himpc.group`), and each group becomes somebody new:
            ``unnamed-1`` and so on.
        progress : callable, optional
            Wraps the work to show progress.

        Raises
        ------
        DataError
            If a recording has no person, or one that cannot be a name; if all are shorter than a window; or if a
            recording is enrolled already as somebody else.
        LayoutError, ModelError
            If they do not fit the model.
        GalleryError
            If the gallery cannot be written; nothing is enrolled then.
        """
        if not recordings:
            raise DataError("there are no recordings to enroll")
        found = embed_recordings(self.model, recordings, progress)
        usable = _distinct([take for take in found if len(take.windows)])
        short = tuple(take.source for take in found if not len(take.windows))
        if not usable:
            raise DataError(
                f"all recordings are shorter than a window of {self.model.window_length} frames: give longer ones"
            )
        if not unnamed:
            check_people([take.person for take in usable], [take.source for take in usable])
        for name in {take.person for take in usable if take.person is not None}:
            queries.check_name(name)
        added, already = self._enrolment.add(usable, self._groups(usable), skeletons=self.keep_skeletons)
        people_of = tuple(sorted({str(take.person) for take in added}))
        return Enrolled(len(added), people_of, tuple(take.source for take in already), short)

    def has_handled(self, content: str) -> bool:
        """Return whether a watched folder has brought a file of this content (`himpc.gallery.watch`)."""
        with self._catalog.reading() as connection:
            return queries.has_file(connection, content)

    def identify(self, recordings: Sequence[Recording], *, fmr: float | None = None) -> list[Answer]:
        """Do as `search` does, one person each, but know nobody where nobody is enrolled, and log nothing."""
        found = embed_recordings(self.model, recordings)
        rule = self._searcher.rule(1, fmr, None, 0.5) if self.counts()[0] else NOBODY
        return [self._searcher.answer(take, 1, rule, False) for take in found]

    def absorb(self, recordings: Sequence[Recording], files: Iterable[str]) -> dict[str, str]:
        """Enroll what a watched folder has brought, and note its files, in one transaction.

        Recordings without a person show new people without names, as in `enroll`.

        Parameters
        ----------
        recordings : sequence of Recording
        files : iterable of str
            The hash of each file's content.

        Returns
        -------
        dict
            The person of each recording, by its source.
        """
        usable = _distinct([take for take in embed_recordings(self.model, recordings) if len(take.windows)])
        added, already = self._enrolment.add(usable, self._groups(usable), skeletons=self.keep_skeletons, files=files)
        with self._catalog.reading() as connection:
            known = queries.known_fingerprints(connection, [take.fingerprint for take in already])
        return {take.source: str(take.person) for take in added} | {
            take.source: known[take.fingerprint] for take in already
        }

    def near_people(self, names: Sequence[str], *, fmr: float | None = None) -> list[tuple[str, str, float, float]]:
        """Return who else is near enough to be each of some people: both names, distance and probability."""
        return self._searcher.near_people(names, fmr)

    def take_over(self, takes: Sequence[EmbeddedRecording], groups: Sequence[int | None]) -> tuple[int, int]:
        """Enroll what another gallery of the same model embedded (`himpc.gallery.transfer`).

        Takes without a person show new people, those of one group the same. Returns how many are new, and how many
        were enrolled already.
        """
        added, already = self._enrolment.add(takes, groups, skeletons=self.keep_skeletons, action="imported")
        return len(added), len(already)

    def note(self, action: str, recordings: int) -> None:
        """Note in the log what was done with so many recordings."""
        with self._catalog.writing() as connection:
            queries.log(connection, action, self.actor, [(None, recordings)])

    def _groups(self, usable: Sequence[EmbeddedRecording]) -> list[int | None]:
        """Return a group for each take whose person is not known."""
        from himpc.learning import group_recordings
        from himpc.learning.grouping import MIN_RECORDINGS

        nameless = [place for place, take in enumerate(usable) if take.person is None]
        if len(nameless) < MIN_RECORDINGS:
            return [place if take.person is None else None for place, take in enumerate(usable)]
        vectors = np.concatenate([usable[place].windows for place in nameless])
        of = np.repeat(np.arange(len(nameless)), [len(usable[place].windows) for place in nameless])
        grouping = group_recordings(vectors, of, len(nameless), whiten=not self.model.whitened)
        groups: list[int | None] = [None] * len(usable)
        for place, group in zip(nameless, grouping.groups.tolist(), strict=True):
            groups[place] = group
        return groups

    # Searcher

    def search(
        self,
        probes: Sequence[Recording],
        *,
        people: int = 5,
        fmr: float | None = None,
        fpir: float | None = None,
        enrolled: float = 0.5,
        rerank: bool = False,
        progress: Progress | None = None,
    ) -> list[Answer]:
        """Say whom recordings show, or that it is nobody of the gallery.

        The distance to a person is that to the nearest of the person's recordings, each the mean of its windows. What
        distances mean is learned from the gallery itself (`himpc.gallery.calibrate`); with fewer than two people in
        it, or where everybody has one recording too short for two halves, that cannot be told, and every answer says
        so.

        Parameters
        ----------
        probes : sequence of Recording
            Their persons, if they have any, are not looked at.
        people : int
            How many of the nearest people each answer lists.
        fmr : float, optional
            False match rate: of comparisons with somebody else, the share that may match. 0.01, or the smallest rate
            that the gallery can tell if that is larger, where neither rate is given.
        fpir : float, optional
            False positive identification rate, instead: of searches for a stranger, the share that may find somebody.
        enrolled : float
            Probability, before looking, that a probe shows somebody of the gallery.
        rerank : bool
            Order the nearest by their k-reciprocal neighbourhoods.
        progress : callable, optional
            Wraps the embedding to show progress.

        Returns
        -------
        list of Answer
            One for each probe, the parts of one that was split together.

        Raises
        ------
        ConfigError
            If an argument is out of its range, or both rates are given.
        DataError
            If the gallery is empty, or has too few people to know that rate.
        LayoutError, ModelError
            If probes do not fit the model.
        """
        found = embed_recordings(self.model, probes, progress)
        rule = self._searcher.rule(people, fmr, fpir, enrolled)
        answers = [self._searcher.answer(take, people, rule, rerank) for take in found]
        with self._catalog.asking() as connection:
            queries.log(connection, "searched", self.actor, [(None, len(found))])
        return answers

    def calibration(self) -> Calibration:
        """Return what distances mean in this gallery, learned from what is enrolled.

        Raises
        ------
        DataError
            If that cannot be told yet.
        """
        calibration, why = self.calibrated.get(self.changes())
        if calibration is None:
            raise DataError(f"{self.where}: {why}")
        return calibration

    def calibrate(self, folds: int = FOLDS, *, device: str = "auto", progress: Progress | None = None) -> Calibration:
        """Learn what distances mean for strangers, where the model was trained on the gallery's people, and keep that.

        Rates that a gallery learns from people whom its model was trained on are too kind: docs/results.md, open set.
        So the model is trained again, each time without some of the people, and their recordings are compared by what
        came of it. People who are enrolled afterwards change neither rates nor probabilities,
        until this is done anew.

        Parameters
        ----------
        folds : int
            How many trainings; 0 says that nobody of the gallery was trained on: distances are then learned from the
            gallery as it is, after every change, and answers no longer warn.
        device : str
            Where to train.
        progress : callable, optional
            Wraps the trainings to show progress.

        Raises
        ------
        ConfigError
            If `folds` is 1 or negative.
        DataError
            If skeletons are not kept, or there are fewer than three people.
        """
        if folds == 0:
            self._note_facts({"trained": b"no"}, forget="calibration")
            return self.calibration()
        calibration = calibrate_by_folds(self.model, self._skeletons(), folds, device=device, progress=progress)
        self.keep(calibration)
        return calibration

    def _skeletons(self) -> list[Recording]:
        """Return the joints of what is enrolled, with their persons; of very many people, some."""
        with self._catalog.reading() as connection:
            ids = list(queries.drawn(connection, MOST))
            listed = queries.known_recordings(connection, ids=ids)
        if missing := [each for each in listed if not each.skeleton]:
            raise DataError(
                f"{self.where}: the skeleton of {missing[0].source} is not kept, so no model can be trained on it: "
                "enroll with skeletons, or train on other people than those of the gallery"
            )
        return [
            Recording(
                joints=self.joints(each.id),
                layout=self.model.layout,
                fps=each.fps,
                person=each.person,
                source=each.source,
                dimensions=self.model.dimensions,
            )
            for each in listed
        ]

    @property
    def learned(self) -> Calibration | None:
        """What `calibrate` has kept, None where distances are learned from the gallery as it is."""
        with self._catalog.reading() as connection:
            kept = self._catalog.fact(connection, "calibration")
        return None if kept is None else Calibration.from_dict(json.loads(kept))

    def keep(self, calibration: Calibration) -> None:
        """Keep what `calibrate` has learned, here or in the gallery that this one was read from."""
        self._note_facts({"calibration": json.dumps(calibration.to_dict()).encode()})

    def _note_facts(self, given: dict[str, bytes], forget: str | None = None) -> None:
        with self._catalog.writing() as connection:
            for name, value in given.items():
                self._catalog.set_fact(connection, name, value)
            if forget:
                self._catalog.drop_fact(connection, forget)

    @staticmethod
    def fmr(calibration: Calibration) -> float:
        """Return the false match rate of a search for which none is asked."""
        return usual_fmr(calibration)

    # Looking and mending

    def people(self) -> list[Person]:
        """Return who is enrolled, by name."""
        with self._catalog.reading() as connection:
            return queries.known_people(connection)

    def recordings(self, person: str | None = None) -> list[KnownRecording]:
        """Return what is enrolled, of everybody or of one person.

        Raises
        ------
        GalleryError
            If nobody has that name.
        """
        with self._catalog.reading() as connection:
            number = None if person is None else queries.the_person(connection, person)
            return queries.known_recordings(connection, person=number)

    def recording(self, number: int) -> KnownRecording:
        """Return one of what is enrolled.

        Raises
        ------
        NotEnrolledError
            If it is not there.
        """
        with self._catalog.reading() as connection:
            found = queries.known_recordings(connection, ids=[number])
        if not found:
            raise NotEnrolledError(f"recording {number} is not in the gallery: himpc gallery show lists them")
        return found[0]

    def counts(self) -> tuple[int, int, int]:
        """Return how many people, recordings and windows are enrolled."""
        return self._searcher.counted.get(self.changes())

    def changes(self) -> int:
        """Return how often the gallery has changed: what was asked before holds while this stays the same."""
        return self._searcher.changes()

    def embeddings(self, ids: Sequence[int]) -> Entries:
        """Return what is kept of some recordings: one vector each, and those of their windows."""
        return self._vectors.entries(np.array(ids, dtype=np.int64))

    def fingerprints(self, ids: Sequence[int]) -> list[str]:
        """Return the hash of the joints of some recordings."""
        with self._catalog.reading() as connection:
            return queries.fingerprints_of(connection, ids)

    def joints(self, recording: int) -> NDArray[np.float32]:
        """Return the joints of a recording, ``(frames, J, 3)`` in metres, in the layout of `model`.

        Raises
        ------
        GalleryError
            If it is not there, or its joints are not kept.
        """
        with self._catalog.reading() as connection:
            kept = queries.joints_of(connection, recording)
        return np.frombuffer(kept, dtype="<f4").reshape(-1, len(self.model.layout), 3).astype(np.float32)

    def rename(self, old: str, new: str) -> None:
        """Give a person another name; an unnamed one is named by that.

        Raises
        ------
        GalleryError
            If nobody has the old name, or somebody else has the new one.
        DataError
            If it cannot be a name.
        """
        self._enrolment.rename(old, new)

    def merge(self, into: str, *others: str) -> int:
        """Make people one, who keeps the first name; return how many recordings changed hands.

        Raises
        ------
        GalleryError
            If somebody is not there.
        """
        return self._enrolment.merge(into, others)

    def move(self, ids: Sequence[int], person: str | None = None) -> str:
        """Say that recordings show another person, who may be new; return the name, made up if none is given.

        Raises
        ------
        GalleryError
            If a recording is not there.
        DataError
            If it cannot be a name.
        """
        return self._enrolment.move(ids, person)

    def remove(self, *persons: str, recordings: Sequence[int] = ()) -> int:
        """Erase people for good, with all their recordings, and single recordings; return how many these were.

        All are erased, or none, if one of them is not there.

        Nothing of them remains in tables, indexes, logs or old versions. Backups, and with PostgreSQL its write-ahead
        log, are kept by others.

        Raises
        ------
        GalleryError
            If nobody has one of the names, or a recording is not there.
        """
        return self._enrolment.remove(persons, recordings)

    def remove_recordings(self, ids: Sequence[int]) -> None:
        """Erase recordings for good; a person without any is erased, too.

        Raises
        ------
        GalleryError
            If one is not there.
        """
        self._enrolment.remove((), ids)

    def index(self) -> bool:
        """Make searching fast where that pays; return whether there is an index."""
        with self._catalog.writing():
            return self._vectors.index()

    def audit(self) -> list[Event]:
        """Return what was done with the gallery, in order of time; the names of removed people are gone."""
        with self._catalog.reading() as connection:
            names = queries.all_names(connection)
            changed = list(queries.read_log(connection, events, names))
        with self._catalog.asking() as connection:
            asked = list(queries.read_log(connection, searches, names))
        return sorted([*changed, *asked], key=lambda event: event.time)

    def verify(self, *, mend: bool = False) -> list[str]:
        """Return what is wrong with the gallery, a sentence each; nothing, if all is well.

        Parameters
        ----------
        mend : bool
            Erase leftovers of processes that were killed.
        """
        with self._catalog.reading() as connection:
            enrolled = queries.known_recordings(connection)
            left = self._enrolment.leftovers(connection)
        if mend and len(left):
            self._enrolment.erase()
            left = left[:0]
        entries = self._vectors.entries(np.array([each.id for each in enrolled], dtype=np.int64))
        counts = dict(
            zip(entries.ids.tolist(), np.bincount(entries.of, minlength=len(entries.ids)).tolist(), strict=True)
        )
        wrong = [
            f"{each.source} ({each.person}): {counts.get(each.id, 0)} of {each.windows} windows are there: "
            f"remove recording {each.id} and enroll it again"
            for each in enrolled
            if counts.get(each.id) != each.windows
        ]
        if len(left):
            wrong.append(f"{len(left)} recordings that are not enrolled have left vectors: himpc gallery verify --mend")
        return self._catalog.problems() + self._vectors.check() + wrong + self._altered(enrolled, entries)

    def _altered(self, enrolled: Sequence[KnownRecording], entries: Entries) -> list[str]:
        """Return which recordings are no more what was enrolled."""
        bad = set(entries.ids[find_mismatches(entries.pooled, entries.windows, entries.of)].tolist())
        prints = self.fingerprints([each.id for each in enrolled])
        for each, known in zip(enrolled, prints, strict=True):
            if each.skeleton and fingerprint(self.joints(each.id)) != known:
                bad.add(each.id)
        return [
            f"{each.source} ({each.person}): its numbers are not those that were enrolled: restore the gallery from a "
            f"copy, or remove recording {each.id} and enroll it again"
            for each in enrolled
            if each.id in bad
        ]


def _distinct(found: Sequence[EmbeddedRecording]) -> list[EmbeddedRecording]:
    """Return takes without copies of one another; a copy counts where it alone says who it shows."""
    by_joints: dict[str, EmbeddedRecording] = {}
    for take in found:
        other = by_joints.setdefault(take.fingerprint, take)
        if other.person is None and take.person is not None:
            by_joints[take.fingerprint] = take
        elif take.person not in (None, other.person):
            raise DataError(
                f"{other.source} and {take.source} are the same recording, but show {other.person!r} and "
                f"{take.person!r}: keep the one that is right"
            )
    return list(by_joints.values())


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "unknown"
