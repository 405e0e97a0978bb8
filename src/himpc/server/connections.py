"""Limits of single connections: slow heads, clients that do not read, and the number of connections.

uvicorn has a timeout for idle connections only, between requests. It has none for a head that is never complete
(`test_half_sent_heads_are_dropped`) or for a client that does not read its answer, and `limit_concurrency` counts
requests, not connections. So its protocol is extended here.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import time
from pathlib import Path

from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_CONNECTIONS = 1000
MIN_CONNECTIONS = 8

RESERVED_DESCRIPTORS = 64
"""File descriptors that remain for the gallery and for uploads."""

MIN_AGE = 1.0
"""Seconds after which a connection without a request gives way to a new one."""

MAX_REPEATS = 5
REPEAT_PERIOD = 60.0
"""Warnings and errors of one kind that are logged at most, and the seconds within which they are counted."""

_log = logging.getLogger("himpc.server")


def connection_limit() -> int:
    """Return how many connections this process may keep open, from its limit of file descriptors."""
    try:
        import resource

        limit, open_now = resource.getrlimit(resource.RLIMIT_NOFILE)[0], sum(1 for _ in Path("/proc/self/fd").iterdir())
    except (ImportError, OSError):  # not on Linux
        return MAX_CONNECTIONS
    if limit == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(MIN_CONNECTIONS, min(MAX_CONNECTIONS, limit - open_now - RESERVED_DESCRIPTORS))


def make_protocol(head_timeout: float, write_timeout: float, max_connections: int) -> type[asyncio.Protocol]:
    """Return a protocol for uvicorn with limits.

    Parameters
    ----------
    head_timeout : float
        Seconds in which the head of a request must be complete, from the connection or from its first byte; also for
        the rest of a body that has been answered.
    write_timeout : float
        Seconds in which a client must read some of its answer.
    max_connections : int
        A further connection replaces one that has not sent a request yet, or is answered by 503.
    """
    name, limits = "LimitedProtocol", {"head_timeout": head_timeout, "write_timeout": write_timeout}
    return type(name, (_LimitedProtocol,), limits | {"max_connections": max_connections})


class _LimitedProtocol(H11Protocol):
    head_timeout: float
    write_timeout: float
    max_connections: int
    _timer: asyncio.TimerHandle | None = None
    _waiting_since: float | None = None
    _unread: tuple[int, float] = (0, 0.0)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        is_full = len(self.connections) >= self.max_connections and not self._make_room()
        super().connection_made(transport)
        if is_full:
            _log.warning("more than %d connections: one was refused", self.max_connections)
            self._refuse(503, "Service Unavailable", "too many connections are open; try again in a second")
        self._waiting_since = time.monotonic()
        self._timer = self.loop.call_later(self._interval, self._check)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        if self._waiting_since is None and (before is None or before.response_complete):
            self._waiting_since = time.monotonic()
        super().data_received(data)
        if self.cycle is not before:
            self._waiting_since = None

    @property
    def _interval(self) -> float:
        return min(self.head_timeout, self.write_timeout) / 4

    def _check(self) -> None:
        """Drop the connection if its client is too slow, or check again later."""
        now = time.monotonic()
        unread = self.transport.get_write_buffer_size()
        if not unread or unread != self._unread[0]:
            self._unread = unread, now
        if unread and now - self._unread[1] > self.write_timeout:
            self.transport.abort()
        elif self._waiting_since is not None and now - self._waiting_since > self.head_timeout:
            self._refuse(408, "Request Timeout", f"the request was not complete after {self.head_timeout:g} s")
        else:
            self._timer = self.loop.call_later(self._interval, self._check)

    def _make_room(self) -> bool:
        """Drop the connection that has waited longest for its first request; return False if there is none."""
        own = [each for each in self.connections if isinstance(each, _LimitedProtocol) and each.cycle is None]
        oldest = min(own, key=lambda each: each._waiting_since or math.inf, default=None)
        if oldest is None or time.monotonic() - (oldest._waiting_since or math.inf) < MIN_AGE:
            return False
        oldest.transport.abort()
        self.connections.discard(oldest)
        return True

    def _refuse(self, status: int, phrase: str, detail: str) -> None:
        """Close the connection, after an error if no part of another answer was sent."""
        if not self.transport.get_write_buffer_size() and (self.cycle is None or self.cycle.response_complete):
            body = json.dumps({"detail": detail}).encode()
            head = f"HTTP/1.1 {status} {phrase}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            self.transport.write(f"{head}Connection: close\r\nRetry-After: 1\r\n\r\n".encode() + body)
        self.transport.close()


class LogLimit(logging.Filter):
    """Limit how often warnings and errors of one kind are logged, and say how many were left out.

    Without it, a server that runs out of file descriptors writes thousands of tracebacks a second: asyncio reports each
    connection that it cannot accept.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is logged."""
        if record.levelno < logging.WARNING:
            return True
        kind, now = str(record.msg).partition("\n")[0], time.monotonic()
        since, count = self._seen.get(kind, (now, 0))
        if now - since > REPEAT_PERIOD:
            omitted, since, count = max(0, count - MAX_REPEATS), now, 0
            if omitted:
                record.msg = f"{record.msg} ({omitted} more like this were not logged)"
        if "out of system resource" in kind:  # the traceback is always the same
            record.msg, record.args, record.exc_info = "too many open files: connections wait to be accepted", (), None
        self._seen[kind] = since, count + 1
        return count < MAX_REPEATS
