"""Options for the output of verbs; apart from those for their input, so that a verb without input loads no reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cyclopts import Group, Parameter

from himpc.cli.console import Console

OUTPUT = Group("Output", sort_key=3)


@Parameter(name="*", group=OUTPUT)
@dataclass(frozen=True)
class OutputOptions:
    """Options for the output of a verb."""

    quiet: bool = False
    """Print errors only."""
    json: bool = False
    """Print one JSON document on standard output and nothing else there."""

    def console(self) -> Console:
        """Create a console with these options."""
        return Console(quiet=self.quiet, json=self.json)


@Parameter(name="*", group=OUTPUT)
@dataclass(frozen=True)
class FigureOptions:
    """Options for the figures of a verb."""

    figures: tuple[Literal["png", "svg", "pdf"], ...] = ("png",)
    """Format of figures: png, svg or pdf; repeatable."""
