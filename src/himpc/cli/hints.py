"""Translate hints of errors to the command line: ``{unit=mm}`` to ``--unit mm``, ``{Gallery.enroll()}`` to a verb."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields

from himpc.errors import HimpcError, Hint, Reference

_OPTIONS = {"path": "PATH", "paths": "PATHS", "root": "--root", "model_": "--model"}
"""Parameters whose option is not derived from the name."""

_VERBS = {
    "Gallery.people": "himpc gallery list",
    "Gallery.create": "himpc gallery enroll",
    "Gallery.recordings": "himpc gallery show PERSON",
    "Gallery.repair": "himpc gallery verify --repair",
    "HiMPC.fit": "himpc train",
    "Model.export": "himpc export",
    "estimate": "himpc pose",
    "read": "himpc info",
    "save": "himpc convert",
    "watch_live": "himpc identify --live",
}
"""Operations whose verb is not derived from the name."""


def render_error(error: HimpcError) -> str:
    """Render message and hint of an error in one line, with options and verbs instead of Python names."""
    return error.render(translate_reference)


@contextmanager
def recipe_hints() -> Iterator[None]:
    """Word hints about reading files, within a block, as entries of the recipe that states how to read them."""
    try:
        yield
    except HimpcError as error:
        if error.hint is not None:
            error.hint = Hint(Hint.escape(error.hint.render(translate_recipe_entry)))
        raise


def translate_recipe_entry(reference: Reference) -> str:
    """Return the entry of a recipe to which a reference in a hint corresponds, or the option or verb."""
    from himpc.reading import ReadOptions

    if reference.is_operation or reference.name not in {each.name for each in fields(ReadOptions)}:
        return translate_reference(reference)
    return f"{reference.as_entry()} in [files] of the recipe"


def translate_reference(reference: Reference) -> str:
    """Return the option or verb to which a reference in a hint corresponds."""
    if reference.is_operation:
        return _VERBS.get(reference.name) or f"himpc {reference.name.lower().replace('.', ' ')}"
    option = _OPTIONS.get(reference.name) or f"--{reference.name.replace('.', '-').replace('_', '-')}"
    if reference.value in (None, "True"):
        return option
    if reference.value == "False":
        return f"{option}=false"
    return f"{option} {shlex.quote(reference.value)}"
