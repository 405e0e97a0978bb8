"""XML of recordings: a parser of expat that reads UTF-16 of Windows, and errors of one line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from xml.parsers import expat

from himpc.errors import FormatError
from himpc.reading.formats.parsing.text import utf16_of

__all__ = ["create_parser", "parse_chunks"]


def create_parser(head: bytes) -> expat.XMLParserType:
    """Create a parser for content that begins with `head`: programs of Windows state UTF-8 and write UTF-16."""
    encoding = utf16_of(head)
    parser = expat.ParserCreate(encoding and encoding.upper().replace("-16-", "-16"))
    parser.buffer_text = True
    return parser


def parse_chunks(path: Path, parser: expat.XMLParserType, chunks: Iterable[bytes]) -> None:
    """Parse the content of a file, in parts.

    Raises
    ------
    FormatError
        If it is not valid XML, states an unknown encoding, or the file cannot be read further; or that of a handler.
    """
    try:
        for chunk in chunks:
            parser.Parse(chunk)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code) if error.code else str(error)
        raise FormatError(f"{path}, line {error.lineno}: is not valid XML: {reason}") from None
    except FormatError:
        raise
    except (LookupError, ValueError):
        raise FormatError(f"{path}: states an unknown encoding, expected UTF-8") from None
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error.strerror or error}") from error
