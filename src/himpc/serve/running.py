"""A server that runs until it is told to stop, and then answers what it has accepted."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import socket
import sys
from collections.abc import Callable
from types import FrameType

from himpc.errors import ConfigError, RunError
from himpc.gallery import Gallery
from himpc.serve.config import ServeConfig

try:
    import python_multipart  # noqa: F401
    import uvicorn
    from fastapi import FastAPI

    from himpc.serve.app import create_app
except ImportError as error:
    raise ConfigError("serving needs more packages: pip install 'himpc[serve]'") from error

__all__ = ["serve"]

_ON_ITS_WAY = 0.5
"""Seconds in which requests on connections that are open still arrive, after it was told to stop."""

_SLOW = 5.0
"""Seconds that a connection which has asked nothing yet is waited for at most: its client may be short of time."""

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
        self._serves.state.stopping = True
        await asyncio.sleep(0.05)  # connections that wait at the door are let in
        for server in self.servers:
            server.close()
        for each in sockets or ():
            each.close()
        await asyncio.sleep(_ON_ITS_WAY)
        latest = asyncio.get_running_loop().time() + _SLOW
        while asyncio.get_running_loop().time() < latest and self._is_one_to_ask():
            await asyncio.sleep(0.05)
        await super().shutdown()

    def _is_one_to_ask(self) -> bool:
        """Tell whether somebody came in who has asked nothing yet."""
        return any(getattr(connection, "cycle", None) is None for connection in self.server_state.connections)


def serve(gallery: Gallery, config: ServeConfig, ready: Callable[[str], None] = lambda _: None) -> None:
    """Serve a gallery until SIGTERM or SIGINT (Ctrl-C), then answer what was accepted, and close the gallery.

    A second signal ends the process at once.

    Parameters
    ----------
    gallery : Gallery
        Open.
    config : ServeConfig
    ready : function (address)
        Called when it answers.

    Raises
    ------
    RunError
        If it cannot listen there.
    """
    import torch

    torch.set_num_threads(1)  # there is a thread for each request
    listening = _listen(config)
    app = create_app(gallery, config)
    server = _Server(_uvicorn_config(app), app, lambda: ready(_address(config.host, listening)))
    server.run(sockets=[listening])


def _uvicorn_config(app: FastAPI) -> uvicorn.Config:
    own = logging.getLogger("himpc.serve")
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
        raise RunError(
            f"cannot listen on {config.host} port {config.port}: {error.strerror or error}; "
            "choose another --port or --host"
        ) from error


def _address(host: str, listening: socket.socket) -> str:
    shown = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"http://{shown}:{listening.getsockname()[1]}"
