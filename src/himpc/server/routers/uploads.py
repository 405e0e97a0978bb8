"""Routes that take files: search, embed, enroll, group."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import JSONResponse
from pydantic import Field

from himpc.errors import ConfigError
from himpc.gallery import SearchOptions
from himpc.server import schemas
from himpc.server.dependencies import Absent, JobsDep, OptionalUploadDep, ServiceDep, UploadDep, WorkersDep

router = APIRouter(prefix="/api", tags=["recordings"])

SYNC_TIMEOUT = 2.0
"""Seconds after which an enrollment is answered by its job."""

Rate = Annotated[Annotated[float, Field(gt=0, lt=1)] | Absent, Form()]
Person = Annotated[schemas.PersonName | Absent, Form(description="The person in all recordings.")]
NumberOfPeople = Annotated[
    Annotated[int, Field(ge=1, le=10_000)] | Absent, Form(description="Number of people; estimated if left out.")
]


@router.post("/search", response_model_exclude_unset=True)
async def search(
    upload: UploadDep,
    service: ServiceDep,
    workers: WorkersDep,
    people: Annotated[int, Form(ge=1, le=100, description="How many of the nearest people to list.")] = 5,
    fmr: Rate = None,
    fpir: Rate = None,
    rerank: Annotated[bool, Form(description="Order the nearest by their k-reciprocal neighbourhoods.")] = False,
    skeletons: Annotated[bool, Form(description="Return the skeletons of the uploaded recordings.")] = False,
) -> schemas.SearchResult:
    """Identify the person in each recording, or report it as unknown.

    At most one of fmr and fpir sets the threshold. fmr is the false match rate: the share of comparisons between
    different people that match. fpir is the false positive identification rate: the share of searches for non-enrolled
    people that return a person.
    """
    options = SearchOptions(people=people, fmr=fmr, fpir=fpir, rerank=rerank)
    return await workers.run(workers.uploads, service.search, upload, options, skeletons=skeletons)


@router.post("/embed")
async def embed(upload: UploadDep, service: ServiceDep, workers: WorkersDep) -> schemas.EmbeddingList:
    """Compute the embedding of each recording; nothing is stored."""
    return await workers.run(workers.uploads, service.embed, upload)


@router.post("/enroll", responses={202: {"model": schemas.JobReference, "description": "It takes longer."}})
async def enroll(
    upload: UploadDep,
    service: ServiceDep,
    workers: WorkersDep,
    jobs: JobsDep,
    person: Person = None,
    unnamed: Annotated[bool, Form(description="Group recordings of unknown people into new unnamed people.")] = False,
) -> schemas.EnrollResult:
    """Enroll all recordings, or none."""
    if person is not None and unnamed:
        raise ConfigError("person and unnamed exclude each other", hint="set only one of {person} and {unnamed}")
    uploaded = await workers.run(workers.uploads, upload.read)
    job, future = jobs.start(workers.writes, lambda progress: service.enroll(uploaded, person, unnamed, progress))
    waiting = asyncio.wrap_future(future)
    done, _ = await asyncio.wait({waiting}, timeout=SYNC_TIMEOUT)
    if done:
        return waiting.result()
    waiting.add_done_callback(_retrieve_exception)
    return JSONResponse({"job": job.id}, 202)  # type: ignore[return-value]


@router.post("/group", status_code=202)
async def group(
    upload: OptionalUploadDep, service: ServiceDep, workers: WorkersDep, jobs: JobsDep, people: NumberOfPeople = None
) -> schemas.JobReference:
    """Start a job that groups recordings by person: those uploaded, or else those of the gallery."""
    uploaded = None if upload is None else await workers.run(workers.uploads, upload.read)
    job, future = jobs.start(workers.grouping, lambda _: service.group(uploaded, people))
    future.add_done_callback(_retrieve_exception)
    return schemas.JobReference(job=job.id)


def _retrieve_exception(future: Future[Any] | asyncio.Future[Any]) -> None:
    """Mark the exception of a job as handled: its state reports it."""
    if not future.cancelled():
        future.exception()
