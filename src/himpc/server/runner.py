"""Run a server until a signal, then answer what was accepted."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import shutil
import socket
import sys
import time
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from himpc.errors import RunFolderError
from himpc.gallery import Gallery
from himpc.server.app import create_app
from himpc.server.config import ServerConfig
from himpc.server.connections import LogLimit, connection_limit, make_protocol
from himpc.server.workers import Workers

POLL_INTERVAL = 0.05
"""Seconds between two checks for new requests while draining."""

IDLE_POLLS = 10
"""Consecutive checks without a new request after which the socket closes."""

DRAIN_TIMEOUT = 5.0
"""Seconds after which the socket closes regardless of new requests."""

BACKLOG = 2048
MAX_DESCRIPTORS = 4096

_LOG_LIMIT = LogLimit()
_LIMITED_LOGS = ("himpc.server", "uvicorn.error", "asyncio")

MAX_HEAD_BYTES = 2**16
KEEP_ALIVE_TIMEOUT = 5


class _Server(uvicorn.Server):
    """Drains on the first signal and exits at once on the second.

    uvicorn alone closes the socket at once, so that a connection which has just been made is lost
    (`test_requests_during_shutdown_get_503`), and ignores a second SIGTERM (`test_second_signal_exits_at_once`).
    """

    def __init__(self, config: uvicorn.Config, app: FastAPI, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._state, self._on_ready = app.state, on_ready

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit:
            shutil.rmtree(self._state.upload_folder, ignore_errors=True)
            os._exit(128 + sig)
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._drain()
        await super().shutdown(sockets)

    async def _drain(self) -> None:
        """Answer new requests with 503 until none comes for half a second."""
        workers: Workers = self._state.workers
        workers.draining = True
        idle, deadline = 0, time.monotonic() + DRAIN_TIMEOUT
        while idle < IDLE_POLLS and time.monotonic() < deadline:
            before = workers.rejected
            await asyncio.sleep(POLL_INTERVAL)
            idle = 0 if workers.rejected > before or self._has_silent_connection() else idle + 1

    def _has_silent_connection(self) -> bool:
        """Check for a connection that has sent no request yet."""
        return any(getattr(connection, "cycle", None) is None for connection in self.server_state.connections)


def serve(gallery: Gallery, config: ServerConfig, on_ready: Callable[[str], None] = lambda _: None) -> None:
    """Serve a gallery until SIGTERM or SIGINT (Ctrl-C), then answer what was accepted and close the gallery.

    Requests after the signal are answered with 503 until none has come for half a second. A second signal ends the
    process at once.

    Parameters
    ----------
    gallery : Gallery
        An open gallery.
    config : ServerConfig
    on_ready : function (address), optional
        Called when the server accepts requests.

    Raises
    ------
    RunFolderError
        If the server cannot listen on host and port.
    """
    _compute_on_one_thread()
    _log_to_stderr()
    _raise_descriptor_limit()
    server, listener = create_server(gallery, config, lambda: on_ready(_address(config.host, listener)))
    server.run(sockets=[listener])


def create_server(
    gallery: Gallery, config: ServerConfig, on_ready: Callable[[], None]
) -> tuple[uvicorn.Server, socket.socket]:
    """Create the server of a gallery, and the socket to run it on."""
    for name in _LIMITED_LOGS:
        logging.getLogger(name).addFilter(_LOG_LIMIT)
    listener = _listen(config)
    app = create_app(gallery, config)
    return _Server(_uvicorn_config(app, config), app, on_ready), listener


def _compute_on_one_thread() -> None:
    """Let each computation use one thread, since requests run in parallel threads; torch may not be loaded yet."""
    os.environ["OMP_NUM_THREADS"] = "1"
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_num_threads(1)


def _raise_descriptor_limit() -> None:
    """Allow as many open files as the system does, up to what the connections need."""
    try:
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MAX_DESCRIPTORS)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (ImportError, OSError, ValueError):  # not on Windows; a container may forbid it
        pass


def _log_to_stderr() -> None:
    log = logging.getLogger("himpc.server")
    log.setLevel(logging.INFO)
    if not log.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        log.addHandler(handler)
        log.propagate = False


def _uvicorn_config(app: FastAPI, config: ServerConfig) -> uvicorn.Config:
    protocol = make_protocol(config.head_timeout, config.timeout, config.connections or connection_limit())
    return uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        timeout_keep_alive=KEEP_ALIVE_TIMEOUT,
        timeout_graceful_shutdown=math.ceil(config.timeout) + 1,  # every request has timed out by then
    )


def _listen(config: ServerConfig) -> socket.socket:
    host = config.host.strip("[]")
    try:
        family = socket.getaddrinfo(host, config.port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, config.port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise RunFolderError(
            f"cannot listen on {config.host} port {config.port}: {error.strerror or error}",
            hint="choose another {port} or {host}",
        ) from error


def _address(host: str, listener: socket.socket) -> str:
    shown = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"http://{shown}:{listener.getsockname()[1]}"
