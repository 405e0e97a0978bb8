"""Routes for operating the server: health and jobs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from himpc._version import __version__
from himpc.errors import NotEnrolledError
from himpc.server import schemas
from himpc.server.dependencies import JobsDep, ServiceDep, WordingDep
from himpc.server.problems import NOT_FOUND

router = APIRouter(prefix="/api", tags=["server"])


@router.get("/health")
async def get_health(service: ServiceDep) -> schemas.Health:
    """Report that the server is running, and whether it is ready; this needs no token."""
    return schemas.Health(status="ok", ready=service.is_ready, version=__version__, gallery=service.name)


@router.get("/jobs/{job}", responses=NOT_FOUND)
async def get_job(
    id: Annotated[str, Path(alias="job", min_length=1, max_length=64)], jobs: JobsDep, wording: WordingDep
) -> schemas.JobStatus:
    """Return the progress of a job, and its result."""
    job = jobs.get(id)
    if job is None:
        raise NotEnrolledError("there is no such job; the last hundred are known until the server stops")
    detail = None if job.error is None else wording.render(job.error)
    return schemas.JobStatus.of(**vars(job) | {"job": id, "detail": detail})
