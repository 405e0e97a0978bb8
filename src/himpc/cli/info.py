"""``himpc info``: what is there, and how good it is."""

from __future__ import annotations

from pathlib import Path

from himpc.cli.options import Output, Source


def info(*paths: Path, source: Source = Source(), output: Output = Output()) -> int:
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
    shown = [c for c in rows[0] if c != "notes" and any(row[c] is not None for row in rows)]
    console.table(shown, [["-" if row[c] is None else row[c] for c in shown] for row in rows])
    for note in sorted({note for r in recordings for note in r.quality.notes}):
        console.say(f"note: {note}")
    console.say(recordings.summary())
    console.result({"recordings": rows, "left_out": [{"path": p.path, "why": p.message} for p in recordings.problems]})
    return console.exit_code
