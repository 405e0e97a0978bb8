"""Collections of recordings: what reading returns, and selections by label."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, overload

from himpc.errors import ConfigError, DataError, HimpcError, Hint, Reference, count_noun
from himpc.recordings.recording import Recording, normalize_label

__all__ = ["Field", "Problem", "Progress", "Recordings", "parse_condition", "select"]

Field = Literal["person", "session", "camera", "source"]

Progress = Callable[[Iterable[Any], int | None, str], Iterable[Any]]
"""Called with an iterable, its length (None if unknown) and a description; returns the iterable, to be consumed."""

T = TypeVar("T")


@dataclass(frozen=True)
class Problem:
    """A file, folder or table that could not be used, or only in part, and why.

    Attributes
    ----------
    path : Path
        The file, folder or table.
    message : str
        What was found and what was expected, without the path.
    hint : Hint, optional
        What to do.
    """

    path: Path
    message: str
    hint: Hint | None = None

    @classmethod
    def of(cls, error: HimpcError, path: Path, name: str = "") -> Problem:
        """Return an error as a problem of a path; `name` is what else the message may call the path."""
        message = error.message
        for place in (path, path.absolute(), name):
            message = message.removeprefix(f"{place}: ").removeprefix(f"{place}, ")
        return cls(path, message, error.hint)

    def render(self, spell: Callable[[Reference], str] = str) -> str:
        """Return message and hint in one line, every reference of the hint spelled by `spell`."""
        return HimpcError(self.message, hint=self.hint).render(spell)

    def __str__(self) -> str:
        return f"{self.path}: {self.render()}"


class Recordings(Sequence[Recording]):
    """An immutable sequence of recordings, with what could not be read.

    Parameters
    ----------
    recordings : iterable of Recording
        The recordings, in the order of their files.
    problems : iterable of Problem, optional
        What could not be used.
    notes : iterable of str, optional
        What else a person should know, such as videos that were not searched.
    """

    def __init__(
        self, recordings: Iterable[Recording], problems: Iterable[Problem] = (), notes: Iterable[str] = ()
    ) -> None:
        self._recordings = tuple(recordings)
        self.problems = tuple(problems)
        self.notes = tuple(notes)

    def __len__(self) -> int:
        return len(self._recordings)

    @overload
    def __getitem__(self, index: int) -> Recording: ...
    @overload
    def __getitem__(self, index: slice) -> Recordings: ...
    def __getitem__(self, index: int | slice) -> Recording | Recordings:
        if isinstance(index, slice):
            return self.with_(self._recordings[index])
        return self._recordings[index]

    def __repr__(self) -> str:
        return f"<Recordings: {self.summary()}>"

    def with_(self, recordings: Iterable[Recording]) -> Recordings:
        """Return other recordings, such as a selection of these, with the same problems and notes."""
        return Recordings(recordings, self.problems, self.notes)

    def summary(self) -> str:
        """Return the numbers of recordings, frames, persons and problems, and the layouts, in one line."""
        frames = sum(len(recording) for recording in self)
        persons = {recording.person for recording in self} - {None}
        layouts = dict.fromkeys(recording.layout.name for recording in self)
        facts = [count_noun(len(self), "recording"), count_noun(frames, "frame"), *layouts]
        facts.append(count_noun(len(persons), "person", "people") if persons else "people not known")
        return ", ".join(facts + ([count_noun(len(self.problems), "problem")] if self.problems else []))


def select(recordings: Sequence[T], conditions: Sequence[str]) -> list[T]:
    """Select the recordings that meet every condition.

    Parameters
    ----------
    recordings : sequence of Recording
        Or of any objects with the fields.
    conditions : sequence of str
        Each ``FIELD=VALUE,VALUE,...`` with FIELD one of person, session, camera, source; a recording meets it if its
        field equals one of the values, in which ``*`` matches any text, ``?`` any character, and ``[0-8]`` one of
        these characters.

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
        matching = [
            r for r in chosen if any(fnmatchcase(normalize_label(str(getattr(r, field))), value) for value in values)
        ]
        if not matching:
            present = sorted({str(value) for r in chosen if (value := getattr(r, field)) is not None})
            if not present:
                raise DataError(
                    f"no recording meets {condition!r}: none states a {field}",
                    hint="" if field == "source" else "read it from paths with {name}, or from a table with {labels}",
                )
            shown = ", ".join(present[:10]) + (" ..." if len(present) > 10 else "")
            raise DataError(f"no recording meets {condition!r}; its {field} is one of: {shown}")
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
    return field.strip(), [normalize_label(value.strip()) for value in values.split(",")]
