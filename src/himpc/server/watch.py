"""What is seen of the server: metrics, a line a request, and the headers that every answer has."""

from __future__ import annotations

import logging
import time
import traceback

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from himpc.server.gate import Gate
from himpc.server.problems import problem

__all__ = ["Metrics", "Watch"]

_METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH"})
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_HEADERS = {
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}

_log = logging.getLogger("himpc.server")


class Metrics:
    """What Prometheus asks for; nothing in it names a person, and routes are those of the app."""

    def __init__(self, gate: Gate) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "himpc_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "himpc_request_seconds", "Time to answer.", ("route",), buckets=_BUCKETS, registry=self.registry
        )
        waiting = Gauge("himpc_requests_waiting", "Requests that wait for a thread.", registry=self.registry)
        waiting.set_function(lambda: gate.waiting)
        inside = Gauge("himpc_requests_inside", "Requests that are being answered.", registry=self.registry)
        inside.set_function(lambda: gate.inside)
        self.people = Gauge("himpc_gallery_people", "People in the gallery.", registry=self.registry)
        self.recordings = Gauge("himpc_gallery_recordings", "Recordings in the gallery.", registry=self.registry)


class Watch:
    """Middleware that counts, logs, sets headers, and turns a fault of ours into a plain answer.

    The log names routes, not paths: these hold names of people, and a query may hold the token.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._dress(scope, MutableHeaders(scope=message))
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            _log.error("%s at %s:%s", type(error).__name__, where.filename, where.lineno)
            if not status:
                await problem(500, "a fault of the server; its log says where")(scope, receive, noting)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _dress(self, scope: Scope, headers: MutableHeaders) -> None:
        for name, value in _HEADERS.items():
            headers[name] = value
        headers["cache-control"] = "no-cache" if scope["path"].startswith("/page") else "no-store"
        if scope["app"].state.gate.stopping:
            headers["connection"] = "close"

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = getattr(scope.get("route"), "path_format", None) or getattr(scope.get("route"), "path", "other")
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        _log.info("%s %s %s %.0f ms", method, route, status, 1000 * seconds)
