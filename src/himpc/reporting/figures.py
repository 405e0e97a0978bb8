"""The common style of all figures, and how they are saved. No display is needed and matplotlib's state is untouched."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from itertools import islice
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from himpc._files import number_names, remove_file, replace_atomically
from himpc.errors import DataError, RunFolderError, count_noun, escape_unprintable

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

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


def short_names(names: Sequence[str], limit: int | None = 24) -> list[str]:
    """Return names without their common folders, shortened in the middle to at most `limit` letters; None: in full.

    >>> short_names(["walks/ann/straight/1.c3d", "walks/bob/turn/1.c3d"])
    ['ann/straight/1.c3d', 'bob/turn/1.c3d']
    """
    folders = [PurePath(name).parent.parts for name in names]
    shared = 0
    while folders and all(len(f) > shared and f[shared] == folders[0][shared] for f in folders):
        shared += 1
    short = [str(PurePath(*PurePath(name).parts[shared:])) for name in names]
    if limit is None:
        return short
    half = (limit - 1) // 2
    return [name if len(name) <= limit else f"{name[: limit - 1 - half]}…{name[-half:]}" for name in short]


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write a figure as PNG, SVG or PDF by its suffix, atomically; equal figures give equal files.

    Raises
    ------
    RunFolderError
        If the suffix is another, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in _SUFFIXES:
        raise RunFolderError(f"{path}: figures are written as {', '.join(_SUFFIXES)}, found the suffix {path.suffix!r}")
    with replace_atomically(path) as partial:
        _render(figure, partial, path.suffix.lower())


def save_figures(pages: Sequence[Figure], stem: str | Path, formats: Sequence[str] = ("png",)) -> list[Path]:
    """Write the pages of a figure in some formats, and return the files.

    A PDF has all pages; PNG and SVG files are numbered from the second page on: ``groups.png``, ``groups-2.png``. Pages
    of an earlier figure of that name are removed.

    Raises
    ------
    RunFolderError
        If a format is unknown, or a file cannot be written.
    """
    stem, written = Path(stem), []
    for suffix in (f".{each.lower()}" for each in dict.fromkeys(formats)):
        if suffix == ".pdf" and len(pages) > 1:
            path = stem.with_name(f"{stem.name}.pdf")
            with replace_atomically(path) as partial:
                _render_pages(pages, partial)
            written.append(path)
            continue
        names = islice(number_names(stem.parent, stem.name, suffix), len(pages))
        for figure, path in zip(pages, names, strict=True):
            save_figure(figure, path)
            written.append(path)
    for path in islice(number_names(stem.parent, stem.name, ".png"), max(len(pages), 1), None):
        if not path.is_file():
            break
        for each in (path, path.with_suffix(".svg")):
            remove_file(each)
    return written


def figure_to_svg(figure: Figure) -> bytes:
    """Return a figure as an SVG file; equal figures give equal files."""
    content = BytesIO()
    _render(figure, content, ".svg")
    return content.getvalue()


def _render(figure: Figure, target: Path | BytesIO, suffix: str) -> None:
    undated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(suffix, {})
    with _reproducible():
        _to_plain_text(figure)
        figure.savefig(target, format=suffix[1:], dpi=DPI, metadata=undated)


def _render_pages(pages: Sequence[Figure], path: Path) -> None:
    from matplotlib.backends.backend_pdf import PdfPages

    with _reproducible(), PdfPages(path, metadata={"CreationDate": None}) as document:
        for figure in pages:
            _to_plain_text(figure)
            document.savefig(figure)


@contextmanager
def _reproducible() -> Iterator[None]:
    import matplotlib

    settings = {"svg.hashsalt": "himpc", "svg.fonttype": "none", "pdf.fonttype": 42}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a name in a script that the font lacks
        yield


def _to_plain_text(figure: Figure) -> None:
    """Draw every text as it is: a dollar sign in a name begins no formula, and controls are escaped."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        text.set_parse_math(False)
        text.set_text("\n".join(map(escape_unprintable, text.get_text().split("\n"))))


def check_rows(
    embeddings: NDArray[np.floating],
    groups: Sequence[int] | NDArray[np.integer],
    names: Sequence[str],
    persons: Sequence[str | None] | None,
) -> None:
    """Raise `DataError` unless embeddings ``(R, D)``, groups, names and, if known, persons have one row each."""
    if embeddings.ndim != 2 or not len(embeddings) == len(groups) == len(names) == len(persons or names):
        raise DataError(
            f"embeddings have shape {embeddings.shape} for {count_noun(len(groups), 'group')}, "
            f"{count_noun(len(names), 'name')} and {len(persons or names)} people: expected one row each"
        )
