"""What is not of the API: the page, the reference of the API, and metrics."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from himpc.server.api_reference import render_reference
from himpc.server.dependencies import ServiceDep, WorkersDep

PAGE = Path(__file__).parents[1] / "page"

router = APIRouter(include_in_schema=False)
router.mount("/page", StaticFiles(directory=PAGE), name="page")


@router.get("/")
async def get_page() -> FileResponse:
    """Return the page."""
    return FileResponse(PAGE / "index.html")


@router.get("/docs")
async def get_reference(request: Request) -> HTMLResponse:
    """Return the reference of the API; it needs no network, unlike the framework's own."""
    return HTMLResponse(render_reference(request.app.openapi()))


@router.get("/docs/style.css")
async def get_reference_style() -> FileResponse:
    """Return the style sheet of the reference."""
    return FileResponse(PAGE / "reference.css")


@router.get("/metrics")
async def get_metrics(request: Request, service: ServiceDep, workers: WorkersDep) -> Response:
    """Return the metrics in the format of Prometheus."""
    metrics = request.app.state.metrics
    people, recordings, _ = await workers.run(workers.reads, service.gallery.counts)
    metrics.people.set(people)
    metrics.recordings.set(recordings)
    return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)
