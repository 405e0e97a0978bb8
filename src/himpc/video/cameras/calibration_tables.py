"""Calibration files as plain tables: TOML, JSON, OpenCV's YAML and XML, and NumPy's ``.npz``.

Files are untrusted. OpenCV's own reader is not used, because brackets that are nested deeply end the process inside it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.parsers import expat

import numpy as np

from himpc._extras import require
from himpc.errors import FormatError
from himpc.reading import load_json, npz_names, read_bytes, read_npz

MAX_BYTES = 2 * 2**20
"""Size of the largest calibration file that is read; one of 20 cameras has 20 kB."""

MAX_VALUES = 20_000
"""Values of the largest file; many of them may be one value that is referred to again and again."""

MAX_DEPTH = 12

_OPENCV_TAG = "tag:yaml.org,2002:opencv-matrix"


def read_tables(path: Path) -> dict[str, Any]:
    """Read a file as nested dictionaries and lists of numbers and texts.

    Raises
    ------
    FormatError
        If it is of none of the formats, damaged, or too large.
    """
    readers: dict[str, Callable[[Path], Any]] = {
        ".toml": _read_toml,
        ".json": lambda path: load_json(path, MAX_BYTES),
        ".yml": _read_yaml,
        ".yaml": _read_yaml,
        ".xml": _read_xml,
        ".npz": _read_npz,
    }
    read = readers.get(path.suffix.lower())
    if read is None:
        raise FormatError(
            f"{path}: is no calibration file by its name, expected {', '.join(readers)}",
            hint="calibration that Python pickled is not read: save it as .npz, .json or .toml",
        )
    tables = read(path)
    _check_extent(path, tables)
    if not isinstance(tables, dict):
        tables = {"cameras": tables}
    return tables


def _decode(path: Path) -> str:
    try:
        return read_bytes(path, MAX_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: is not text in UTF-8 (byte {error.start})") from error


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_decode(path))
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise FormatError(f"{path}: is not valid TOML: {str(error)[:80]}") from None


def _read_yaml(path: Path) -> Any:
    yaml = require("yaml", "video")

    class Loader(yaml.SafeLoader):  # type: ignore[misc, name-defined]
        """Reads plain values, and matrices as OpenCV marks them."""

    Loader.add_constructor(_OPENCV_TAG, lambda loader, node: loader.construct_mapping(node, deep=True))
    text = re.sub(r"\A%YAML:[0-9.]+[^\n]*", "", _decode(path))  # OpenCV's spelling of the directive is no YAML
    try:
        return yaml.load(text, Loader)
    except (yaml.YAMLError, RecursionError, ValueError, TypeError, AttributeError) as error:
        raise FormatError(f"{path}: is not valid YAML: {str(error).splitlines()[0][:80]}") from None


def _read_npz(path: Path) -> dict[str, Any]:
    names = npz_names(path)
    if not names:
        raise FormatError(f"{path}: is no archive of NumPy arrays")
    tables: dict[str, Any] = {}
    for name in names:
        array = read_npz(path, name)
        if array.dtype.kind in "fiub" and array.size <= MAX_VALUES:
            tables[name] = array.astype(np.float64).tolist()
        elif array.dtype.kind in "US" and array.size <= MAX_VALUES:
            tables[name] = array.astype(str).tolist()
    return tables


def _read_xml(path: Path) -> dict[str, Any]:
    """Read OpenCV's XML; a document type declaration is refused, so no entity is ever expanded."""
    root: dict[str, Any] = {}
    open_tables: list[tuple[str, dict[str, Any], list[str]]] = [("", root, [])]

    def refuse(*_: object) -> None:
        raise FormatError(f"{path}: declares a document type, which calibration files do not have")

    def start(tag: str, _: dict[str, str]) -> None:
        if len(open_tables) > MAX_DEPTH:
            raise FormatError(f"{path}: is nested too deeply for a calibration file")
        open_tables.append((tag, {}, []))

    def end(_: str) -> None:
        tag, table, texts = open_tables.pop()
        open_tables[-1][1].setdefault(tag, table or _parse_words("".join(texts)))

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = lambda text: open_tables[-1][2].append(text)
    try:
        parser.Parse(read_bytes(path, MAX_BYTES), True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(f"{path}: is not valid XML: {str(error)[:80]}") from None
    tables = root.get("opencv_storage", root)
    return tables if isinstance(tables, dict) else root


def _parse_words(text: str) -> Any:
    """Parse the text of an XML element: one word, or a list of words, such as numbers or quoted names."""
    words = [quoted or word for quoted, word in re.findall(r'"([^"]*)"|([^\s"]+)', text)]
    return words if len(words) != 1 else words[0]


def _check_extent(path: Path, value: Any) -> None:
    """Check that nested values are not too many, and not nested too deeply."""
    waiting, count = [(value, 0)], 0
    while waiting:
        each, depth = waiting.pop()
        count += 1
        if count > MAX_VALUES or depth > MAX_DEPTH:
            raise FormatError(f"{path}: holds more than a calibration file does", hint="give only the cameras")
        if isinstance(each, dict | list):
            waiting += [(inner, depth + 1) for inner in (each.values() if isinstance(each, dict) else each)]
