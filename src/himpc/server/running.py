"""A server that runs until it is told to stop, and then answers what it has accepted."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import socket
import sys
import time
from collections.abc import Callable
from types import FrameType

from himpc.errors import ConfigError, RunFolderError
from himpc.gallery import Gallery
from himpc.server.config import ServeConfig

try:
    import python_multipart  # noqa: F401
    import uvicorn
    from fastapi import FastAPI

    from himpc.server.app import create_app
    from himpc.server.gate import Gate
except ImportError as error:
    raise ConfigError("serving needs more packages: pip install 'himpc[serve]'") from error

__all__ = ["serve"]

_LOOK = 0.05
"""Seconds between two looks at who came, once it stops."""

_QUIET = 10
"""Looks in a row at which nobody came, after which the door is closed: who was sent away before has heard why."""

_LATEST = 5.0
"""Seconds after which it is closed however many come."""

_BACKLOG = 2048


class _Server(uvicorn.Server):
    """Stops politely at the first signal, and at once at the second."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._serves, self._ready = app, ready

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit:
            shutil.rmtree(self._serves.state.folder, ignore_errors=True)
            os._exit(128 + sig)
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._until_nobody_comes()
        await super().shutdown(sockets)

    async def _until_nobody_comes(self) -> None:
        """Send away whoever comes now, rather than close the door on somebody who has just come in."""
        gate: Gate = self._serves.state.gate
        gate.stopping = True
        quiet, latest = 0, time.monotonic() + _LATEST
        while quiet < _QUIET and time.monotonic() < latest:
            before = gate.sent_away
            await asyncio.sleep(_LOOK)
            quiet = 0 if gate.sent_away > before or self._is_one_to_ask() else quiet + 1

    def _is_one_to_ask(self) -> bool:
        """Tell whether somebody came in who has asked nothing yet."""
        return any(getattr(connection, "cycle", None) is None for connection in self.server_state.connections)


def serve(gallery: Gallery, config: ServeConfig, ready: Callable[[str], None] = lambda _: None) -> None:
    """Serve a gallery until SIGTERM or SIGINT (Ctrl-C), then answer what was accepted, and close the gallery.

    Who comes after the signal is told to come back later (503), until nobody came for half a second. A second signal
    ends the process at once.

    Parameters
    ----------
    gallery : Gallery
        Open.
    config : ServeConfig
    ready : function (address)
        Called when it answers.

    Raises
    ------
    RunFolderError
        If it cannot listen there.
    """
    import torch

    torch.set_num_threads(1)  # there is a thread for each request
    listening = _listen(config)
    app = create_app(gallery, config)
    server = _Server(_uvicorn_config(app), app, lambda: ready(_address(config.host, listening)))
    server.run(sockets=[listening])


def _uvicorn_config(app: FastAPI) -> uvicorn.Config:
    own = logging.getLogger("himpc.server")
    own.setLevel(logging.INFO)
    if not own.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        own.addHandler(handler)
        own.propagate = False
    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        h11_max_incomplete_event_size=2**16,
    )


def _listen(config: ServeConfig) -> socket.socket:
    try:
        family = socket.getaddrinfo(config.host.strip("[]"), config.port, type=socket.SOCK_STREAM)[0][0]
        place = (config.host.strip("[]"), config.port)
        return socket.create_server(place, family=family, backlog=_BACKLOG)
    except OSError as error:
        raise RunFolderError(
            f"cannot listen on {config.host} port {config.port}: {error.strerror or error}; "
            "choose another --port or --host"
        ) from error


def _address(host: str, listening: socket.socket) -> str:
    shown = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"http://{shown}:{listening.getsockname()[1]}"
