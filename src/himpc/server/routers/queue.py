"""Routes for the queue of questions that a person decides, and for the quality of enrollments."""

from __future__ import annotations

from fastapi import APIRouter

from himpc.server import schemas
from himpc.server.dependencies import ServiceDep, WorkersDep

router = APIRouter(prefix="/api", tags=["queue"])


@router.get("/queue")
async def get_queue(service: ServiceDep, workers: WorkersDep) -> schemas.Queue:
    """List questions that a person decides: likely merges, doubtful recordings, and people without a name."""
    return await workers.run(workers.reads, service.queue)


@router.post("/queue/confirm")
async def confirm(request: schemas.ItemsRequest, service: ServiceDep, workers: WorkersDep) -> schemas.DecisionResult:
    """Confirm that recordings show the candidate of their question: all questions, or none."""
    return await workers.run(workers.writes, service.decide, request.items, "confirm")


@router.post("/queue/reject")
async def reject(request: schemas.ItemsRequest, service: ServiceDep, workers: WorkersDep) -> schemas.DecisionResult:
    """Reject the candidates. A doubtful recording becomes a new unnamed person; an unknown one stays without a name."""
    return await workers.run(workers.writes, service.decide, request.items, "reject")


@router.post("/queue/enroll")
async def enroll(request: schemas.EnrollRequest, service: ServiceDep, workers: WorkersDep) -> schemas.DecisionResult:
    """Enroll the recordings of questions as a person, who may be new."""
    return await workers.run(workers.writes, service.decide, request.items, "enroll", request.person)


@router.post("/queue/undo")
async def undo(request: schemas.UndoRequest, service: ServiceDep, workers: WorkersDep) -> schemas.DecisionResult:
    """Undo a decision; its recordings return to the people they belonged to."""
    return await workers.run(workers.writes, service.undo, request.number)


@router.get("/quality")
async def get_quality(service: ServiceDep, workers: WorkersDep) -> schemas.QualityReport:
    """List how well people are enrolled, those with most problems first."""
    return await workers.run(workers.reads, service.quality)
