"""Answer every error by a problem document: one line that says why, never a traceback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from himpc.errors import (
    ConfigError,
    DataError,
    GalleryError,
    HimpcError,
    NameConflictError,
    NotEnrolledError,
    Reference,
    escape_unprintable,
)
from himpc.server.schemas import Problem
from himpc.server.wording import Wording


class ConflictError(DataError):
    """A request does not fit what the gallery holds now."""


class TooBusyError(HimpcError):
    """Too many jobs are waiting or running."""


REFUSALS: dict[int | str, dict[str, object]] = {
    status: {"model": Problem, "description": description}
    for status, description in {
        400: "An argument is missing or wrong.",
        401: "The token is missing or wrong.",
        403: "The request comes from another web page, or for another host.",
        409: "The request does not fit what the gallery holds.",
        413: "The request is too large.",
        422: "No uploaded file can be used.",
        500: "Internal error of the server.",
        503: "Too many requests, or the request timed out: try again after Retry-After seconds.",
    }.items()
}
NOT_FOUND: dict[int | str, dict[str, object]] = {404: {"model": Problem, "description": "It is not in the gallery."}}

STATUS: tuple[tuple[type[HimpcError], int], ...] = (
    (NotEnrolledError, 404),
    (NameConflictError, 409),
    (ConflictError, 409),
    (TooBusyError, 503),
    (GalleryError, 503),
    (ConfigError, 400),
    (HimpcError, 422),
)
"""HTTP statuses by class of error; the first match applies."""


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Build the response that says why a request was refused."""
    defaults = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "1"}}.get(status, {})
    return JSONResponse({"detail": escape_unprintable(detail)}, status, defaults | dict(headers or {}))


def add_exception_handlers(app: FastAPI) -> None:
    """Make an app answer every error by a problem document, in the words of its client."""

    @app.exception_handler(HimpcError)
    async def on_himpc_error(request: Request, error: HimpcError) -> JSONResponse:
        status = next(status for kind, status in STATUS if isinstance(error, kind))
        return problem(status, Wording(request).render(error))

    @app.exception_handler(RequestValidationError)
    async def on_invalid_request(request: Request, error: RequestValidationError) -> JSONResponse:
        wording = Wording(request)
        wrong = [each for each in error.errors() if each["type"] != "none_required"]
        lines = [f"{wording.spell(Reference(_argument(each['loc'])))} {_describe(each)}" for each in wrong[:3]]
        return problem(400, "; ".join(lines))

    @app.exception_handler(HTTPException)
    async def on_http_exception(_: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail), error.headers)


def _argument(location: tuple[int | str, ...]) -> str:
    """Return the name of a wrong argument, from a location such as ``("body", "ids", 0)``."""
    return str(location[1] if len(location) > 1 else location[0])


EXAMPLES = {
    "image_size": "a size such as 1920x1080",
    "ids": "numbers of recordings",
    "number": "the number of a recording",
}
"""What arguments with a pattern look like."""


def _describe(error: Mapping[str, Any]) -> str:
    """Describe what is wrong with an argument, as the end of a sentence that its name begins."""
    if error["type"] == "string_pattern_mismatch":
        return f"should be {EXAMPLES.get(_argument(error['loc']), 'of another form')}"
    message = str(error["msg"])
    if message.startswith("Input should"):
        return message.removeprefix("Input ")
    return f"is wrong: {message.removeprefix('Value error, ')}"
