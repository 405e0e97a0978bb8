"""Hints of errors in the words of the command line: ``{unit=mm}`` is ``--unit mm``, ``{Gallery.enroll()}`` a verb."""

from __future__ import annotations

import shlex

from himpc.errors import HimpcError, Reference

__all__ = ["render_error", "spell"]

_OPTIONS = {"path": "PATH", "paths": "PATHS", "root": "--root", "model_": "--model"}
"""Parameters whose option is not their name with hyphens."""

_VERBS = {
    "Gallery.people": "himpc gallery list",
    "Gallery.recordings": "himpc gallery show",
    "HiMPC.fit": "himpc train",
    "Model.export": "himpc export",
    "estimate": "himpc pose",
    "read": "himpc info",
    "watch_live": "himpc identify --live",
}
"""Operations whose verb is not their name."""


def render_error(error: HimpcError) -> str:
    """Return message and hint of an error in one line, with options and verbs in place of Python names."""
    return error.render(spell)


def spell(reference: Reference) -> str:
    """Return the option or verb that a reference of a hint stands for."""
    if reference.is_operation:
        return _VERBS.get(reference.name) or f"himpc {reference.name.lower().replace('.', ' ')}"
    option = _OPTIONS.get(reference.name) or f"--{reference.name.replace('.', '-').replace('_', '-')}"
    if reference.value in (None, "True"):
        return option
    if reference.value == "False":
        return f"{option}=false"
    return f"{option} {shlex.quote(reference.value)}"
