"""The words in which errors name arguments: form fields for HTTP clients, field labels for the page.

Library errors carry hints that refer to Python parameters and operations (`himpc.errors.Hint`). `FIELDS` is the one
table that translates parameters.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from fastapi import Request

from himpc.errors import HimpcError, Reference, escape_unprintable

PAGE_HEADER = ("x-himpc", "page")
"""The header by which the page asks for its own wording."""


class Field(NamedTuple):
    """The form field of a Python parameter, and its label on the page; None where there is no such field."""

    name: str | None
    label: str | None


FIELDS = {
    "layout": Field("layout", "Joint layout"),
    "unit": Field("unit", "Unit"),
    "up": Field("up", "Vertical axis"),
    "scale": Field("scale", "Metres in one unit"),
    "image_size": Field("image_size", "Picture size"),
    "fps": Field("fps", "Frames per second"),
    "files": Field("files", "Choose recordings"),
    "person": Field("person", "Person"),
    "unnamed": Field("unnamed", None),
    "people": Field("people", "Number of people"),
    "fmr": Field("fmr", "Rate"),
    "fpir": Field("fpir", "Rate"),
    "rerank": Field("rerank", "Rerank by neighbourhoods"),
    "name": Field("name", "Name"),
    "decision": Field(None, None),
    "align": Field(None, None),
    "labels": Field(None, None),
    "markers": Field(None, None),
    "clean": Field(None, None),
    "window_length": Field(None, None),
}
"""What a hint or a validation error may name, by Python parameter or form field; a server reads no files of its own."""

SEARCH_LABELS = {"people": "Nearest people to list"}
"""Labels of the form "Search" for fields that another form calls otherwise."""

OPERATIONS = {
    "Gallery.enroll": ("POST /api/enroll", 'the form "Enroll"'),
    "Gallery.search": ("POST /api/search", 'the view "Search"'),
    "Gallery.people": ("GET /api/people", 'the view "People"'),
    "Gallery.recordings": ("GET /api/recordings", 'the view "People"'),
    "Gallery.move": ("POST /api/recordings/move", 'the view "People"'),
    "Gallery.remove": ("DELETE /api/people/NAME", 'the button "Remove"'),
    "Gallery.queue": ("GET /api/queue", 'the view "Queue"'),
    "Gallery.audit": ("GET /api/audit", 'the view "Audit"'),
    "Gallery.undo": ("POST /api/queue/undo", 'the button "Undo"'),
    "Gallery.rename": ("POST /api/people/NAME/rename", 'the button "Rename"'),
    "Gallery.merge": ("POST /api/people/NAME/merge", 'the button "Merge into one person"'),
}


_ROUTES = r"(?:api|docs|page|metrics|openapi)\b"
_PATH = re.compile(rf"(?<![\w.:/])/(?!{_ROUTES})(?:[^\s/:;,'\"()]+/)+([^\s/:;,'\"()]*)")
_DATABASE = re.compile(r"postgres(?:ql)?(?:\+\w+)?://[^\s:]*(?::[^\s@]*@)?[^\s:;,]*")


def hide_paths(text: str, folder: str = "", name: str = "the gallery") -> str:
    """Replace places of the server in a text: the gallery's by its name, paths of files by the names of the files.

    >>> hide_paths("/srv/lab/gallery: is damaged", "/srv/lab/gallery", "gallery")
    'gallery: is damaged'
    >>> hide_paths("/tmp/x/0.csv, line 2: see POST /api/people/NAME")
    '0.csv, line 2: see POST /api/people/NAME'
    """
    if folder:
        text = text.replace(folder, name)
    return _PATH.sub(r"\1", _DATABASE.sub(name, text))


class Wording:
    """How errors are worded for the client of a request."""

    def __init__(self, request: Request) -> None:
        name, value = PAGE_HEADER
        self.for_page = request.headers.get(name) == value
        self._labels = SEARCH_LABELS if request.scope.get("path") == "/api/search" else {}
        app = request.scope.get("app")
        service = getattr(app.state, "service", None) if app is not None else None
        self._gallery = ("", "the gallery") if service is None else (service.gallery.location, service.name)

    def render(self, error: HimpcError) -> str:
        """Return an error as one printable line, without paths of the server."""
        return escape_unprintable(hide_paths(error.render(self.spell), *self._gallery))

    def spell(self, reference: Reference) -> str:
        """Name an argument or operation of the Python API in the words of the client."""
        if reference.name in OPERATIONS:
            return OPERATIONS[reference.name][self.for_page]
        field = FIELDS.get(reference.name, Field(reference.name, None))
        value = reference.value
        if reference.is_operation or field.name is None or (value or "").endswith(".toml"):
            return f"{reference} (in Python or on the command line)"
        if self.for_page and field.label:
            place = f'the field "{self._labels.get(reference.name, field.label)}"'
            return place if value is None else f"{value} in {place}"
        return field.name if value is None else f"{field.name}={value}"
