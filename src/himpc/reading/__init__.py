"""Reading of skeleton files of any format, and of videos, into recordings."""

from himpc.reading.axes import recognise_up, to_y_up
from himpc.reading.discovery import Source, discover, is_video, nothing_found
from himpc.reading.file_options import FileOptions
from himpc.reading.formats import FORMATS, Format, find_format, get_format, register_format
from himpc.reading.formats.parsing.frames import first_frame_file, natural_key
from himpc.reading.formats.parsing.positions import MAX_COORDINATE
from himpc.reading.formats.video import BLURRED_SUFFIX, OVERLAY_SUFFIX, list_pictures
from himpc.reading.labels import NamePattern
from himpc.reading.options import ReadOptions, VideoOptions
from himpc.reading.reader import Plan, plan, read
from himpc.recordings import Problem, Recordings

__all__ = [
    "BLURRED_SUFFIX",
    "FORMATS",
    "MAX_COORDINATE",
    "OVERLAY_SUFFIX",
    "FileOptions",
    "Format",
    "NamePattern",
    "Plan",
    "Problem",
    "ReadOptions",
    "Recordings",
    "Source",
    "VideoOptions",
    "discover",
    "find_format",
    "first_frame_file",
    "get_format",
    "is_video",
    "list_pictures",
    "natural_key",
    "nothing_found",
    "plan",
    "read",
    "recognise_up",
    "register_format",
    "to_y_up",
]
