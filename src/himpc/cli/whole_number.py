"""The type of options that are whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter, Token


def parse_whole_number(kind: type, tokens: Sequence[Token]) -> int:
    """Convert the text of an option; cyclopts would round 2.5 to 2."""
    text = tokens[0].value
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"expected a whole number, found {text[:40]!r}") from None


WholeNumber = Annotated[int, Parameter(converter=parse_whole_number)]
