"""Routes for enrolled people."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from himpc.server import schemas
from himpc.server.dependencies import ServiceDep, WorkersDep
from himpc.server.problems import NOT_FOUND

router = APIRouter(prefix="/api/people", tags=["people"])
Name = Annotated[str, Path(min_length=1, max_length=200, description="Name of a person.")]


@router.get("")
async def list_people(service: ServiceDep, workers: WorkersDep) -> schemas.PersonList:
    """List the enrolled people by name."""
    return await workers.run(workers.reads, service.people)


@router.post("/{name:path}/rename", responses=NOT_FOUND)
async def rename_person(
    name: Name, request: schemas.RenameRequest, service: ServiceDep, workers: WorkersDep
) -> schemas.PersonDetails:
    """Rename a person, or name an unnamed one."""
    await workers.run(workers.writes, service.gallery.writer.rename, name, request.name)
    return await workers.run(workers.reads, service.person, request.name)


@router.post("/{name:path}/merge", responses=NOT_FOUND)
async def merge_people(
    name: Name, request: schemas.MergeRequest, service: ServiceDep, workers: WorkersDep
) -> schemas.MergeResult:
    """Merge people into the one named in the path."""
    moved = await workers.run(workers.writes, service.gallery.writer.merge, name, request.others)
    return schemas.MergeResult(moved=moved)


@router.get("/{name:path}", responses=NOT_FOUND)
async def get_person(name: Name, service: ServiceDep, workers: WorkersDep) -> schemas.PersonDetails:
    """Return a person with all recordings."""
    return await workers.run(workers.reads, service.person, name)


@router.delete("/{name:path}", responses=NOT_FOUND)
async def remove_person(name: Name, service: ServiceDep, workers: WorkersDep) -> schemas.RemoveResult:
    """Erase a person with all recordings; this cannot be undone."""
    return schemas.RemoveResult(removed=await workers.run(workers.writes, service.gallery.writer.remove, [name]))
