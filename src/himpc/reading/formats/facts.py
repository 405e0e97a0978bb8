"""What a user needs to know of a format: what is read, what is assumed, and how programs export it.

Each reader declares its facts once, as ``FACTS``. The pages of the formats, ``himpc formats`` and the advice of errors
are made of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from himpc.errors import Hint

__all__ = ["FACT_HEADINGS", "FORMAT_KINDS", "Export", "FormatFacts", "Kind"]

Kind = Literal["motion capture", "depth cameras", "pose estimators", "any program", "video"]
FORMAT_KINDS: tuple[Kind, ...] = get_args(Kind)
"""What makes files of a format, in the order in which formats are listed."""

FACT_HEADINGS = {"files": "Files", "reads": "Read", "assumes": "Assumed", "ignores": "Not read"}
"""The heading of each fact where it is shown."""


@dataclass(frozen=True)
class Export:
    """How a program writes files of a format.

    Parameters
    ----------
    program : str
        The program, with the version that `source` describes, if it states one.
    steps : str
        What to do there: menus, a function or an option.
    source : str, optional
        A page about it by the makers of the program. Empty if none was found, so that the steps are not verified; None
        if none is needed, as for a program of the user's own.
    """

    program: str
    steps: str
    source: str | None = ""


@dataclass(frozen=True)
class FormatFacts:
    """The facts of a format: phrases with code in backquotes.

    They refer to arguments and operations as hints of errors do: ``{fps}`` is the option that states a frame rate (see
    `himpc.errors.Hint`).

    Parameters
    ----------
    kind : str
        What makes such files, one of `FORMAT_KINDS`.
    files : str
        The usual names of files, such as ``"*.trc"``. Files are recognised by their content all the same.
    reads : str
        What is read.
    assumes : str
        What is taken for granted where the file does not state it: unit, upward axis, frame rate, names of joints.
    ignores : str
        What such files may hold that is not read.
    source : str
        Where the format is described: an address or a publication; empty if nowhere.
    exports : tuple of Export
        How programs write it; none for published data sets, which are read as they are.
    """

    kind: Kind
    files: str
    reads: str
    assumes: str
    ignores: str
    source: str = ""
    exports: tuple[Export, ...] = ()

    def advice(self) -> Hint:
        """Return the advice with which errors end: how to export from the program that is named first."""
        first = self.exports[0]
        return Hint(f"export it from {first.program}: {first.steps}".replace("`", ""))
