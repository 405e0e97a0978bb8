"""The command line: one thin file a verb, loaded when it is used.

Exit codes: 0 all went well; 1 it could not be done; 2 the command line is wrong; 3 done, but some files were left out;
130 stopped by Ctrl-C.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError, Parameter

from himpc._version import __version__
from himpc.errors import HimpcError, escape_unprintable

__all__ = ["DONE", "FAILED", "INTERRUPTED", "SKIPPED", "USAGE", "app", "main"]

DONE, FAILED, USAGE, SKIPPED, INTERRUPTED = 0, 1, 2, 3, 130

app = App(
    name="himpc",
    default_parameter=Parameter(negative=()),
    suppress_keyboard_interrupt=False,
    help="Re-identify people from 3D skeletons, learning without labels.",
    version=__version__,
    help_epilogue="Exit codes: 0 done, 1 could not be done, 2 wrong command line, 3 done but files were left out, "
    "130 stopped.",
)
for _verb, _help in {
    "info": "Show what recordings are there, and how good they are.",
    "convert": "Write recordings of any format into one .npz file.",
    "pose": "Find the people in videos, and write a recording of each.",
    "simulate": "Make recordings of simulated walkers.",
    "train": "Train a model on recordings, without labels.",
    "embed": "Turn recordings into embeddings with a trained model.",
    "export": "Write a trained model as ONNX, for programs without himpc.",
    "evaluate": "Measure re-identification on recordings whose persons are known.",
    "group": "Say which recordings show the same person, without labels.",
    "identify": "Say who is in videos, by a gallery.",
    "serve": "Serve a gallery: a page in the browser, and the same for programs.",
    "benchmark": "Compare methods on a published benchmark, on a folder, or on simulated suites.",
    "sweep": "Train and measure with many settings, several at once.",
    "gallery": "Enroll people, and ask whom a new recording shows.",
    "demo": "Run the main job on simulated walkers.",
}.items():
    app.command(f"himpc.cli.{_verb}:{_verb}", name=_verb, help=_help)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; errors become one line on standard error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter is no reason to stop
    try:
        code = int(app(arguments, exit_on_error=False, print_error=False, result_action="return_value") or DONE)
        sys.stdout.flush()
        return code
    except CycloptsError as error:
        return _fail(" ".join(str(error).split()), USAGE)
    except HimpcError as error:
        return _fail(error)
    except KeyboardInterrupt:
        return _fail("stopped", INTERRUPTED)
    except BrokenPipeError:  # whoever read standard output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        return _fail(f"{error.filename or 'input or output'}: {error.strerror or error}")
    except MemoryError:
        return _fail("does not fit into memory: give fewer or shorter recordings, or smaller settings")


def _fail(message: object, code: int = FAILED) -> int:
    print(f"himpc: {escape_unprintable(str(message))}", file=sys.stderr)
    return code
