"""Render the OpenAPI document as a page that needs no network and no script (the framework's own needs both)."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def render_reference(document: dict[str, Any]) -> str:
    """Return an OpenAPI document as HTML."""
    title, description = (escape(document["info"][key]) for key in ("title", "description"))
    routes = "".join(
        _section(f"<b>{method.upper()}</b> {escape(path)}", "", _describe_route(operation))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    )
    schemas = "".join(
        _section(escape(name), schema.get("description", "").partition("\n\n")[0], _describe_schema(schema))
        for name, schema in document["components"]["schemas"].items()
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="stylesheet" href="/docs/style.css"></head><body><main><h1>{title}</h1><p>{description}</p>'
        '<p>For programs: <a href="/openapi.json">openapi.json</a>.</p>'
        f"<h2>Routes</h2>{routes}<h2>Schemas</h2>{schemas}</main></body></html>"
    )


def _section(heading: str, text: str, body: str) -> str:
    return f"<details><summary><code>{heading}</code> {escape(text)}</summary>{body}</details>"


def _describe_route(operation: dict[str, Any]) -> str:
    text = "".join(f"<p>{escape(each)}</p>" for each in operation.get("description", "").split("\n\n"))
    parameters = [
        (p["name"], p["in"], _type(p["schema"]), p.get("description", "")) for p in operation.get("parameters", [])
    ]
    body = _types(operation.get("requestBody", {}))
    responses = [
        (status, ", ".join(kind for _, kind in _types(response)), response["description"])
        for status, response in operation["responses"].items()
    ]
    return (
        text
        + _table(("parameter", "in", "type", "description"), parameters)
        + _table(("body", "type"), body)
        + _table(("status", "type", "description"), responses)
    )


def _types(message: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the media types of a request or response, each with the type of its content."""
    return [(media, _type(content.get("schema", {}))) for media, content in message.get("content", {}).items()]


def _describe_schema(schema: dict[str, Any]) -> str:
    required = schema.get("required", [])
    rows = [
        (name if name in required else f"{name} (optional)", _type(field), field.get("description", ""))
        for name, field in schema.get("properties", {}).items()
    ]
    return _table(("field", "type", "description"), rows)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{''.join(f'<th>{name}</th>' for name in head)}</tr>{lines}</table>" if lines else ""


def _type(schema: dict[str, Any]) -> str:
    """Describe the type of a schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for union in ("anyOf", "oneOf", "allOf"):
        if union in schema:
            return " or ".join(map(_type, schema[union]))
    if "enum" in schema or "const" in schema:
        return " | ".join(map(str, schema.get("enum", [schema.get("const")])))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    bounds = "".join(f" {sign} {schema[name]}" for name, sign in _BOUNDS.items() if name in schema)
    return f"{schema.get('type', 'any')}{bounds}"
