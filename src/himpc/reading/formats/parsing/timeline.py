"""Frames in time: rates and gaps, by the numbers and time stamps of rows and by what file and user state."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.parsing.frames import count_steps, frame_places
from himpc.reading.formats.parsing.positions import MAX_JOINTS, scatter
from himpc.recordings import MAX_FPS, MIN_FPS

__all__ = [
    "Timeline",
    "choose_rate",
    "count_note",
    "find_timeline",
    "parse_seconds",
    "rate_of_period",
    "rate_of_step",
    "stated_rate",
]

_MAX_DEVIATION = 0.02
"""Relative difference between two frame rates above which they contradict each other."""

_AGREEING_SHARE = 0.95
"""Share of the time steps that must agree with the frame numbers; timers of cameras are late now and then."""

_LATE = 1.75
"""Number of typical steps from which a step between time stamps is a gap, not a late frame."""

_ROUNDING = 1e-4
"""Relative error of a rate whose frame time has four digits, as 0.0333."""

_MIN_RATE, _MAX_RATE = MIN_FPS, 2000.0
"""Frames a second that decide between the units of time stamps."""

_SLOW_RATE = 5.0
"""Frames a second below which a rate is doubted: a step of a walker takes half a second."""

_TIME_OF_DAY = re.compile(
    r"(?:([0-9]{1,4}[-/._][0-9]{1,2}[-/._][0-9]{1,4})[ T_]+)?"
    r"(?:([0-9]{1,4}):)?([0-9]{1,2}):([0-9]{1,2}(?:[.,][0-9]+|:[0-9]{3})?)(?: ?([AP])\.?M\.?)?",
    re.IGNORECASE,
)
_SECONDS_OF_DAY = 86_400
_MIN_COARSE_STEPS, _MIN_FRAMES_A_STAMP, _MAX_COARSE_DEVIATION, _COARSE_SHARE = 3, 5, 0.25, 0.8
"""Changes of time stamps that many frames share, frames of each, and how regular their numbers must be."""
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_TIME_UNITS = {"seconds": 1.0, "milliseconds": 1e-3, "microseconds": 1e-6, "nanoseconds": 1e-9, "units of 100 ns": 1e-7}
_MIN_RATE_IN_OTHER_UNITS = 4.0
_USUAL_RATES = {10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 75, 90, 100, 120, 125, 150, 200, 240, 250, 300}
"""Frame rates; a frame time of such a number may be the rate itself or milliseconds."""


@dataclass(frozen=True)
class Timeline:
    """The place of each of n rows among the frames of a recording.

    Attributes
    ----------
    places : int array ``(n,)``
        Index of the frame of each row, from 0.
    length : int
        Number of frames.
    fps : float or None
        Frames a second.
    notes : tuple of str
        Further notes for the user.
    start : float
        The time of the first row: in seconds, or in frames if the rate is unknown; 0 if neither numbers nor time stamps
        tell.
    """

    places: NDArray[np.int64]
    length: int
    fps: float | None
    notes: tuple[str, ...] = ()
    start: float = 0.0

    def place(self, points: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return ``(length, ...)`` points with NaN in the frames without a row."""
        return points if self.length == len(points) else scatter(points, self.places, self.length)


def find_timeline(
    path: Path,
    lines: Sequence[int],
    *,
    numbers: NDArray[np.float64] | None = None,
    seconds: NDArray[np.float64] | None = None,
    stated: float | None = None,
    row_name: str = "line",
) -> Timeline:
    """Place rows in time by their frame numbers and their time stamps.

    A jump of either is a gap. The rate is that of the time stamps, even if the file states another one.

    Parameters
    ----------
    lines : sequence of int
        The number of each of n rows in the file, for errors.
    numbers, seconds : array ``(n,)``, optional
        Frame numbers and time stamps; those that are missing or do not increase are ignored.
    stated : float, optional
        The frame rate that the file states.
    row_name : str
        What the numbers of rows count: lines, or frames of files that are no tables.

    Raises
    ------
    FormatError
        If a number is there twice, or both numbers and time stamps go back, as where a file holds several recordings.
    """
    if numbers is not None and not np.ptp(numbers):
        numbers = None  # a program that does not count writes 0 or 1
    _check_order(path, lines, numbers, seconds, row_name)
    notes: list[str] = []
    steps = np.ones(len(lines) - 1, dtype=np.int64)
    by_number = whole = None
    first = 0.0
    if numbers is not None and _increases(numbers):
        by_number = np.diff(frame_places(path, numbers, lines, row_name=row_name)[0])
        steps = by_number
        step = int(np.diff(numbers).min()) if len(steps) else 1
        first = float(numbers[0]) / step
        if stated and step > 1 and (np.diff(numbers) == by_number * step).all():
            whole, stated = stated, stated / step
            notes.append(f"frame numbers count by {step}, so its {whole:g} frames a second are {stated:g} here")
    elif numbers is not None and np.isfinite(numbers).all() and np.ptp(numbers):
        notes.append("frame numbers do not increase and are ignored")
    timed = begin = None
    if seconds is not None and _increases(seconds) and len(steps):
        by_time, regular = _count_time_steps(np.diff(seconds), by_number)
        typical = float(np.median(np.diff(seconds) / by_time))
        timed, more = rate_of_step(typical, stated)
        if timed is not None:
            if by_number is not None and (by_time != by_number).any():
                notes.append("frame numbers and time stamps jump at different places; both are gaps")
            steps = np.maximum(steps, by_time)
            if whole is not None and abs(timed / whole - 1) <= _MAX_DEVIATION:  # it is the rate of the rows already
                stated = whole
                notes.pop(0)
            begin = float(seconds[0]) / (typical * timed)  # in seconds, whatever the unit of the stamps
            if regular:  # over the whole recording, since single time stamps are rounded
                timed *= typical * by_time.sum() / (seconds[-1] - seconds[0])
            notes += [*more, *([] if regular else ["time stamps are irregular; frames are taken as evenly spaced"])]
    elif seconds is not None and (typical := _step_of_coarse_times(seconds)):
        timed, more = rate_of_step(typical, stated)
        notes += [*more, f"several frames have the same time stamp; {timed or 0:.3g} frames a second on average"]
    elif seconds is not None and np.isfinite(seconds).all() and np.ptp(seconds):
        notes.append("time stamps do not increase and are ignored")
    length = int(steps.sum()) + 1
    if length > MAX_JOINTS:
        row = int(steps.argmax()) + 1
        raise FormatError(f"{path}, {row_name} {lines[row]}: is too far from the {row_name} before: {length} frames")
    fps, rate_notes = _reconcile_rates(stated, timed)
    places = np.concatenate([[0], np.cumsum(steps)]).astype(np.int64)
    return Timeline(places, length, fps, (*notes, *rate_notes), first / (fps or 1) if begin is None else begin)


def _check_order(
    path: Path,
    lines: Sequence[int],
    numbers: NDArray[np.float64] | None,
    seconds: NDArray[np.float64] | None,
    row_name: str,
) -> None:
    """Check that no frame number is there twice, and that numbers and time stamps do not both go back."""
    if numbers is not None and (repeated := np.diff(numbers) == 0).any():
        row = int(repeated.argmax()) + 1
        raise FormatError(
            f"{path}, {row_name} {lines[row]}: frame {numbers[row]:g} is there twice, expected each frame once"
        )
    usable = [
        values for values in (numbers, seconds) if values is not None and np.isfinite(values).all() and len(lines) > 1
    ]
    backward = [np.diff(values) < 0 for values in usable if np.ptp(values)]
    if backward and all(steps.any() for steps in backward):
        row = int(backward[0].argmax()) + 1
        raise FormatError(
            f"{path}, {row_name} {lines[row]}: its frame number or time is before that of the {row_name} before",
            hint="split the file into one recording each",
        )


def parse_seconds(cells: Sequence[str]) -> NDArray[np.float64] | None:
    """Parse times of day (``10:00:00.033``) or dates with a time as seconds; None if one is neither.

    Dates are those of ISO 8601, or of any order of day, month and year, which count days where they change.

    >>> parse_seconds(["00:01:00,5", "00:01:01"]), parse_seconds(["2.5"])
    (array([60.5, 61. ]), None)
    >>> parse_seconds(["1/5/2024 11:59:59 PM", "1/6/2024 12:00:00 AM"])
    array([86399., 86400.])
    """
    values = []
    days: dict[str, int] = {}
    for cell in map(str.strip, cells):
        if match := _TIME_OF_DAY.fullmatch(cell):
            date, hours, minutes, seconds, half = match.groups()
            day = days.setdefault(date or "", len(days))
            hour = float(hours or 0)
            if half:
                hour = hour % 12 + (12 if half in "Pp" else 0)
            second = float(re.sub("[,:]", ".", seconds))
            values.append(_SECONDS_OF_DAY * day + 3600 * hour + 60 * float(minutes) + second)
            continue
        try:
            if cell.isdecimal():
                return None
            moment = datetime.fromisoformat(cell.replace(",", "."))
        except ValueError:
            return None
        values.append((moment.replace(tzinfo=moment.tzinfo or UTC) - _EPOCH).total_seconds())
    return np.array(values) if values else None


def rate_of_step(step: float, stated: float | None = None) -> tuple[float | None, tuple[str, ...]]:
    """Return the frames a second of a step between time stamps, and a note if its unit is not the second.

    None for a step of 1, which counts frames, and for one that gives the rate of a recording of motion in no unit.

    >>> rate_of_step(0.02), rate_of_step(20.0)
    ((50.0, ()), (50.0, ('time stamps are in milliseconds',)))
    """
    if not step > 0 or (step == 1 and stated != 1):
        return None, ()
    rates = {name: 1 / (step * seconds) for name, seconds in _TIME_UNITS.items()}
    agreeing = [name for name, rate in rates.items() if stated and abs(rate / stated - 1) <= _MAX_DEVIATION]
    plausible = [
        name
        for name, rate in rates.items()
        if (_MIN_RATE if name == "seconds" else _MIN_RATE_IN_OTHER_UNITS) <= rate <= _MAX_RATE
    ]
    name = next(iter([*agreeing, *plausible]), None)
    if name is None:
        return None, (f"time stamps {step:.3g} apart give no frame rate",)
    return round(rates[name], 6), () if name == "seconds" else (f"time stamps are in {name}",)


def rate_of_period(seconds: float) -> tuple[float | None, tuple[str, ...]]:
    """Return the frames a second of a stated duration of a frame, and a note if it is not a number of seconds."""
    if _MIN_RATE <= (1 / seconds if seconds > 0 else 0) <= _MAX_RATE:
        return _round_rate(1 / seconds), ()
    found = f"the file states a frame time of {seconds:g} s"
    rate, _ = rate_of_step(seconds)
    if rate is None or seconds in _USUAL_RATES:
        return None, (f"{found}, which is ignored; state the frame rate",)
    return _round_rate(rate), (f"{found}, which must be milliseconds: {rate:.4g} frames a second",)


def choose_rate(options: FileOptions, stated: float | None) -> tuple[float | None, tuple[str, ...]]:
    """Return the frame rate that the user states, or else that of the file, and a note where they differ."""
    stated, notes = stated_rate(stated)
    if options.fps is None:
        slow = stated is not None and stated < _SLOW_RATE
        return stated, (f"{stated:g} frames a second are few for motion; check the frame rate",) if slow else notes
    if stated is None or abs(stated / options.fps - 1) <= _MAX_DEVIATION:
        return options.fps, ()
    return options.fps, (f"{options.fps:g} frames a second, as the user states; the file shows {stated:g}",)


def stated_rate(value: float | None) -> tuple[float | None, tuple[str, ...]]:
    """Return a frame rate that a file states, or None and a note where it is none of a recording of motion."""
    if value is None or MIN_FPS <= value <= MAX_FPS:
        return None if value is None else float(value), ()
    return None, (
        f"the file states {value:g} frames a second, which is not from {MIN_FPS:g} to {MAX_FPS:g} and is ignored; "
        "state the frame rate",
    )


def count_note(what: str, stated: float | None, found: int) -> tuple[str, ...]:
    """Return a note if a file states another number of something than it holds."""
    return () if stated is None or stated == found else (f"the file states {stated:g} {what} and holds {found}",)


def _count_time_steps(
    steps: NDArray[np.float64], by_number: NDArray[np.int64] | None
) -> tuple[NDArray[np.int64], bool]:
    """Return the frames that each step between time stamps takes: as the frame numbers say, if they agree."""
    if by_number is not None:
        ratio = steps / by_number / np.median(steps / by_number)
        agrees = (ratio > 0.5) & (ratio < 1.5)
        if agrees[(by_number > 1) | (ratio > _LATE)].all() and agrees.mean() >= _AGREEING_SHARE:
            return by_number, True
    return count_steps(steps)


def _step_of_coarse_times(seconds: NDArray[np.float64]) -> float:
    """Return the usual step between frames of which many have one time stamp, such as whole seconds; 0 if it varies."""
    steps = np.diff(seconds)
    changes = np.flatnonzero(steps)
    if len(changes) < _MIN_COARSE_STEPS or not (steps >= 0).all():
        return 0.0
    counts, times = np.diff(changes), steps[changes[1:]]
    rates = counts / times
    is_regular = (np.abs(rates / np.median(rates) - 1) <= _MAX_COARSE_DEVIATION).mean() >= _COARSE_SHARE
    return float(times.sum() / counts.sum()) if is_regular and np.median(counts) >= _MIN_FRAMES_A_STAMP else 0.0


def _reconcile_rates(stated: float | None, timed: float | None) -> tuple[float | None, tuple[str, ...]]:
    """Return the rate of the time stamps or else the stated one, which is exact where both agree."""
    valid, doubts = stated_rate(stated)
    if timed is None:
        return valid, doubts
    if valid is not None and abs(timed / valid - 1) <= _MAX_DEVIATION:
        return valid, ()
    shown = round(_round_rate(timed), 3)
    contradicted = (
        () if stated is None else (f"{shown:g} frames a second, as the time stamps show; the file states {stated:g}",)
    )
    return shown, contradicted


def _round_rate(rate: float) -> float:
    """Return the whole number that a rate is but for the digits of the file, or the rate itself."""
    return float(round(rate)) if abs(rate / round(rate) - 1) <= _ROUNDING else rate


def _increases(values: NDArray[np.float64]) -> bool:
    return bool(np.isfinite(values).all() and (np.diff(values) > 0).all())
