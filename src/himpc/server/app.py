"""The app: routes, and what stands before them."""

from __future__ import annotations

import asyncio
import gc
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse, Response
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from himpc._version import __version__
from himpc.gallery import Gallery
from himpc.server.asking import asking
from himpc.server.config import ServeConfig
from himpc.server.desk import Desk
from himpc.server.document import document_of
from himpc.server.gate import Gate, GateMiddleware
from himpc.server.guard import Guard
from himpc.server.jobs import Jobs
from himpc.server.problems import handle_problems
from himpc.server.reference import STYLE, reference_page
from himpc.server.routes import looking, mending
from himpc.server.watch import Metrics, Watch

__all__ = ["create_app"]

_PAGE = Path(__file__).parent / "page"


def create_app(gallery: Gallery, config: ServeConfig) -> FastAPI:
    """Return the app that serves a gallery.

    When it stops, it finishes what was accepted, and closes the gallery. ``app.state.gate`` can send away whoever comes
    before that; ``app.state.folder`` is where files are kept while they are read.
    """
    gate, jobs, desk = Gate(config), Jobs(), Desk(gallery)
    metrics = Metrics(gate)
    kept = tempfile.TemporaryDirectory(prefix="himpc-serve-")

    @asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(desk.warm)
        gc.freeze()  # what is there to stay need not be looked through for rubbish again and again
        try:
            yield
        finally:
            await asyncio.to_thread(gate.close)
            await asyncio.to_thread(desk.close)
            kept.cleanup()

    app = FastAPI(
        title="himpc serve",
        description="Whom does a recording of a walking person show? A gallery of people, by HTTP.",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        lifespan=living,
    )
    app.state.gate, app.state.desk = gate, desk
    app.state.folder = Path(kept.name)
    app.openapi = lambda: document_of(app)  # type: ignore[method-assign]
    handle_problems(app)
    app.include_router(mending(desk, gate))  # before the names, which may end as these routes do
    app.include_router(looking(desk, gate, jobs))
    app.include_router(asking(desk, gate, jobs, app.state.folder))
    _add_pages(app)

    @app.get("/metrics", include_in_schema=False)
    async def shown() -> Response:
        people, recordings, _ = await gate.run(gate.looking, gallery.counts)
        metrics.people.set(people)
        metrics.recordings.set(recordings)
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    app.add_middleware(GateMiddleware, gate=gate)
    app.add_middleware(Guard, config=config)
    app.add_middleware(Watch, metrics=metrics)
    return app


def _add_pages(app: FastAPI) -> None:
    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(reference_page(app.openapi()))

    @app.get("/docs/style.css", include_in_schema=False)
    async def style() -> Response:
        return Response(STYLE, media_type="text/css")

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(_PAGE / "index.html")

    app.mount("/page", StaticFiles(directory=_PAGE), name="page")
