"""Who gets in: so many requests at once, so many bytes and seconds each; the rest is sent away at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from himpc.server.config import ServeConfig
from himpc.server.problems import problem

__all__ = ["Gate", "GateMiddleware"]

P = ParamSpec("P")
T = TypeVar("T")

UPLOADS = frozenset({"/api/search", "/api/embed", "/api/enroll", "/api/group"})
_OPEN = ("/api/health", "/api/jobs/")
"""What is answered however much there is to do."""

_SMALL = 2**20
"""Bytes of a request without files."""

_LINGER = 5.0
"""Seconds in which what is too much is read and dropped, so that the client comes to read why."""


class Gate:
    """Counts what is being done, and hands work to threads.

    Attributes
    ----------
    asking : Executor
        Threads for reading files and searching.
    looking : Executor
        Threads for what is read from the catalogue.
    changing : Executor
        The one thread that writes.
    grouping : Executor
        The one thread for work that takes minutes.
    stopping : bool
        Whether the server stops: who comes now is sent away.
    sent_away : int
        How many were sent away for that.
    """

    def __init__(self, config: ServeConfig) -> None:
        self.config = config
        self.stopping, self.sent_away = False, 0
        self.asking = ThreadPoolExecutor(config.workers, "himpc-ask")
        self.looking = ThreadPoolExecutor(2, "himpc-look")
        self.changing = ThreadPoolExecutor(1, "himpc-change")
        self.grouping = ThreadPoolExecutor(1, "himpc-group")
        self._inside = 0
        self._abandoned = 0

    @property
    def inside(self) -> int:
        """How many requests are being answered, or were given up while a thread still works on them."""
        return self._inside + self._abandoned

    @property
    def waiting(self) -> int:
        """How many requests wait for a thread."""
        return max(0, self.inside - self.config.workers)

    def enter(self) -> bool:
        """Count one more request, if there is room."""
        if self.inside >= self.config.workers + self.config.queue:
            return False
        self._inside += 1
        return True

    def leave(self) -> None:
        """Count one less."""
        self._inside -= 1

    async def run(self, threads: Executor, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do work in a thread; when the time is over, what has not begun never does, the rest counts until it ends."""
        future = threads.submit(work, *args, **kwargs)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if not future.cancelled() and not future.done():
                self._abandon(future)
            raise

    def close(self) -> None:
        """Finish what was begun and what was promised; grouping that waits is given up, since nobody can ask for it."""
        self.grouping.shutdown(wait=False, cancel_futures=True)
        for threads in (self.changing, self.asking, self.looking, self.grouping):
            threads.shutdown(wait=True)

    def _abandon(self, future: Future[T]) -> None:
        self._abandoned += 1
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._ended))

    def _ended(self) -> None:
        self._abandoned -= 1


class GateMiddleware:
    """Keeps the gate of an app, and its limits of bytes and seconds."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self._app, self._gate = app, gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._gate.stopping:
            self._gate.sent_away += 1
            await _send_away(503, "the server is stopping: try again when it is back", scope, receive, send)
            return
        path = scope["path"]
        if not path.startswith("/api/") or path.startswith(_OPEN):
            await self._app(scope, receive, send)
            return
        if not self._gate.enter():
            await problem(503, "there is too much to do: try again in a second")(scope, receive, send)
            return
        try:
            await self._timed(scope, receive, send)
        finally:
            self._gate.leave()

    async def _timed(self, scope: Scope, receive: Receive, send: Send) -> None:
        config = self._gate.config
        limit = config.upload_limit if scope["path"] in UPLOADS else min(_SMALL, config.upload_limit)
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            async with asyncio.timeout(config.timeout):
                headers = dict(scope["headers"])
                length = headers.get(b"content-length", b"0")
                if length.isdigit() and int(length) > limit:
                    await _send_away(413, _too_much(limit), scope, receive, send)
                    return
                await self._app(scope, _limited(receive, limit), noting)
        except TimeoutError:
            if started:
                raise
            late = f"it took longer than {config.timeout:g} s; what has begun goes on: look before you ask again"
            await problem(503, late, {"Retry-After": "5"})(scope, receive, send)


def _limited(receive: Receive, limit: int) -> Receive:
    """Return a `receive` that raises as soon as a body is larger than is taken."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            if message.get("more_body"):
                await _drain(receive)
            raise HTTPException(413, _too_much(limit))
        return message

    return limited


async def _send_away(status: int, detail: str, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer what shall not be read; a client that sends without asking only looks for the answer when it is done."""
    if b"expect" not in dict(scope["headers"]):
        await _drain(receive)
    await problem(status, detail)(scope, receive, send)


async def _drain(receive: Receive) -> None:
    try:
        async with asyncio.timeout(_LINGER):
            while (await receive()).get("more_body"):
                pass
    except TimeoutError:
        pass


def _too_much(limit: int) -> str:
    return f"more than {limit / 2**20:.3g} MB were sent in one request: send fewer files at once"
