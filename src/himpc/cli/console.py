"""Output of the command line: results on standard output, progress and warnings on standard error."""

from __future__ import annotations

import json
import os
import shutil
import sys
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from himpc.cli import SKIPPED, SUCCESS
from himpc.cli.hints import translate_reference
from himpc.cli.tables import format_table
from himpc.errors import LayoutWarning, Reference, escape_unprintable

if TYPE_CHECKING:
    from himpc.reading import Problem

T = TypeVar("T")

ID_FIELDS = ("id", "recording")
"""Fields of JSON documents that hold the id of a recording."""


class Console:
    """Print text, tables, progress bars and JSON documents for every verb.

    Parameters
    ----------
    quiet : bool
        Print errors only: no text, tables or progress.
    json : bool
        Print the document of `result` instead of text and tables.
    """

    def __init__(self, *, quiet: bool = False, json: bool = False) -> None:
        self.quiet = quiet
        if quiet:
            warnings.simplefilter("ignore", LayoutWarning)
        self.json = json
        self.skipped_files: list[dict[str, str]] = []

    def print(self, text: str) -> None:
        """Print a line of text."""
        if not (self.quiet or self.json):
            print(text)

    def warn(self, text: str) -> None:
        """Print a warning on standard error."""
        if not self.quiet:
            print(f"himpc: {escape_unprintable(text)}", file=sys.stderr)

    def table(
        self,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
        title: str = "",
        keys: Collection[str] = (),
        sentence: str | None = None,
    ) -> None:
        """Print a table with one line a row; on a terminal it is shortened to fit (`format_table`)."""
        if self.quiet or self.json:
            return
        is_fitted = sys.stdout.isatty() or "COLUMNS" in os.environ
        width = shutil.get_terminal_size().columns if is_fitted else None
        if title:
            print(title)
        rows = list(rows)
        if rows or not title:  # a title such as "0 questions" says it all
            print("\n".join(format_table(columns, rows, width, keys, sentence)))

    def result(self, document: dict[str, Any]) -> int:
        """Print the result as a JSON document if `json` is set, and return the exit code."""
        if self.json:
            print(json.dumps(_with_text_ids(document), indent=2))
        return self.exit_code

    def problems(self, problems: Sequence[Problem], spell: Callable[[Reference], str] = translate_reference) -> None:
        """Report skipped files, and the advice in the words of `spell`. The exit code is then `SKIPPED`."""
        for problem in problems:
            path, reason = escape_unprintable(str(problem.path)), problem.render(spell)
            self.skipped_files.append({"path": path, "why": reason})
            print(f"himpc: skipped {path}: {escape_unprintable(reason)}", file=sys.stderr)

    def progress(self, items: Iterable[T], total: int | None, description: str) -> Iterator[T]:
        """Yield the items while a bar on standard error shows progress and the remaining time."""
        if self.quiet or not sys.stderr.isatty():
            yield from items
            return
        with self.bar() as bar:
            yield from bar.track(items, total=total, description=description)

    def bar(self) -> Any:
        """Create a progress bar on standard error, hidden if `quiet` is set or standard error is not a terminal."""
        from rich.console import Console as Rich
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        return Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=Rich(stderr=True),
            disable=self.quiet or not sys.stderr.isatty(),
            transient=True,
        )

    @property
    def exit_code(self) -> int:
        """`SKIPPED` if files were skipped, otherwise `SUCCESS`."""
        return SKIPPED if self.skipped_files else SUCCESS


def _with_text_ids(document: Any) -> Any:
    """Return a JSON document whose ids are strings: they have up to 63 bits, which many JSON readers round."""
    if isinstance(document, list):
        return [_with_text_ids(each) for each in document]
    if not isinstance(document, dict):
        return document
    return {
        name: str(value) if name in ID_FIELDS and isinstance(value, int) else _with_text_ids(value)
        for name, value in document.items()
    }
