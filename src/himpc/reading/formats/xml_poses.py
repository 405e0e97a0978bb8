"""XML of any program, as recorders of Kinect skeletons write it: poses under any tags.

Elements are taken as JSON objects: attributes and children are keys, children with one tag are a list. The poses in
them are found as in JSON (see `json_poses`). A document type declaration is refused, so no entity is ever expanded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.json_poses import read_document
from himpc.reading.formats.parsing.text import decode_head, read_bytes
from himpc.reading.formats.parsing.xml import create_parser, parse_chunks
from himpc.reading.formats.unsupported import unsupported_error
from himpc.recordings import Recording

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="any program",
    files="*.xml",
    reads="skeletons in frames under any tags, joints by name or number, with x, y and z as attributes or elements, as "
    "recorders of Kinect skeletons write them; people by `id` or `TrackingId`",
    assumes="as for JSON: unit, upward axis and order of joints without names are as the body shows; no rate unless "
    "the document states one or frames have times: state {fps}",
    ignores="elements that hold no poses",
    exports=(
        Export("a program of yours", "write an element a frame, with an element a joint: a name, and x, y and z", None),
    ),
)

_MAX_DEPTH, _MAX_ELEMENTS = 32, 4 * 2**20
_NUMBER = re.compile(r"[-+]?[0-9]+(?:[.,][0-9]+)?(?:[eE][-+]?[0-9]+)?")
_START = re.compile(r"<(\?xml|!--|[A-Za-z_])")


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the beginning of XML that is not known to hold no poses."""
    lines = decode_head(head)
    if re.search(r"<(\w+:)?mvnx\b", "\n".join(lines)):
        return False
    return bool(lines) and _START.match(lines[0]) is not None and unsupported_error(path, head) is None


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each person in a file."""
    return read_document(path, _Parser(path).parse(), options, form="XML")


@dataclass
class _Element:
    """An element that is open: the values of its attributes and children by name, and its text."""

    tag: str
    values: dict[str, list[Any]]
    text: list[str] = field(default_factory=list)
    has_attributes: bool = False

    def value(self) -> Any:
        """Return a number or text, a list where all children have one tag, or an object."""
        if not self.values:
            return _parse_text("".join(self.text))
        (first, *others) = self.values.values()
        is_list = not (others or self.has_attributes) and all(isinstance(child, list | dict) for child in first)
        if is_list:
            return first
        return {name: values[0] if len(values) == 1 else values for name, values in self.values.items()}


def _parse_text(text: str) -> Any:
    """Parse a number, several numbers, or text; commas may be decimal points."""
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return _to_number(text)
    parts = re.split(r"[\s;]+|,\s*", text)
    return [_to_number(part) for part in parts] if len(parts) > 1 and all(map(_NUMBER.fullmatch, parts)) else text


def _to_number(text: str) -> float | int:
    digits = text.lstrip("+-")
    return int(text) if digits.isdecimal() and len(digits) < 19 else float(text.replace(",", "."))


class _Parser:
    """Parser of the elements of a file into objects and lists, within bounds."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.content = read_bytes(path)
        self.open = [_Element("", {})]
        self.count = 0
        self.expat = create_parser(self.content)
        self.expat.StartDoctypeDeclHandler = self._refuse
        self.expat.StartElementHandler = self._start
        self.expat.EndElementHandler = self._end
        self.expat.CharacterDataHandler = self._collect

    def parse(self) -> Any:
        """Return the value of the root element."""
        parse_chunks(self.path, self.expat, [self.content])
        ((root,),) = self.open[0].values.values()
        return root

    def _refuse(self, *_: object) -> None:
        raise FormatError(f"{self.path}: declares a document type, which recordings do not have")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if len(self.open) > _MAX_DEPTH or self.count > _MAX_ELEMENTS:
            raise FormatError(f"{self.path}: is nested too deeply or holds too many elements for a recording")
        own = {name: value for name, value in attributes.items() if not name.startswith(("xmlns", "xsi:", "xml:"))}
        values = {name.rpartition(":")[2]: [_parse_text(value)] for name, value in own.items()}
        self.open.append(_Element(tag.rpartition(":")[2], values, has_attributes=bool(values)))

    def _collect(self, text: str) -> None:
        self.open[-1].text.append(text)

    def _end(self, tag: str) -> None:
        element = self.open.pop()
        self.open[-1].values.setdefault(element.tag, []).append(element.value())
