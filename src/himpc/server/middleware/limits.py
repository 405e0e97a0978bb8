"""Limit the number, size and duration of requests, and reject new ones while the server drains.

uvicorn and starlette limit neither the size (`test_oversized_request_is_rejected_while_it_is_read`) nor the duration of
a request (`test_slow_upload_times_out`). uvicorn's `limit_concurrency` counts connections, and would reject the health
check, too, in plain text (`test_requests_beyond_the_queue_are_rejected_at_once`); it is the last resort of the runner.
"""

from __future__ import annotations

import asyncio

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from himpc.server.config import ServerConfig
from himpc.server.problems import problem
from himpc.server.workers import Workers

__all__ = ["UPLOAD_PATHS", "LimitsMiddleware"]

UPLOAD_PATHS = frozenset({"/api/search", "/api/embed", "/api/enroll", "/api/group"})
UNLIMITED_PATHS = ("/api/health", "/api/jobs/")
"""Paths that are answered under any load."""

MAX_JSON_BYTES = 2**20
"""Largest request without files."""

DISCARD_TIMEOUT = 5.0
"""Seconds in which a rejected body is read and discarded, so that the client gets to read the answer."""


class LimitsMiddleware:
    """Apply the limits of a `ServerConfig`."""

    def __init__(self, app: ASGIApp, config: ServerConfig, workers: Workers) -> None:
        self._app, self._config, self._workers = app, config, workers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif self._workers.draining:
            self._workers.rejected += 1
            await _reject(503, "the server is stopping; try again later", scope, receive, send)
        elif not path.startswith("/api/") or path.startswith(UNLIMITED_PATHS):
            await self._app(scope, receive, send)
        elif not self._workers.admit():
            await problem(503, "too many requests are waiting; try again in a second")(scope, receive, send)
        else:
            try:
                await self._limit(scope, receive, send)
            finally:
                self._workers.release()

    async def _limit(self, scope: Scope, receive: Receive, send: Send) -> None:
        timeout, limit = self._config.timeout, self._config.upload_limit
        if scope["path"] not in UPLOAD_PATHS:
            limit = min(MAX_JSON_BYTES, limit)
        started = False

        async def track_start(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            async with asyncio.timeout(timeout):
                length = dict(scope["headers"]).get(b"content-length", b"0")
                if length.isdigit() and int(length) > limit:
                    await _reject(413, _describe_limit(limit), scope, receive, send)
                else:
                    await self._app(scope, _limit_body(receive, limit), track_start)
        except TimeoutError:
            if started:
                raise
            detail = (
                f"the request took longer than {timeout:g} s; a change that has begun goes on: check before a retry"
            )
            await problem(503, detail, {"Retry-After": "5"})(scope, receive, send)


def _limit_body(receive: Receive, limit: int) -> Receive:
    """Wrap `receive` to raise as soon as the body exceeds a number of bytes."""
    size = 0

    async def limited() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            if message.get("more_body"):
                await _discard(receive)
            raise HTTPException(413, _describe_limit(limit))
        return message

    return limited


async def _reject(status: int, detail: str, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer without the body; a client that does not wait for "100 Continue" reads the answer only after sending."""
    if b"expect" not in dict(scope["headers"]):
        await _discard(receive)
    await problem(status, detail)(scope, receive, send)


async def _discard(receive: Receive) -> None:
    try:
        async with asyncio.timeout(DISCARD_TIMEOUT):
            while (await receive()).get("more_body"):
                pass
    except TimeoutError:
        pass


def _describe_limit(limit: int) -> str:
    return f"the request is larger than {limit / 2**20:.3g} MB; send fewer files at once"
