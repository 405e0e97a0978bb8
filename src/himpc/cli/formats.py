"""``himpc formats``: list the file formats, or the facts of one."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from himpc.cli.hints import translate_reference
from himpc.cli.output_options import OutputOptions
from himpc.errors import Hint

if TYPE_CHECKING:
    from himpc.cli.console import Console
    from himpc.reading import Format


def formats(name: str | None = None, *, output: OutputOptions = OutputOptions()) -> int:
    """List the file formats, or say what is read from one, what is assumed, and how to export it.

    Parameters
    ----------
    name
        A format, as the list names it.
    """
    from himpc.reading import FORMAT_KINDS, FORMATS, get_format

    console = output.console()
    if name is not None:
        chosen = get_format(name)
        _print_facts(console, chosen)
        return console.result(_to_document(chosen))
    for kind in (*FORMAT_KINDS, None):
        of_kind = [each for each in FORMATS if kind == (each.facts and each.facts.kind)]
        rows = [(each.name, each.title, each.facts.files if each.facts else "") for each in of_kind]
        if rows:
            console.table(("name", "format", "files"), rows, title=(kind or "registered formats").capitalize())
            console.print("")
    console.print("Next: himpc formats NAME")
    return console.result({"formats": [_to_document(each) for each in FORMATS]})


def _print_facts(console: Console, chosen: Format) -> None:
    """Print the facts of a format, one a line."""
    from himpc.reading import FACT_HEADINGS

    console.print(f"{chosen.name}: {chosen.title}")
    if (facts := chosen.facts) is None:
        return
    for field, heading in FACT_HEADINGS.items():
        console.print(f"{heading}: {_translate(getattr(facts, field))}")
    for export in facts.exports:
        source = "" if export.source is None else f" ({export.source or 'not verified'})"
        console.print(f"Export from {export.program}: {_translate(export.steps)}{source}")
    if facts.source:
        console.print(f"Source: {facts.source}")


def _to_document(chosen: Format) -> dict[str, Any]:
    """Return the facts of a format as a JSON document."""
    facts = {} if chosen.facts is None else asdict(chosen.facts)
    return {"name": chosen.name, "title": chosen.title, "extra": chosen.extra, **_translate(facts)}


def _translate(fact: Any) -> Any:
    """Return a fact, or each of several, in the words of the command line."""
    if isinstance(fact, dict):
        return {key: _translate(value) for key, value in fact.items()}
    if isinstance(fact, list | tuple):
        return [_translate(each) for each in fact]
    return Hint(fact).render(translate_reference).replace("`", "") if isinstance(fact, str) else fact
