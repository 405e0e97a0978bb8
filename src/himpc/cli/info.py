"""``himpc info``: what is there, and how good it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from himpc.cli.options import InputOptions, OutputOptions


def info(*paths: Path, source: InputOptions = InputOptions(), output: OutputOptions = OutputOptions()) -> int:
    """Show what recordings are there, and how good they are.

    Parameters
    ----------
    paths
        Files or folders of recordings.
    """
    console = output.console()
    recordings = source.read(paths, console)
    rows = [
        {
            "source": r.source,
            "person": r.person,
            "session": r.session,
            "camera": r.camera,
            "layout": r.layout.name if r.dimensions == 3 else f"{r.layout.name} (2D)",
            "frames": len(r),
            "fps": r.fps,
            "seconds": r.seconds,
            "empty": r.quality.empty,
            "frozen": r.quality.frozen,
            "impossible": r.quality.impossible,
            "filled": r.quality.filled,
            "parts": r.quality.parts,
            "notes": list(r.quality.notes),
        }
        for r in recordings
    ]
    shown = [c for c in rows[0] if c != "notes" and not _is_idle(c, rows)]
    console.table(shown, [["-" if row[c] is None else row[c] for c in shown] for row in rows])
    for text in _idle_facts(rows):
        console.say(text)
    for note in sorted({note for r in recordings for note in r.quality.notes}):
        console.say(f"note: {note}")
    console.say(recordings.summary())
    console.result({"recordings": rows, "left_out": console.left_out})
    return console.exit_code


_COUNTED = ("empty", "frozen", "impossible", "filled")


def _is_idle(column: str, rows: Sequence[dict[str, Any]]) -> bool:
    """Tell whether a column tells the recordings not apart, so that the table is narrower without it."""
    values = {row[column] for row in rows}
    if column in ("layout", "fps"):
        return len(values) == 1
    return values <= {0 if column in _COUNTED else 1 if column == "parts" else None}


def _idle_facts(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return in words what `_is_idle` keeps from the table and the summary does not say."""
    facts = []
    if _is_idle("fps", rows) and rows[0]["fps"] is not None:
        facts.append(f"all at {rows[0]['fps']:g} frames per second")
    if none := [column for column in _COUNTED if _is_idle(column, rows)]:
        facts.append(f"frames {' or '.join(none)}: none")
    return facts
