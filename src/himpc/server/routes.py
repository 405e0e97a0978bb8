"""What can be asked for: looking and mending."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic_core import to_json

from himpc._version import __version__
from himpc.errors import NotEnrolledError
from himpc.server import schemas as s
from himpc.server.desk import Desk
from himpc.server.gate import Gate
from himpc.server.jobs import Jobs
from himpc.server.problems import REFUSALS, Problem

__all__ = ["MISSING", "looking", "mending", "number_of", "plain"]

MISSING: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "It is not in the gallery."}}
Person = Annotated[str, Path(min_length=1, max_length=200, description="A name.")]
Recording = Annotated[str, Path(pattern="^[0-9]{1,19}$", description="The number of a recording.")]


def plain(found: object, status: int = 200) -> Response:
    """Return plain data as JSON; it is written here, in Rust, for a skeleton is some 40,000 numbers."""
    return Response(to_json(found, inf_nan_mode="null"), status, media_type="application/json")


def number_of(text: str) -> int:
    """Return the number of a recording.

    Raises
    ------
    NotEnrolledError
        If it is larger than any can be.
    """
    if (number := int(text)) >= 2**63:
        raise NotEnrolledError(f"recording {number} is not in the gallery")
    return number


def looking(desk: Desk, gate: Gate, jobs: Jobs) -> APIRouter:
    """Return the routes that change nothing."""
    router = APIRouter(prefix="/api", responses=dict(REFUSALS))

    @router.get("/health", response_model=s.Health, tags=["server"])
    async def health() -> Any:
        """Say that the server lives; this needs no token."""
        return {"status": "ok", "version": __version__, "gallery": desk.name}

    @router.get("/gallery", response_model=s.About, tags=["gallery"])
    async def gallery() -> Any:
        """Return what the gallery is: how large, by which model, and what distances mean in it."""
        return plain(await gate.run(gate.looking, desk.about))

    @router.get("/people", response_model=s.People, tags=["people"])
    async def people() -> Any:
        """List who is enrolled, by name."""
        return plain(await gate.run(gate.looking, desk.people))

    @router.get("/people/{name:path}", response_model=s.PersonRecordings, responses=MISSING, tags=["people"])
    async def person(name: Person) -> Any:
        """Return somebody who is enrolled, with recordings."""
        return plain(await gate.run(gate.looking, desk.person, name))

    @router.get("/recordings", response_model=s.Recordings, tags=["recordings"])
    async def recordings(
        offset: Annotated[int, Query(ge=0, le=2**53)] = 0, limit: Annotated[int, Query(ge=1, le=100_000)] = 10_000
    ) -> Any:
        """List what is enrolled, in the order in which it was."""
        return plain(await gate.run(gate.looking, desk.recordings, offset, limit))

    @router.get(
        "/recordings/{number}/skeleton", response_model=s.SkeletonAnswer, responses=MISSING, tags=["recordings"]
    )
    async def skeleton(number: Recording) -> Any:
        """Return the joints of a recording, to draw, and how hard each frame is."""
        return await gate.run(gate.looking, lambda: plain(desk.skeleton(number_of(number))))

    @router.get("/map", response_model=s.Map, tags=["recordings"])
    async def map_() -> Any:
        """Return recordings by similarity, 5,000 of them at most."""
        return plain(await gate.run(gate.looking, desk.map))

    @router.get("/audit", response_model=s.Audit, tags=["gallery"])
    async def audit(limit: Annotated[int, Query(ge=1, le=100_000)] = 1000) -> Any:
        """List what was done with the gallery, the last events of it."""
        return plain(await gate.run(gate.looking, desk.audit, limit))

    @router.get("/jobs/{job}", response_model=s.JobState, responses=MISSING, tags=["server"])
    async def job(job: Annotated[str, Path(min_length=1, max_length=64)]) -> Any:
        """Say how far work is that takes longer than a request."""
        found = jobs.get(job)
        if found is None:
            raise NotEnrolledError("there is no such job: the last hundred are remembered, until the server stops")
        return plain(found.to_dict())

    return router


def mending(desk: Desk, gate: Gate) -> APIRouter:
    """Return the routes that name, merge, move and remove."""
    router = APIRouter(prefix="/api", responses=dict(REFUSALS) | MISSING)
    gallery = desk.gallery

    @router.post("/people/{name:path}/rename", response_model=s.PersonRecordings, tags=["people"])
    async def rename(name: Person, new: s.Rename) -> Any:
        """Give a person another name; somebody who was found is named by that."""
        await gate.run(gate.changing, gallery.rename, name, new.name)
        return plain(await gate.run(gate.looking, desk.person, new.name))

    @router.post("/people/{name:path}/merge", response_model=s.Merged, tags=["people"])
    async def merge(name: Person, with_: s.Merge) -> Any:
        """Make people one, who keeps the name in the address."""
        return {"moved": await gate.run(gate.changing, gallery.merge, name, *with_.others)}

    @router.post("/recordings/move", response_model=s.Moved, tags=["recordings"])
    async def move(what: s.Move) -> Any:
        """Say that recordings show another person, who may be new."""
        ids = [number_of(number) for number in what.ids]
        return {"person": await gate.run(gate.changing, gallery.move, ids, what.person)}

    @router.delete("/people/{name:path}", response_model=s.Removed, tags=["people"])
    async def remove(name: Person) -> Any:
        """Erase a person for good, with all recordings."""
        return {"removed": await gate.run(gate.changing, gallery.remove, name)}

    @router.delete("/recordings/{number}", response_model=s.Removed, tags=["recordings"])
    async def remove_recording(number: Recording) -> Any:
        """Erase a recording for good; a person without any is erased, too."""
        await gate.run(gate.changing, gallery.remove_recordings, [number_of(number)])
        return {"removed": 1}

    return router
