"""Routes for enrolled recordings."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from himpc.errors import NotEnrolledError
from himpc.server import schemas
from himpc.server.dependencies import ServiceDep, WorkersDep
from himpc.server.problems import NOT_FOUND

router = APIRouter(prefix="/api", tags=["recordings"])
Number = Annotated[str, Path(pattern="^[0-9]{1,19}$", description="The number of a recording.")]


def _parse_number(text: str) -> int:
    number = int(text)
    if number >= 2**63:
        raise NotEnrolledError(f"recording {number} is not in the gallery")
    return number


@router.get("/recordings")
async def list_recordings(
    service: ServiceDep,
    workers: WorkersDep,
    offset: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=100_000)] = 10_000,
) -> schemas.RecordingList:
    """List the enrolled recordings in the order of enrollment."""
    return await workers.run(workers.reads, service.recordings, offset, limit)


@router.get("/recordings/{number}/skeleton", responses=NOT_FOUND)
async def get_skeleton(number: Number, service: ServiceDep, workers: WorkersDep) -> schemas.EnrolledSkeleton:
    """Return the joints of a recording, and the weight of each frame."""
    return await workers.run(workers.reads, service.skeleton, _parse_number(number))


@router.get("/recordings/{number}/poster", responses=NOT_FOUND)
async def get_poster(number: Number, service: ServiceDep, workers: WorkersDep) -> schemas.Poster:
    """Return a still picture of a recording."""
    return await workers.run(workers.reads, service.poster, _parse_number(number))


@router.get("/poster", responses=NOT_FOUND)
async def get_poster_of_person(
    service: ServiceDep,
    workers: WorkersDep,
    person: Annotated[str, Query(min_length=1, max_length=200, description="Name of a person.")],
) -> schemas.Poster:
    """Return a still picture of the first recording of a person."""
    return await workers.run(workers.reads, service.poster, person)


@router.post("/recordings/move", responses=NOT_FOUND)
async def move_recordings(request: schemas.MoveRequest, service: ServiceDep, workers: WorkersDep) -> schemas.MoveResult:
    """Move recordings to another person, who may be new."""
    numbers = [_parse_number(number) for number in request.ids]
    person = await workers.run(workers.writes, service.gallery.writer.move, numbers, request.person)
    return schemas.MoveResult(person=person)


@router.delete("/recordings/{number}", responses=NOT_FOUND)
async def remove_recording(number: Number, service: ServiceDep, workers: WorkersDep) -> schemas.RemoveResult:
    """Erase a recording, and its person if no other recording remains; this cannot be undone."""
    await workers.run(workers.writes, service.gallery.writer.remove, [], [_parse_number(number)])
    return schemas.RemoveResult(removed=1)


@router.get("/map")
async def get_map(service: ServiceDep, workers: WorkersDep) -> schemas.RecordingMap:
    """Return up to 5,000 recordings as points on a plane, similar ones close to each other."""
    return await workers.run(workers.reads, service.map)
