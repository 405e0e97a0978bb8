"""What can be asked with files: searching, embedding, enrolling, grouping."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, UploadFile
from fastapi.responses import Response
from pydantic import Field

from himpc.errors import ConfigError
from himpc.reading.formats.base import Unit, Up
from himpc.recordings.progress import Progress
from himpc.server import schemas as s
from himpc.server.desk import Desk
from himpc.server.gate import Gate
from himpc.server.jobs import Jobs
from himpc.server.problems import REFUSALS
from himpc.server.routes import plain
from himpc.server.uploads import Options, Sent, read_sent
from himpc.skeleton import layout_names

__all__ = ["asking"]

_MOST = 200
"""Recordings in one search, of which each is answered with its skeleton."""

_SOON = 2.0
"""Seconds that enrolling may take before its job is answered instead."""

Files = Annotated[list[UploadFile], File(min_length=1, description="Recordings of any format that himpc reads.")]
_LayoutName = Annotated[str, Field(json_schema_extra={"enum": [*layout_names()]})]
Layout = Annotated[_LayoutName | None, Form(description="Joint layout of files that do not state it.")]
UnitOf = Annotated[Unit | None, Form(description="Unit of files that do not state it.")]
UpOf = Annotated[Up | None, Form(description="The axis that points up, where the files do not show it.")]
Fps = Annotated[float | None, Form(gt=0, le=1e6, description="Frames per second of files that do not state it.")]
Rate = Annotated[float | None, Form(gt=0, lt=1)]
Accepted: dict[int | str, dict[str, Any]] = {202: {"model": s.JobStarted, "description": "It takes longer."}}


def asking(desk: Desk, gate: Gate, jobs: Jobs, folder: Path) -> APIRouter:
    """Return the routes that take files, which are kept in a folder while they are read."""
    router = APIRouter(prefix="/api", responses=dict(REFUSALS))

    async def of(files: list[UploadFile], options: Options, work: Callable[[Sent], dict[str, Any]]) -> Response:
        return await gate.run(gate.asking, lambda: plain(work(read_sent(files, options, folder))))

    @router.post("/search", response_model=s.Answers, tags=["recordings"])
    async def search(
        files: Files,
        people: Annotated[int, Form(ge=1, le=100, description="How many of the nearest people to list.")] = 5,
        fmr: Rate = None,
        fpir: Rate = None,
        rerank: Annotated[bool, Form(description="Order the nearest by their k-reciprocal neighbourhoods.")] = False,
        skeletons: Annotated[bool, Form(description="Give the skeletons back with the answers, to draw.")] = False,
        layout: Layout = None,
        unit: UnitOf = None,
        up: UpOf = None,
        fps: Fps = None,
    ) -> Any:
        """Say whom recordings show, or that it is nobody of the gallery.

        fmr: of comparisons with somebody else, the share that may match; or fpir: of searches for a stranger, the share
        that may find somebody. One of them at most.
        """

        def found(sent: Sent) -> dict[str, Any]:
            if len(sent.recordings) > _MOST:
                raise ConfigError(f"{len(sent.recordings)} recordings in one search: send {_MOST} at once at most")
            return desk.search(sent, people=people, fmr=fmr, fpir=fpir, rerank=rerank, skeletons=skeletons)

        return await of(files, Options(layout, unit, up, fps), found)

    @router.post("/embed", response_model=s.Embeddings, tags=["recordings"])
    async def embed(files: Files, layout: Layout = None, unit: UnitOf = None, up: UpOf = None, fps: Fps = None) -> Any:
        """Turn recordings into embeddings; nothing of them is kept."""
        return await of(files, Options(layout, unit, up, fps), desk.embed)

    @router.post("/enroll", response_model=s.EnrolledAnswer, responses=Accepted, tags=["recordings"])
    async def enroll(
        files: Files,
        person: Annotated[s.Name | None, Form(description="Whom all of them show.")] = None,
        unnamed: Annotated[bool, Form(description="Group those whose person is not known into new people.")] = False,
        layout: Layout = None,
        unit: UnitOf = None,
        up: UpOf = None,
        fps: Fps = None,
    ) -> Any:
        """Add recordings to the people they show: all of them, or none."""
        if person is not None and unnamed:
            raise ConfigError("give person or unnamed, not both")
        options = Options(layout, unit, up, fps)
        sent = await gate.run(gate.asking, read_sent, files, options, folder)

        def work(progress: Progress) -> dict[str, Any]:
            return desk.enroll(sent, person, unnamed, progress)

        job, future = jobs.start(gate.changing, work)
        waited = asyncio.wrap_future(future)
        done, _ = await asyncio.wait({waited}, timeout=_SOON)
        if done:
            return plain(waited.result())
        waited.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # the job tells of it
        return plain({"job": job.id}, 202)

    @router.post("/group", response_model=s.JobStarted, status_code=202, responses=dict(REFUSALS), tags=["recordings"])
    async def group(
        files: Annotated[list[UploadFile], File(description="Recordings; the gallery's own if there are none.")] = [],  # noqa: B006
        people: Annotated[
            int | None, Form(ge=1, le=10_000, description="How many there are; else it is decided.")
        ] = None,
        layout: Layout = None,
        unit: UnitOf = None,
        up: UpOf = None,
        fps: Fps = None,
    ) -> Any:
        """Say which recordings show the same person; a job, whose result has the groups."""
        options = Options(layout, unit, up, fps)
        sent = await gate.run(gate.asking, read_sent, files, options, folder) if files else None
        job, future = jobs.start(gate.grouping, lambda _: desk.group(sent, people))
        future.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        return plain({"job": job.id}, 202)

    return router
