"""What is sent and answered, field by field; shapes: F frames, J joints, D numbers in an embedding."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from himpc.gallery.catalog.queries import check_name

__all__ = [
    "About",
    "Answers",
    "Audit",
    "Embeddings",
    "EnrolledAnswer",
    "Health",
    "JobStarted",
    "JobState",
    "Map",
    "Merge",
    "Merged",
    "Move",
    "Moved",
    "Name",
    "Number",
    "People",
    "PersonAnswer",
    "PersonRecordings",
    "Recordings",
    "Removed",
    "Rename",
    "SkeletonAnswer",
]

Name = Annotated[
    str,
    AfterValidator(check_name),
    Field(min_length=1, max_length=200, json_schema_extra={"format": "person-name"}, description="Printable."),
]
Number = Annotated[
    str, Field(pattern="^[0-9]{1,19}$", description="The number of a recording; text, for it has 62 bits.")
]
Share = Annotated[float, Field(ge=0, le=1)]


class Health(BaseModel):
    """The server lives."""

    status: Literal["ok"]
    version: str
    gallery: str = Field(description="What the gallery is called.")


class ModelAnswer(BaseModel):
    """What makes the embeddings of the gallery."""

    fingerprint: str
    layout: str
    joints: list[str]
    parents: list[int] = Field(description="The parent of each joint, -1 for the top.")
    left: list[int] = Field(description="Joints of the left side, as places in joints; right has their partners.")
    right: list[int]
    window_length: int = Field(description="Frames of a window.")
    size: int = Field(description="D.")


class CalibrationAnswer(BaseModel):
    """What distances mean, as learned from the gallery."""

    source: Literal["recordings", "halves"]
    persons: int
    threshold: float = Field(description="The largest distance that is a match, if no rate is asked for.")
    fmr: float = Field(description="The false match rate of that.")


class About(BaseModel):
    """The gallery."""

    version: str
    name: str
    people: int
    recordings: int
    windows: int
    model: ModelAnswer
    calibration: CalibrationAnswer | None
    note: str = Field(description="Why there is no calibration.")
    keeps_skeletons: bool


class PersonAnswer(BaseModel):
    """Somebody who is enrolled."""

    name: str
    named: bool = Field(description="False for somebody who was found, not named.")
    recordings: int
    windows: int
    cameras: list[str]
    first: str
    last: str


class People(BaseModel):
    """Who is enrolled."""

    people: list[PersonAnswer]


class RecordingAnswer(BaseModel):
    """A recording that is enrolled."""

    id: Number
    person: str
    source: str
    session: str | None
    camera: str | None
    fps: float | None
    frames: int
    windows: int
    quality: Share
    enrolled: str
    skeleton: bool = Field(description="Whether its joints are kept.")


class PersonRecordings(BaseModel):
    """Somebody who is enrolled, with recordings."""

    name: str
    named: bool
    recordings: list[RecordingAnswer]
    windows: int
    cameras: list[str]
    first: str
    last: str


class Recordings(BaseModel):
    """What is enrolled."""

    recordings: list[RecordingAnswer]
    total: int = Field(description="How many there are in all.")


class Skeleton(BaseModel):
    """Joints over time."""

    source: str
    person: str | None
    fps: float | None
    joints: list[list[list[float]]] = Field(description="(F, J, 3), metres to the millimetre, y up.")
    weights: list[Share] = Field(description="Of each frame, by hard skeleton mining; the hardest is 1.")
    step: int = Field(ge=1, description="Every how many-th frame is here.")
    frames: int


class SkeletonAnswer(Skeleton):
    """The joints of a recording that is enrolled."""

    id: Number


class Point(BaseModel):
    """A recording in the map."""

    id: Number
    person: str
    x: float
    y: float


class Map(BaseModel):
    """Recordings by similarity: near each other where they are alike."""

    points: list[Point]


class NearAnswer(BaseModel):
    """A recording of the gallery, and how far it is."""

    id: Number
    source: str
    distance: float


class MomentAnswer(BaseModel):
    """Two windows that are alike."""

    start: int = Field(description="The first frame in the recording that was searched for.")
    recording: Number
    recording_start: int
    distance: float


class MatchAnswer(BaseModel):
    """Somebody whom a recording may show."""

    person: str
    distance: float
    probability: Share | None
    agreement: Share
    recordings: list[NearAnswer]
    moments: list[MomentAnswer]


class AnswerOf(BaseModel):
    """Whom a recording shows."""

    model_config = ConfigDict(extra="allow")

    source: str
    person: str | None = Field(description="null for somebody who is unknown.")
    probability: Share | None
    margin: Share
    threshold: float | None
    windows: int
    matches: list[MatchAnswer]
    note: str
    probe: Skeleton | None = None


class LeftOut(BaseModel):
    """A file, or part of one, that could not be used."""

    path: str
    why: str


class Answers(BaseModel):
    """Whom recordings show, in the order in which they were sent."""

    answers: list[AnswerOf]
    left_out: list[LeftOut]


class Embedding(BaseModel):
    """The embedding of a recording."""

    source: str
    vector: list[float] = Field(description="(D,), the mean of those of its windows.")
    windows: int


class Embeddings(BaseModel):
    """The embeddings of recordings."""

    recordings: list[Embedding]
    left_out: list[LeftOut]


class EnrolledAnswer(BaseModel):
    """What enrolling did."""

    model_config = ConfigDict(extra="allow")

    recordings: int
    people: list[str]
    already: list[str]
    short: list[str]
    left_out: list[LeftOut]


class JobStarted(BaseModel):
    """Work that takes longer than a request: ask for /api/jobs/{job}."""

    job: str


class JobState(JobStarted):
    """How far such work is."""

    state: Literal["waiting", "running", "done", "failed"]
    done: int
    total: int
    result: dict[str, object] | None
    detail: str | None


class Event(BaseModel):
    """Something that was done with the gallery."""

    time: str
    action: str
    actor: str
    person: str | None
    recordings: int


class Audit(BaseModel):
    """What was done with the gallery, in order of time."""

    events: list[Event]


class Rename(BaseModel):
    """Another name."""

    model_config = ConfigDict(extra="forbid")

    name: Name


class Merge(BaseModel):
    """Other names of the same person."""

    model_config = ConfigDict(extra="forbid")

    others: list[Name] = Field(min_length=1, max_length=1000)


class Merged(BaseModel):
    """How many recordings changed hands."""

    moved: int


class Move(BaseModel):
    """Recordings, and whom they show."""

    model_config = ConfigDict(extra="forbid")

    ids: list[Number] = Field(min_length=1, max_length=10_000)
    person: Name | None = Field(default=None, description="null for somebody new without a name.")


class Moved(BaseModel):
    """Whom recordings show now."""

    person: str


class Removed(BaseModel):
    """How many recordings were erased for good."""

    removed: int
