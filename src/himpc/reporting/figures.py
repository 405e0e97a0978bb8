"""The common style of all figures, and how they are saved. No display is needed and matplotlib's state is untouched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from himpc._files import replace_atomically
from himpc.errors import RunFolderError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito, "Color Universal Design", 2008, in an order in which neighbours differ; yellow is too pale on white.
_PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")

INK = "#2B2B2B"
GREY = "#767676"
PALE = "#D9D9D9"
DPI = 150

_SUFFIXES = (".png", ".svg", ".pdf")


def group_colour(group: int) -> str:
    """Return the colour of a group, the same in every figure; colours repeat after six, so groups are numbered too."""
    return _PALETTE[(group - 1) % len(_PALETTE)] if group > 0 else "#9A9A9A"


def tint(colour: str, strength: float) -> tuple[float, float, float]:
    """Mix a colour with white (strength below 1) or with black (above 1).

    >>> tint("#000000", 0.5), tint("#ffffff", 1.5)
    ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    """
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))

    def mix(channel: float) -> float:
        return 1 - strength * (1 - channel) if strength <= 1 else (2 - strength) * channel

    return mix(red), mix(green), mix(blue)


def new_figure(width: float, height: float) -> Figure:
    """Return an empty white figure; sizes in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def style_axes(axes: Axes, title: str) -> None:
    """Set the title of a plot and remove decoration that carries no data."""
    axes.set_title(title, loc="left", fontsize=11, color=INK, pad=10)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(PALE)
    axes.tick_params(colors=GREY, labelsize=9, length=3, color=PALE)
    axes.grid(axis="y", color=PALE, linewidth=0.5)
    axes.set_axisbelow(True)


def short_names(names: Sequence[str], limit: int = 24) -> list[str]:
    """Return names without their common folders, shortened in the middle to at most `limit` letters.

    >>> short_names(["walks/ann/straight/1.c3d", "walks/bob/turn/1.c3d"])
    ['ann/straight/1.c3d', 'bob/turn/1.c3d']
    """
    folders = [PurePath(name).parent.parts for name in names]
    shared = 0
    while folders and all(len(f) > shared and f[shared] == folders[0][shared] for f in folders):
        shared += 1
    short = [str(PurePath(*PurePath(name).parts[shared:])) for name in names]
    half = (limit - 1) // 2
    return [name if len(name) <= limit else f"{name[: limit - 1 - half]}…{name[-half:]}" for name in short]


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write a figure as PNG, SVG or PDF by its suffix, atomically; equal figures give equal files.

    Raises
    ------
    RunFolderError
        If the suffix is another, or the file cannot be written.
    """
    import matplotlib

    path = Path(path)
    if path.suffix.lower() not in _SUFFIXES:
        raise RunFolderError(f"{path}: figures are written as {', '.join(_SUFFIXES)}, found the suffix {path.suffix!r}")
    undated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix.lower(), {})
    with replace_atomically(path) as partial, matplotlib.rc_context({"svg.hashsalt": "himpc", "svg.fonttype": "none"}):
        figure.savefig(partial, dpi=DPI, metadata=undated)
