"""The application: routers, middleware, and what they share."""

from __future__ import annotations

import asyncio
import gc
import logging
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer

from himpc._version import __version__
from himpc.errors import HimpcError
from himpc.gallery import Gallery, get_service
from himpc.server.config import ServerConfig
from himpc.server.jobs import Jobs
from himpc.server.middleware import AuthMiddleware, LimitsMiddleware, Metrics, ObservabilityMiddleware
from himpc.server.problems import REFUSALS, add_exception_handlers
from himpc.server.routers import ROUTERS, pages
from himpc.server.service import Service
from himpc.server.workers import Workers


def _warm_up_pictures(service: Service) -> None:
    """Warm up beside the first requests; what fails here fails in the request that needs it, with its reason."""
    try:
        service.warm_up_pictures()
    except HimpcError as error:
        logging.getLogger("himpc.server").warning("not ready: %s", error)
    gc.freeze()  # the garbage collector need not scan the loaded model again


def create_app(gallery: Gallery, config: ServerConfig) -> FastAPI:
    """Create the app that serves a gallery.

    On shutdown it finishes the accepted work and closes the gallery. ``app.state`` holds the `Service`, `Workers` and
    `Jobs` that routes depend on, and ``upload_folder``, where files lie while they are read.
    """
    folder = tempfile.TemporaryDirectory(prefix="himpc-serve-")
    service, workers = Service(get_service(gallery)), Workers(config)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(service.warm_up)
        warming = asyncio.create_task(asyncio.to_thread(_warm_up_pictures, service))
        try:
            yield
        finally:
            await warming
            await asyncio.to_thread(workers.close)
            await asyncio.to_thread(service.close)
            folder.cleanup()

    app = FastAPI(
        title="himpc server",
        description="Identify people by recordings of their gait: a gallery over HTTP.",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.service, app.state.workers, app.state.jobs = service, workers, Jobs()
    app.state.metrics, app.state.upload_folder = Metrics(workers), Path(folder.name)
    add_exception_handlers(app)
    documented = [Depends(HTTPBearer(auto_error=False))] if config.token else []  # AuthMiddleware checks it
    for router in ROUTERS:
        app.include_router(router, responses=REFUSALS, dependencies=documented)
    app.include_router(pages.router)
    app.add_middleware(LimitsMiddleware, config=config, workers=workers)
    app.add_middleware(AuthMiddleware, config=config)
    app.add_middleware(ObservabilityMiddleware, metrics=app.state.metrics, workers=workers)
    return app
