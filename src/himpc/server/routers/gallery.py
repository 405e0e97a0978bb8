"""Routes for the gallery as a whole."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from himpc.server import schemas
from himpc.server.dependencies import ServiceDep, WorkersDep

router = APIRouter(prefix="/api", tags=["gallery"])


@router.get("/gallery")
async def get_gallery(service: ServiceDep, workers: WorkersDep) -> schemas.GalleryInfo:
    """Describe the gallery: its size, its model and its calibration."""
    return await workers.run(workers.reads, service.info)


@router.get("/audit")
async def get_audit(
    service: ServiceDep, workers: WorkersDep, limit: Annotated[int, Query(ge=1, le=100_000)] = 1000
) -> schemas.AuditLog:
    """List the last entries of the audit log."""
    return await workers.run(workers.reads, service.audit, limit)
