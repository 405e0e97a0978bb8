"""`Gallery`: enroll people by their recordings, and identify them in new ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from himpc.gallery.calibration import DEFAULT_FOLDS
from himpc.gallery.records import EnrolledRecording, Enrollment, Event, Person, PersonQuality, QueueItem
from himpc.gallery.service import GalleryService

if TYPE_CHECKING:
    from himpc.gallery.answer import Answer
    from himpc.gallery.calibration import Calibration
    from himpc.gallery.review import Decision
    from himpc.model import Model
    from himpc.recordings import Progress, Recording


class Gallery:
    """People who are enrolled by their recordings, in a folder or a database.

    Create one by `Gallery.create`, or open it by `Gallery.open`, preferably in a ``with`` statement. Several processes
    may use one gallery at the same time.

    Attributes
    ----------
    location : str
        The folder or address, without its password.

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

    def __init__(self, service: GalleryService) -> None:
        self._service = service
        self.location = service.location

    @property
    def model(self) -> Model:
        """The model that embeds recordings; a gallery keeps the one it was created with."""
        return self._service.model

    @classmethod
    def create(
        cls, location: str | Path, model: Model, *, keep_skeletons: bool = True, actor: str | None = None
    ) -> Gallery:
        """Create an empty gallery.

        Parameters
        ----------
        location : path or str
            A folder, which only its owner can then read, or ``postgresql://USER:PASSWORD@HOST/DATABASE``.
        model : Model
            The model that embeds all recordings from now on; the gallery keeps a copy.
        keep_skeletons : bool
            Store the joints of recordings, too; without them only embeddings are stored.
        actor : str, optional
            The name for the audit log; default the user of the system.

        Raises
        ------
        GalleryError
            If the location holds a gallery or other files, or the database cannot be reached.
        RunFolderError
            If the folder cannot be written.
        DependencyError
            If a package is missing.
        """
        return cls(GalleryService.create(location, model, keep_skeletons=keep_skeletons, actor=actor))

    @classmethod
    def open(
        cls, location: str | Path, *, device: str = "cpu", actor: str | None = None, check: bool = True
    ) -> Gallery:
        """Open a gallery that `create` made.

        Parameters
        ----------
        location : path or str
            As in `create`.
        device : str
            The device on which recordings are embedded.
        actor : str, optional
            The name for the audit log; default the user of the system.
        check : bool
            Load model and vectors now, which finds damage of them. Without it they are loaded when they are first
            used, so that names and lists take a fraction of the time.

        Raises
        ------
        GalleryError
            If there is none, it is damaged or of another version, or the database cannot be reached.
        DependencyError
            If a package is missing.
        """
        return cls(GalleryService.open(location, device=device, actor=actor, check=check))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close files and connections."""
        self._service.close()

    def enroll(
        self, recordings: Sequence[Recording], *, unnamed: bool = False, progress: Progress | None = None
    ) -> Enrollment:
        """Enroll people by their recordings: all recordings, or none if there is an error.

        A recording that is enrolled already, joint for joint, is not changed, so an interrupted call can be repeated.
        The parts that long gaps split a recording into are joined.

        Parameters
        ----------
        recordings : sequence of Recording
            Each with its person, unless `unnamed`; in any layout that converts to the model's.
        unnamed : bool
            Group the recordings that have no person (`himpc.group`), and enroll each group as a new person:
            ``unnamed-1`` and so on.
        progress : callable, optional
            Wrapped around the work to show progress.

        Raises
        ------
        DataError
            If a recording has no person, or an invalid name; if all are shorter than a window; or if a recording is
            enrolled already as another person.
        LayoutError, ModelError
            If recordings do not fit the model.
        GalleryError
            If the gallery cannot be written.
        """
        return self._service.enroll(recordings, unnamed=unnamed, progress=progress)

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
        """Identify the person in each recording, or report it as unknown. Every search is logged (`audit`).

        The distance to a person is that to the nearest of the person's recordings, each the mean of its windows. What
        distances mean is learned from the gallery itself. That needs two people, and a person with two recordings or
        recordings long enough to be halved; otherwise every answer is unknown, and its note says so.

        Parameters
        ----------
        probes : sequence of Recording
            Their people are ignored.
        people : int
            The number of nearest people in each answer.
        fmr : float, optional
            False match rate: the share of comparisons with another person that may match. The default is
            the stricter of an FMR of 0.01 and an FPIR of 0.1, or the smallest rates that the gallery can show.
        fpir : float, optional
            False positive identification rate, instead: the share of searches for non-enrolled people that may match.
        enrolled : float
            The prior probability that a probe shows an enrolled person.
        rerank : bool
            Order the nearest people by k-reciprocal neighbourhoods.
        progress : callable, optional
            Wrapped around the embedding to show progress.

        Returns
        -------
        list of Answer
            One for each whole recording: parts of a split recording are searched together.

        Raises
        ------
        ConfigError
            If an argument is out of its range, or both rates are given.
        DataError
            If the gallery is empty, or has too few people for that rate.
        LayoutError, ModelError
            If probes do not fit the model.
        """
        from himpc.gallery.search import SearchOptions

        options = SearchOptions(people=people, fmr=fmr, fpir=fpir, enrolled=enrolled, rerank=rerank)
        return self._service.searcher.search(probes, options, progress=progress)

    def calibrate(
        self, folds: int = DEFAULT_FOLDS, *, device: str = "auto", progress: Progress | None = None
    ) -> Calibration:
        """Calibrate a gallery whose model was trained on its people, and save the result.

        Rates learned from people that the model was trained on are too low (docs/results.md, open set). So the model
        is trained again several times without some of the people, whose recordings are then compared by it. Rates and
        probabilities stay as they are when people are enrolled afterwards, until the next call. A model that adapts the
        identity prior separates no people better than others: it is not trained again, as if `folds` were 0.

        Parameters
        ----------
        folds : int
            The number of trainings. 0 states that the model was not trained on people of the gallery: distances are
            then calibrated by the gallery as it is, after every change.
        device : str
            The device to train on.
        progress : callable, optional
            Wrapped around the trainings to show progress.

        Raises
        ------
        ConfigError
            If `folds` is 1 or negative.
        DataError
            If skeletons are not stored, or there are fewer than three people.
        """
        return self._service.calibrate(folds, device=device, progress=progress)

    def people(self) -> list[Person]:
        """Return all people, sorted by name."""
        return self._service.people()

    def recordings(self, person: str | None = None) -> list[EnrolledRecording]:
        """Return all recordings, or those of one person, in order of enrolment.

        Raises
        ------
        NotEnrolledError
            If no person has that name.
        """
        return self._service.recordings(person)

    def rename(self, old: str, new: str) -> None:
        """Rename a person. An unnamed person then counts as named.

        Raises
        ------
        NotEnrolledError
            If no person has the old name.
        NameConflictError
            If another person has the new one.
        DataError
            If it is not a valid name.
        """
        self._service.writer.rename(old, new)

    def merge(self, person: str, *others: str) -> int:
        """Merge people into the first one named, and return the number of recordings moved.

        Raises
        ------
        NotEnrolledError
            If a person is not enrolled.
        DataError
            If no other person is named.
        """
        return self._service.writer.merge(person, others)

    def move(self, ids: Sequence[int], person: str | None = None) -> str:
        """Assign recordings to another person, who may be new, and return the name; default a new unnamed person.

        Raises
        ------
        NotEnrolledError
            If a recording is not enrolled.
        DataError
            If it is not a valid name.
        """
        return self._service.writer.move(ids, person)

    def queue(self, *, fmr: float | None = None) -> list[QueueItem]:
        """Return questions that a person decides: likely merges, doubtful recordings, and people without a name.

        Each recording is left out and compared with all others: of more than 2,000, those of unnamed people first, then
        the latest. Nothing is changed until `decide` is called.

        Parameters
        ----------
        fmr : float, optional
            As in `search`; default 0.01, or the smallest rate that the gallery can show if that is larger.

        Raises
        ------
        DataError
            If the gallery has too few people for the rate.
        """
        return self._service.review.queue(fmr)

    def decide(self, *items: str, decision: Decision, person: str | None = None) -> list[int]:
        """Decide questions of the queue: all, or none if there is an error. Each decision is logged, and can be undone.

        Parameters
        ----------
        items : str
            The `id` of each `QueueItem`.
        decision : {"confirm", "reject", "enroll"}
            "confirm": the recordings show `candidate`. "reject": they do not; a doubtful recording becomes a new
            unnamed person, and an unknown person stays without a name. "enroll": they show `person`, who may be new.
        person : str, optional
            The person to enroll them as.

        Returns
        -------
        list of int
            The numbers of the events in the audit log, by which they can be undone.

        Raises
        ------
        ConfigError
            If there is no candidate to confirm, or `person` does not fit the decision.
        DataError
            If an item is not in the queue, or the name is not valid.
        """
        return self._service.review.decide(items, decision, person)

    def undo(self, number: int | None = None) -> int:
        """Undo a decision of the queue, by default the last one that is not undone, and return its number.

        Its recordings return to the people they belonged to, who come back with their names.

        Raises
        ------
        DataError
            If there is no such decision, or its recordings have been moved since.
        NameConflictError
            If the name of a person who would come back is now another person's.
        """
        return self._service.review.undo(number)

    def quality(self) -> list[PersonQuality]:
        """Return how well each person is enrolled, those with most problems first."""
        return self._service.quality()

    def remove(self, *persons: str, recordings: Sequence[int] = ()) -> int:
        """Erase people with all their recordings, and single recordings by id; return the number of recordings erased.

        All are erased, or none if one of them is not enrolled. A person without recordings is erased, too. Nothing
        remains in tables, indexes, logs or old versions; backups, and PostgreSQL's write-ahead log, are not reached.

        Raises
        ------
        NotEnrolledError
            If a person or a recording is not enrolled.
        """
        return self._service.writer.remove(persons, recordings)

    def audit(self) -> list[Event]:
        """Return the audit log in order of time: all changes and searches. Names of removed people are gone."""
        return self._service.audit()

    @classmethod
    def repair(cls, location: str | Path, *, device: str = "cpu") -> list[str]:
        """Repair a gallery, also one whose vectors cannot be opened; return a sentence for each problem that is left.

        Vectors that are missing or damaged are computed again from stored skeletons, and vectors that belong to no
        recording are erased. People, skeletons, model and log are in the catalog, which only a backup can restore.

        Raises
        ------
        GalleryError
            If there is no gallery, its catalog is missing or damaged, or it cannot be written.
        """
        service = GalleryService.open(location, device=device, rebuild=True)
        try:
            return service.verify(repair=True)
        finally:
            service.close()

    def verify(self, *, repair: bool = False) -> list[str]:
        """Check that everything enrolled is stored and unchanged; return a sentence for each problem.

        Parameters
        ----------
        repair : bool
            First compute damaged vectors again from stored skeletons, and erase vectors that belong to no recording.
        """
        return self._service.verify(repair=repair)


def get_service(gallery: Gallery) -> GalleryService:
    """Return the private service layer of a gallery, for other packages of himpc."""
    return gallery._service
