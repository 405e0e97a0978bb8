"""The OpenAPI document of the server, true to the letter."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

__all__ = ["document_of"]


def document_of(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of an app; a form, which can leave a field out, has none that is null."""
    known: dict[str, Any] | None = app.openapi_schema
    if known is not None:
        return known
    made: dict[str, Any] = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    for name, schema in made["components"]["schemas"].items():
        if name.startswith("Body_"):
            schema["properties"] = {key: _without_null(field) for key, field in schema["properties"].items()}
    app.openapi_schema = made
    return made


def _without_null(field: dict[str, Any]) -> dict[str, Any]:
    kinds: list[dict[str, Any]] = [kind for kind in field.get("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return field
    return {key: value for key, value in field.items() if key != "anyOf"} | kinds[0]
