"""The page that describes the interface, made from the OpenAPI document: it needs no network and no script."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

__all__ = ["STYLE", "reference_page"]

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font-family: ui-monospace, monospace; font-size: 0.9em; }
details { border: 1px solid #8888; border-radius: 6px; margin: 0.5rem 0; padding: 0.4rem 0.8rem; }
summary { cursor: pointer; }
table { border-collapse: collapse; margin: 0.5rem 0; }
td, th { border: 1px solid #8888; padding: 0.2rem 0.6rem; text-align: left; vertical-align: top; }
"""


def reference_page(document: dict[str, Any]) -> str:
    """Return the page of an OpenAPI document."""
    routes = "".join(
        _route(method, path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    )
    schemas = "".join(_schema(name, schema) for name, schema in document["components"]["schemas"].items())
    title = html.escape(document["info"]["title"])
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="stylesheet" href="/docs/style.css"></head><body><main><h1>{title}</h1>'
        f"<p>{html.escape(document['info'].get('description', ''))}</p>"
        '<p>For programs: <a href="/openapi.json">openapi.json</a>.</p>'
        f"<h2>Routes</h2>{routes}<h2>Schemas</h2>{schemas}</main></body></html>"
    )


def _route(method: str, path: str, operation: dict[str, Any]) -> str:
    rows = [(each["name"], each["in"], each["schema"], each.get("description", "")) for each in _given(operation)]
    table = _table(("name", "where", "what", ""), [(n, w, _kind(k), d) for n, w, k, d in rows]) if rows else ""
    body = "".join(
        f"<p>Takes <code>{html.escape(media)}</code>: {_kind(content['schema'])}</p>"
        for media, content in operation.get("requestBody", {}).get("content", {}).items()
    )
    answers = _table(
        ("status", "what", ""),
        [
            (
                status,
                ", ".join(_kind(c.get("schema", {})) for c in answer.get("content", {}).values()),
                answer["description"],
            )
            for status, answer in operation["responses"].items()
        ],
    )
    said = "".join(f"<p>{html.escape(part)}</p>" for part in operation.get("description", "").split("\n\n"))
    return (
        f"<details><summary><code><b>{method.upper()}</b> {html.escape(path)}</code></summary>"
        f"{said}{table}{body}{answers}</details>"
    )


def _given(operation: dict[str, Any]) -> list[dict[str, Any]]:
    given: list[dict[str, Any]] = operation.get("parameters", [])
    return given


def _schema(name: str, schema: dict[str, Any]) -> str:
    needed = schema.get("required", [])
    rows = [
        (field if field in needed else f"{field} (optional)", _kind(kind), kind.get("description", ""))
        for field, kind in schema.get("properties", {}).items()
    ]
    said = html.escape(schema.get("description", ""))
    table = _table(("field", "what", ""), rows)
    return (
        f'<details id="{html.escape(name)}"><summary><code>{html.escape(name)}</code> {said}</summary>{table}</details>'
    )


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table; the second cell of a row is HTML already where it comes from `_kind`."""
    lines = "".join(
        "<tr>"
        + "".join(f"<td>{cell if cell.startswith('<code>') else html.escape(cell)}</td>" for cell in row)
        + "</tr>"
        for row in rows
    )
    return f"<table><tr>{''.join(f'<th>{html.escape(name)}</th>' for name in head)}</tr>{lines}</table>"


def _kind(schema: dict[str, Any]) -> str:
    return f"<code>{html.escape(_words(schema))}</code>"


def _words(schema: dict[str, Any]) -> str:
    """Return a schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " or ".join(_words(each) for each in schema[several])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    if schema.get("type") == "array":
        return f"list of {_words(schema.get('items', {}))}"
    limits = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    bounds = "".join(f" {sign} {schema[name]}" for name, sign in limits.items() if name in schema)
    return f"{schema.get('type', 'anything')}{bounds}"
