"""Requests and responses, field by field; shapes: F frames, J joints, D numbers in an embedding."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from himpc.gallery import Event, Person, PersonQuality, Verdict, check_name

PersonName = Annotated[
    str,
    AfterValidator(check_name),
    Field(min_length=1, max_length=200, json_schema_extra={"format": "person-name"}, description="Printable."),
]
RecordingNumber = Annotated[
    str,
    Field(pattern="^[0-9]{1,19}$", description="The number of a recording; a string, for it has up to 63 bits."),
]
_Number = Annotated[RecordingNumber, BeforeValidator(str)]
_Share = Annotated[float, Field(json_schema_extra={"minimum": 0, "maximum": 1})]


class Problem(BaseModel):
    """Why a request was refused."""

    detail: str = Field(description="One line: what was found, and what to do.")


class Response(BaseModel):
    """Base of the responses: fields are read from the attributes of library objects."""

    model_config = ConfigDict(from_attributes=True)

    @classmethod
    def of(cls, **values: object) -> Self:
        """Build a response from values that may be library objects, or lists of them."""
        return cls.model_validate(values)


class Health(Response):
    """The server is running."""

    status: Literal["ok"]
    ready: bool = Field(
        description="False while libraries are loaded after the start: requests with pictures are answered, but wait."
    )
    version: str
    gallery: str = Field(description="Name of the gallery.")


class ModelInfo(Response):
    """The model that computes the embeddings of the gallery."""

    fingerprint: str
    layout: str
    joints: list[str]
    parents: list[int] = Field(description="The parent of each joint, -1 for the root.")
    left: list[int] = Field(description="Indices of joints of the left side; right lists their partners.")
    right: list[int]
    window_length: int = Field(description="Frames of a window.")
    size: int = Field(description="D.")


class CalibrationInfo(Response):
    """The threshold of a match, as learned from the gallery."""

    source: Literal["recordings", "halves"]
    persons: int
    threshold: float = Field(description="The largest distance that is a match, if no rate is requested.")
    measure: Literal["FMR", "FPIR"] = Field(
        description="The rate that sets the threshold: false matches among comparisons, or among searches for "
        "non-enrolled people."
    )
    rate: float = Field(description="Its value.")


class GalleryInfo(Response):
    """The gallery: its size, model and calibration."""

    version: str
    name: str
    people: int
    recordings: int
    windows: int
    model: ModelInfo
    calibration: CalibrationInfo | None
    note: str = Field(description="Why there is no calibration.")
    keeps_skeletons: bool


class PersonList(Response):
    """All enrolled people."""

    people: list[Person]


class Recording(Response):
    """An enrolled recording."""

    id: _Number
    person: str
    source: str
    session: str | None
    camera: str | None
    fps: float | None
    frames: int
    windows: int
    quality: _Share
    enrolled: str
    skeleton: bool = Field(description="Whether its joints are stored.")


class PersonDetails(Response):
    """An enrolled person with all recordings."""

    name: str
    named: bool
    recordings: list[Recording]
    windows: int
    cameras: list[str]
    first: str
    last: str


class RecordingList(Response):
    """Enrolled recordings, a slice of all."""

    recordings: list[Recording]
    total: int = Field(description="Number of all enrolled recordings.")


class Skeleton(Response):
    """Joints over time."""

    source: str
    person: str | None
    fps: float | None
    joints: list[list[list[float | None]]] = Field(description="(F, J, 3), metres to the millimetre, y up.")
    weights: list[_Share] = Field(description="Of each frame, by hard skeleton mining; the hardest is 1.")
    step: int = Field(ge=1, description="Every step-th frame is included.")
    frames: int


class EnrolledSkeleton(Skeleton):
    """The joints of an enrolled recording."""

    id: _Number


class MapPoint(Response):
    """A recording on the map."""

    id: _Number
    person: str
    x: float
    y: float


class RecordingMap(Response):
    """Recordings on a plane, similar ones close to each other."""

    points: list[MapPoint]


class NearRecording(Response):
    """An enrolled recording and its distance."""

    id: _Number
    source: str
    distance: float


class Moment(Response):
    """Two similar windows."""

    start: int = Field(description="The first frame in the probe.")
    recording: _Number
    recording_start: int
    distance: float


class Match(Response):
    """A candidate for the person in a probe."""

    person: str
    distance: float
    probability: _Share | None
    agreement: _Share
    recordings: list[NearRecording]
    moments: list[Moment]


class Answer(Response):
    """The person in a probe, or unknown."""

    source: str
    verdict: Verdict = Field(description="The answer in a word; docs/gallery.md defines the four.")
    reason: str = Field(description="Why, in a sentence.")
    person: str | None = Field(description="null for an unknown person.")
    probability: _Share | None
    nobody: _Share | None = Field(description="The probability that the person is not enrolled.")
    margin: _Share
    threshold: float | None
    windows: int
    matches: list[Match]
    note: str
    probe: Skeleton | None = None


class SkippedFile(Response):
    """A file, or part of one, that could not be used."""

    path: str
    why: str


class SearchResult(Response):
    """One answer for each recording, in the order of the upload."""

    answers: list[Answer]
    left_out: list[SkippedFile]


class Embedding(Response):
    """The embedding of a recording."""

    source: str
    vector: list[float] = Field(description="(D,), the mean over the windows.")
    windows: int


class EmbeddingList(Response):
    """The embeddings of uploaded recordings."""

    recordings: list[Embedding]
    left_out: list[SkippedFile]


class EnrollResult(Response):
    """What was enrolled."""

    recordings: int
    people: list[str]
    already: list[str] = Field(description="Sources that were enrolled before.")
    short: list[str] = Field(description="Sources that are shorter than a window.")
    notes: list[str] = Field(description="What else to know, such as recordings that were converted.")
    left_out: list[SkippedFile]


class GroupedRecording(Response):
    """A recording in a group."""

    id: _Number | None
    source: str
    person: str | None
    confidence: float | None


class Group(Response):
    """Recordings of one person."""

    group: int
    recordings: list[GroupedRecording]
    contradicts: list[str] = Field(
        description="Names that were given by hand, if the group joins several: it contradicts them."
    )
    offered: bool = Field(
        description="Whether the queue, whose merges have a measured precision, would merge all people of the group."
    )


class GroupResult(Response):
    """Groups by falling size."""

    people: int
    chosen: bool = Field(description="Whether the number of people was estimated.")
    groups: list[Group]
    short: list[GroupedRecording] = Field(
        description="Recordings in no group: shorter than a window, or unlike all groups and too few for another."
    )
    notes: list[str] = Field(description="What else to know, such as recordings that were converted.")
    left_out: list[SkippedFile]


class JobReference(Response):
    """A job; its state is at /api/jobs/{job}."""

    job: str


class JobStatus(JobReference):
    """The state of a job."""

    state: Literal["waiting", "running", "done", "failed"]
    done: int
    total: int
    result: EnrollResult | GroupResult | None
    detail: str | None = Field(description="Why it failed.")


class QueueItem(Response):
    """A question about the gallery that a person decides."""

    id: str
    kind: Literal["merge", "doubtful", "unknown"]
    person: str
    recordings: list[_Number] = Field(description="The recordings that the decision concerns.")
    recording: _Number
    source: str
    candidate: str | None = Field(description="The person whom confirm accepts and reject excludes.")
    nearest: str | None = Field(description="The nearest other person.")
    other: _Number | None = Field(description="The recording that was compared.")
    distance: float | None
    probability: _Share | None
    reason: str
    contradicts: bool = Field(description="Whether both people were named by hand.")
    enrolled: str


class Queue(Response):
    """The questions that a person decides, and the decision that can be undone."""

    items: list[QueueItem]
    undo: Event | None = Field(description="The last decision that was not undone.")


class DecisionResult(Response):
    """The numbers of the events in the audit log."""

    numbers: list[int]


class QualityReport(Response):
    """How well people are enrolled, those with most problems first."""

    people: list[PersonQuality]


class Poster(Response):
    """A still picture of a recording: the person from the front."""

    person: str
    source: str
    height: float
    lines: dict[str, list[list[float]]] = Field(
        description="Bones of the left, the middle and the right of the body: x and y of both ends, metres, feet at 0."
    )
    head: list[float] | None


class AuditLog(Response):
    """The audit log, in order of time."""

    events: list[Event]


class MoveResult(Response):
    """The new person of the recordings."""

    person: str


class MergeResult(Response):
    """The number of recordings that were moved."""

    moved: int


class RemoveResult(Response):
    """The number of recordings that were erased."""

    removed: int


class Request(BaseModel):
    """Base of the requests: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class RenameRequest(Request):
    """The new name."""

    name: PersonName


class MergeRequest(Request):
    """Other names of the same person."""

    others: list[PersonName] = Field(min_length=1, max_length=1000)


class MoveRequest(Request):
    """Recordings, and the person they show."""

    ids: list[RecordingNumber] = Field(min_length=1, max_length=10_000)
    person: PersonName | None = Field(default=None, description="null for a new unnamed person.")


class ItemsRequest(Request):
    """Questions of the queue, by their ids."""

    items: list[Annotated[str, Field(pattern="^[0-9a-f]{8}$")]] = Field(min_length=1, max_length=1000)


class EnrollRequest(ItemsRequest):
    """Questions, and the person whom their recordings show."""

    person: PersonName


class UndoRequest(Request):
    """The decision to undo."""

    number: Annotated[int, Field(ge=1, le=2**53)] | None = Field(
        default=None, description="Its number in the audit log; null for the last one that was not undone."
    )
