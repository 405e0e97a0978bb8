"""Tables of text, fitted to a terminal without losing the columns that identify a row, and the short ids in them."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise, takewhile

from himpc.errors import ConfigError, NotEnrolledError, escape_unprintable

MIN_WIDTH = 8
"""Columns of text are shortened to this width before others are left out."""

MIN_ID = 6
"""The least number of characters of a short id."""


def format_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    width: int | None,
    keys: Collection[str] = (),
    sentence: str | None = None,
) -> list[str]:
    """Return the lines of a table: a head, a rule, and one line for each row.

    Parameters
    ----------
    columns : sequence of str
    rows : iterable of sequence
        Numbers are aligned right.
    width : int, optional
        The width of the terminal; None for any. In a table that is too wide, the widest columns of text are shortened:
        of a path the end remains, without what all paths end with if the ends are equal. Then columns are left out from
        the right, and a last line says so.
    keys : collection of str
        Columns that are shortened last, and never left out.
    sentence : str, optional
        A column of sentences. In a table that is too wide, they are printed whole below their rows.
    """
    from rich.cells import cell_len

    rows = [list(row) for row in rows]
    if sentence is not None and width is not None:
        lines = format_table(columns, rows, None)
        if any(cell_len(line) > width for line in lines):
            return _with_sentences_below(columns, rows, width, keys, sentence)
    cells = [[_text(cell) for cell in row] for row in rows]
    numeric = [
        bool(rows) and all(isinstance(row[i], int | float) or row[i] in ("", "-") for row in rows)
        for i in range(len(columns))
    ]
    natural = [max(map(cell_len, [name, *(row[i] for row in cells)])) for i, name in enumerate(columns)]
    shown, widths = _fit(natural, [name in keys for name in columns], numeric, width)
    for i in shown:
        if widths[i] < natural[i]:
            for row, text in zip(cells, _without_common_end([row[i] for row in cells], widths[i]), strict=True):
                row[i] = text
    lines = []
    for row in [list(columns), *cells]:
        parts = [_pad(row[i], widths[i], right=numeric[i]) for i in shown]
        lines.append(" ".join(parts).rstrip())
    lines.insert(1, "─" * (sum(widths[i] for i in shown) + len(shown) - 1))
    if len(shown) < len(columns):
        hidden = ", ".join(name for i, name in enumerate(columns) if i not in shown)
        lines.append(f"(a wider terminal, a pipe or --json also shows: {hidden})")
    return lines


def _with_sentences_below(
    columns: Sequence[str], rows: Sequence[Sequence[object]], width: int, keys: Collection[str], sentence: str
) -> list[str]:
    at = list(columns).index(sentence)
    names = [name for name in columns if name != sentence]
    lines = format_table(names, [[*row[:at], *row[at + 1 :]] for row in rows], width, keys)
    table = lines[:2]
    for line, row in zip(lines[2:], rows, strict=False):
        table += [line, *textwrap.wrap(_text(row[at]), width, initial_indent="  ", subsequent_indent="  ")]
    return table + lines[2 + len(rows) :]


def _text(cell: object) -> str:
    return f"{cell:.3g}" if isinstance(cell, float) else escape_unprintable(str(cell))


def _fit(
    widths: list[int], is_key: list[bool], is_numeric: list[bool], limit: int | None
) -> tuple[list[int], list[int]]:
    """Return the indices of the columns that are shown, and the width of each."""
    shown, widths = list(range(len(widths))), list(widths)

    def excess() -> int:
        return 0 if limit is None else sum(widths[i] for i in shown) + len(shown) - 1 - limit

    def shorten(indices: list[int]) -> None:
        while excess() > 0:
            widest = max(indices, key=lambda i: widths[i], default=None)
            if widest is None or widths[widest] <= MIN_WIDTH:
                return
            widths[widest] -= 1

    texts = [i for i in shown if not is_key[i] and not is_numeric[i]]
    shorten(texts)
    for index in [i for i in reversed(shown) if not is_key[i]]:
        if excess() <= 0 or len(shown) == 1:
            break
        shown.remove(index)
    shorten([i for i in shown if not is_numeric[i]])
    return shown, widths


def _without_common_end(paths: list[str], width: int) -> list[str]:
    """Return paths without the last parts that all have, if their ends of a width do not tell different ones apart."""
    if len({path[1 - width :] for path in paths}) == len(set(paths)):
        return paths
    parts = [path.split("/") for path in paths]
    common = sum(1 for _ in takewhile(lambda ends: len(set(ends)) == 1, zip(*map(reversed, parts), strict=False)))
    return ["/".join([*each[:-common], "…"]) for each in parts] if common else paths


def _pad(text: str, width: int, *, right: bool) -> str:
    """Pad or shorten a text to a width; of a path, the end remains."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) > width:
        if "/" in text or "\\" in text:
            while cell_len(text) > width - 1:
                text = text[1:]
            text = f"…{text}"
        else:
            text = f"{set_cell_size(text, width - 1)}…"
    fill = " " * (width - cell_len(text))
    return fill + text if right else text + fill


def shorten_ids(ids: Collection[str]) -> dict[str, str]:
    """Return for each id its shortest beginning, of at least 6 characters, that no other id has."""
    ordered = sorted(set(ids))
    common = [0, *(_count_common(*pair) for pair in pairwise(ordered)), 0]
    return {id: id[: max(MIN_ID, 1 + max(common[i : i + 2]))] for i, id in enumerate(ordered)}


def _count_common(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def complete_ids(beginnings: Iterable[str], ids: Collection[str]) -> tuple[str, ...]:
    """Return the id that begins so for each, without repetition; a whole id wins.

    Raises
    ------
    NotEnrolledError
        If no id begins so.
    ConfigError
        If several do.
    """
    completed = []
    for beginning in beginnings:
        found = [beginning] if beginning in ids else [id for id in ids if beginning and id.startswith(beginning)]
        if not found:
            raise NotEnrolledError(
                f"{escape_unprintable(beginning)} is the id of nothing here",
                hint="{Gallery.recordings()} lists ids of recordings, {Gallery.queue()} those of questions",
            )
        if len(found) > 1:
            raise ConfigError(
                f"{len(found)} ids begin with {escape_unprintable(beginning)}: {found[0]}, {found[1]}; "
                "give more of the one that is meant"
            )
        completed.append(found[0])
    return tuple(dict.fromkeys(completed))
