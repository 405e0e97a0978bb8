"""Reading of skeleton files of any format, and of videos, into recordings."""

from typing import TYPE_CHECKING

from himpc._extras import import_on_first_use

if TYPE_CHECKING:
    from himpc.reading.axes import recognise_up, to_y_up
    from himpc.reading.discovery import Source, discover, is_video, nothing_found
    from himpc.reading.file_options import FileOptions
    from himpc.reading.formats import FORMATS, Format, find_format, get_format, register_format
    from himpc.reading.formats.facts import FACT_HEADINGS, FORMAT_KINDS, Export, FormatFacts
    from himpc.reading.formats.parsing.arrays import npz_names, read_npz
    from himpc.reading.formats.parsing.frames import first_frame_file, natural_key
    from himpc.reading.formats.parsing.keypoints import load_json
    from himpc.reading.formats.parsing.positions import MAX_COORDINATE
    from himpc.reading.formats.parsing.text import read_bytes
    from himpc.reading.formats.video import BLURRED_SUFFIX, OVERLAY_SUFFIX, list_pictures
    from himpc.reading.labels import NamePattern
    from himpc.reading.options import ReadOptions, VideoOptions
    from himpc.reading.reader import Plan, plan, read
    from himpc.reading.units import body_size, find_scale
    from himpc.recordings import Problem, Recordings

__all__ = [
    "BLURRED_SUFFIX",
    "FACT_HEADINGS",
    "FORMATS",
    "FORMAT_KINDS",
    "MAX_COORDINATE",
    "OVERLAY_SUFFIX",
    "Export",
    "FileOptions",
    "Format",
    "FormatFacts",
    "NamePattern",
    "Plan",
    "Problem",
    "ReadOptions",
    "Recordings",
    "Source",
    "VideoOptions",
    "body_size",
    "discover",
    "find_format",
    "find_scale",
    "first_frame_file",
    "get_format",
    "is_video",
    "list_pictures",
    "load_json",
    "natural_key",
    "nothing_found",
    "npz_names",
    "plan",
    "read",
    "read_bytes",
    "read_npz",
    "recognise_up",
    "register_format",
    "to_y_up",
]

__getattr__ = import_on_first_use(
    __name__,
    {
        "axes": "recognise_up to_y_up",
        "discovery": "Source discover is_video nothing_found",
        "file_options": "FileOptions",
        "formats": "FORMATS Format find_format get_format register_format",
        "formats.facts": "FACT_HEADINGS FORMAT_KINDS Export FormatFacts",
        "formats.parsing.arrays": "npz_names read_npz",
        "formats.parsing.frames": "first_frame_file natural_key",
        "formats.parsing.keypoints": "load_json",
        "formats.parsing.positions": "MAX_COORDINATE",
        "formats.parsing.text": "read_bytes",
        "formats.video": "BLURRED_SUFFIX OVERLAY_SUFFIX list_pictures",
        "labels": "NamePattern",
        "options": "ReadOptions VideoOptions",
        "reader": "Plan plan read Problem Recordings",
        "units": "body_size find_scale",
    },
)


def __dir__() -> list[str]:
    return __all__
