"""The work behind the routes: what is asked of the gallery, done in worker threads."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from himpc._version import __version__
from himpc.errors import ConfigError, DataError, GalleryError, NotEnrolledError, count_noun
from himpc.gallery import Decision, GalleryService, RevisionCache, SearchOptions, embed_recordings
from himpc.recordings import (
    Progress,
    Recording,
    leave_out_unfit,
    normalize_label,
    number_whole_recordings,
    to_common_layout,
)
from himpc.server import schemas as s
from himpc.server.drawing import FrameWeighter, draw_map, draw_poster, thin_skeleton
from himpc.server.problems import ConflictError
from himpc.server.uploads import Upload, UploadedRecordings

if TYPE_CHECKING:
    from himpc.learning import Grouping

MAX_PROBES = 200
"""Recordings in one search."""


class Service:
    """A gallery, with caches of what is computed from it.

    Attributes
    ----------
    is_ready : bool
        Whether pictures need not wait, either.

    Notes
    -----
    After a change, the calibration and the frame weights stay those from before until new ones are computed: some
    seconds in a gallery of 100,000 recordings.
    """

    def __init__(self, gallery: GalleryService) -> None:
        self.gallery = gallery
        gallery.searcher.calibration.allow_stale = True
        gallery.cache_vectors()
        self._frame_weights = RevisionCache(lambda: FrameWeighter(gallery), allow_stale=True)
        self._map = RevisionCache(lambda: draw_map(gallery))
        self.is_ready = False

    @property
    def name(self) -> str:
        """The name of the gallery: the last part of its folder or address."""
        return self.gallery.location.rstrip("/").rpartition("/")[2]

    def warm_up(self) -> None:
        """Compute what searches need, so that the first one does not wait for it."""
        self.gallery.searcher.calibration.get(self.gallery.revision())

    def warm_up_pictures(self) -> None:
        """Compute the weights of frames that pictures show, for which torch is loaded."""
        self._frame_weights.get(self.gallery.revision())
        self.is_ready = True

    def close(self) -> None:
        """Close the gallery when no cache is being computed."""
        for cache in (self._frame_weights, self._map):
            cache.wait()
        self.gallery.close()

    def info(self) -> s.GalleryInfo:
        """Describe the gallery, its model and its calibration."""
        people, recordings, windows = self.gallery.counts()
        model = self.gallery.model
        calibration, note = self.gallery.searcher.calibration.get(self.gallery.revision())
        threshold = None
        if calibration is not None:
            point = calibration.operating_point()
            threshold = {
                "source": calibration.source,
                "persons": calibration.persons,
                "threshold": point.threshold,
                "measure": point.measure,
                "rate": point.rate,
            }
        return s.GalleryInfo.of(
            version=__version__,
            name=self.name,
            people=people,
            recordings=recordings,
            windows=windows,
            model={
                "fingerprint": model.fingerprint,
                "layout": model.layout.name,
                "joints": model.layout.joints,
                "parents": model.layout.parents,
                "left": [left for left, _ in model.layout.pairs],
                "right": [right for _, right in model.layout.pairs],
                "window_length": model.window_length,
                "size": model.size,
            },
            calibration=threshold,
            note=note,
            keeps_skeletons=self.gallery.keep_skeletons,
        )

    def people(self) -> s.PersonList:
        """List the enrolled people."""
        return s.PersonList.of(people=self.gallery.people())

    def person(self, name: str) -> s.PersonDetails:
        """Return a person with all recordings.

        Raises
        ------
        NotEnrolledError
            If no person has that name.
        """
        recordings = self.gallery.recordings(name)
        person = next((each for each in self.gallery.people() if each.name == normalize_label(name)), None)
        if person is None:
            raise NotEnrolledError(f"no person in the gallery is called {name!r}")
        return s.PersonDetails.of(**vars(person) | {"recordings": recordings})

    def recordings(self, offset: int, limit: int) -> s.RecordingList:
        """List a slice of the enrolled recordings."""
        recordings = self.gallery.recordings()
        return s.RecordingList.of(recordings=recordings[offset : offset + limit], total=len(recordings))

    def skeleton(self, number: int) -> s.EnrolledSkeleton:
        """Return the joints of a recording and the weight of each frame.

        Raises
        ------
        NotEnrolledError
            If there is no such recording, or its joints are not stored.
        """
        recording, joints = self.gallery.recording(number), self.gallery.joints(number)
        about = {"id": number, "source": recording.source, "person": recording.person, "fps": recording.fps}
        return s.EnrolledSkeleton.of(**about, **self._draw(joints, recording.person))

    def poster(self, of: int | str) -> s.Poster:
        """Return a still picture of a recording by its id, or of the first recording of a person by the name.

        Raises
        ------
        NotEnrolledError
            If there is none, or its joints are not stored.
        """
        number = of if isinstance(of, int) else self.gallery.recordings(of)[0].id
        recording, joints = self.gallery.recording(number), self.gallery.joints(number)
        about = {"source": recording.source, "person": recording.person}
        return s.Poster.of(**about, **draw_poster(joints, self.gallery.model.layout, recording.fps))

    def queue(self) -> s.Queue:
        """List the questions of the queue, and the decision that can be undone."""
        number = self.gallery.review.last_decision()
        log = [] if number is None else [event for event in self.gallery.audit() if event.number == number]
        return s.Queue.of(items=self.gallery.review.queue(), undo=log[0] if log else None)

    def decide(self, items: Sequence[str], decision: Decision, person: str | None = None) -> s.DecisionResult:
        """Decide questions of the queue.

        Raises
        ------
        ConflictError
            If a question has been decided, the gallery has changed, or there is no candidate to confirm.
        """
        try:
            numbers = self.gallery.review.decide(items, decision, person)
        except (NotEnrolledError, GalleryError):
            raise
        except (ConfigError, DataError) as error:
            raise ConflictError(error.message, hint=error.hint) from error
        return s.DecisionResult(numbers=numbers)

    def undo(self, number: int | None) -> s.DecisionResult:
        """Undo a decision of the queue.

        Raises
        ------
        ConflictError
            If there is none, or its recordings have been moved since.
        """
        try:
            return s.DecisionResult(numbers=[self.gallery.review.undo(number)])
        except (NotEnrolledError, GalleryError):
            raise
        except DataError as error:
            raise ConflictError(error.message, hint=error.hint) from error

    def quality(self) -> s.QualityReport:
        """List how well people are enrolled."""
        return s.QualityReport.of(people=self.gallery.quality())

    def map(self) -> s.RecordingMap:
        """Return the map of the recordings."""
        return s.RecordingMap(points=self._map.get(self.gallery.revision()))

    def audit(self, limit: int) -> s.AuditLog:
        """Return the last entries of the audit log."""
        return s.AuditLog.of(events=self.gallery.audit()[-limit:])

    def search(self, upload: Upload, options: SearchOptions, *, skeletons: bool = False) -> s.SearchResult:
        """Identify the person in each uploaded recording, or report it as unknown.

        Parameters
        ----------
        upload : Upload
        options : SearchOptions
        skeletons : bool
            Whether to return the skeletons of the probes.

        Raises
        ------
        ConflictError
            If the gallery is empty, or too small for the requested rate.
        """
        uploaded = upload.read()
        recordings = uploaded.recordings
        if len(recordings) > MAX_PROBES:
            raise ConfigError(f"found {count_noun(len(recordings), 'recording')}; a search takes at most {MAX_PROBES}")
        recordings, problems = leave_out_unfit(recordings, self.gallery.model.input_layout, owner="the gallery")
        unfit = [s.SkippedFile(path=str(problem.path), why=problem.render(upload.spell)) for problem in problems]
        try:
            answers = s.SearchResult.of(
                answers=self.gallery.searcher.search(recordings, options),
                left_out=uploaded.skipped + unfit,
            )
        except DataError as error:
            raise ConflictError(error.message, hint=error.hint) from error
        if skeletons:
            for answer, (fps, joints) in zip(answers.answers, _join_parts(recordings, self.gallery), strict=True):
                answer.probe = s.Skeleton.of(source=answer.source, person=None, fps=fps, **self._draw(joints, None))
        return answers

    def embed(self, upload: Upload) -> s.EmbeddingList:
        """Compute the embedding of each uploaded recording; those shorter than a window are skipped."""
        uploaded = upload.read()
        embedded = embed_recordings(self.gallery.model, uploaded.recordings)
        reason = f"shorter than a window of {self.gallery.model.window_length} frames"
        return s.EmbeddingList(
            recordings=[
                s.Embedding(source=each.source, vector=each.pooled.tolist(), windows=len(each.windows))
                for each in embedded
                if len(each.windows)
            ],
            left_out=uploaded.skipped
            + [s.SkippedFile(path=each.source, why=reason) for each in embedded if not len(each.windows)],
        )

    def enroll(
        self, uploaded: UploadedRecordings, person: str | None, unnamed: bool, progress: Progress
    ) -> s.EnrollResult:
        """Enroll all recordings, or none.

        Raises
        ------
        ConfigError
            If the person of a recording is not known.
        ConflictError
            If all recordings are too short, or one is enrolled as another person.
        """
        recordings = uploaded.recordings
        if person is not None:
            recordings = [each.with_(person=person) for each in recordings]
        if not unnamed and any(each.person is None for each in recordings):
            raise ConfigError(
                "the person in the recordings is not known", hint="set {person=NAME}, or {unnamed=true} for new people"
            )
        try:
            enrolled = self.gallery.enroll(recordings, unnamed=unnamed, progress=progress)
        except DataError as error:
            raise ConflictError(error.message, hint=error.hint) from error
        return s.EnrollResult.of(**vars(enrolled), left_out=uploaded.skipped)

    def group(self, uploaded: UploadedRecordings | None, people: int | None) -> s.GroupResult:
        """Group recordings by person: those uploaded, or else those of the gallery."""
        from himpc.api import group

        model = self.gallery.model
        if uploaded is not None:
            converted, notes = to_common_layout(
                uploaded.recordings, model.input_layout, owner="the gallery", size=model.body_size
            )
            grouping = group(converted, model, people=people)
            rows = [
                s.GroupedRecording(id=None, source=r.source, person=None, confidence=None) for r in uploaded.recordings
            ]
            return _group_result(grouping, rows, uploaded.skipped, notes)
        enrolled, grouping = self.gallery.group(people)
        rows = [s.GroupedRecording(id=str(r.id), source=r.source, person=r.person, confidence=None) for r in enrolled]
        named = {person.name for person in self.gallery.people() if person.named}
        likely = [{item.person, str(item.candidate)} for item in self.gallery.review.queue() if item.kind == "merge"]
        return _group_result(grouping, rows, [], named=named, likely=likely)

    def _draw(self, joints: NDArray[np.float32], person: str | None) -> dict[str, object]:
        weigh = self._frame_weights.get(self.gallery.revision())
        return thin_skeleton(joints, weigh(joints, person))


def _group_result(
    grouping: Grouping,
    rows: Iterable[s.GroupedRecording],
    skipped: list[s.SkippedFile],
    notes: Sequence[str] = (),
    named: Collection[str] = (),
    likely: Collection[set[str]] = (),
) -> s.GroupResult:
    groups: dict[int, list[s.GroupedRecording]] = {}
    for number, confidence, row in zip(grouping.groups.tolist(), grouping.confidence.tolist(), rows, strict=True):
        row.confidence = None if math.isnan(confidence) else confidence
        groups.setdefault(number, []).append(row)
    short = groups.pop(0, [])
    left = [f"{count_noun(grouping.ungrouped, 'recording')} in no group"] if grouping.ungrouped else []
    return s.GroupResult(
        people=grouping.people,
        chosen=grouping.estimated,
        groups=[
            s.Group(
                group=number,
                recordings=groups[number],
                contradicts=_contradicted_names(groups[number], named),
                offered=_are_linked({each.person for each in groups[number] if each.person is not None}, likely),
            )
            for number in sorted(groups)
        ],
        short=short,
        notes=[*notes, *grouping.remarks, *left],
        left_out=skipped,
    )


def _contradicted_names(recordings: Iterable[s.GroupedRecording], named: Collection[str]) -> list[str]:
    """Return the people in a group who were named by hand, if there are several."""
    names = sorted({each.person for each in recordings if each.person is not None and each.person in named})
    return names if len(names) > 1 else []


def _are_linked(people: set[str], likely: Collection[set[str]]) -> bool:
    """Return whether likely merges, pairs of people, make one person of some people."""
    linked = set(sorted(people)[:1])
    while grown := {name for pair in likely if pair & linked for name in pair & people} - linked:
        linked |= grown
    return linked == people


def _join_parts(
    recordings: Sequence[Recording], gallery: GalleryService
) -> list[tuple[float | None, NDArray[np.float32]]]:
    """Return frame rate and joints of each whole recording, in the order of the answers."""
    layout = gallery.model.layout
    parts: dict[int, list[Recording]] = {}
    for number, recording in zip(number_whole_recordings(recordings).tolist(), recordings, strict=True):
        parts.setdefault(number, []).append(recording.to(layout))
    return [(own[0].fps, np.concatenate([part.joints for part in own])) for own in parts.values()]
