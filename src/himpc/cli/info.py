"""``himpc info``: list recordings and their quality."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from himpc.cli.options import InputOptions
from himpc.cli.output_options import OutputOptions
from himpc.errors import LayoutError

if TYPE_CHECKING:
    from himpc.recordings import Recording


def info(*paths: Path, source: InputOptions = InputOptions(), output: OutputOptions = OutputOptions()) -> int:
    """List recordings and their quality.

    Parameters
    ----------
    paths
        Files or folders of recordings.
    """
    from himpc.recordings import body_size, camera_headings, describe_headings, facing_shares

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
            "start": r.start,
            "clock": None if r.clock is None else r.clock.name,
            "size": body_size([r]),
            "heading": describe_headings(turned) or None,
            "facing": facing_shares(turned) if np.isfinite(turned).any() else None,
            "empty": r.quality.empty,
            "frozen": r.quality.frozen,
            "impossible": r.quality.impossible,
            "filled": r.quality.filled,
            "parts": r.quality.parts,
            "notes": list(r.quality.notes),
        }
        for r, turned in ((r, camera_headings(r)) for r in recordings)
    ]
    columns = [c for c in rows[0] if c not in ("facing", "notes") and not _is_uniform(c, rows)]
    console.table(columns, [["-" if row[c] is None else row[c] for c in columns] for row in rows])
    for text in _describe_uniform(rows):
        console.print(text)
    for text in _describe_notes(recordings):
        console.print(text)
    discovered = _describe_discovered(recordings)
    for text in discovered:
        console.print(text)
    console.print(recordings.summary())
    return console.result({"recordings": rows, "discovered": discovered, "left_out": console.skipped_files})


def _describe_notes(recordings: Sequence[Recording]) -> list[str]:
    """Describe each note once, with the file if it is about one of several."""
    sources: dict[str, set[str]] = {}
    for recording in recordings:
        for note in recording.quality.notes:
            sources.setdefault(note, set()).add(recording.whole_source)
    is_several = len({recording.whole_source for recording in recordings}) > 1
    return [
        f"note on {next(iter(files))}: {note}" if is_several and len(files) == 1 else f"note: {note}"
        for note, files in sorted(sources.items())
    ]


def _describe_discovered(recordings: Sequence[Recording]) -> list[str]:
    """Describe the layout that is discovered from points of no known body, or why none is."""
    from himpc.recordings import to_common_layout
    from himpc.skeleton import POINTS

    unknown = [recording for recording in recordings if recording.layout.name == POINTS]
    if not unknown:
        return []
    try:
        together, notes = to_common_layout(unknown)
    except LayoutError as error:
        return [f"nothing discovered: {error.message}"]
    layout = together[0].layout
    names = [
        f"{limb}: {', '.join(layout.joints[i] for i in joints)}"
        for limb, joints in zip(layout.component_names, layout.components, strict=True)
    ]
    return [*notes, *names]


_COUNTS = ("empty", "frozen", "impossible", "filled")


def _is_uniform(column: str, rows: Sequence[dict[str, Any]]) -> bool:
    """Return True if a column has the same default value for all recordings, so that the table omits it."""
    values = {row[column] for row in rows}
    if column in ("layout", "fps", "size", "heading"):
        return len(values) == 1
    if column in ("start", "clock"):  # of interest where two recordings have one clock
        clocks = [row["clock"] for row in rows if row["clock"] is not None]
        return len(set(clocks)) == len(clocks)
    return values <= {0 if column in _COUNTS else 1 if column == "parts" else None}


def _describe_uniform(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Describe the omitted columns that the summary does not cover."""
    facts = []
    if _is_uniform("fps", rows) and rows[0]["fps"] is not None:
        facts.append(f"all at {rows[0]['fps']:g} frames per second")
    if _is_uniform("size", rows) and rows[0]["size"] == "assumed":
        facts.append("the size of all bodies is assumed: one camera shows their proportions only")
    if _is_uniform("heading", rows) and rows[0]["heading"] is not None:
        facts.append(f"all bodies face one way, as the camera sees them: {rows[0]['heading']}")
    if zero_columns := [column for column in _COUNTS if _is_uniform(column, rows)]:
        facts.append(f"no frames were {' or '.join(zero_columns)}")
    return facts
