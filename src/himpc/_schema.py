"""Validated dataclasses, and their plain form for TOML and JSON files.

pydantic does the work: the type, range and choices of a setting are declared once, on the dataclass, for Python calls,
files and the command line alike. This module adds two things: errors of himpc in place of pydantic's, and strictness
(a string is never read as a number, nor a boolean as an integer).
"""

from __future__ import annotations

import ast
import functools
import inspect
import json
import re
import textwrap
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field, fields, is_dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, dataclass_transform, get_args, get_origin

import pydantic
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import CoreSchema, ErrorDetails, core_schema, to_jsonable_python

from himpc.errors import ConfigError, FormatError, HimpcError, escape_unprintable, suggest_name

__all__ = [
    "KW_ONLY",
    "OneOf",
    "Setting",
    "field",
    "parse",
    "parse_json",
    "parse_toml",
    "settings_of",
    "to_plain",
    "validated",
]

T = TypeVar("T")

_CONFIG = ConfigDict(strict=True, extra="forbid", arbitrary_types_allowed=True)
_MAX_REPORTED = 5
_UNION_MEMBER = re.compile(r"(str|bool|int|float)$|[a-z-]+\[")
"""The last part of pydantic's name of a place, if it names a member of a union."""
_PLAIN_NAMES = {"a valid array": "a list", "a valid tuple": "a list", "a valid list": "a list", "an object": "a table"}
_PLAIN_NAMES |= {"an instance of Path": "a path"}


@dataclass_transform(frozen_default=True, field_specifiers=(field, pydantic.Field))
def validated(cls: type[T]) -> type[T]:
    """Make a class a frozen dataclass that checks its fields when it is constructed.

    Ranges and choices are declared in the annotations: ``Annotated[int, Field(ge=1)]``, ``Literal["a", "b"]``. A
    classmethod decorated by `pydantic.field_validator` or ``model_validator`` may check what an annotation cannot say.

    Raises
    ------
    ConfigError
        On construction, if a field is unknown, of the wrong type, or out of range.
    """
    made = pydantic.dataclasses.dataclass(cls, frozen=True, config=_CONFIG)
    construct = made.__init__

    @functools.wraps(construct)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            construct(self, *args, **kwargs)
        except ValidationError as error:
            raise _translate(error, cls, ConfigError) from None

    made.__init__ = __init__  # type: ignore[method-assign]
    return cast(type[T], made)


@dataclass(frozen=True)
class OneOf:
    """An annotation that limits a string to the keys of a table, such as a table of plug-ins.

    The table is looked up at each check, so that an entry added later is a choice, too.

    Examples
    --------
    >>> from typing import Annotated
    >>> Store = Annotated[str, OneOf({"lance": "himpc.gallery.store.lance"})]
    """

    table: Mapping[str, object] = field(repr=False)

    def check(self, value: str) -> str:
        """Return the value if it is a key of the table; raise `ValueError` if not."""
        if value not in self.table:
            raise ValueError(f"must be one of {', '.join(self.table)}, found {value!r}")
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], CoreSchema]) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))


@dataclass(frozen=True)
class Setting:
    """One field of a dataclass, as options and tables of settings show it.

    Attributes
    ----------
    name : str
    type : type
        Its type without the range, such as ``int`` or ``Literal["a", "b"]``; that of `OneOf` is such a literal.
    default : object
    help : str
        The docstring below the field, in one line.
    """

    name: str
    type: Any
    default: Any
    help: str

    @property
    def choices(self) -> tuple[str, ...]:
        """The values that it can have (each item of a tuple), or none if they are not enumerated."""
        literals = [each for each in (self.type, *get_args(self.type)) if get_origin(each) is Literal]
        return tuple(map(str, get_args(literals[0]))) if literals else ()


def settings_of(cls: type) -> tuple[Setting, ...]:
    """Return the fields of a class made by `validated`, in the order of their declaration."""
    settings, docstrings = [], _docstrings_of_fields(cls)
    for name, info in cls.__pydantic_fields__.items():  # type: ignore[attr-defined]
        tables = [each.table for each in info.metadata if isinstance(each, OneOf)]
        kind = Literal[tuple(tables[0])] if tables else info.annotation
        text = " ".join(docstrings.get(name, "").split())
        settings.append(Setting(name, kind, info.get_default(call_default_factory=True), text))
    return tuple(settings)


@cache
def _docstrings_of_fields(cls: type) -> dict[str, str]:
    """Read the docstring below each field of a class from its source; fields without one are left out.

    The option ``use_attribute_docstrings`` of pydantic would parse the sources of every class that a process imports,
    which takes half the time of creating it.
    """
    try:
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    except OSError:  # there is no source
        return {}
    return {
        field.target.id: text.value.value
        for field, text in pairwise(cast(ast.ClassDef, definition).body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    }


def parse(cls: type[T], data: object, *, source: str = "", error: type[HimpcError] = ConfigError) -> T:
    """Validate plain data, such as a parsed TOML or JSON document, as an instance of a dataclass.

    Parameters
    ----------
    cls : type
        A class made by `validated`, or any type that pydantic can validate.
    data : object
        Dictionaries, lists, strings, numbers, booleans and None.
    source : str, optional
        The file or argument that `data` comes from; it begins the error message.
    error : type, optional
        The exception to raise.

    Raises
    ------
    HimpcError
        An instance of `error` that names every wrong field, what was found and what was expected.
    """
    try:
        return cast(T, _adapter(cast(Any, cls)).validate_json(json.dumps(data, default=_reject)))
    except ValidationError as wrong:
        raise _translate(wrong, cls, error, source) from None
    except (TypeError, ValueError, RecursionError) as wrong:
        raise error(f"{source}: {wrong}" if source else str(wrong)) from None


def parse_toml(cls: type[T], path: Path, *, error: type[HimpcError] = ConfigError) -> T:
    """Read a TOML file as an instance of a dataclass (see `parse`)."""
    return parse(cls, _read(path, tomllib.loads, "TOML", error), source=str(path), error=error)


def parse_json(cls: type[T], path: Path, *, error: type[HimpcError] = FormatError) -> T:
    """Read a JSON file as an instance of a dataclass (see `parse`)."""
    return parse(cls, _read(path, json.loads, "JSON", error), source=str(path), error=error)


def to_plain(instance: object) -> Any:
    """Return an instance of a dataclass as dictionaries, lists, strings and numbers; the inverse of `parse`."""
    return to_jsonable_python(instance)


def _reject(value: object) -> None:
    """Raise the error for a value that JSON does not have, such as a date of TOML."""
    kind = type(value).__name__
    raise TypeError(f"found {str(value)[:80]!r}, a {kind}, expected a text, number, boolean, list or table")


def _read(path: Path, loads: Callable[[str], object], language: str, error: type[HimpcError]) -> object:
    try:
        return loads(path.read_text(encoding="utf-8"))
    except OSError as wrong:
        raise error(f"{path}: cannot be read: {wrong.strerror or wrong}") from wrong
    except (ValueError, RecursionError) as wrong:  # both parsers, and UTF-8, raise subclasses of ValueError
        raise error(f"{path}: is not valid {language}: {wrong}") from wrong


@cache
def _adapter(cls: Any) -> TypeAdapter[Any]:
    has_own_config = isinstance(cls, type) and is_dataclass(cls)  # pydantic accepts no other configuration for it
    return TypeAdapter(cls) if has_own_config else TypeAdapter(cls, config=ConfigDict(strict=True))


def _translate(wrong: ValidationError, cls: Any, error: type[HimpcError], source: str = "") -> HimpcError:
    """Return an error of himpc; one that a validator of the class raised keeps its hint."""
    details = wrong.errors(include_url=False)
    raised = details[0].get("ctx", {}).get("error") if len(details) == 1 else None
    message, hint = (raised.message, raised.hint) if isinstance(raised, HimpcError) else (_describe(wrong, cls), None)
    return error(f"{source}: {message}" if source else message, hint=hint)


def _describe(error: ValidationError, cls: Any) -> str:
    """Return every wrong field in one line: its path, what was expected, what was found."""
    names = [each.name for each in fields(cls)] if is_dataclass(cls) else []
    details = _join_unions([detail for detail in error.errors(include_url=False) if not _is_consequence(detail)])
    shown = "; ".join(_describe_one(detail, names) for detail in details[:_MAX_REPORTED])
    return shown + (f"; and {len(details) - _MAX_REPORTED} more" if len(details) > _MAX_REPORTED else "")


def _is_consequence(detail: ErrorDetails) -> bool:
    """Return whether a list is too short only because its invalid items, which are reported, do not count."""
    return detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]


def _join_unions(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Join the errors of the members of a union, which pydantic reports one by one, into one of the field."""
    joined: dict[object, ErrorDetails] = {}
    for detail in details:
        *place, member = detail["loc"] or ("",)
        if not _UNION_MEMBER.match(str(member)):
            joined[tuple(detail["loc"]), len(joined)] = detail
            continue
        key = (tuple(place), id(detail["input"]))
        if first := joined.get(key):
            expected = detail["msg"].removeprefix("Input should be ").removeprefix("Input is not ")
            first["msg"] += "" if expected in first["msg"] else f" or {expected}"
        else:
            joined[key] = {**detail, "loc": tuple(place)}
    return list(joined.values())


def _describe_one(detail: ErrorDetails, names: list[str]) -> str:
    place = escape_unprintable(".".join(map(str, detail["loc"])))
    if detail["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        known = f"; the settings are {', '.join(names)}" if names and len(detail["loc"]) == 1 else ""
        return f"unknown setting {suggest_name(place, names if known else ())}{known}"
    if detail["type"] in ("missing", "missing_argument"):
        return f"{place} is missing"
    reason = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if detail["type"] == "value_error":
        return f"{place}: {reason}" if place else reason
    reason = re.sub(
        r"^(?:Value|List|Tuple|Dictionary) (should have at \w+ \d+ items?) after validation, .*", r"\1", reason
    )
    for pydantic_name, name in _PLAIN_NAMES.items():
        reason = reason.replace(pydantic_name, name)
    found = repr(detail["input"])
    return f"{place} {reason}, found {found if len(found) <= 80 else found[:77] + '...'}".lstrip()
