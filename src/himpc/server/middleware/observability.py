"""Metrics, a log line and security headers for each request; one place that answers unexpected exceptions.

An exception handler of the framework would re-raise, and uvicorn would log the message, which may contain names
(`test_unexpected_exception_is_answered_without_details`).
"""

from __future__ import annotations

import logging
import time
import traceback

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from himpc.server.problems import problem
from himpc.server.workers import Workers

__all__ = ["Metrics", "ObservabilityMiddleware"]

METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH"})
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
SECURITY_HEADERS = {
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
    """The metrics of a server for Prometheus; labels are routes, never paths, which contain names of people."""

    def __init__(self, workers: Workers) -> None:
        self.registry = registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter("himpc_requests", "Requests answered.", labels, registry=registry)
        self.seconds = Histogram(
            "himpc_request_seconds", "Time to answer.", ("route",), buckets=BUCKETS, registry=registry
        )
        waiting = Gauge("himpc_requests_waiting", "Requests that wait for a thread.", registry=registry)
        waiting.set_function(lambda: workers.waiting)
        active = Gauge("himpc_requests_inside", "Requests in progress.", registry=registry)
        active.set_function(lambda: workers.active)
        self.people = Gauge("himpc_gallery_people", "People in the gallery.", registry=registry)
        self.recordings = Gauge("himpc_gallery_recordings", "Recordings in the gallery.", registry=registry)


class ObservabilityMiddleware:
    """Measure and log requests by their route, never by path or query, which contain names and the token."""

    def __init__(self, app: ASGIApp, metrics: Metrics, workers: Workers) -> None:
        self._app, self._metrics, self._workers = app, metrics, workers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), 0

        async def add_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._set_headers(scope["path"], MutableHeaders(scope=message))
            await send(message)

        try:
            await self._app(scope, receive, add_headers)
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            _log.error("%s at %s:%s", type(error).__name__, frame.filename, frame.lineno)
            if not status:
                await problem(500, "internal error of the server; see its log")(scope, receive, add_headers)
        finally:
            self._record(scope, status, time.perf_counter() - start)

    def _set_headers(self, path: str, headers: MutableHeaders) -> None:
        headers.update(SECURITY_HEADERS)
        headers["cache-control"] = "no-cache" if path.startswith("/page") else "no-store"
        if self._workers.draining:
            headers["connection"] = "close"

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in METHODS else "other"
        route = getattr(scope.get("route"), "path_format", None) or getattr(scope.get("route"), "path", "other")
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        _log.info("%s %s %s %.0f ms", method, route, status, 1000 * seconds)
