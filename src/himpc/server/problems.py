"""What is answered when something cannot be done: one line that says why, never a traceback."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, Field
from pydantic_core import to_json
from starlette.exceptions import HTTPException

from himpc.errors import (
    ConfigError,
    DataError,
    GalleryError,
    HimpcError,
    NameConflictError,
    NotEnrolledError,
    escape_unprintable,
)

__all__ = ["REFUSALS", "Busy", "Problem", "Unusable", "handle_problems", "problem", "status_of"]


class Problem(BaseModel):
    """Why something was not done."""

    detail: str = Field(description="One line: what was found, and what to do.")


class Unusable(DataError):
    """What was asked does not fit what the gallery holds now."""


class Busy(HimpcError):
    """There is too much to do."""


REFUSALS: dict[int | str, dict[str, object]] = {
    status: {"model": Problem, "description": said}
    for status, said in {
        400: "An argument is missing or wrong.",
        401: "The token is missing or wrong.",
        403: "The request comes from another web page, or for another host.",
        409: "It does not fit what the gallery holds.",
        413: "More was sent than is taken.",
        422: "No file that was sent can be used.",
        500: "A fault of the server.",
        503: "Too much to do, or it took too long: try again after Retry-After seconds.",
    }.items()
}

_STATUS: tuple[tuple[type[HimpcError], int], ...] = (
    (NotEnrolledError, 404),
    (NameConflictError, 409),
    (Unusable, 409),
    (Busy, 503),
    (GalleryError, 503),
    (ConfigError, 400),
)


def status_of(error: HimpcError) -> int:
    """Return the HTTP status of an error."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 422)


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer that says why something was not done."""
    headers = dict(headers or {})
    if status == 503:
        headers.setdefault("Retry-After", "1")
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(to_json({"detail": escape_unprintable(detail)}), status, headers, media_type="application/json")


def handle_problems(app: FastAPI) -> None:
    """Let an app answer every error as `problem` does."""

    @app.exception_handler(HimpcError)
    async def _ours(_: Request, error: HimpcError) -> Response:
        return problem(status_of(error), str(error))

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> Response:
        said = [f"{'.'.join(str(part) for part in each['loc'][1:])}: {each['msg']}" for each in error.errors()[:3]]
        return problem(400, "; ".join(said))

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> Response:
        return problem(error.status_code, str(error.detail), error.headers)
