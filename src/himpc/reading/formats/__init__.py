"""The file formats that himpc reads, in one table.

A format is one module (or folder) with two functions, its facts, and one row of `FORMATS`:

- ``recognise(path, head) -> bool``: whether a file, or a folder of frames, is of this format. `head` is the first
  `HEAD_BYTES` bytes of a file, in UTF-8 if it is text in UTF-16, and empty for a folder. It never raises.
- ``read(path, options) -> list[Recording]``: one recording for each body, in metres and y up, unseen joints NaN, with
  ``quality.frames_read`` set and no frame dropped. It raises `FormatError`, and nothing else, on a damaged file, and
  checks sizes before it allocates memory.
- ``FACTS``, a `FormatFacts`: what is read, what is assumed, and how programs export it.

Modules are imported when they are first asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from himpc._extras import require
from himpc.errors import ConfigError, DataError, FormatError, suggest_name
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import FormatFacts
from himpc.reading.formats.parsing.text import HEAD_BYTES, utf16_of
from himpc.reading.formats.unsupported import unsupported_error
from himpc.recordings import Recording

__all__ = ["FORMATS", "HEAD_BYTES", "Format", "find_format", "get_format", "register_format"]


@dataclass(frozen=True)
class Format:
    """One row of the table of formats.

    Parameters
    ----------
    name, title : str
        Short name (``"c3d"``) and one line for people.
    module : str
        The module with `recognise`, `read` and `FACTS`.
    accepts_folders : bool
        Whether a folder, with one file a frame, may be of this format. Folders are not offered to other formats.
    extra : str, optional
        The extra of himpc that reading it needs, a key of `himpc._extras.EXTRAS`.
    """

    name: str
    title: str
    module: str
    accepts_folders: bool = False
    extra: str | None = None

    @property
    def facts(self) -> FormatFacts | None:
        """What a user needs to know of the format; None if its module declares nothing."""
        return getattr(self._load(), "FACTS", None)

    def recognise(self, path: Path, head: bytes) -> bool:
        """Return whether a file, or a folder of frames (with an empty `head`), is of this format."""
        return (self.accepts_folders or bool(head)) and bool(self._load().recognise(path, head))

    def read(self, path: Path, options: FileOptions) -> list[Recording]:
        """Read the bodies in a file.

        Raises
        ------
        FormatError
            If the file is damaged.
        DependencyError
            If the format needs an extra that is not installed.
        """
        recordings: list[Recording] = self._load().read(path, options)
        return recordings

    def _load(self) -> Any:
        return import_module(self.module) if self.extra is None else require(self.module, self.extra)


_HERE = "himpc.reading.formats"

# Formats with a magic number or keyword first, tables of numbers last: the first that recognises a file reads it.
FORMATS: list[Format] = [
    Format("smpl", "SMPL joints .npz, such as those of AMASS", f"{_HERE}.smpl"),
    Format("arrays", "NumPy .npy and .npz, arrays of joints", f"{_HERE}.numpy_arrays"),
    Format("npz", "himpc's own .npz", f"{_HERE}.npz"),
    Format("bvh", "BVH motion", f"{_HERE}.bvh"),
    Format("amc", "ASF/AMC motion", f"{_HERE}.amc"),
    Format("c3d", "C3D markers", f"{_HERE}.c3d"),
    Format("trc", "TRC markers", f"{_HERE}.trc"),
    Format("htr", "Motion Analysis HTR, HTR2 and GTR, segments", f"{_HERE}.htr"),
    Format("mvnx", "Xsens MVNX, segments of inertial suits", f"{_HERE}.mvnx"),
    Format("motive", "OptiTrack Motive CSV, skeletons or markers", f"{_HERE}.motive"),
    Format("qualisys", "Qualisys TSV, markers or a skeleton", f"{_HERE}.qualisys"),
    Format("vicon", "Vicon Nexus CSV, trajectories or model outputs", f"{_HERE}.vicon"),
    Format("bts", "BTS .emt, 3D points", f"{_HERE}.bts"),
    Format("motion-bids", "Motion-BIDS *_motion.tsv, with channels beside it", f"{_HERE}.motion_bids"),
    Format("movement", "netCDF of the package movement", f"{_HERE}.movement", extra="netcdf"),
    Format("opensim", "OpenSim .sto and .mot, positions", f"{_HERE}.opensim"),
    Format("azure-kinect", "Azure Kinect JSON, 32 joints, several bodies a file", f"{_HERE}.azure_kinect"),
    Format("zed", "ZED SDK JSON, BODY_18, BODY_34 or BODY_38", f"{_HERE}.zed"),
    Format("ultralytics", "Ultralytics pose JSON, 2D", f"{_HERE}.ultralytics"),
    Format("tensorflow-js", "TensorFlow.js poses, BlazePose or MoveNet", f"{_HERE}.tensorflow_js"),
    Format("mmpose", "MMPose JSON, 2D or 3D, a file or a folder of frames", f"{_HERE}.mmpose", accepts_folders=True),
    Format(
        "openpose", "OpenPose keypoint JSON, a file or a folder of frames", f"{_HERE}.openpose", accepts_folders=True
    ),
    Format("coco", "COCO keypoint JSON, results or annotations", f"{_HERE}.coco"),
    Format("mediapipe", "MediaPipe landmarks JSON", f"{_HERE}.mediapipe"),
    Format("nw-ucla", "Northwestern-UCLA JSON, Kinect v1", f"{_HERE}.nw_ucla"),
    Format("json-poses", "JSON of any program, joints by name or number", f"{_HERE}.json_poses", accepts_folders=True),
    Format("xml-poses", "XML of any program, as recorders of Kinect skeletons", f"{_HERE}.xml_poses"),
    Format("utd-mhad", "MATLAB .mat, UTD-MHAD or arrays of joints", f"{_HERE}.matlab"),
    Format("ntu", "NTU RGB+D .skeleton, Kinect v2, several bodies a file", f"{_HERE}.ntu"),
    Format("kinect-sdk", "Kinect SDK frames, a folder of *skel.txt", f"{_HERE}.kinect_sdk", accepts_folders=True),
    Format("kgbd", "KGBD gait recording, lines 'name;x;y;z'", f"{_HERE}.kgbd"),
    Format("kinect-cells", "Kinect v1, one frame a line of ';'-split cells 'x y z'", f"{_HERE}.kinect_cells"),
    Format("msr-action3d", "MSR Action3D .txt, 20 joints", f"{_HERE}.msr_action3d"),
    Format("msr-daily", "MSR Daily Activity 3D .txt, Kinect v1", f"{_HERE}.msr_daily"),
    Format("utkinect", "UTKinect-Action3D .txt, Kinect v1", f"{_HERE}.utkinect"),
    Format("florence", "Florence 3D Actions .txt, 15 joints, several videos a file", f"{_HERE}.florence"),
    Format("cad-60", "CAD-60 and CAD-120 .txt, OpenNI, 15 joints", f"{_HERE}.cad60"),
    Format("gaitgraph", "GaitGraph CSV, 2D poses of CASIA-B", f"{_HERE}.gaitgraph"),
    Format("named-rows", "Text with the name of each joint before its numbers", f"{_HERE}.named_rows"),
    Format("pose-cells", "CSV with a pose in a cell, as a list", f"{_HERE}.pose_cells"),
    Format("freemocap", "FreeMoCap .npy and CSV, MediaPipe landmarks in mm", f"{_HERE}.freemocap"),
    Format("number-rows", "Text of numbers alone, a row a frame or a joint", f"{_HERE}.number_rows"),
    Format("csv-joints", "CSV, one row a joint: frame, joint, x, y, z", f"{_HERE}.csv.joints"),
    Format("csv-frames", "CSV, one row a frame, columns such as left_hip_x", f"{_HERE}.csv.frames"),
    Format("video", "Video, or a folder of numbered pictures", f"{_HERE}.video", accepts_folders=True, extra="video"),
]


def register_format(new: Format) -> None:
    """Add a format to the table, before all others.

    Raises
    ------
    ConfigError
        If there is a format of that name.
    """
    if new.name in _names():
        raise ConfigError(f"the format {new.name!r} is registered already")
    FORMATS.insert(0, new)


def find_format(path: Path) -> Format:
    """Find the format of a file, or of a folder of frames, by its content.

    Raises
    ------
    DataError
        If there is no such path.
    FormatError
        If it cannot be opened, is empty, or no format recognises it; the message says what was found.
    """
    try:
        if path.is_dir():
            head = b""
        elif path.is_file():
            with path.open("rb") as file:
                head = file.read(HEAD_BYTES)
        elif path.exists():
            raise FormatError(f"{path}: is neither a file nor a folder, expected a recording")
        else:
            raise DataError(f"{path}: there is no such file or folder")
    except OSError as error:
        raise FormatError(f"{path}: cannot be opened: {error.strerror or error}") from error
    if not head and not path.is_dir():
        raise FormatError(f"{path}: is empty, expected a recording")
    if utf16 := utf16_of(head):
        head = head.decode(utf16, errors="replace").encode()
    for candidate in FORMATS:
        if candidate.recognise(path, head):
            return candidate
    if known := unsupported_error(path, head):
        raise known
    raise FormatError(
        f"{path}: {_describe(path, head)}",
        hint="export one that himpc reads, such as C3D, TRC or BVH, or CSV with columns such as left_hip_x, left_hip_y "
        "and left_hip_z of each joint",
    )


def get_format(name: str) -> Format:
    """Return a format by its short name.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    for known in FORMATS:
        if known.name == name.lower():
            return known
    raise ConfigError(f"unknown format {suggest_name(name, _names())}: choose one of {', '.join(_names())}")


def _names() -> list[str]:
    return [known.name for known in FORMATS]


def _describe(path: Path, head: bytes) -> str:
    """Describe a path that no format recognises."""
    if path.is_dir():
        return "is a folder that holds no frames of a recording"
    if b"\0" in head or sum(byte < 9 or 13 < byte < 32 for byte in head) > len(head) // 20:
        return f"is a binary file of no known format (it begins {head[:8].hex(' ')})"
    first = next((line.strip() for line in head.decode("utf-8", "replace").splitlines() if line.strip()), "")
    return f"is a text file of no known format (it begins {first[:40]!r})"
