"""Write the page of the command line: the help of every verb, as the terminal shows it."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from textwrap import indent

from rich.console import Console

from himpc.cli import app, whole_help
from himpc.cli.examples import EXAMPLES

INTRODUCTION = """\
Command line
============

``himpc`` alone shows where to begin. ``himpc VERB --help`` prints what is listed here, and
``himpc --install-completion`` completes verbs and options in your shell.
"""


def write(path: Path) -> None:
    """Write the page, unless it would not change."""
    text = INTRODUCTION + "".join(_section(verb) for verb in EXAMPLES)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def _section(verb: str) -> str:
    terminal = Console(file=StringIO(), width=92, color_system=None)
    with whole_help(verb.split()):
        app.help_print(verb.split(), console=terminal)
    lines = "\n".join(line.rstrip() for line in terminal.file.getvalue().splitlines())
    title = f"himpc {verb}"
    return f"\n{title}\n{'-' * len(title)}\n\n.. code-block:: text\n\n{indent(lines, '   ')}\n"
