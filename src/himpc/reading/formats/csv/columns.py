"""Names of the columns of CSV tables: properties of a row, and axes of joints."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["AXES", "MAX_NAME", "RECORDING_COLUMNS", "Column", "parse_column", "parse_label_unit"]

AXES = ("x", "y", "z")

RECORDING_COLUMNS = ("person", "session", "camera", "body")
"""Columns that separate the recordings of one file."""

MAX_NAME = 200
"""Longest name of a column, in characters: patterns would search longer cells of damaged files for minutes."""

_NAMES = {
    "person": "person personid subject subjectid participant participantid",
    "session": "session sessionid trial trialid take sequence sequenceid recording video videoid clip",
    "camera": "camera cameraid view",
    "body": "body bodyid bodyindex bodyindexid bodynumber track trackid trackidx trackingid individual individuals "
    "instance instanceid skeleton skeletonid skeletonindex user userid userindex player playerid playerindex "
    "personindex personidx personno personnumber",
    "frame": "frame frames frameid framenumber frameno framenum frameindex frameidx framecount framen fnum syncindex "
    "item",
    "time": "time times timestamp timestamps seconds timestampms timestampus timestampusec timestampns timems "
    "frametime relativetime elapsedtime elapsed datetime timespan sec t",
    "joint": "joint jointname jointtype keypoint keypointname landmark landmarkname marker markername bodypart "
    "point pointname bone bonename segment segmentname",
    "name": "name label part nodename",
    "number": "jointid jointno jointnumber jointindex jointidx landmarkid landmarkidx landmarkindex landmarknumber "
    "keypointid keypointidx keypointindex kptid kptidx kpid kpidx pointid pointindex boneid",
    "confidence": "confidence conf score visibility vis likelihood prob probability presence trackingstate "
    "trackedstate state",
    **{axis: axis for axis in AXES},
}
_CONTENT_OF = {name: content for content, names in _NAMES.items() for name in names.split()}
_CONFIDENCE = f"{_NAMES['confidence']} tracked".replace(" ", "|")

_TIME_UNIT = re.compile(r"(.*time.*?|seconds)(?:[\s_]+|\s*[\[(])(s|sec|secs|seconds|ms|msec|us|usec|ns|nsec)[\])]?")
_UNIT = re.compile(r"(.+?)(?:[\s_]+|\s*[\[(])(mm|cm|m|in|px|pixels?)[\])]?", re.IGNORECASE)
_SUFFIX = re.compile(
    rf"(.+?)(?:[^A-Za-z0-9]+(?:[tpTP]?([xyzXYZ])[\])]?|((?i:{_CONFIDENCE}))|(?i:[cpv]))|([XYZ]))",
)
_PREFIX = re.compile(rf"(?:[23][dD])?([xyzXYZ])[^A-Za-z0-9]+(.+)|((?i:{_CONFIDENCE}))[^A-Za-z0-9]+(.+)")
_NUMBERED = re.compile(r"(?:([xyz])|[cpv])_?([0-9]{1,4})", re.IGNORECASE)
_NUMBERED_JOINT = re.compile(
    r"(?:(?:pose|body)[^A-Za-z0-9]*)?(?:pose|landmark|lm|joint|keypoint|point|pt|kpt?|jt?)[^A-Za-z0-9]*([0-9]{1,4})",
    re.IGNORECASE,
)
_WORDS = "posi|pos|poz|positions?|translation|loc|location|coord|3d"
_POSITION = re.compile(
    rf"(?i:{_WORDS})[^A-Za-z0-9]+(.+)|(.+?)(?:[^A-Za-z0-9]+[jJ]oint)?[^A-Za-z0-9]+(?i:{_WORDS})|(.*[a-z0-9])(?:Pos|Positions?)"
)
_POSITION_WORDS = {*_WORDS.replace("?", "").split("|"), "position", "coordinate", "camera", "world"}
_OTHER_QUANTITIES = (
    "rot|rotation|quat|quaternion|euler|orient|orientation|angle|vel|velo|velocity|acc|acce|acceleration|gyro|force|"
    "moment"
)
_NO_POSITION = re.compile(
    rf"(?:(?:^|[^A-Za-z])(?i:{_OTHER_QUANTITIES})|(?<=[a-z0-9])(?:{_OTHER_QUANTITIES.title()}))s?(?![a-z])"
)
"""Words for other quantities, also within names such as ``HeadRotationX`` and ``head_rotX``."""


@dataclass(frozen=True)
class Column:
    """The content of a column: a property of the row (`joint` is empty), or an axis of a joint or its confidence.

    `unit` is the unit of length that its name states, as written.
    """

    content: str
    joint: str = ""
    unit: str = ""


def parse_column(name: str) -> Column | None:
    """Parse the name of a column; None if it is unknown, or of another quantity than a position.

    >>> parse_column("Left Hip.Z"), parse_column("x_nose"), parse_column("Frame#")
    (Column(content='z', joint='Left Hip', unit=''), Column(content='x', joint='nose', unit=''), Column(content='frame', joint='', unit=''))
    >>> parse_column("left_hip_x (mm)"), parse_column("v12"), parse_column("left_knee_rot_x")
    (Column(content='x', joint='left_hip', unit='mm'), Column(content='confidence', joint='12', unit=''), None)
    """  # noqa: E501
    if len(name) > MAX_NAME:
        return None
    lower = name.lower().strip()
    timed = _TIME_UNIT.fullmatch(lower)
    key = re.sub(r"[^a-z0-9]", "", timed[1] if timed else lower)
    if key in _CONTENT_OF:
        return Column(_CONTENT_OF[key])
    if _NO_POSITION.search(name):
        return None
    united = _UNIT.fullmatch(name)
    unit = united[2].lower() if united else ""
    column = (_parse_axis(united[1]) if united else None) or _parse_axis(name)
    if column is None or column.joint.lower() not in _POSITION_WORDS:
        return None if column is None else Column(column.content, column.joint, unit)
    return Column(column.content, "", unit)  # of the joint that another column names


def parse_label_unit(name: str) -> str | None:
    """Return the unit of a cell below the header, such as ``mm`` or ``[s]``, in lower case; None if it is none.

    >>> parse_label_unit("(mm)"), parse_label_unit("12")
    ('mm', None)
    """
    word = name.strip().strip("[]()").lower()
    return (
        word if word in ("mm", "cm", "m", "in", "px", "s", "sec", "ms", "frame", "deg", "n", "-", "#", "no") else None
    )


def _parse_axis(name: str) -> Column | None:
    """Parse an axis of a joint, or its confidence."""
    if match := _NUMBERED.fullmatch(name):
        return Column((match[1] or "confidence").lower(), match[2])
    if match := _SUFFIX.fullmatch(name):
        return Column((match[2] or match[4] or "confidence").lower(), _joint_name(match[1]))
    if match := _PREFIX.fullmatch(name):
        return Column((match[1] or "confidence").lower(), _joint_name(match[2] or match[4]))
    return None


def _joint_name(name: str) -> str:
    match = _POSITION.fullmatch(name)
    name = (match[1] or match[2] or match[3]) if match else name
    numbered = _NUMBERED_JOINT.fullmatch(name)
    return numbered[1] if numbered else name
