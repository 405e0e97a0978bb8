"""Read skeleton files of any known format into recordings."""

from himpc.reading.formats import FORMATS, Format, find_format, get_format, register_format
from himpc.reading.formats._common.frames import first_frame_file, natural_key
from himpc.reading.formats._common.text import MAX_COORDINATE
from himpc.reading.read import Problem, Recordings, read

__all__ = [
    "FORMATS",
    "MAX_COORDINATE",
    "Format",
    "Problem",
    "Recordings",
    "find_format",
    "first_frame_file",
    "get_format",
    "natural_key",
    "read",
    "register_format",
]
