"""The exceptions that himpc raises.

::

    HimpcError
     ├── LayoutError          a joint layout is wrong, unknown, or does not fit another one
     ├── DataError            recordings or windows cannot be used
     │    ├── EmptyError      no recording was found
     │    └── FormatError     a file is damaged, or of an unknown format
     ├── ConfigError          a setting is unknown or out of range
     ├── ModelError           a saved model is missing, damaged, or does not fit
     ├── GalleryError         a gallery is missing, damaged, or cannot be reached
     │    ├── DamagedGalleryError   its data is missing or has changed
     │    ├── NotEnrolledError      a person or recording is not in the gallery
     │    └── NameConflictError     a name belongs to another person
     ├── RunFolderError       an output folder cannot be written, or a run cannot be resumed
     └── DependencyError      an optional package is not installed

A warning, `LayoutWarning`, says that recordings of other systems were converted.

A message says what was found and what was expected. What to do about it is a separate `Hint`, because the same advice
reads differently in Python (``unit='mm'``), on the command line (``--unit mm``) and on the page (the field "Unit").
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches

__all__ = [
    "ConfigError",
    "DamagedGalleryError",
    "DataError",
    "DependencyError",
    "EmptyError",
    "FormatError",
    "GalleryError",
    "HimpcError",
    "Hint",
    "LayoutError",
    "LayoutWarning",
    "ModelError",
    "NameConflictError",
    "NotEnrolledError",
    "RunFolderError",
    "count_noun",
    "escape_unprintable",
    "suggest_name",
]

_REFERENCE = re.compile(r"\{\{|\}\}|\{(?P<name>[a-z_][\w.]*)(?:=(?P<value>[^{}]*)|(?P<call>\(\)))?\}", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True)
class Reference:
    """One argument or operation that a hint names.

    Attributes
    ----------
    name : str
        The parameter as the Python API spells it (``unit``), or the operation (``Gallery.calibrate``).
    value : str or None
        A suggested value of the parameter.
    is_operation : bool
        Whether `name` is an operation to run instead of a parameter to pass.
    """

    name: str
    value: str | None = None
    is_operation: bool = False

    def __str__(self) -> str:
        if self.is_operation:
            return f"{self.name}()"
        if self.value is None:
            return self.name
        is_literal = self.value in ("True", "False", "None") or _NUMBER.fullmatch(self.value)
        return f"{self.name}={self.value if is_literal else repr(self.value)}"

    def as_entry(self) -> str:
        """Return the argument as an entry of a TOML file, such as a recipe or a grid.

        >>> Reference("unit", "mm").as_entry(), Reference("clean", "False").as_entry()
        ('unit = "mm"', 'clean = false')
        """
        if self.is_operation or self.value is None:
            return str(self)
        literal = {"True": "true", "False": "false"}.get(self.value)
        number = self.value if _NUMBER.fullmatch(self.value) else None
        return f"{self.name} = {literal or number or json.dumps(self.value)}"


@dataclass(frozen=True)
class Hint:
    """Advice that names arguments, to be rendered in the words of the caller.

    Parameters
    ----------
    template : str
        An imperative sentence without a full stop. ``{unit}`` names a parameter, ``{unit=mm}`` a parameter with a
        value, ``{Gallery.calibrate()}`` an operation. A literal brace is doubled; see `Hint.escape`.

    Examples
    --------
    >>> hint = Hint("state the unit of the file: {unit=mm}")
    >>> str(hint)
    "state the unit of the file: unit='mm'"
    >>> hint.render(lambda reference: f"--{reference.name} {reference.value}")
    'state the unit of the file: --unit mm'
    """

    template: str

    def render(self, spell: Callable[[Reference], str]) -> str:
        """Render the advice, with every reference spelled by `spell`."""

        def replace(match: re.Match[str]) -> str:
            if match["name"] is None:
                return match[0][0]
            return spell(Reference(match["name"], match["value"], match["call"] is not None))

        return _REFERENCE.sub(replace, self.template)

    @staticmethod
    def escape(text: str) -> str:
        """Double the braces of a text, such as a file name, so that a template can hold it.

        >>> str(Hint("name the files by the pattern " + Hint.escape("{person}/*.csv")))
        'name the files by the pattern {person}/*.csv'
        """
        return text.replace("{", "{{").replace("}", "}}")

    def __str__(self) -> str:
        return self.render(str)


class HimpcError(Exception):
    """The base class of all exceptions that himpc raises on purpose.

    Parameters
    ----------
    message : str
        What was found and what was expected, naming the file or argument.
    hint : str or Hint, optional
        What to do (see `Hint` for the syntax). ``str(error)`` renders it in the words of the Python API.

    Examples
    --------
    >>> str(FormatError("walk.csv: no unit is stated", hint="pass {unit=mm}"))
    "walk.csv: no unit is stated; pass unit='mm'"
    """

    def __init__(self, message: str = "", *, hint: str | Hint | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = Hint(hint) if isinstance(hint, str) else hint

    def render(self, spell: Callable[[Reference], str] = str) -> str:
        """Render message and hint in one line, with every reference of the hint spelled by `spell`."""
        return self.message if self.hint is None else f"{self.message}; {self.hint.render(spell)}"

    def with_message(self, message: str) -> HimpcError:
        """Return an error of the same class and hint with another message."""
        return type(self)(message, hint=self.hint)

    def __str__(self) -> str:
        return self.render()

    def __reduce__(self) -> tuple[Callable[..., HimpcError], tuple[object, ...]]:
        return _rebuild, (type(self), self.message, self.hint)


def _rebuild(cls: type[HimpcError], message: str, hint: Hint | None) -> HimpcError:
    return cls(message, hint=hint)


class LayoutError(HimpcError, ValueError):
    """A joint layout is wrong, unknown, or does not fit another one."""


class DataError(HimpcError, ValueError):
    """Recordings or windows cannot be used: wrong shape, not finite, too few, or of mixed layouts."""


class EmptyError(DataError):
    """No recording was found where at least one was expected."""


class FormatError(DataError):
    """A file does not follow its format: unreadable, truncated, or of an unknown format."""


class ConfigError(HimpcError, ValueError):
    """A setting is unknown or out of its range."""


class ModelError(HimpcError, ValueError):
    """A saved model or checkpoint is missing, damaged, or of another version or layout."""


class GalleryError(HimpcError, RuntimeError):
    """A gallery is missing, damaged, of another model or version, or cannot be written or reached."""


class DamagedGalleryError(GalleryError):
    """Data of a gallery is missing or has changed since it was stored."""


class NotEnrolledError(GalleryError):
    """A person or recording is not in the gallery."""


class NameConflictError(GalleryError):
    """A name already belongs to another person of the gallery."""


class RunFolderError(HimpcError, RuntimeError):
    """An output cannot be written, or a run cannot start or be resumed."""


class DependencyError(HimpcError, ImportError):
    """An optional package is not installed; the hint says how to install it."""


class LayoutWarning(UserWarning):
    """Recordings of several systems were brought to one layout; the text says which, and to what."""


_JOINERS = "\u200c\u200d"


def escape_unprintable(text: str) -> str:
    r"""Escape every character of a text that a terminal or a one-line log cannot print.

    File names may contain line breaks, terminal control codes, and bytes that are not valid text. The two joiners of
    Persian and Indic words (ZWNJ, ZWJ) are printed.

    >>> escape_unprintable("walk\n2.csv")
    'walk\\n2.csv'
    """
    return "".join(c if c.isprintable() or c in _JOINERS else repr(c)[1:-1] for c in text)


def count_noun(count: int, singular: str, plural: str = "") -> str:
    """Return a number with its noun.

    >>> count_noun(1, "person", "people"), count_noun(2, "recording")
    ('1 person', '2 recordings')
    """
    return f"{count} {singular if count == 1 else plural or singular + 's'}"


def suggest_name(name: object, known: Iterable[str]) -> str:
    """Return an unknown name in quotes, with the known name that is most like it, if one is.

    Examples
    --------
    >>> suggest_name("kinect-v3", ["kinect-v1", "smpl-22"])
    "'kinect-v3' (did you mean 'kinect-v1'?)"
    """
    names = {each.lower(): each for each in known}
    near = get_close_matches(str(name).lower(), names, 1)
    return f"{str(name)!r}" + (f" (did you mean {names[near[0]]!r}?)" if near else "")
