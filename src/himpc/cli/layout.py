"""``himpc layout``: write the layout of recordings, which is discovered where their points are of no known body."""

from __future__ import annotations

from pathlib import Path

from himpc.cli.options import InputOptions
from himpc.cli.output_options import OutputOptions


def layout(
    *paths: Path,
    out: Path = Path("layout.toml"),
    picture: Path | None = None,
    source: InputOptions = InputOptions(),
    output: OutputOptions = OutputOptions(),
) -> int:
    """Write the layout that recordings share as a TOML file, to edit and to pass to other verbs.

    The layout of points of no known body is discovered from their movement. The file can be passed as --layout.

    Parameters
    ----------
    paths
        Files or folders of recordings.
    out
        The TOML file to write.
    picture
        Also draw its points, segments and limbs: a .png, .svg or .pdf file.
    """
    from himpc._files import write_atomically
    from himpc.recordings import to_common_layout
    from himpc.reporting import draw_layout, save_figure

    console = output.console()
    recordings, notes = to_common_layout(source.read(paths, console))
    found = recordings[0].layout
    write_atomically(out, found.to_toml())
    written = [out]
    if picture is not None:
        save_figure(draw_layout(max(recordings, key=len)), picture)
        written.append(picture)
    for limb, parts in found.to_dict()["limbs"].items():
        console.print(f"{limb}: {', '.join(parts)}")
    for note in notes:
        console.print(f"note: {note}")
    console.print(f"Wrote {', '.join(map(str, written))}: {found.title or found.name}")
    console.print(f"Next: himpc train {' '.join(map(str, paths))} --layout {out}")
    console.result(
        {"out": str(out), "layout": found.to_dict(), "notes": list(notes), "left_out": console.skipped_files}
    )
    return console.exit_code
