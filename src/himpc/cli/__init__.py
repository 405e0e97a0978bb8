"""The command line: one thin module for each verb, imported when the verb runs.

Exit codes: 0 success; 1 failure; 2 wrong command line; 3 success, but some files were skipped; 130 interrupted.
"""

from __future__ import annotations

import io
import os
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from cyclopts import App, CycloptsError, Parameter

from himpc._version import __version__
from himpc.cli.examples import EXAMPLES, FIRST_STEPS, example
from himpc.cli.hints import render_error
from himpc.errors import HimpcError, LayoutWarning, escape_unprintable

__all__ = ["FAILURE", "INTERRUPTED", "SKIPPED", "SUCCESS", "USAGE", "app", "main", "whole_help"]

SUCCESS, FAILURE, USAGE, SKIPPED, INTERRUPTED = 0, 1, 2, 3, 130


app = App(
    name="himpc",
    default_parameter=Parameter(negative=()),
    suppress_keyboard_interrupt=False,
    help="Re-identify people from 3D skeletons, without labels.",
    version=__version__,
    help_epilogue="Exit codes: 0 success, 1 failure, 2 wrong command line, 3 success but some files were skipped, "
    "130 interrupted.",
)
for _verb, _help in {
    "info": "List recordings and their quality.",
    "formats": "List the file formats, or what is read from one, what is assumed, and how to export it.",
    "layout": "Write the layout of recordings, discovered where their points are of no known body.",
    "view": "Write recordings as one HTML file that plays them in 3D.",
    "convert": "Convert recordings of any format to .npz, netCDF or Motion-BIDS.",
    "pose": "Estimate the poses of the people in videos, and write one recording for each person.",
    "simulate": "Simulate recordings of walkers.",
    "train": "Train a model on recordings, without labels.",
    "embed": "Compute the embeddings of recordings.",
    "export": "Export a trained model to ONNX.",
    "evaluate": "Measure re-identification on recordings of known people.",
    "group": "Group recordings by person, without labels.",
    "audit": "Check the labels of a data set, and find copies, exchanged sides and other heights.",
    "anonymize": "Transform recordings so that people are harder to find again, and remove metadata.",
    "risk": "Measure how well people can be found again in recordings, as they are or anonymised.",
    "identify": "Identify the people in videos or a live stream by a gallery.",
    "report": "Write a run as one HTML file: rank lists, curves, map and groups.",
    "serve": "Serve a gallery: a page for the browser and an HTTP API.",
    "benchmark": "Compare methods on a published data set, your own recordings, or simulated walkers.",
    "sweep": "Train and measure with many settings in parallel.",
    "gallery": "Enroll people, and identify the person in new recordings.",
    "demo": "Run the whole workflow on simulated walkers, or group sample recordings of real people.",
}.items():
    # `gallery` is an app of its own, which states its example itself.
    _own = {} if _verb == "gallery" else {"help_prologue": example(_verb)}
    app.command(f"himpc.cli.{_verb}:{_verb}", name=_verb, help=_help, **_own)
app.register_install_completion_command(help="Install the completion of verbs and options in this shell.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; an error is printed as one line on standard error."""
    arguments = sys.argv[1:] if arguments is None else arguments
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # the parent process has closed it
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # the terminal's encoding may lack a character
    try:
        if not arguments:
            print(FIRST_STEPS)
            return SUCCESS
        # As a path it would be the current folder, all of which `himpc gallery enroll "$FOLDER"` would enroll.
        if empty := [word or "an argument" for word in arguments if re.fullmatch("(--[a-z-]+=)?", word)]:
            return _fail(f"{empty[0]} is empty; check the variables of the command", USAGE)
        asks_for_help = not {"--help", "-h"}.isdisjoint(arguments)
        with warnings.catch_warnings(), whole_help(arguments) if asks_for_help else nullcontext():
            _print_layout_warnings()
            code = int(app(arguments, exit_on_error=False, print_error=False, result_action="return_value") or SUCCESS)
        sys.stdout.flush()
        return code
    except CycloptsError as error:
        return _fail(_subcommand_advice(arguments) or " ".join(str(error).split()), USAGE)
    except HimpcError as error:
        return _fail(render_error(error))
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:  # the reader of standard output, such as `head`, has ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILURE
    except OSError as error:
        return _fail(f"{error.filename or 'input or output'}: {error.strerror or error}")
    except MemoryError:
        return _fail("out of memory: use fewer or shorter recordings, or smaller settings")


@contextmanager
def whole_help(words: Sequence[str]) -> Iterator[None]:
    """Let the help of the verb that words name show its whole docstring, not only the sentence that lists show."""
    command = app
    for word in words:
        if word.startswith("-") or word not in command:
            break
        command = command[word]
    sentence = command.help
    if command.default_command is not None:
        command.help = None  # then the docstring is shown
    try:
        yield
    finally:
        command.help = sentence


def _subcommand_advice(arguments: Sequence[str]) -> str:
    """Return where a verb of `himpc gallery` is found that was written without `gallery`, or an empty text."""
    verb = arguments[0]
    if verb in app or f"gallery {verb}" not in EXAMPLES:
        return ""
    return f"there is no verb {verb!r}: write himpc gallery {verb}"


def _print_layout_warnings() -> None:
    """Print what was converted as one line on standard error; all other warnings stay as Python shows them."""
    show = warnings.showwarning
    printed: set[str] = set()

    def print_line(message: Warning | str, category: type[Warning], *rest: Any, **options: Any) -> None:
        if issubclass(category, LayoutWarning):
            text = escape_unprintable(str(message))
            if text not in printed:
                print(f"himpc: {text}", file=sys.stderr)
            printed.add(text)
        else:
            show(message, category, *rest, **options)

    warnings.simplefilter("default", LayoutWarning)
    warnings.showwarning = print_line


def _fail(message: str, code: int = FAILURE) -> int:
    print(f"himpc: {escape_unprintable(message)}", file=sys.stderr)
    return code
