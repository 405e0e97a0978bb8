"""What the routes depend on: the service, the worker threads, the jobs, and the files of a request."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from inspect import Parameter, Signature
from types import NoneType
from typing import Annotated, Any, Literal, cast, get_args, get_type_hints

from fastapi import Depends, File, Form, Request, UploadFile
from pydantic.json_schema import SkipJsonSchema

from himpc._schema import settings_of
from himpc.reading import ReadOptions
from himpc.server.jobs import Jobs
from himpc.server.service import Service
from himpc.server.uploads import Upload
from himpc.server.wording import Wording
from himpc.server.workers import Workers
from himpc.skeleton import layout_names

READ_OPTIONS = ("layout", "unit", "scale", "up", "fps", "image_size")
"""The fields of `ReadOptions` that a request may state; the others are paths on the server."""

Absent = SkipJsonSchema[None]
"""None for a form field that was left out: a form cannot hold null, so the OpenAPI document does not offer it."""


def _get_service(request: Request) -> Service:
    return cast(Service, request.app.state.service)


def _get_workers(request: Request) -> Workers:
    return cast(Workers, request.app.state.workers)


def _get_jobs(request: Request) -> Jobs:
    return cast(Jobs, request.app.state.jobs)


def _read_options(**options: Any) -> ReadOptions:
    return ReadOptions(**options, video=None)


def _form_field(name: str) -> Parameter:
    """Declare a field of `ReadOptions` as an optional form field."""
    if name == "layout":  # never a path
        kind, description = (
            Literal[tuple(layout_names(aliases=True))],
            "Name of the joint layout of files that do not state it.",
        )
    else:
        annotation = get_type_hints(ReadOptions, include_extras=True)[name]
        kind = functools.reduce(operator.or_, (each for each in get_args(annotation) if each is not NoneType))
        description = next(each.help for each in settings_of(ReadOptions) if each.name == name)
    annotation = Annotated[kind | Absent, Form(description=description)]
    return Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


_read_options.__signature__ = Signature([_form_field(name) for name in READ_OPTIONS])  # type: ignore[attr-defined]

ServiceDep = Annotated[Service, Depends(_get_service)]
WorkersDep = Annotated[Workers, Depends(_get_workers)]
JobsDep = Annotated[Jobs, Depends(_get_jobs)]
WordingDep = Annotated[Wording, Depends(Wording)]
_ReadOptionsDep = Annotated[ReadOptions, Depends(_read_options)]


def _upload(
    request: Request,
    files: Annotated[list[UploadFile], File(min_length=1, description="Recordings in any format that himpc reads.")],
    options: _ReadOptionsDep,
    wording: WordingDep,
) -> Upload:
    layout = request.app.state.service.gallery.model.layout
    return Upload(files, options, layout, request.app.state.upload_folder, wording.spell)


def _optional_upload(
    request: Request,
    options: _ReadOptionsDep,
    wording: WordingDep,
    files: Annotated[Sequence[UploadFile], File(description="Recordings; without any, the gallery's own.")] = (),
) -> Upload | None:
    return _upload(request, list(files), options, wording) if files else None


UploadDep = Annotated[Upload, Depends(_upload)]
OptionalUploadDep = Annotated[Upload | None, Depends(_optional_upload)]
