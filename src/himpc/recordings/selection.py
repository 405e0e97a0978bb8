"""Selection of recordings by their labels and names: ``session=1,2,3``."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Literal, TypeVar, get_args

from himpc.errors import ConfigError, DataError

__all__ = ["Field", "parse_condition", "select"]

Field = Literal["person", "session", "camera", "source"]

T = TypeVar("T")


def select(recordings: Sequence[T], conditions: Sequence[str]) -> list[T]:
    """Select the recordings that meet every condition.

    Parameters
    ----------
    recordings : sequence of Recording
        Or of any objects with the fields.
    conditions : sequence of str
        Each ``FIELD=VALUE,VALUE,...`` with FIELD one of person, session, camera, source; a recording meets it if its
        field equals one of the values, in which ``*`` matches any text.

    Raises
    ------
    ConfigError
        If a condition has another form, or names another field.
    DataError
        If no recording meets them; the message lists the values that there are.

    Examples
    --------
    >>> from himpc.simulation import simulate
    >>> walks = simulate(people=2, recordings=2, seconds=1.0)
    >>> {walk.person for walk in select(walks, ["person=*1"])}
    {'person-001'}
    """
    chosen = list(recordings)
    for condition in conditions:
        field, values = parse_condition(condition)
        matching = [r for r in chosen if any(fnmatchcase(str(getattr(r, field)), value) for value in values)]
        if not matching:
            present = sorted({str(getattr(r, field)) for r in chosen})
            shown = ", ".join(present[:10]) + (" ..." if len(present) > 10 else "")
            raise DataError(f"no recording meets {condition!r}; its {field} is one of: {shown or 'nothing'}")
        chosen = matching
    return chosen


def parse_condition(condition: str) -> tuple[str, list[str]]:
    """Parse a condition into its field and the values that meet it.

    Raises
    ------
    ConfigError
        If it has another form, or names another field.
    """
    field, equals, values = condition.partition("=")
    if not equals or not values or field.strip() not in get_args(Field):
        fields = ", ".join(get_args(Field))
        raise ConfigError(f"{condition!r} is not a condition: write FIELD=VALUE,VALUE with FIELD one of {fields}")
    return field.strip(), [value.strip() for value in values.split(",")]
