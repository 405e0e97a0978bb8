"""Routes for the queue of what needs a person, and for the quality of enrollments."""

from __future__ import annotations

from fastapi import APIRouter

from himpc.server import schemas
from himpc.server.dependencies import ServiceDep, WorkersDep

router = APIRouter(prefix="/api", tags=["queue"])


@router.get("/queue")
async def get_queue(service: ServiceDep, workers: WorkersDep) -> schemas.Queue:
    """List what needs a person: likely merges, doubtful recordings, and people without a name."""
    return await workers.run(workers.reads, service.queue)


@router.post("/queue/decide")
async def decide(request: schemas.DecisionRequest, service: ServiceDep, workers: WorkersDep) -> schemas.DecisionResult:
    """Decide questions of the queue: all, or none.

    confirm: the recordings show the candidate. reject: they do not. enroll: they show the person of the request.
    """
    return await workers.run(workers.writes, service.decide, request)


@router.post("/queue/undo")
async def undo(request: schemas.UndoRequest, service: ServiceDep, workers: WorkersDep) -> schemas.DecisionResult:
    """Undo a decision; its recordings return to the people they belonged to."""
    return await workers.run(workers.writes, service.undo, request.number)


@router.get("/quality")
async def get_quality(service: ServiceDep, workers: WorkersDep) -> schemas.QualityReport:
    """List how well people are enrolled, those with most problems first."""
    return await workers.run(workers.reads, service.quality)
